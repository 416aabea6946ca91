//! The outputs of a cleaner's swap that is cut short (chapter 12): what happened, and what lies on the disk meanwhile.

use crate::excerpts::{Excerpt, excerpt};

/// Both, of one run.
pub const SWAP: &[Excerpt] = &[
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
