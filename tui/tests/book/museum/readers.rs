//! The exhibits of consumers and groups, of retention and of cleaning: what readers missed, or read twice.

use super::{AGAIN, Exhibit, exhibit, line};

pub(super) const READERS: &[Exhibit] = &[
    exhibit(
        "r5",
        AGAIN,
        &[
            line("c1   ⇐ reads orders-0 record 2"),
            line("★ elects b2"),
            line("append orders-0 record 1 e1"),
            line("append orders-0 record 3 e1"),
            line("c1   ↺ goes on"),
            line("c1   ⇐ reads orders-0"),
        ],
    ),
    exhibit(
        "r19",
        AGAIN,
        &[
            line("c1   ⇐ reads orders-0 record 0"),
            line("b2   ✖"),
            line("b2   ↺ starts again"),
            line("c1   · has processed record 0"),
            line("no longer in the log"),
        ],
    ),
    exhibit(
        "k12",
        "reads",
        &[
            line("c1   ⇐ reads orders-0 record 4"),
            line("admin ⇐ elect leaders"),
            line("admin ⇐ delete topics"),
            line("admin ⇐ create topics"),
            line("append orders-0 record 9"),
        ],
    ),
    exhibit(
        "c1",
        AGAIN,
        &[
            line("c1   ⇐ reads orders-0 records 0 to 9"),
            line("c1   ⇒ commits orders-0 at 10"),
            line("c1   · has processed record 0"),
            ("c1   · has processed record 2", "c1   ✖"),
            line("c1   · reads orders-0 from 10"),
        ],
    ),
    exhibit(
        "c2",
        AGAIN,
        &[
            line("c1   ⇒ commits orders-0 at 10"),
            ("c2   · has processed record 2", "c2   ✖"),
            line("c1   · has processed record 2"),
            line("c1   ✖"),
            ("c2   · reads orders-0 from 0", "c2   · has processed record 0"),
            line("c1   · reads orders-0 from 10"),
        ],
    ),
    exhibit(
        "c3",
        AGAIN,
        &[
            line("c1   · has processed record 4 of orders-0"),
            line("c1   · gives back"),
            line("plan of packers for 2"),
            ("c1   · reads orders-0 from 0", "c2   · reads orders-1 from 0"),
            ("c1   · has processed record 0", "c2   · has processed record 0"),
        ],
    ),
    exhibit(
        "c4",
        AGAIN,
        &[
            line("c1   ≠ stands still"),
            line("is out of packers"),
            line("plan of packers for 3"),
            ("c1   ↺ goes on", "c1   ⇒ commits orders-0 at 11"),
            line("packers will read orders-0 on from 11"),
        ],
    ),
    exhibit("c7", AGAIN, &[line("c1   ✖"), ("joins packers as till", "PreparingRebalance")]),
    exhibit("c8", AGAIN, &[line("plan of packers for 1"), ("c2   · is asked to shut down", "c2   · has shut down in order")]),
    exhibit("c9", AGAIN, &[line("c2-2-b1.1.3 joins packers"), line("packers is CompletingRebalance")]),
    exhibit(
        "c10",
        AGAIN,
        &[
            line("c1   ⇐ committed: orders-0 at 2"),
            line("forgets that packers"),
            line("c1   · is asked to shut down"),
            line("acknowledged: send 7"),
            line("c1   · reads orders-0 from 7"),
        ],
    ),
    exhibit(
        "c11",
        AGAIN,
        &[
            line("billers will read orders-0 on from 5"),
            line("b2   ✖"),
            line("t1-1/00000000000000000000.log"),
            line("leads __consumer_offsets-1 from e2"),
            line("c1   · reads orders-0 from 0"),
        ],
    ),
    exhibit(
        "c12",
        AGAIN,
        &[
            line("c1   · has processed record 4"),
            line("★ elects b2 for orders-0"),
            line("append orders-0 record 3 e1"),
            line("c1   ↺ goes on"),
            line("no longer in the log"),
        ],
    ),
    exhibit(
        "c13",
        "processed",
        &[
            line("admin ⇐ create partitions"),
            line("acknowledged: send 1 "),
            line("plan of packers for 2"),
            line("c1   · reads orders-1 from"),
        ],
    ),
    exhibit("s6", "segments-deleted", &[("p1   ⇒ send 1", "acknowledged: send 1")]),
    exhibit(
        "s7",
        "segments-deleted",
        &[line("acknowledged: send 1 "), line("b1   ⇤ delete orders-0 0 to"), line("b1   ⇤ delete orders-0 10 to")],
    ),
    exhibit(
        "s8",
        "segments-deleted",
        &[
            ("its wall clock jumps by", "b1   ⇤ delete orders-0 0 to"),
            line("b1   ⇤ delete orders-0 98 to 100"),
            line("b2   ⇤ delete orders-0 0 to"),
        ],
    ),
    exhibit(
        "s10",
        AGAIN,
        &[
            line("b3   · replicate customers-0 record 0"),
            line("append customers-0 record 1 e0"),
            line("b1   ⇤ cleaned customers-0 0 to 6"),
            line("b1   ⇤ cleaned customers-0 0 to 31"),
            line("b3   ↺ recover customers-0"),
            line("b3   ★ leads customers-0"),
            line("c1   ⇐ reads customers-0"),
        ],
    ),
    exhibit("s12", "failed-cleanings", &[line("b1   ! cannot clean")]),
    exhibit("s15", "processed", &[line("no longer in the log"), line("no longer in the log"), line("no longer in the log")]),
    exhibit(
        "s16",
        AGAIN,
        &[
            line("append status-0 record 0 e0"),
            line("world ≠ fault: 1.500s"),
            line("world ≠ fault: 4.000s"),
            line("append status-0 record 1 e0 (bert)"),
            line("b2   ★ leads status-0"),
            line("b2   ⇤ cleaned status-0 0 to 6"),
            line("b3   · replicate status-0 record 5 e1"),
            line("b3   ★ leads status-0"),
            ("b1   · status-0 follows b3", "b1   ⇤ truncate"),
            line("b1   · replicate status-0 record 5 e1"),
            line("b1   ★ leads status-0 from e3"),
            line("c1   ⇐ reads status-0"),
        ],
    ),
];
