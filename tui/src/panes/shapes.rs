//! What the shapes of each view mean: the second page of the help.
//!
//! Invariant: whatever glyph a view draws stands here (a test draws them and looks).

use crate::screen::model::Shows;

/// The shapes of a view, in the order of how often one meets them, and what they mean.
#[must_use]
pub fn of(shows: Shows) -> Vec<(&'static str, &'static str)> {
    let own = match shows {
        Shows::Cluster => CLUSTER,
        Shows::Logs => LOGS,
        Shows::Groups => GROUPS,
    };
    own.iter().chain(TIME).copied().collect()
}

/// The name of a view's page.
#[must_use]
pub fn title(shows: Shows) -> &'static str {
    match shows {
        Shows::Cluster => "What the Cluster view shows",
        Shows::Logs => "What the Logs view shows",
        Shows::Groups => "What the Groups view shows",
    }
}

const LOGS: &[(&str, &str)] = &[
    ("[k] ▪", "committed, as it knows here"),
    ("(k) ▫", "not yet: it may still vanish"),
    ("/k/ x", "diverged: will be truncated"),
    ("·k· ·", "was cut off just now"),
    ("·", "compacted away: a newer holds"),
    ("[k† †", "tombstone: its key is deleted"),
    ("e1", "the first record of an epoch"),
    ("┃", "the leader's high watermark"),
    ("║ ▴", "the HW this replica knows"),
    ("┤ ╣ ◂", "log end (LEO); ╣ also its HW"),
    ("├ └", "log start; what happened here"),
    ("╌", "expired; or no epoch is known"),
    ("¦", "below it all is compacted"),
    ("✓ · ✗", "acked: kept, let go, lost"),
    ("‹9 9›", "so many more on that side"),
    ("✗9", "a broken claim is about it"),
    ("━▶ ‖ ▲", "reads on, is paused; committed"),
    ("+2 ≤9", "more readers, none more behind"),
    ("lag", "readable, but not yet read"),
    ("★ ≠ ◷", "leads, cut off, clock is off"),
    ("✖ ‖ ✗", "down, stands still, log gone"),
    ("at risk", "an election may lose it"),
    ("doomed", "the leader goes on without it"),
];

const GROUPS: &[(&str, &str)] = &[
    ("A B C", "its consumers, as letters"),
    ("A━━", "A has the partition, and still has it"),
    ("·", "nobody has it: nothing is read"),
    ("#", "two believe that it is theirs"),
    ("▼ ╌", "now, and what is still to come"),
    ("▶", "the partition whose logs Enter opens"),
    ("3≠4", "the epoch of the member, and that of the group"),
    ("≠", "not as the coordinator has it"),
    ("current", "what the consumer believes it owns"),
    ("target", "what the coordinator has decided"),
    ("idle", "how long nobody had it, in all"),
    ("committed", "where the next owner will begin"),
    ("position", "where its reader is now: what lies between may be read twice"),
    ("lag", "HW − committed"),
    ("✖ ‖", "is down, stands still"),
    ("—", "nothing, nobody"),
];

const CLUSTER: &[(&str, &str)] = &[
    ("★", "leads: the quorum, or the partition"),
    ("○ ▵", "follows in the ISR, out of it"),
    ("≠", "not what is committed, or cut off"),
    ("✓", "knows all metadata that is committed"),
    ("╳ ▸", "cut; a message on its way"),
    ("✖ ‖ ✗", "is down, stands still, its disk failed"),
    ("◷", "its clock is off, or the way is slow"),
    ("~ ·", "the last message was lost; none was sent"),
    ("▶ ↑ ↓", "selected; more above, more below"),
];

const TIME: &[(&str, &str)] = &[
    ("━█╌", "the past, now, the future"),
    ("✗", "a broken claim: } goes there"),
    ("✖ ↺", "a crash; something came back"),
    ("★ ≠ ⇤", "elected; a fault; a log cut"),
    ("◷ ◆", "a clock moved; a rebalance"),
    ("▽", "retention or compaction"),
];
