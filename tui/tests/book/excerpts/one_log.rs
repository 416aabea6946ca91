//! The outputs of the chapters on one log: the tour, a log, its partitions, and a reader that works and commits.

use super::{Excerpt, excerpt, line};

pub const ONE_LOG: &[Excerpt] = &[
    // Chapter 0
    excerpt("00-head.txt", "run 00-tour", &[("tour: ", "seed ")]),
    excerpt("00-frame.txt", "watch 00-tour --at 1.216s --snapshot 80x24", &[]),
    excerpt(
        "00-crash.txt",
        "run 00-tour",
        &[
            ("crash leader(orders-0)", "b3 holds all of orders-0 below 3"),
            ("p1   ⇒ send 4", "proposes ISR"),
            line("ISR of orders-0 is now"),
            ("again: 1 record from send 4", "append orders-0 record 3"),
            line("acknowledged: send 4"),
        ],
    ),
    excerpt(
        "00-refused.txt",
        "run 00-tour --fault 'at = \"4s\", crash = \"b1\", restart-after = \"3s\"' --fault 'at = \"4s\", crash = \"b3\", restart-after = \"3s\"'",
        &[("ISR of orders-0 is now {2}", "from send 4 to orders-0, after NOT_ENOUGH_REPLICAS"), line("acknowledged: send 4")],
    ),
    // Chapter 1
    excerpt("01-head.txt", "run 01-one-log", &[("one-log: ", "seed ")]),
    excerpt("01-sends.txt", "run 01-one-log", &[("p1   ⇒ send 1", "reads orders-1 record 2")]),
    excerpt(
        "01-keyless.txt",
        "run book/scenarios/keyless.toml",
        &[
            line("p1   ⇒ send 1"),
            line("p1   ⇒ send 2"),
            line("p1   ⇒ send 3"),
            line("p2   ⇒ send 1"),
            line("p2   ⇒ send 2"),
            line("p2   ⇒ send 3"),
            line("p2   ⇒ send 4"),
        ],
    ),
    excerpt(
        "01-min-isr.txt",
        "run 01-one-log --set topic.orders.min.insync.replicas=2 --set producer.p1.acks=all",
        &[("p1   ⇒ send 1", "p1   ⇐ acknowledged: send 1")],
    ),
    // Chapter 2
    excerpt("02-head.txt", "run 02-grow", &[("grow: ", "seed ")]),
    excerpt(
        "02-order.txt",
        "run 02-grow",
        &[
            line("p1   ⇒ send 7"),
            line("create partitions: done"),
            line("p1   ⇒ send 8"),
            line("plan of packers for 2"),
            line("c-3  ⇐ reads"),
            line("processed record 0 of orders-2"),
            line("processed record 6 of orders-1"),
        ],
    ),
    excerpt(
        "02-kept.txt",
        "run 02-grow --set producer.p1.metadata.max.age.ms=30000",
        &[
            line("p1   ⇒ send 7"),
            line("create partitions: done"),
            line("p1   ⇒ send 8"),
            line("plan of packers for 2"),
            line("processed record 6 of orders-1"),
            line("processed record 7 of orders-1"),
        ],
    ),
    excerpt(
        "02-skipped.txt",
        "run 02-grow --set consumer.c.auto.offset.reset=latest --set consumer.c.metadata.max.age.ms=2000",
        &[
            line("create partitions: done"),
            line("p1   ⇒ send 8"),
            line("send 8 (Bob) stored"),
            line("plan of packers for 2"),
            line("c-3  · reads orders-2"),
            ("✓ ok            no-poll-skip", "no-poll-skip"),
            line("processed-at-least-once"),
        ],
    ),
    // Chapter 3
    excerpt("03-head.txt", "run 03-commit-crash", &[("commit-crash: ", "seed ")]),
    excerpt(
        "03-first.txt",
        "run 03-commit-crash",
        &[
            ("c1   ⇐ reads orders-0 records 0 to 9", "c2   ⇒ commits orders-0 at 10"),
            line("c2   ⇐ committed"),
            ("c1   · has processed record 6", "c1   ✖ crashes"),
            ("c2   · has processed record 6", "c2   ✖ crashes"),
        ],
    ),
    excerpt(
        "03-second.txt",
        "run 03-commit-crash",
        &[
            ("c1   ↺ starts again", "c1   ⇒ subscribes"),
            line("c1-b3.1.1 is out of packers"),
            line("c1   · reads orders-0 from 0: no commit, so"),
            line("c2   · reads orders-0 from 10"),
        ],
    ),
    excerpt(
        "03-lost.txt",
        "run 03-commit-crash --set consumer.c1.processing.commit=before",
        &[("processed-at-least-once is violated", "  by        ")],
    ),
    excerpt(
        "03-twice.txt",
        "run 03-commit-crash --set consumer.c2.processing.commit=after",
        &[("processed-at-most-once is violated", "  by        ")],
    ),
    excerpt(
        "03-each.txt",
        "run 03-commit-crash --set consumer.c1.processing.commit=each",
        &[
            ("c1   · has processed record 6", "c1   ⇒ commits orders-0 at 7"),
            line("c1   ✖ crashes"),
            line("c1   · reads orders-0 from 6"),
            line("c1   · has processed record 6"),
        ],
    ),
    excerpt(
        "03-handed-over.txt",
        "run 03-commit-crash --set consumer.c1.processing.commit=auto --set consumer.c1.processing.hands-over=true --set consumer.c1.auto.commit.interval.ms=50",
        &[
            ("c1   ⇐ reads orders-0 records 0 to 9", "c1   ⇒ commits orders-0 at 10"),
            line("c1   · has processed record 6"),
            line("c1   ✖ crashes"),
            line("c1   · reads orders-0 from 10"),
            ("processed-at-least-once is violated", "  by        "),
        ],
    ),
    excerpt(
        "03-static.txt",
        "run 03-commit-crash --set consumer.c1.group.instance.id=packer",
        &[
            line("c1   ✖ crashes"),
            line("c1   ↺ starts again"),
            ("FENCED_INSTANCE_ID", "joins packers as packer"),
            line("c1   · is given orders-0"),
        ],
    ),
];
