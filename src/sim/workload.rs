//! What the scenario wants of a process, and when: its start, its scripted commands, its generated load.
//!
//! Generated values are unique: `p1-000123` is what p1 was asked to send the 123rd time. Key and time of each are choices, and
//! so is whether it is a tombstone, and how old it says it is.

use std::sync::Arc;

use bytes::Bytes;

use super::scenario::Load;
use crate::choice::{ChoiceKind, Choices, Odds, Subject};
use crate::context::{Command, NewRecord};
use crate::ids::ProcessId;
use crate::time::{Duration, Instant, Timestamp};

/// What one process is wanted for: fixed for the run.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// When it first starts.
    pub start: Instant,
    /// Its name, the head of every generated value.
    pub name: String,
    /// Scripted commands in the order of their times.
    pub commands: Vec<(Instant, Command)>,
    /// A stream of generated sends.
    pub load: Option<Load>,
    /// The keys of the load.
    pub keys: Vec<Bytes>,
}

/// How far a plan has come.
#[derive(Clone, Debug)]
pub(super) struct Script {
    plan: Arc<Plan>,
    is_started: bool,
    next_command: usize,
    next_load: Option<Instant>,
    generated: u32,
}

/// What a script wants done.
#[derive(Clone, Debug)]
pub(super) enum Wish {
    /// The process is to be started.
    Start,
    /// The process is to be told this.
    Tell(Command),
}

impl Plan {
    /// A process that only has to be there.
    pub(super) fn idle(name: String) -> Self {
        Self { start: Instant::ZERO, name, commands: Vec::new(), load: None, keys: Vec::new() }
    }

    /// A process with commands and, maybe, a load.
    pub(super) fn busy(name: String, mut commands: Vec<(Instant, Command)>, load: Option<Load>) -> Self {
        commands.sort_by_key(|(at, _)| *at);
        let keys = (0..load.map_or(0, |load| load.keys)).map(|key| Bytes::from(format!("k{key}"))).collect();
        Self { start: Instant::ZERO, name, commands, load, keys }
    }
}

impl Script {
    /// A plan at its beginning.
    pub(super) fn new(plan: Arc<Plan>) -> Self {
        let next_load = plan.load.map(|load| load.from).filter(|from| plan.load.is_some_and(|load| *from < load.until));
        Self { plan, is_started: false, next_command: 0, next_load, generated: 0 }
    }

    /// Takes over what another script plans from `from` on; all that this one planned is past. True when there is anything.
    pub(super) fn extend_from(&mut self, other: &Self, from: Instant) -> bool {
        let new: Vec<_> = other.plan.commands.iter().filter(|(at, _)| *at >= from).cloned().collect();
        let is_any = !new.is_empty();
        if is_any {
            Arc::make_mut(&mut self.plan).commands.extend(new);
        }
        is_any
    }

    /// When it wants something next.
    pub(super) fn next_time(&self) -> Option<Instant> {
        if !self.is_started {
            return Some(self.plan.start);
        }
        [self.command_time(), self.next_load].into_iter().flatten().min()
    }

    /// What it wants now.
    pub(super) fn next(&mut self, now: Instant, process: ProcessId, luck: &mut Choices) -> Option<Wish> {
        if !self.is_started {
            self.is_started = true;
            return Some(Wish::Start);
        }
        if self.command_time().is_some_and(|at| at <= now) {
            let (_, command) = self.plan.commands.get(self.next_command)?;
            self.next_command += 1;
            return Some(Wish::Tell(command.clone()));
        }
        let load = self.plan.load.filter(|_| self.next_load.is_some_and(|at| at <= now))?;
        let gap = 1_000_000 / u64::from(load.rate.max(1));
        let odds = Odds::Range { low: gap / 2, high: gap + gap / 2, quiet: gap };
        let wait = luck.choose(ChoiceKind::WorkloadTime, Subject::of(process), odds).max(1);
        self.next_load = Some(now.plus(Duration(wait))).filter(|at| *at < load.until);
        Some(Wish::Tell(Command::Send(self.generate(load, now, process, luck))))
    }

    fn command_time(&self) -> Option<Instant> {
        self.plan.commands.get(self.next_command).map(|(at, _)| *at)
    }

    fn generate(&mut self, load: Load, now: Instant, process: ProcessId, luck: &mut Choices) -> NewRecord {
        self.generated += 1;
        let key = match self.plan.keys.len() {
            0 => None,
            count => {
                let drawn = luck.choose(ChoiceKind::WorkloadKey, Subject::of(process), Odds::one_of(count));
                usize::try_from(drawn).ok().and_then(|place| self.plan.keys.get(place)).cloned()
            }
        };
        let width = usize::try_from(load.value_bytes).unwrap_or(usize::MAX);
        let value = format!("{}-{:06}", self.plan.name, self.generated);
        let value = Bytes::from(format!("{value:.<width$}"));
        let is_tombstone = load.tombstones > 0 && {
            let odds = Odds::Range { low: 1, high: 1_000, quiet: 1_000 };
            luck.choose(ChoiceKind::WorkloadTombstone, Subject::of(process), odds) <= u64::from(load.tombstones)
        };
        let timestamp = load.timestamps.map(|(least, most)| {
            let spread = most.abs_diff(least);
            let odds = Odds::Range { low: 0, high: spread, quiet: spread / 2 };
            let drawn = luck.choose(ChoiceKind::WorkloadTimestamp, Subject::of(process), odds);
            timestamp_at(now, least.saturating_add_unsigned(drawn))
        });
        NewRecord { key, value: (!is_tombstone).then_some(value), timestamp, ..NewRecord::default() }
    }
}

/// The wall time so far from a moment of the run.
fn timestamp_at(now: Instant, shift_us: i64) -> Timestamp {
    let us = i64::try_from(now.0).unwrap_or(i64::MAX).saturating_add(shift_us);
    Timestamp(Timestamp::RUN_START.0.saturating_add(us.div_euclid(1_000)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::Luck;

    fn plain(until: Instant, value_bytes: u32) -> Load {
        Load { from: Instant(0), until, rate: 200, keys: 4, value_bytes, tombstones: 0, timestamps: None }
    }

    #[test]
    fn a_load_sends_as_many_tombstones_as_it_says_and_old_records_are_old() {
        let load = Load { tombstones: 250, timestamps: Some((-7_200_000_000, -3_600_000_000)), ..plain(Instant(10_000_000), 0) };
        let mut script = Script::new(Arc::new(Plan::busy("p1".to_owned(), Vec::new(), Some(load))));
        let mut luck = Choices::new(1, Luck::Seeded, &[]);
        let (mut records, mut tombstones) = (0_u32, 0_u32);
        while let Some(at) = script.next_time() {
            if let Some(Wish::Tell(Command::Send(record))) = script.next(at, ProcessId::Client(1), &mut luck) {
                records += 1;
                tombstones += u32::from(record.value.is_none());
                let age = timestamp_at(at, 0).0 - record.timestamp.map_or(0, |timestamp| timestamp.0);
                assert!((3_600_000..=7_200_001).contains(&age), "{age} ms old");
            }
        }
        assert!((380..620).contains(&tombstones) && records > 1_800, "{tombstones} of {records}");
    }

    #[test]
    fn a_load_keeps_its_rate_and_its_values_are_unique() {
        let load = plain(Instant(1_000_000), 12);
        let mut script = Script::new(Arc::new(Plan::busy("p1".to_owned(), Vec::new(), Some(load))));
        let mut luck = Choices::new(1, Luck::Seeded, &[]);
        let mut values = std::collections::BTreeSet::new();
        while let Some(at) = script.next_time() {
            match script.next(at, ProcessId::Client(1), &mut luck) {
                Some(Wish::Tell(Command::Send(record))) => {
                    assert!(record.value.as_ref().is_some_and(|value| value.len() == 12));
                    assert!(values.insert(record.value), "a value came twice");
                }
                wish => assert!(matches!(wish, Some(Wish::Start))),
            }
        }
        assert!((180..220).contains(&values.len()), "{} sends in a second", values.len());
        assert!(values.contains(&Some(Bytes::from_static(b"p1-000001..."))));
    }
}
