//! What a log forgets, and whether it may: retention by time and size, and compaction to the latest record of each key.
//!
//! `rules` says what a topic is configured as, `clocks` what a broker's wall clock shows, `shelf` what segments a log has, `chains`
//! which committed records have one key.
//!
//! Called by: `Checks`.

mod chains;
mod clocks;
pub(super) mod compaction_contract;
mod overdue;
pub(super) mod reader_up_to_date;
pub(super) mod retention_contract;
#[cfg(test)]
mod retention_tests;
mod rules;
mod shelf;
mod stale;
#[cfg(test)]
mod start_tests;
#[cfg(test)]
mod tests;

use super::promises::Promises;
use crate::event::{ConfigFacts, Event, TopicFacts, WorldFact};
use crate::ids::{Offset, TopicId};
use clocks::Clocks;
use rules::Rules;

/// What both checks go by.
#[derive(Clone, Debug, Default)]
pub(super) struct Keeping {
    rules: Rules,
    clocks: Clocks,
}

impl Keeping {
    /// Of a run whose servers' files say this.
    pub(super) fn new(promises: &Promises) -> Self {
        Self { rules: Rules::new(&promises.topic_defaults), clocks: Clocks::default() }
    }

    /// A topic is there.
    pub(super) fn create(&mut self, facts: &TopicFacts) {
        self.rules.create(facts);
    }

    /// A configuration was changed. Returns the topics that it concerns.
    pub(super) fn change(&mut self, change: &ConfigFacts, committed: Offset) -> Vec<TopicId> {
        self.rules.change(change, committed)
    }

    /// A clock was set, or jumped. Returns whether it was that.
    pub(super) fn observe_clock(&mut self, event: &Event, fact: &WorldFact) -> bool {
        self.clocks.observe(event, fact)
    }

    /// Whether a topic is compacted by now.
    pub(super) fn is_compacted(&self, topic: TopicId) -> bool {
        self.rules.now(topic).is_some_and(|config| config.cleanup_policy.compact)
    }
}
