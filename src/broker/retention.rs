//! Retention on a broker: every log's due segments, by the clock, and the files that they leave for a while.
//!
//! Compacted logs are left to the cleaner, which knows whether it is at work in one.
//!
//! Source: Kafka's `LogManager.cleanupLogs`, `log.retention.check.interval.ms`, `file.delete.delay.ms`.
//!
//! Called by: [`super::upkeep`].

use super::Broker;
use crate::context::Context;
use crate::ids::TopicPartition;
use crate::replica::Partition;
use crate::time::Instant;

impl Broker {
    /// Looks at every log that is not compacted.
    pub(super) fn delete_due_segments(&mut self, cx: &mut Context<'_>) {
        self.delete_due_where(|replica| !replica.log().config().cleanup_policy.compact, cx);
    }

    /// Looks at the logs of which `is_looked_at` says so.
    pub(super) fn delete_due_where(&mut self, is_looked_at: impl Fn(&Partition) -> bool, cx: &mut Context<'_>) {
        let by_record_time = self.setup.variants.retention_by_record_time;
        let looked_at = self.partitions.iter().filter(|replica| !replica.is_offline() && is_looked_at(replica));
        let looked_at: Vec<TopicPartition> = looked_at.map(Partition::partition).collect();
        for partition in looked_at {
            if let Some(replica) = self.partitions.get_mut(partition) {
                replica.delete_due_segments(by_record_time, cx);
            }
        }
        self.schedule_removal(cx);
    }

    /// Removes the files whose time is up.
    pub(super) fn remove_set_aside(&mut self, cx: &mut Context<'_>) {
        let now = cx.mono();
        let due = self.partitions.iter().filter(|replica| replica.log().next_removal().is_some_and(|at| at <= now));
        let due: Vec<TopicPartition> = due.map(Partition::partition).collect();
        for partition in due {
            if let Some(replica) = self.partitions.get_mut(partition) {
                replica.remove_set_aside(cx);
            }
        }
        self.schedule_removal(cx);
    }

    /// When the next files are to be removed.
    pub(super) fn next_removal(&self) -> Option<Instant> {
        let live = self.partitions.iter().filter(|replica| !replica.is_offline() && !replica.log().is_fenced());
        live.filter_map(|replica| replica.log().next_removal()).min()
    }
}
