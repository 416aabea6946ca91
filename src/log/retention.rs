//! Retention: which segments are due, and taking them out of the log.
//!
//! Whole segments go, the oldest first, and the first that is not due ends it:
//!
//! * below the log start, whatever the policy;
//! * by size: the log is no smaller than `retention.bytes` without it;
//! * by time: its youngest record is older than `retention.ms` by this broker's wall clock. A segment none of whose records has a
//!   timestamp counts from when its file was last written; so does every segment under `retention-by-record-time = off`.
//!
//! Only what lies wholly below the high watermark goes. If that is the active segment, it is closed first and goes as well.
//!
//! Invariant: the log start never exceeds the high watermark, and the log never has no segment.
//!
//! Source: `UnifiedLog.deleteOldSegments`, `deletableSegments`; KIP-33 (timestamps in place of files), KIP-107 (log start).
//!
//! Called by: replica, for every log that `delete` is a policy of, and for compacted logs that begin later than they did.
//!
//! What surprises is Kafka's own: a record from the future keeps its segment and all behind it, one from the past lets it go at
//! once, and a clock that jumps ahead empties the log.

use std::sync::Arc;

use super::partition_log::PartitionLog;
use super::segment::Segment;
use crate::config::Switch;
use crate::context::Context;
use crate::error::Fault;
use crate::event::{LogFact, RetentionFacts, RetentionReason};
use crate::ids::Offset;
use crate::time::{Duration, Timestamp};

/// What the log does not know itself.
#[derive(Clone, Copy, Debug)]
pub struct RetentionView {
    /// Nothing goes that does not lie wholly below it.
    pub high_watermark: Offset,
    /// Variant `retention-by-record-time`.
    pub by_record_time: Switch,
}

/// A segment as retention looks at it.
struct Judged {
    base: Offset,
    /// Where the next one begins; the log's end if there is none.
    end: Offset,
    size: u64,
    /// What its age is counted from.
    mark: Timestamp,
    has_next: bool,
}

impl PartitionLog {
    /// Takes the segments out of the log that are due. Returns whether there were any.
    ///
    /// Errors: as the disk's calls; the log is fenced then.
    pub fn delete_due_segments(&mut self, view: RetentionView, cx: &mut Context<'_>) -> Result<bool, Fault> {
        let start = self.start;
        let below_start = |segment: &Judged| segment.has_next && segment.end <= start;
        let mut any = self.delete_while(view, RetentionReason::BelowLogStart, below_start, cx)?;
        if !self.config.cleanup_policy.delete {
            return Ok(any);
        }
        if let Some(limit) = self.config.retention_bytes.0 {
            let mut excess = self.size_bytes().saturating_sub(limit);
            let is_excess = |segment: &Judged| {
                let fits = excess.checked_sub(segment.size);
                excess = fits.unwrap_or(excess);
                fits.is_some()
            };
            let is_too_large = self.size_bytes() >= limit;
            any |= is_too_large && self.delete_while(view, RetentionReason::Size, is_excess, cx)?;
        }
        // ANCHOR: due-by-time
        let kept = self.config.retention_ms;
        if kept != Duration::MAX {
            let (now, kept_ms) = (cx.wall(), i64::try_from(kept.as_millis()).unwrap_or(i64::MAX));
            let is_old = |segment: &Judged| now.0.saturating_sub(segment.mark.0) > kept_ms;
            any |= self.delete_while(view, RetentionReason::Time, is_old, cx)?;
        }
        // ANCHOR_END: due-by-time
        Ok(any)
    }

    /// Takes segments out from the oldest on, as long as they are due.
    fn delete_while(
        &mut self,
        view: RetentionView,
        why: RetentionReason,
        mut is_due: impl FnMut(&Judged) -> bool,
        cx: &mut Context<'_>,
    ) -> Result<bool, Fault> {
        // ANCHOR: delete-while
        let mut due = Vec::new();
        for (nth, segment) in self.segments().enumerate() {
            let judged = self.judged(nth, segment, view.by_record_time, cx);
            let is_empty_active = !judged.has_next && judged.size == 0;
            if is_empty_active || judged.end > view.high_watermark || !is_due(&judged) {
                break;
            }
            due.push(judged);
        }
        // ANCHOR_END: delete-while
        if due.is_empty() {
            return Ok(false);
        }
        self.check_fence()?;
        let done = self.drop_due(&due, view.high_watermark, why, cx);
        self.fencing(done, cx)?;
        Ok(true)
    }

    fn judged(&self, nth: usize, segment: &Segment, by_record_time: Switch, cx: &mut Context<'_>) -> Judged {
        let next = self.closed.get(nth + 1).map(|next| next.base());
        let is_active = nth == self.closed.len();
        let end = next.unwrap_or(if is_active { self.end_offset() } else { self.active.base() });
        let mark = if by_record_time.is_on() { segment.age_mark(cx) } else { segment.modified(cx) };
        Judged { base: segment.base(), end, size: u64::from(segment.size()), mark, has_next: !is_active }
    }

    /// Tells which segments go and where the log begins then, and lets them go.
    fn drop_due(
        &mut self,
        due: &[Judged],
        high_watermark: Offset,
        why: RetentionReason,
        cx: &mut Context<'_>,
    ) -> Result<(), Fault> {
        if due.len() > self.closed.len() {
            self.roll(cx)?; // the active one goes as well: there must be another
        }
        let partition = self.partition();
        let mut log_size = self.size_bytes();
        for Judged { base, end, size, mark, .. } in due {
            let segment = RetentionFacts {
                partition,
                base: *base,
                end: *end,
                size: *size,
                largest_timestamp: *mark,
                wall: cx.wall(),
                log_size,
                high_watermark,
                why,
            };
            cx.emit(LogFact::SegmentDeleted { segment: Arc::new(segment) });
            log_size -= size;
        }
        let end = due.last().map_or(self.start, |last| last.end);
        assert!(end <= high_watermark, "what is not committed is not deleted");
        self.move_start(end, cx)?;
        self.set_aside(0..due.len(), cx)?;
        self.flushed = self.flushed.max(end);
        self.place.sync_folder(cx)
    }
}
