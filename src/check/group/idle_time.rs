//! For how long partitions of a group belonged to nobody: what a rebalance costs, measured.
//!
//! A partition is idle from the moment its last owner gave it back, lost it or died until its next owner knows where to read on,
//! which may be the same consumer. Before its first owner it is not idle: nobody had begun. When the run ends, a partition that
//! the newest plan gives to nobody is not idle either: it is not wanted any more.
//!
//! The word of the consumers decides, as a user would feel it: a partition that a dead consumer had is idle from its death on,
//! and not only from when the coordinator notices; a consumer that stands still and knows nothing of it still has what it had.
//!
//! Which way a group shares anew (eager, cooperative, KIP-848) is told by its protocol and by the assignor of its last plan.
//!
//! Invariant: the gaps of a group that have ended are in the counts, each once.
//!
//! Called by: `Checks`, after `Groups` has learned of an event.

use std::collections::{BTreeMap, BTreeSet};

use super::super::counts::Counts;
use super::Groups;
use crate::config::{Strategy, Value};
use crate::event::{AssignmentFacts, GroupId, GroupKind};
use crate::ids::{ProcessId, TopicPartition};
use crate::time::{Duration, Instant};

/// How a group shares its partitions anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rebalancing {
    /// Classic: everybody gives back everything first.
    Eager,
    /// Classic: only what is to move is given back (KIP-429).
    Cooperative,
    /// The consumer protocol: each member settles it with the coordinator alone (KIP-848).
    Consumer,
}

impl Rebalancing {
    /// Its word, as printed and in `--json`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Eager => "eager",
            Self::Cooperative => "cooperative",
            Self::Consumer => "consumer",
        }
    }
}

/// The time that partitions of one group were idle, all together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdleTime {
    /// Whose.
    pub group: GroupId,
    /// While it shared its partitions anew in this way.
    pub rebalancing: Rebalancing,
    /// How many times a partition was idle.
    pub gaps: u64,
    /// For how long, all together.
    pub total: Duration,
    /// The longest of them.
    pub longest: Duration,
}

/// What is idle now, and what was.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct IdleTimes {
    open: BTreeMap<(GroupId, TopicPartition), Instant>,
    over: BTreeMap<(GroupId, Rebalancing), (u64, Duration, Duration)>,
    /// The groups whose last plan was made by the cooperative assignor.
    cooperative: BTreeSet<GroupId>,
}

impl IdleTimes {
    /// A group has a new plan.
    pub(in super::super) fn plan(&mut self, group: &GroupId, assignment: &AssignmentFacts) {
        if assignment.assignor == Strategy::CooperativeSticky.text() {
            self.cooperative.insert(group.clone());
        } else {
            self.cooperative.remove(group);
        }
    }

    /// These partitions had an owner until now. Whoever else has one of them keeps it from being idle.
    pub(in super::super) fn begin(&mut self, at: Instant, groups: &Groups, group: &GroupId, partitions: &[TopicPartition]) {
        for partition in partitions {
            let mut others = groups.consumers_of(group);
            if !others.any(|(_, consumer)| consumer.owned.contains(partition)) {
                self.open.entry((group.clone(), *partition)).or_insert(at);
            }
        }
    }

    /// A consumer knows where to read on in a partition: if it is its own, it is not idle any more.
    pub(in super::super) fn end(
        &mut self,
        at: Instant,
        groups: &Groups,
        (process, partition): (ProcessId, TopicPartition),
        counts: &mut Counts,
    ) {
        if self.open.is_empty() {
            return;
        }
        let Some(consumer) = groups.consumer(process).filter(|consumer| consumer.owned.contains(&partition)) else { return };
        if let Some(since) = self.open.remove(&(consumer.group.clone(), partition)) {
            self.count(groups, &consumer.group, at.since(since), counts);
        }
    }

    /// The run ends, and what is idle and wanted was so until now.
    pub(in super::super) fn finish(&mut self, at: Instant, groups: &Groups, counts: &mut Counts) {
        for ((group, partition), since) in std::mem::take(&mut self.open) {
            if groups.group(&group).is_some_and(|known| known.plans(partition)) {
                self.count(groups, &group, at.since(since), counts);
            }
        }
    }

    /// Every group in which a partition was idle, in the order of their names.
    pub(in super::super) fn of_groups(&self) -> Vec<IdleTime> {
        let line = |((group, rebalancing), (gaps, total, longest)): (&(GroupId, Rebalancing), &(u64, Duration, Duration))| {
            IdleTime { group: group.clone(), rebalancing: *rebalancing, gaps: *gaps, total: *total, longest: *longest }
        };
        self.over.iter().map(line).collect()
    }

    fn count(&mut self, groups: &Groups, group: &GroupId, span: Duration, counts: &mut Counts) {
        let rebalancing = match groups.group(group).map(|known| known.kind) {
            Some(GroupKind::Consumer) => Rebalancing::Consumer,
            Some(GroupKind::Classic) | None if self.cooperative.contains(group) => Rebalancing::Cooperative,
            Some(GroupKind::Classic) | None => Rebalancing::Eager,
        };
        counts.partition_idle_us += span.0;
        *match rebalancing {
            Rebalancing::Eager => &mut counts.partition_idle_eager_us,
            Rebalancing::Cooperative => &mut counts.partition_idle_cooperative_us,
            Rebalancing::Consumer => &mut counts.partition_idle_consumer_us,
        } += span.0;
        let (gaps, total, longest) = self.over.entry((group.clone(), rebalancing)).or_default();
        *gaps += 1;
        *total = total.plus(span);
        *longest = (*longest).max(span);
    }
}
