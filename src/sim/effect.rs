//! Proof of effect: what a fault really did to the run. One that did nothing proves nothing, and is shown as such.

use std::fmt;

use crate::time::Duration;

/// What one fault did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// Messages it lost, those behind the lost one on the same connection included.
    pub dropped: u64,
    /// Messages it slowed.
    pub delayed: u64,
    /// Requests it made arrive twice.
    pub duplicated: u64,
    /// Processes it killed.
    pub killed: u64,
    /// Processes it started.
    pub started: u64,
    /// Servers it asked to end themselves in order.
    pub asked: u64,
    /// Bytes of disk it took.
    pub bytes_lost: u64,
    /// Files it took.
    pub files_lost: u64,
    /// Disk calls that went wrong by it.
    pub disk_calls: u64,
    /// Orders it had the administrator give.
    pub orders: u64,
    /// Turns in which a clock that it bent was read.
    pub readings_skewed: u64,
    /// How long it kept processes down or still, summed over them.
    pub stopped: Duration,
    /// It left a disk whole, because that held the last in-sync copy of something.
    pub was_spared: bool,
    /// Nobody held the role it was meant for.
    pub was_missed: bool,
}

impl Proof {
    /// Whether the fault did nothing at all.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self { was_spared: self.was_spared, was_missed: self.was_missed, ..Self::default() }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            (self.killed, "killed 1 process", "killed", "processes"),
            (self.asked, "shut down 1 server", "shut down", "servers"),
            (self.started, "started 1 process", "started", "processes"),
            (self.dropped, "dropped 1 message", "dropped", "messages"),
            (self.delayed, "slowed 1 message", "slowed", "messages"),
            (self.duplicated, "repeated 1 request", "repeated", "requests"),
            (self.disk_calls, "failed 1 disk call", "failed", "disk calls"),
            (self.orders, "gave 1 order", "gave", "orders"),
            (self.files_lost, "lost 1 file", "lost", "files"),
            (self.bytes_lost, "lost 1 byte", "lost", "bytes"),
            (self.readings_skewed, "skewed 1 reading", "skewed", "readings"),
        ];
        let mut parts = counts
            .into_iter()
            .filter_map(|(count, one, verb, many)| match count {
                0 => None,
                1 => Some(one.to_owned()),
                _ => Some(format!("{verb} {count} {many}")),
            })
            .collect::<Vec<_>>();
        if self.stopped > Duration::ZERO {
            parts.push(format!("stopped for {}", self.stopped));
        }
        if self.was_spared {
            parts.push("spared: last in-sync copy".to_owned());
        }
        if self.was_missed {
            parts.push("missed: nobody held the role".to_owned());
        }
        f.write_str(if parts.is_empty() { "no effect" } else { "" })?;
        f.write_str(&parts.join(", "))
    }
}
