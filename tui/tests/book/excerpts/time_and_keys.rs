//! The outputs of the chapters on what a log lets go of: by time, and by key.

use super::{Excerpt, excerpt, line};

pub const TIME_AND_KEYS: &[Excerpt] = &[
    // Chapter 11
    excerpt("11-head.txt", "run 11-clock-skew", &[("clock-skew: ", "seed ")]),
    excerpt(
        "11-trace.txt",
        "run 11-clock-skew",
        &[
            ("b1   ◷", "b2   ◷"),
            ("p1   ⇒ send 1", "append events-0"),
            ("p1   ⇐ acknowledged: send 1", "c1   ⇐ reads events-0"),
            ("p2   ⇒ send 1", "failed for good"),
        ],
    ),
    excerpt(
        "11-accepted.txt",
        "run 11-clock-skew --set topic.metrics.message.timestamp.after.max.ms=9223372036854775807",
        &[("p2   ⇒ send 1", "append metrics-0"), ("p2   ⇐ acknowledged", "c1   ⇐ reads metrics-0")],
    ),
    excerpt(
        "11-jump.txt",
        "run 11-clock-skew --fault 'at = \"1.2s\", clock-jump = { process = \"b1\", by = \"-4h\" }'",
        &[line("c1   ⇐ reads events-0 record 0"), line("its wall clock jumps"), line("c1   ⇐ reads events-0 record 1")],
    ),
    excerpt("11-retention-head.txt", "run 11-retention-skew", &[("retention-skew: ", "seed ")]),
    excerpt(
        "11-retention.txt",
        "run 11-retention-skew",
        &[
            ("b2   ⇤ delete readings-0 0 to 11", "b2   · log start readings-0 0 → 11"),
            ("b1   ⇤ delete readings-0 0 to 11", "b1   · log start readings-0 0 → 11"),
            ("c1   · reads readings-0", "c1   ⇐ reads readings-2"),
        ],
    ),
    excerpt(
        "11-retention-frame.txt",
        "watch 11-retention-skew --at 12.004s --snapshot 80x24",
        &[("─ readings-0", " b3 follower"), line("expired")],
    ),
    excerpt(
        "11-failover.txt",
        "run 11-retention-skew",
        &[
            line("b1   · log start readings-2 55 → 60"),
            ("b3   ⇤ delete readings-2 11 to 22", "b3   · log start readings-2 11 → 22"),
            ("c2   · reads readings-2", "c2   ⇐ reads readings-2"),
            line("b3   ✖"),
            line("b1   ★ leads readings-2"),
            line("c3   · reads readings-2"),
            line("b3   · log start readings-2 22 → 60"),
        ],
    ),
    excerpt(
        "11-append-time.txt",
        "run 11-retention-skew --set topic.readings.message.timestamp.type=LogAppendTime",
        &[
            ("b2   ⇤ delete readings-2 0 to 5", "b2   · log start readings-2 0 → 5"),
            ("c1   · reads readings-0", "c1   · reads readings-2"),
        ],
    ),
    // Chapter 12
    excerpt("12-head.txt", "run 12-late-reader", &[("late-reader: ", "seed ")]),
    excerpt(
        "12-bob.txt",
        "run 12-late-reader",
        &[line("desk ⇒ send 5"), line("b1   ⇤ cleaned beds-0 0 to 4"), line("desk ⇒ send 9"), line("b1   ⇤ cleaned beds-0 0 to 8")],
    ),
    excerpt(
        "12-late.txt",
        "run 12-late-reader",
        &[("nurse · reads beds-0", "nurse ⇐ reads beds-0"), line("screen ⇐ reads beds-0 records 4")],
    ),
    excerpt(
        "12-dump.txt",
        "dump 12-late-reader --at 15s --log beds-0@b1",
        &[line("| offset: 4 "), line("| offset: 8 "), line("| offset: 15 "), line("| offset: 16 "), line("| offset: 17 ")],
    ),
    excerpt("12-frame.txt", "watch 12-late-reader --at 15s --snapshot 80x24", &[("─ beds-0", "compacted away")]),
    excerpt(
        "12-gone.txt",
        "run 12-late-reader --set topic.beds.delete.retention.ms=2000",
        &[
            line("b1   ⇤ cleaned beds-0 0 to 8"),
            line("b1   ⇤ cleaned beds-0 0 to 12"),
            line("nurse ⇐ reads beds-0"),
            line("screen ⇐ reads beds-0 records"),
        ],
    ),
    excerpt(
        "12-verdict.txt",
        "run 12-late-reader --set topic.beds.delete.retention.ms=2000",
        &[("reader-up-to-date is violated", "  by        ")],
    ),
    // A swap that is cut short: what happened, and what lies on the disk meanwhile.
    excerpt(
        "12-swap.txt",
        "run 12-late-reader --fault 'at = \"7.0045s\", disk = { of = \"b1\", fault = \"write-fails\", file = \"beds-0\", times = 1 }' --fault 'at = \"9s\", restart = \"b1\"'",
        &[
            ("b1   ⇤ cleaned beds-0 0 to 8", "b1   ⇤ cleaned beds-0 0 to 8"),
            ("b1   ≠ its disk fails to write", "b1   ✖ ends itself"),
            ("fault: 9s restart b1", "b1   ↺ recover beds-0"),
        ],
    ),
    excerpt(
        "12-swap-disk.txt",
        "dump 12-late-reader --fault 'at = \"7.0045s\", disk = { of = \"b1\", fault = \"write-fails\", file = \"beds-0\", times = 1 }' --at 8s --log b1",
        &[("b1 at step", "b1 at step"), ("beds-0", "00000000000000000004.timeindex.deleted")],
    ),
];
