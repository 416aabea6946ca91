//! The outputs of the chapters on replication: pulling, acknowledgements, leader epochs, and who decides.

use super::{Excerpt, excerpt, line};

pub const REPLICATION: &[Excerpt] = &[
    // Chapter 5
    excerpt("05-head.txt", "run 05-pull", &[("pull: ", "seed ")]),
    excerpt("05-one-record.txt", "run 05-pull", &[("p1   ⇒ send 1", "b2   · learns"), line("b3   · learns")]),
    excerpt("05-frame.txt", "watch 05-pull --at 1.155s --snapshot 80x24", &[]),
    excerpt(
        "05-paused.txt",
        "run 05-pull --fault 'at = \"1.05s\", pause = \"b3\", resume-after = \"5s\"'",
        &[
            line("b3   ≠ stands still"),
            line("p1   ⇒ send 2"),
            ("≠ fences b3", "acknowledged: send 2"),
            ("b3   ↺ goes on", "b1   ⇐ b3 holds"),
            ("b1   ⇒ proposes ISR", "ISR of orders-0 is now"),
        ],
    ),
    // Chapter 6
    excerpt("06-head.txt", "run 06-lost-ack", &[("lost-ack: ", "seed ")]),
    excerpt(
        "06-loss.txt",
        "run 06-lost-ack",
        &[("≠ fault: 1.180s cut", "crashes"), ("≠ fences b3", "b2 holds all"), ("b3   ↺ starts again", "⇤ truncate")],
    ),
    excerpt("06-frame.txt", "watch 06-lost-ack --at 1.284s --snapshot 80x24", &[]),
    excerpt("06-verdict.txt", "run 06-lost-ack", &[("any-ack-durable is violated", "  then      ")]),
    excerpt("06-why.txt", "explain 06-lost-ack --step 1.205s", &[]),
    excerpt(
        "06-acks-all.txt",
        "run 06-lost-ack --set producer.p1.acks=all",
        &[("p1   ⇒ send 2", "crashes"), line("⇤ truncate"), ("✓ ok            acks-all-durable", "any-ack-durable")],
    ),
    excerpt("06-one-left.txt", "run book/scenarios/one-left.toml", &[("acks-all-durable is violated", "  again ")]),
    // Chapter 7
    excerpt("07-head.txt", "run 07-truncate-hw", &[("truncate-hw: ", "seed ")]),
    excerpt(
        "07-loss.txt",
        "run 07-truncate-hw",
        &[
            ("p1   ⇒ send 2", "b1   ✖ crashes"),
            ("≠ fences b1", "⇤ truncate"),
            ("b2   ✖ crashes", "b3   ★ leads"),
            line("b2   ⇤ truncate"),
            line("b1   ⇤ truncate"),
        ],
    ),
    excerpt("07-frame.txt", "watch 07-truncate-hw --at 1.941s --snapshot 80x24", &[("─ orders-0", " b3 follower"), line("in ISR")]),
    excerpt(
        "07-frame-kept.txt",
        "watch 07-truncate-hw --at 1.941s --snapshot 80x24 --set truncation=kip-279",
        &[("─ orders-0", " b3 follower"), line("in ISR")],
    ),
    excerpt("07-verdict.txt", "run 07-truncate-hw", &[("acks-all-durable is violated", "  then      ")]),
    excerpt(
        "07-kept.txt",
        "run 07-truncate-hw --set truncation=kip-279",
        &[
            ("≠ fences b1", "b3   · orders-0 follows b2"),
            ("b2   ✖ crashes", "b3   · high watermark"),
            ("✓ ok            acks-all-durable", "acks-all-durable"),
        ],
    ),
    excerpt(
        "07-lag.txt",
        "run 07-truncate-hw --set replica.lag.time.max.ms=400",
        &[
            ("proposes ISR {2}", "high watermark"),
            line("no leader in e2"),
            ("elects b2 for orders-0 in e3", "elects b2"),
            line("b3   · replicate"),
        ],
    ),
    // Chapter 8
    excerpt("08-head.txt", "run 08-three-controllers", &[("three-controllers: ", "seed ")]),
    excerpt(
        "08-first.txt",
        "run 08-three-controllers",
        &[("★ leads the metadata quorum", "★ is the active controller"), ("creates topic orders", "b1   ★ leads orders-0")],
    ),
    excerpt(
        "08-crash.txt",
        "run 08-three-controllers",
        &[
            ("fault: 3.000s", "k1   ✖"),
            line("p1   ⇒ send 2"),
            line("acknowledged: send 2"),
            ("k2   ★ leads", "k2   ★ is the active"),
            line("creates topic late"),
            line("admin ⇐ create topics"),
            line("k1   ↺ starts again"),
        ],
    ),
    excerpt(
        "08-election.txt",
        "run 08-three-controllers --all",
        &[
            line("k2   · asks whether"),
            line("k3   · asks whether"),
            ("k2   · stands for election in quorum epoch e2", "k2   · votes for k2 in e2"),
            ("k3   · stands for election in quorum epoch e2", "k3   · votes for k3 in e2"),
            line("k3   ! does not vote for k2"),
            line("k2   ! does not vote for k3"),
            ("k2   · stands for election in quorum epoch e3", "k2   · votes for k2 in e3"),
            line("k3   · votes for k2 in e3"),
            line("k2   ★ leads the metadata quorum"),
        ],
    ),
    excerpt(
        "08-dump.txt",
        "dump 08-three-controllers --at 6s --log __cluster_metadata-0@k2",
        &[
            line("payload: LeaderChange { leader: 3001"),
            line("payload: RegisterBroker"),
            line("payload: LeaderChange { leader: 3002"),
            ("epoch: 1 startOffset", "epoch: 3 startOffset"),
        ],
    ),
    excerpt(
        "08-none.txt",
        "run 08-three-controllers --fault 'at = \"3.5s\", crash = \"controller\", restart-after = \"6s\"'",
        &[
            ("fault: 3.5s", "k2   ✖"),
            line("k1   ↺ starts again"),
            line("p1   ⇒ send 3"),
            line("acknowledged: send 3"),
            ("k3   ★ leads", "k3   ★ is the active"),
        ],
    ),
];
