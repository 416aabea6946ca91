//! The cleaner of a broker: one log at a time, the dirtiest first, a step of bounded work a turn.
//!
//! ```text
//!   look ──► the dirtiest log that is worth it ──► its steps, one a turn ──► look again at once
//!     └── none: wait `log.cleaner.backoff.ms` ──► look
//! ```
//!
//! After each look that found nothing and each log that is done, the compacted logs' own due segments go (`compact,delete`, and
//! what lies below a log's start).
//!
//! Invariant: no two logs are cleaned at once, and no retention is at work in the one that is.
//!
//! Source: Kafka's `LogCleaner.CleanerThread`, `LogCleanerManager`. Called by: [`super::upkeep`].
//!
//! A log that cannot be cleaned is left alone in this life, by retention as well; and without a cleaner (`log.cleaner.enable`) no
//! compacted log loses anything. Under `cleaner-partial-map = off` the cleaner itself dies of it, as it
//! did before KAFKA-3587, and no log of the broker is cleaned any more.
//!
//! Kafka differs: its cleaner looks as soon as the broker starts; here after `log.initial.task.delay.ms`.

use std::collections::BTreeSet;

use super::Broker;
use super::logs::Checkpoint;
use crate::config::Switch;
use crate::context::Context;
use crate::ids::TopicPartition;
use crate::log::{Candidate, CleanerRules, Cleaning, Progress};
use crate::replica::Partition;

/// How many bytes of the map a key takes in Kafka: its hash and an offset.
const BYTES_A_KEY: u64 = 24;

/// What the cleaner is at.
#[derive(Clone, Debug, Default)]
pub struct Cleaner {
    at_work: Option<Cleaning>,
    uncleanable: BTreeSet<TopicPartition>,
    is_dead: bool,
}

impl Broker {
    /// One step. Returns whether the next is due at once.
    pub(super) fn clean(&mut self, cx: &mut Context<'_>) -> bool {
        match self.cleaner.at_work.take() {
            Some(cleaning) => self.clean_on(cleaning, cx),
            None => self.begin_cleaning(cx),
        }
    }

    fn clean_on(&mut self, mut cleaning: Cleaning, cx: &mut Context<'_>) -> bool {
        let partition = cleaning.partition();
        let replica = self.partitions.get_mut(partition);
        match replica.map_or(Progress::GaveUp, |replica| replica.clean_step(&mut cleaning, cx)) {
            Progress::Goes => self.cleaner.at_work = Some(cleaning),
            Progress::GaveUp => {}
            Progress::Finished => {
                self.write_checkpoint(Checkpoint::Cleaner, cx);
                self.delete_due_compacted(cx);
            }
            Progress::Failed => {
                self.cleaner.uncleanable.insert(partition);
                self.cleaner.is_dead |= self.setup.variants.cleaner_partial_map == Switch::Off;
            }
        }
        self.schedule_removal(cx);
        true
    }

    fn begin_cleaning(&mut self, cx: &mut Context<'_>) -> bool {
        if self.cleaner.is_dead || !self.setup.config.cleaner_enable {
            return false;
        }
        let Some(plan) = self.dirtiest(cx) else {
            self.delete_due_compacted(cx);
            return false;
        };
        let rules = self.cleaner_rules();
        let Some(replica) = self.partitions.get(plan.partition) else { return false };
        self.cleaner.at_work = Some(Cleaning::begin(plan, rules, replica.log(), cx));
        true
    }

    fn dirtiest(&self, cx: &mut Context<'_>) -> Option<Candidate> {
        let mut dirtiest: Option<Candidate> = None;
        for replica in self.partitions.iter().filter(|replica| !self.cleaner.uncleanable.contains(&replica.partition())) {
            let Some(found) = replica.cleaning_candidate(cx) else { continue };
            if dirtiest.is_none_or(|best| found.compare_dirt(&best).is_gt()) {
                dirtiest = Some(found);
            }
        }
        dirtiest
    }

    fn cleaner_rules(&self) -> CleanerRules {
        let (config, variants) = (&self.setup.config, &self.setup.variants);
        CleanerRules {
            map_keys: config.cleaner_load_factor.of(config.cleaner_dedupe_buffer / BYTES_A_KEY),
            buffer_bytes: config.cleaner_io_buffer,
            partial_map: variants.cleaner_partial_map,
            keeps_epochs: variants.cleaner_keeps_epochs,
            tombstone_clock: variants.tombstone_clock,
        }
    }

    fn delete_due_compacted(&mut self, cx: &mut Context<'_>) {
        let uncleanable = self.cleaner.uncleanable.clone();
        let is_kept_up = |replica: &Partition| !uncleanable.contains(&replica.partition());
        self.delete_due_where(|replica| replica.log().config().cleanup_policy.compact && is_kept_up(replica), cx);
    }
}
