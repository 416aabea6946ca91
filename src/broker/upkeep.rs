//! What a broker does by the clock: it looks for followers that fell behind, and writes the high watermarks down.
//!
//! Source: Kafka's `ReplicaManager.startup` (`isr-expiration`, every half `replica.lag.time.max.ms`) and
//! `checkpointHighWatermarks`. Called by: [`Broker`].

use super::Broker;
use crate::context::Context;
use crate::event::LogFact;
use crate::files::{FileName, FilePath};
use crate::ids::{Offset, TopicPartition};
use crate::log::checkpoint;
use crate::replica::Partition;
use crate::time::{Duration, Instant, Timers};

/// What is due when.
#[derive(Clone, Debug, Default)]
pub struct Upkeep {
    timers: Timers<Chore>,
    /// What the checkpoint on disk says: it is not written again unchanged.
    checkpointed: Vec<(TopicPartition, Offset)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Chore {
    IsrCheck,
    HighWatermarkCheckpoint,
}

impl Upkeep {
    /// When the next chore is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.timers.next_deadline()
    }
}

impl Broker {
    pub(super) fn begin_upkeep(&mut self, cx: &Context<'_>) {
        for chore in [Chore::IsrCheck, Chore::HighWatermarkCheckpoint] {
            self.schedule(chore, cx);
        }
    }

    pub(super) fn handle_upkeep_deadline(&mut self, cx: &mut Context<'_>) {
        let now = cx.mono();
        while let Some((chore, trail)) = self.upkeep.timers.pop_due(now) {
            cx.resume(trail);
            match chore {
                Chore::IsrCheck => self.check_isrs(cx),
                Chore::HighWatermarkCheckpoint => self.checkpoint_high_watermarks(cx),
            }
            self.schedule(chore, cx);
        }
    }

    fn check_isrs(&mut self, cx: &mut Context<'_>) {
        let late = self.partitions.iter().filter(|replica| replica.has_late_member(cx.mono()));
        let late: Vec<_> = late.map(Partition::partition).collect();
        for partition in late {
            let replica = self.partitions.get_mut(partition).expect("it was seen just now");
            if let Some(proposal) = replica.propose_shrink(&self.members, cx) {
                self.submit_proposal(proposal, cx);
            }
        }
    }

    /// A replica that starts again knows from this file what was committed at least.
    fn checkpoint_high_watermarks(&mut self, cx: &mut Context<'_>) {
        let known: Vec<_> = self.partitions.iter().map(|replica| (replica.partition(), replica.high_watermark())).collect();
        if known == self.upkeep.checkpointed {
            return;
        }
        if let Err(fault) = checkpoint::write(FilePath::root(FileName::HighWatermarkCheckpoint), &known, cx) {
            cx.halt(format!("the high watermarks cannot be written down: {fault}"));
            return;
        }
        let partitions = u32::try_from(known.len()).expect("a broker holds fewer than 2^32 partitions");
        cx.emit(LogFact::HighWatermarksCheckpointed { partitions });
        self.upkeep.checkpointed = known;
    }

    fn schedule(&mut self, chore: Chore, cx: &Context<'_>) {
        let config = &self.setup.config;
        let period = match chore {
            Chore::IsrCheck => Duration(config.replica_lag_time_max.0 / 2),
            Chore::HighWatermarkCheckpoint => config.high_watermark_checkpoint_interval,
        };
        self.upkeep.timers.set(chore, cx.mono().plus(period), cx.trail());
    }
}
