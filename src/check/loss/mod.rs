//! The verdict of a broken claim, for people: of a lost record its whole story in at most twelve lines.
//!
//! Which record, who acknowledged it to whom, the copies then, the step that removed the last copy, who leads now and what
//! stands there instead, the setting that would have kept it, and the command that shows it again. All of it is derived from
//! the kept trace: nothing here is a fixed sentence about a scenario.
//!
//! Invariant: a verdict has at most [`Verdict::LINES_MAX`] lines.
//!
//! Called by: the commands `run` and `check`, the screen.

mod metadata;
mod remedy;
mod removal;
mod story;

use std::fmt;

use super::acked::acks_word;
use super::{CheckResult, claim};
use crate::event::{Event, Fact, RunFacts, WorldFact};
use crate::ids::{ProcessId, Step};
use crate::trace::Names;
use metadata::MetadataStory;
use remedy::Remedy;
use removal::Removal;
use story::{Copies, LeaderNow, Story};

/// What there is to say of a broken claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    lines: Vec<String>,
}

impl Verdict {
    /// More lines than this nobody reads.
    pub const LINES_MAX: usize = 12;

    /// The verdict on a violated check, from all events of the run in the order of their steps. `again` is the command that
    /// makes the run again; without it, the one that the trace itself tells.
    #[must_use]
    pub fn of(events: &[Event], result: &CheckResult, again: Option<&str>) -> Self {
        let teller = Teller::new(events, again);
        let mut lines = vec![teller.headline(result)];
        match Story::of(events, result) {
            Some(story) => teller.tell_loss(&story, &mut lines),
            None => match MetadataStory::of(events, result) {
                Some(story) => teller.tell_metadata(&story, result, &mut lines),
                None => teller.tell_briefly(result, &mut lines),
            },
        }
        lines.truncate(Self::LINES_MAX);
        Self { lines }
    }

    /// Its lines.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// The command that makes a run again.
#[must_use]
pub fn command(run: &RunFacts) -> String {
    let mut command = format!("tribunal run {} --seed {:#X}", run.scenario, run.seed).replace("0X", "0x");
    for (key, value) in &run.settings {
        command.push_str(&format!(" --set {key}={value}"));
    }
    for pin in &run.pins {
        command.push_str(&format!(" --choose '{pin}'"));
    }
    command
}

/// What the trace says of its run.
fn run(events: &[Event]) -> Option<&RunFacts> {
    events.iter().find_map(|event| match &event.fact {
        Fact::World(WorldFact::RunStarted { run }) => Some(run.as_ref()),
        _ => None,
    })
}

struct Teller<'a> {
    events: &'a [Event],
    names: Names,
    again: Option<String>,
}

impl<'a> Teller<'a> {
    fn new(events: &'a [Event], again: Option<&str>) -> Self {
        let mut names = Names::default();
        for event in events {
            names.observe(event);
        }
        let again = again.map(str::to_owned).or_else(|| run(events).map(command));
        Self { events, names, again }
    }

    fn headline(&self, result: &CheckResult) -> String {
        let sentence = claim(result.name).map_or("", |claim| claim.sentence);
        match result.step {
            Some(step) => format!("{} is {} {}: {sentence}", result.name, result.status.word(), self.when(step)),
            None => format!("{} is {}: {sentence}", result.name, result.status.word()),
        }
    }

    fn tell_briefly(&self, result: &CheckResult, lines: &mut Vec<String>) {
        lines.push(line("found", &result.detail));
        if let Some(event) = result.step.and_then(|step| self.event(step)) {
            lines.push(line("by", &format!("{} of {}", event.fact.name(), self.names.process(event.process))));
        }
        self.tell_command(lines);
    }

    fn tell_loss(&self, story: &Story<'_>, lines: &mut Vec<String>) {
        let place = self.names.place(story.place.partition, story.place.offset);
        let epoch = story.epoch.map(|epoch| format!("@{epoch}")).unwrap_or_default();
        lines.push(line("lost", &format!("{place}{epoch}: {}", story.record)));
        let by = story.by.map_or_else(|| "its leader".into(), |broker| self.names.process(ProcessId::Broker(broker)));
        let producer = self.names.process(story.producer);
        let acks = acks_word(story.acks);
        lines
            .push(line("acked", &format!("by {by} to {producer} {}, send {}, acks={acks}", self.when(story.acked_at), story.send)));
        lines.push(line("copies", &self.tell_copies(&story.copies)));
        if let Some(doomed) = story.doomed_at {
            lines.push(line("doomed", &format!("{}: {}", self.when(doomed), story.doom(&self.names))));
        }
        let shown_max = if story.holders.is_empty() { 3 } else { 2 };
        let shown = story.removals.len().saturating_sub(shown_max);
        for (place, removal) in story.removals.iter().enumerate().skip(shown) {
            let is_last = place + 1 == story.removals.len() && story.holders.is_empty();
            lines.push(line(if is_last { "last copy" } else { "a copy" }, &self.tell_removal(removal)));
        }
        if !story.holders.is_empty() {
            let holders = self.names.brokers(story.holders);
            lines.push(line("still on", &format!("{holders}, where no leader looks for it")));
        }
        lines.push(line("now", &self.tell_now(&story.now)));
        let remedy = Remedy::of(story, &self.names);
        lines.push(line("kept by", &remedy.sentence));
        self.tell_command(lines);
        if let Some(mut again) = self.again.clone().filter(|_| !remedy.settings.is_empty()) {
            for setting in &remedy.settings {
                again.push_str(&format!(" --set {setting}"));
            }
            lines.push(line("then", &again));
        }
    }

    /// The story of a decision of the controller that was committed and is gone.
    fn tell_metadata(&self, story: &MetadataStory, result: &CheckResult, lines: &mut Vec<String>) {
        let place = self.names.place(story.place.partition, story.place.offset);
        lines.push(line("lost", &format!("{place}@{}: a decision of the controller", story.epoch)));
        let by = self.names.process(story.committed_by);
        lines.push(line("committed", &format!("by {by} {}", self.when(story.committed_at))));
        let holders: Vec<String> = story.holders.iter().map(|process| self.names.process(*process).to_string()).collect();
        lines.push(line("copies", &format!("then on {}", holders.join(", "))));
        lines.push(line("found", &result.detail));
        for removal in story.removals.iter().take(3) {
            lines.push(line("a copy", &self.tell_removal(removal)));
        }
        if let Some((leader, epoch)) = story.now {
            lines.push(line("now", &format!("{} was the last to lead the quorum, in {epoch}", self.names.process(leader))));
        }
        let kept_by = match story.remedy {
            metadata::Remedy::VoterUuid => {
                "voter-uuid=on: a voter on another disk is then another voter, and has no vote (KIP-853)"
            }
            metadata::Remedy::ReconfigGuard => {
                "reconfig-guard=on: the voters then change only after a record of the leader's own epoch is committed (KIP-853)"
            }
            metadata::Remedy::None => {
                "no setting: a majority of the voters should have kept it (or: voters that do not all lose it)"
            }
        };
        lines.push(line("kept by", kept_by));
        self.tell_command(lines);
    }

    fn tell_copies(&self, copies: &Copies) -> String {
        let short: Vec<String> =
            copies.short.iter().map(|(process, end)| format!("{} ended at {end}", self.names.process(*process))).collect();
        let tail = if short.is_empty() { String::new() } else { format!("; {}", short.join(", ")) };
        format!("then on {} (ISR {}){tail}", self.names.brokers(copies.holders), copies.isr)
    }

    fn tell_removal(&self, removal: &Removal) -> String {
        format!("{}: {} {}", self.when(removal.step), self.names.process(removal.process), removal.how)
    }

    fn tell_now(&self, now: &LeaderNow) -> String {
        let Some((leader, epoch)) = now.leader else { return "nobody leads".to_owned() };
        let leader = self.names.process(leader);
        match &now.stands {
            Some((epoch_there, record)) => format!("{leader} leads in {epoch}, and there stands {record} of {epoch_there}"),
            None => format!("{leader} leads in {epoch}, and its log ends at {}", now.end),
        }
    }

    fn tell_command(&self, lines: &mut Vec<String>) {
        if let Some(again) = &self.again {
            lines.push(line("again", again));
        }
    }

    fn when(&self, step: Step) -> String {
        match self.event(step) {
            Some(event) => format!("at step {} ({})", step.0, event.at),
            None => format!("at step {}", step.0),
        }
    }

    fn event(&self, step: Step) -> Option<&'a Event> {
        let place = self.events.partition_point(|event| event.step < step);
        self.events.get(place).filter(|event| event.step == step)
    }
}

fn line(what: &str, text: &str) -> String {
    format!("  {what:<10}{text}")
}
