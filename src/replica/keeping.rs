//! What a replica lets go of, by itself and by its own clock: segments that are due, and superseded records.
//!
//! Invariant: nothing goes that is not below the high watermark; leader and followers do this apart, each for its own log.
//!
//! Source: Kafka's `LogManager.cleanupLogs`, `LogCleaner`. Called by: `broker/retention`, `broker/cleaner`.

use super::partition::Partition;
use crate::config::Switch;
use crate::context::Context;
use crate::log::{Candidate, Cleaning, Progress, RetentionView};

impl Partition {
    /// Deletes the segments that are due. Returns whether there were any. A failed disk takes the replica offline.
    pub fn delete_due_segments(&mut self, by_record_time: Switch, cx: &mut Context<'_>) -> bool {
        if self.is_offline() {
            return false;
        }
        let view = RetentionView { high_watermark: self.high_watermark, by_record_time };
        match self.log.delete_due_segments(view, cx) {
            Ok(any) => any,
            Err(fault) => {
                self.become_offline(&fault, cx);
                false
            }
        }
    }

    /// Removes the files of segments that were taken out long enough ago. A failed disk takes the replica offline.
    pub fn remove_set_aside(&mut self, cx: &mut Context<'_>) {
        if let Err(fault) = self.log.remove_set_aside(cx) {
            self.become_offline(&fault, cx);
        }
    }

    /// What is to be cleaned of its log, if that is worth it by now.
    pub fn cleaning_candidate(&self, cx: &mut Context<'_>) -> Option<Candidate> {
        if self.is_offline() {
            return None;
        }
        self.log.cleaning_candidate(self.high_watermark, cx.wall(), cx)
    }

    /// Does one step of a cleaning of its log. A failed disk takes the replica offline.
    pub fn clean_step(&mut self, cleaning: &mut Cleaning, cx: &mut Context<'_>) -> Progress {
        if self.is_offline() {
            return Progress::GaveUp;
        }
        cleaning.step(&mut self.log, cx).unwrap_or_else(|fault| {
            self.become_offline(&fault, cx);
            Progress::GaveUp
        })
    }
}
