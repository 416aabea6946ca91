//! The outputs of the chapters on groups: who is alive, and how a group rebalances.

use super::{Excerpt, excerpt, line};

pub const GROUPS: &[Excerpt] = &[
    // Chapter 9
    excerpt("09-head.txt", "run 09-slow-poll", &[("slow-poll: ", "seed ")]),
    excerpt(
        "09-out.txt",
        "run 09-slow-poll",
        &[
            line("c1   ⇐ reads orders-0 records 0 to 23"),
            line("has not polled"),
            line("c1-b1.1.1 is out of packers"),
            line("plan of packers for 3"),
            line("c2   · reads orders-0 from 0"),
        ],
    ),
    excerpt(
        "09-twice.txt",
        "run 09-slow-poll",
        &[
            line("c2   · has processed record 0"),
            line("c1   · has processed record 12"),
            line("packers will read orders-0 on from 24"),
            ("c1   · has processed record 23", "c1   ╳ has lost orders-0"),
            line("plan of packers for 4"),
            line("c1   · reads orders-0 from 24"),
        ],
    ),
    excerpt(
        "09-handed-over.txt",
        "run 09-slow-poll --set consumer.c1.processing.hands-over=true",
        &[
            ("c1   ⇐ reads orders-0 records 0 to 23", "c1   ⇒ commits orders-0 at 24"),
            line("c1   ⇐ committed"),
            line("c1   · has processed record 0"),
            line("c1   · has processed record 23"),
        ],
    ),
    excerpt(
        "09-for-ever.txt",
        "run 09-slow-poll --set consumer.c2.processing.per-record=100ms",
        &[
            line("c1   ╳ has not polled"),
            line("c2   ╳ has not polled"),
            line("c1   ! commit of orders-0"),
            line("c1   · reads orders-0 from 0"),
            line("c2   ! commit of orders-0"),
            line("c1   ╳ has not polled"),
            line("c2   · reads orders-0 from 0"),
            line("c2   ╳ has not polled"),
            line("  found     packers"),
        ],
    ),
    // Chapter 10
    excerpt("10-head.txt", "run 10-join-storm", &[("join-storm: ", "seed ")]),
    excerpt(
        "10-eager.txt",
        "run 10-join-storm",
        &[
            line("e-late-1 ⇒ subscribes"),
            line("e-1  · gives back"),
            line("eager is CompletingRebalance (generation 2)"),
            line("e-1  · is given"),
        ],
    ),
    excerpt(
        "10-eager-all.txt",
        "run 10-join-storm",
        &[
            line("e-1  · gives back"),
            line("e-1  · is given"),
            line("e-1  · gives back"),
            line("e-1  · is given"),
            line("e-1  · gives back"),
            line("e-1  · is given"),
            line("e-1  · gives back"),
            line("e-1  · is given"),
            line("e-1  · gives back"),
            line("e-1  · is given"),
            line("e-1  · gives back"),
            line("e-1  · is given"),
            line("e-1  · gives back"),
            line("e-1  · is given"),
            line("e-1  · gives back"),
            line("e-1  · is given"),
        ],
    ),
    excerpt(
        "10-cooperative.txt",
        "run 10-join-storm",
        &[
            line("o-late-1 ⇒ subscribes"),
            line("o-4  · gives back"),
            line("o-3  · gives back"),
            line("o-late-2 · is given orders-11"),
            line("o-late-1 · is given orders-10"),
        ],
    ),
    excerpt(
        "10-reconciled.txt",
        "run 10-join-storm",
        &[line("n-late-1 ⇒ subscribes"), line("n-4  · gives back"), line("n-late-1 · is given")],
    ),
    excerpt("10-idle.txt", "run 10-join-storm", &[("idle partitions of cooperative", "idle partitions of reconciled")]),
    excerpt(
        "10-long-polls.txt",
        "run 10-join-storm --set consumer.o.max.poll.records=20 --set consumer.o-late.max.poll.records=20",
        &[
            line("o-late-1 ⇒ subscribes"),
            line("cooperative is CompletingRebalance (generation 2)"),
            line("cooperative is CompletingRebalance (generation 3)"),
            line("cooperative is CompletingRebalance (generation 7)"),
            line("o-late-1 · is given orders-4"),
        ],
    ),
];
