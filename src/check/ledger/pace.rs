//! How far a log had come a while ago.
//!
//! Invariant: one look a second is kept, and the one before it: an event costs a comparison.
//!
//! Called by: the ledger, and the check that compares logs in the end.

use crate::ids::Offset;
use crate::time::{Duration, Instant};

/// A log that grows all the time is compared as it was so long ago.
const WHILE: Duration = Duration::from_secs(1);
const TWO_WHILES: Duration = Duration::from_secs(2);

/// How far a log had come a while ago, for logs that never come to rest.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Pace {
    since: Instant,
    recent: Offset,
    older: Offset,
}

impl Pace {
    /// A log that ended there grows at this moment.
    pub(in super::super) fn note(&mut self, at: Instant, end: Offset) {
        if at.since(self.since) >= WHILE {
            *self = Self { since: at, recent: end, older: self.recent };
        }
    }

    /// An end that it had reached a second ago at least, if it ends there now.
    pub(in super::super) fn settled_end(&self, now: Instant, end: Offset) -> Offset {
        let quiet = now.since(self.since);
        if quiet < WHILE {
            self.older
        } else if quiet < TWO_WHILES {
            self.recent
        } else {
            end
        }
    }
}
