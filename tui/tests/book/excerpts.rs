//! The outputs that the book shows: how each is made, and which lines of it are kept.

/// One output.
pub struct Excerpt {
    /// Its name in `book/src/generated/`.
    pub file: &'static str,
    /// The arguments of `tribunal`, as in a shell.
    pub command: &'static str,
    /// From the line that has the first text to the next that has the second, several times; nothing named keeps all.
    pub keep: &'static [(&'static str, &'static str)],
}

pub const fn excerpt(file: &'static str, command: &'static str, keep: &'static [(&'static str, &'static str)]) -> Excerpt {
    Excerpt { file, command, keep }
}

/// All of them, by chapter.
pub const EXCERPTS: &[Excerpt] = &[
    // 0
    excerpt("00-head.txt", "run 00-tour", &[("tour: ", "seed ")]),
    excerpt("00-frame.txt", "watch 00-tour --at 1.216s --snapshot 80x24", &[]),
    excerpt(
        "00-crash.txt",
        "run 00-tour",
        &[
            ("crash leader(orders-0)", "b3 holds all of orders-0 below 3"),
            ("p1   ⇒ send 4", "proposes ISR"),
            ("ISR of orders-0 is now", "ISR of orders-0 is now"),
            ("again: 1 record from send 4", "append orders-0 record 3"),
            ("acknowledged: send 4", "acknowledged: send 4"),
        ],
    ),
    excerpt(
        "00-refused.txt",
        "run 00-tour --fault 'at = \"4s\", crash = \"b1\", restart-after = \"3s\"' --fault 'at = \"4s\", crash = \"b3\", restart-after = \"3s\"'",
        &[
            ("ISR of orders-0 is now {2}", "from send 4 to orders-0, after NOT_ENOUGH_REPLICAS"),
            ("acknowledged: send 4", "acknowledged: send 4"),
        ],
    ),
    // 1
    excerpt("01-head.txt", "run 01-one-log", &[("one-log: ", "seed ")]),
    excerpt("01-sends.txt", "run 01-one-log", &[("p1   ⇒ send 1", "reads orders-1 record 2")]),
    excerpt(
        "01-keyless.txt",
        "run book/scenarios/keyless.toml",
        &[
            ("p1   ⇒ send 1", "p1   ⇒ send 1"),
            ("p1   ⇒ send 2", "p1   ⇒ send 2"),
            ("p1   ⇒ send 3", "p1   ⇒ send 3"),
            ("p2   ⇒ send 1", "p2   ⇒ send 1"),
            ("p2   ⇒ send 2", "p2   ⇒ send 2"),
            ("p2   ⇒ send 3", "p2   ⇒ send 3"),
            ("p2   ⇒ send 4", "p2   ⇒ send 4"),
        ],
    ),
    excerpt(
        "01-min-isr.txt",
        "run 01-one-log --set topic.orders.min.insync.replicas=2 --set producer.p1.acks=all",
        &[("p1   ⇒ send 1", "p1   ⇐ acknowledged: send 1")],
    ),
    // 2
    excerpt("02-head.txt", "run 02-grow", &[("grow: ", "seed ")]),
    excerpt(
        "02-order.txt",
        "run 02-grow",
        &[
            ("p1   ⇒ send 7", "p1   ⇒ send 7"),
            ("create partitions: done", "create partitions: done"),
            ("p1   ⇒ send 8", "p1   ⇒ send 8"),
            ("plan of packers for 2", "plan of packers for 2"),
            ("c-3  ⇐ reads", "c-3  ⇐ reads"),
            ("processed record 0 of orders-2", "processed record 0 of orders-2"),
            ("processed record 6 of orders-1", "processed record 6 of orders-1"),
        ],
    ),
    excerpt(
        "02-kept.txt",
        "run 02-grow --set producer.p1.metadata.max.age.ms=30000",
        &[
            ("p1   ⇒ send 7", "p1   ⇒ send 7"),
            ("create partitions: done", "create partitions: done"),
            ("p1   ⇒ send 8", "p1   ⇒ send 8"),
            ("plan of packers for 2", "plan of packers for 2"),
            ("processed record 6 of orders-1", "processed record 6 of orders-1"),
            ("processed record 7 of orders-1", "processed record 7 of orders-1"),
        ],
    ),
    excerpt(
        "02-skipped.txt",
        "run 02-grow --set consumer.c.auto.offset.reset=latest --set consumer.c.metadata.max.age.ms=2000",
        &[
            ("create partitions: done", "create partitions: done"),
            ("p1   ⇒ send 8", "p1   ⇒ send 8"),
            ("send 8 (Bob) stored", "send 8 (Bob) stored"),
            ("plan of packers for 2", "plan of packers for 2"),
            ("c-3  · reads orders-2", "c-3  · reads orders-2"),
            ("✓ ok            no-poll-skip", "no-poll-skip"),
            ("processed-at-least-once", "processed-at-least-once"),
        ],
    ),
    // 3
    excerpt("03-head.txt", "run 03-commit-crash", &[("commit-crash: ", "seed ")]),
    excerpt(
        "03-first.txt",
        "run 03-commit-crash",
        &[
            ("c1   ⇐ reads orders-0 records 0 to 9", "c2   ⇒ commits orders-0 at 10"),
            ("c2   ⇐ committed", "c2   ⇐ committed"),
            ("c1   · has processed record 6", "c1   ✖ crashes"),
            ("c2   · has processed record 6", "c2   ✖ crashes"),
        ],
    ),
    excerpt(
        "03-second.txt",
        "run 03-commit-crash",
        &[
            ("c1   ↺ starts again", "c1   ⇒ subscribes"),
            ("c1-b3.1.1 is out of packers", "c1-b3.1.1 is out of packers"),
            (
                "c1   · reads orders-0 from 0: its group committed nothing yet",
                "c1   · reads orders-0 from 0: its group committed nothing yet",
            ),
            ("c2   · reads orders-0 from 10", "c2   · reads orders-0 from 10"),
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
            ("c1   ✖ crashes", "c1   ✖ crashes"),
            ("c1   · reads orders-0 from 6", "c1   · reads orders-0 from 6"),
            ("c1   · has processed record 6", "c1   · has processed record 6"),
        ],
    ),
    excerpt(
        "03-handed-over.txt",
        "run 03-commit-crash --set consumer.c1.processing.commit=auto --set consumer.c1.processing.hands-over=true --set consumer.c1.auto.commit.interval.ms=50",
        &[
            ("c1   ⇐ reads orders-0 records 0 to 9", "c1   ⇒ commits orders-0 at 10"),
            ("c1   · has processed record 6", "c1   · has processed record 6"),
            ("c1   ✖ crashes", "c1   ✖ crashes"),
            ("c1   · reads orders-0 from 10", "c1   · reads orders-0 from 10"),
            ("processed-at-least-once is violated", "  by        "),
        ],
    ),
    excerpt(
        "03-static.txt",
        "run 03-commit-crash --set consumer.c1.group.instance.id=packer",
        &[
            ("c1   ✖ crashes", "c1   ✖ crashes"),
            ("c1   ↺ starts again", "c1   ↺ starts again"),
            ("FENCED_INSTANCE_ID", "joins packers as packer"),
            ("c1   · is given orders-0", "c1   · is given orders-0"),
        ],
    ),
    // 5
    excerpt("05-head.txt", "run 05-pull", &[("pull: ", "seed ")]),
    excerpt("05-one-record.txt", "run 05-pull", &[("p1   ⇒ send 1", "b2   · learns"), ("b3   · learns", "b3   · learns")]),
    excerpt("05-frame.txt", "watch 05-pull --at 1.155s --snapshot 80x24", &[]),
    excerpt(
        "05-paused.txt",
        "run 05-pull --fault 'at = \"1.05s\", pause = \"b3\", resume-after = \"5s\"'",
        &[
            ("b3   ≠ stands still", "b3   ≠ stands still"),
            ("p1   ⇒ send 2", "p1   ⇒ send 2"),
            ("≠ fences b3", "acknowledged: send 2"),
            ("b3   ↺ goes on", "b1   ⇐ b3 holds"),
            ("b1   ⇒ proposes ISR", "ISR of orders-0 is now"),
        ],
    ),
    // 6
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
        &[("p1   ⇒ send 2", "crashes"), ("⇤ truncate", "⇤ truncate"), ("✓ ok            acks-all-durable", "any-ack-durable")],
    ),
    excerpt("06-one-left.txt", "run book/scenarios/one-left.toml", &[("acks-all-durable is violated", "  again ")]),
    // 7
    excerpt("07-head.txt", "run 07-truncate-hw", &[("truncate-hw: ", "seed ")]),
    excerpt(
        "07-loss.txt",
        "run 07-truncate-hw",
        &[
            ("p1   ⇒ send 2", "b1   ✖ crashes"),
            ("≠ fences b1", "⇤ truncate"),
            ("b2   ✖ crashes", "b3   ★ leads"),
            ("b2   ⇤ truncate", "b2   ⇤ truncate"),
            ("b1   ⇤ truncate", "b1   ⇤ truncate"),
        ],
    ),
    excerpt(
        "07-frame.txt",
        "watch 07-truncate-hw --at 1.941s --snapshot 80x24",
        &[("─ orders-0", " b3 follower"), ("in ISR", "in ISR")],
    ),
    excerpt(
        "07-frame-kept.txt",
        "watch 07-truncate-hw --at 1.941s --snapshot 80x24 --set truncation=kip-279",
        &[("─ orders-0", " b3 follower"), ("in ISR", "in ISR")],
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
            ("no leader in e2", "no leader in e2"),
            ("elects b2 for orders-0 in e3", "elects b2"),
            ("b3   · replicate", "b3   · replicate"),
        ],
    ),
    // 8
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
            ("p1   ⇒ send 2", "p1   ⇒ send 2"),
            ("acknowledged: send 2", "acknowledged: send 2"),
            ("k2   ★ leads", "k2   ★ is the active"),
            ("creates topic late", "creates topic late"),
            ("admin ⇐ create topics", "admin ⇐ create topics"),
            ("k1   ↺ starts again", "k1   ↺ starts again"),
        ],
    ),
    excerpt(
        "08-election.txt",
        "run 08-three-controllers --all",
        &[
            ("k2   · asks whether", "k2   · asks whether"),
            ("k3   · asks whether", "k3   · asks whether"),
            ("k2   · stands for election in quorum epoch e2", "k2   · votes for k2 in e2"),
            ("k3   · stands for election in quorum epoch e2", "k3   · votes for k3 in e2"),
            ("k3   ! does not vote for k2", "k3   ! does not vote for k2"),
            ("k2   ! does not vote for k3", "k2   ! does not vote for k3"),
            ("k2   · stands for election in quorum epoch e3", "k2   · votes for k2 in e3"),
            ("k3   · votes for k2 in e3", "k3   · votes for k2 in e3"),
            ("k2   ★ leads the metadata quorum", "k2   ★ leads the metadata quorum"),
        ],
    ),
    excerpt(
        "08-dump.txt",
        "dump 08-three-controllers --at 6s --log __cluster_metadata-0@k2",
        &[
            ("payload: LeaderChange { leader: 3001", "payload: LeaderChange { leader: 3001"),
            ("payload: RegisterBroker", "payload: RegisterBroker"),
            ("payload: LeaderChange { leader: 3002", "payload: LeaderChange { leader: 3002"),
            ("epoch: 1 startOffset", "epoch: 3 startOffset"),
        ],
    ),
    excerpt(
        "08-none.txt",
        "run 08-three-controllers --fault 'at = \"3.5s\", crash = \"controller\", restart-after = \"6s\"'",
        &[
            ("fault: 3.5s", "k2   ✖"),
            ("k1   ↺ starts again", "k1   ↺ starts again"),
            ("p1   ⇒ send 3", "p1   ⇒ send 3"),
            ("acknowledged: send 3", "acknowledged: send 3"),
            ("k3   ★ leads", "k3   ★ is the active"),
        ],
    ),
    // 9
    excerpt("09-head.txt", "run 09-slow-poll", &[("slow-poll: ", "seed ")]),
    excerpt(
        "09-out.txt",
        "run 09-slow-poll",
        &[
            ("c1   ⇐ reads orders-0 records 0 to 23", "c1   ⇐ reads orders-0 records 0 to 23"),
            ("has not polled", "has not polled"),
            ("c1-b1.1.1 is out of packers", "c1-b1.1.1 is out of packers"),
            ("plan of packers for 3", "plan of packers for 3"),
            ("c2   · reads orders-0 from 0", "c2   · reads orders-0 from 0"),
        ],
    ),
    excerpt(
        "09-twice.txt",
        "run 09-slow-poll",
        &[
            ("c2   · has processed record 0", "c2   · has processed record 0"),
            ("c1   · has processed record 12", "c1   · has processed record 12"),
            ("packers will read orders-0 on from 24", "packers will read orders-0 on from 24"),
            ("c1   · has processed record 23", "c1   ╳ has lost orders-0"),
            ("plan of packers for 4", "plan of packers for 4"),
            ("c1   · reads orders-0 from 24", "c1   · reads orders-0 from 24"),
        ],
    ),
    excerpt(
        "09-handed-over.txt",
        "run 09-slow-poll --set consumer.c1.processing.hands-over=true",
        &[
            ("c1   ⇐ reads orders-0 records 0 to 23", "c1   ⇒ commits orders-0 at 24"),
            ("c1   ⇐ committed", "c1   ⇐ committed"),
            ("c1   · has processed record 0", "c1   · has processed record 0"),
            ("c1   · has processed record 23", "c1   · has processed record 23"),
        ],
    ),
    excerpt(
        "09-for-ever.txt",
        "run 09-slow-poll --set consumer.c2.processing.per-record=100ms",
        &[
            ("c1   ╳ has not polled", "c1   ╳ has not polled"),
            ("c2   ╳ has not polled", "c2   ╳ has not polled"),
            ("c1   ! commit of orders-0", "c1   ! commit of orders-0"),
            ("c1   · reads orders-0 from 0", "c1   · reads orders-0 from 0"),
            ("c2   ! commit of orders-0", "c2   ! commit of orders-0"),
            ("c1   ╳ has not polled", "c1   ╳ has not polled"),
            ("c2   · reads orders-0 from 0", "c2   · reads orders-0 from 0"),
            ("c2   ╳ has not polled", "c2   ╳ has not polled"),
            ("  found     packers", "  found     packers"),
        ],
    ),
    // 10
    excerpt("10-head.txt", "run 10-join-storm", &[("join-storm: ", "seed ")]),
    excerpt(
        "10-eager.txt",
        "run 10-join-storm",
        &[
            ("e-late-1 ⇒ subscribes", "e-late-1 ⇒ subscribes"),
            ("e-1  · gives back", "e-1  · gives back"),
            ("eager is CompletingRebalance (generation 2)", "eager is CompletingRebalance (generation 2)"),
            ("e-1  · is given", "e-1  · is given"),
        ],
    ),
    excerpt(
        "10-eager-all.txt",
        "run 10-join-storm",
        &[
            ("e-1  · gives back", "e-1  · gives back"),
            ("e-1  · is given", "e-1  · is given"),
            ("e-1  · gives back", "e-1  · gives back"),
            ("e-1  · is given", "e-1  · is given"),
            ("e-1  · gives back", "e-1  · gives back"),
            ("e-1  · is given", "e-1  · is given"),
            ("e-1  · gives back", "e-1  · gives back"),
            ("e-1  · is given", "e-1  · is given"),
            ("e-1  · gives back", "e-1  · gives back"),
            ("e-1  · is given", "e-1  · is given"),
            ("e-1  · gives back", "e-1  · gives back"),
            ("e-1  · is given", "e-1  · is given"),
            ("e-1  · gives back", "e-1  · gives back"),
            ("e-1  · is given", "e-1  · is given"),
            ("e-1  · gives back", "e-1  · gives back"),
            ("e-1  · is given", "e-1  · is given"),
        ],
    ),
    excerpt(
        "10-cooperative.txt",
        "run 10-join-storm",
        &[
            ("o-late-1 ⇒ subscribes", "o-late-1 ⇒ subscribes"),
            ("o-4  · gives back", "o-4  · gives back"),
            ("o-3  · gives back", "o-3  · gives back"),
            ("o-late-2 · is given orders-11", "o-late-2 · is given orders-11"),
            ("o-late-1 · is given orders-10", "o-late-1 · is given orders-10"),
        ],
    ),
    excerpt(
        "10-reconciled.txt",
        "run 10-join-storm",
        &[
            ("n-late-1 ⇒ subscribes", "n-late-1 ⇒ subscribes"),
            ("n-4  · gives back", "n-4  · gives back"),
            ("n-late-1 · is given", "n-late-1 · is given"),
        ],
    ),
    excerpt("10-idle.txt", "run 10-join-storm", &[("idle partitions of cooperative", "idle partitions of reconciled")]),
    excerpt(
        "10-long-polls.txt",
        "run 10-join-storm --set consumer.o.max.poll.records=20 --set consumer.o-late.max.poll.records=20",
        &[
            ("o-late-1 ⇒ subscribes", "o-late-1 ⇒ subscribes"),
            ("cooperative is CompletingRebalance (generation 2)", "cooperative is CompletingRebalance (generation 2)"),
            ("cooperative is CompletingRebalance (generation 3)", "cooperative is CompletingRebalance (generation 3)"),
            ("cooperative is CompletingRebalance (generation 7)", "cooperative is CompletingRebalance (generation 7)"),
            ("o-late-1 · is given orders-4", "o-late-1 · is given orders-4"),
        ],
    ),
    // 11
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
        &[
            ("c1   ⇐ reads events-0 record 0", "c1   ⇐ reads events-0 record 0"),
            ("its wall clock jumps", "its wall clock jumps"),
            ("c1   ⇐ reads events-0 record 1", "c1   ⇐ reads events-0 record 1"),
        ],
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
        &[("─ readings-0", " b3 follower"), ("expired", "expired")],
    ),
    excerpt(
        "11-failover.txt",
        "run 11-retention-skew",
        &[
            ("b1   · log start readings-2 55 → 60", "b1   · log start readings-2 55 → 60"),
            ("b3   ⇤ delete readings-2 11 to 22", "b3   · log start readings-2 11 → 22"),
            ("c2   · reads readings-2", "c2   ⇐ reads readings-2"),
            ("b3   ✖", "b3   ✖"),
            ("b1   ★ leads readings-2", "b1   ★ leads readings-2"),
            ("c3   · reads readings-2", "c3   · reads readings-2"),
            ("b3   · log start readings-2 22 → 60", "b3   · log start readings-2 22 → 60"),
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
    // 12
    excerpt("12-head.txt", "run 12-late-reader", &[("late-reader: ", "seed ")]),
    excerpt(
        "12-bob.txt",
        "run 12-late-reader",
        &[
            ("desk ⇒ send 5", "desk ⇒ send 5"),
            ("b1   ⇤ cleaned beds-0 0 to 4", "b1   ⇤ cleaned beds-0 0 to 4"),
            ("desk ⇒ send 9", "desk ⇒ send 9"),
            ("b1   ⇤ cleaned beds-0 0 to 8", "b1   ⇤ cleaned beds-0 0 to 8"),
        ],
    ),
    excerpt(
        "12-late.txt",
        "run 12-late-reader",
        &[("nurse · reads beds-0", "nurse ⇐ reads beds-0"), ("screen ⇐ reads beds-0 records 4", "screen ⇐ reads beds-0 records 4")],
    ),
    excerpt(
        "12-dump.txt",
        "dump 12-late-reader --at 15s --log beds-0@b1",
        &[
            ("| offset: 4 ", "| offset: 4 "),
            ("| offset: 8 ", "| offset: 8 "),
            ("| offset: 15 ", "| offset: 15 "),
            ("| offset: 16 ", "| offset: 16 "),
            ("| offset: 17 ", "| offset: 17 "),
        ],
    ),
    excerpt("12-frame.txt", "watch 12-late-reader --at 15s --snapshot 80x24", &[("─ beds-0", "compacted away")]),
    excerpt(
        "12-gone.txt",
        "run 12-late-reader --set topic.beds.delete.retention.ms=2000",
        &[
            ("b1   ⇤ cleaned beds-0 0 to 8", "b1   ⇤ cleaned beds-0 0 to 8"),
            ("b1   ⇤ cleaned beds-0 0 to 12", "b1   ⇤ cleaned beds-0 0 to 12"),
            ("nurse ⇐ reads beds-0", "nurse ⇐ reads beds-0"),
            ("screen ⇐ reads beds-0 records", "screen ⇐ reads beds-0 records"),
        ],
    ),
    excerpt(
        "12-verdict.txt",
        "run 12-late-reader --set topic.beds.delete.retention.ms=2000",
        &[("reader-up-to-date is violated", "  by        ")],
    ),
    // The ten use cases
    excerpt(
        "use-messaging.txt",
        "run messaging",
        &[
            ("crash owner(clerks payments-0)", "clerk-1 ✖ crashes"),
            ("clerk-1-b2.1.2 is out of clerks", "is out of clerks"),
            ("plan of clerks for 2", "plan of clerks for 2"),
            ("clerk-2 · reads payments-0", "clerk-2 · reads payments-0"),
            ("has processed record 1 of payments-0", "has processed record 1 of payments-0"),
        ],
    ),
    excerpt(
        "use-messaging-off.txt",
        "run messaging --set consumer.clerk.processing.commit=before",
        &[("is violated at step", "by        ")],
    ),
    excerpt(
        "use-website-off.txt",
        "run website-activity --set producer.site.partitioner=round-robin",
        &[
            ("analyst ⇐ reads clicks-0 record 0", "analyst ⇐ reads clicks-0 record 0"),
            ("analyst ⇐ reads clicks-0 record 1", "analyst ⇐ reads clicks-0 record 1"),
            ("analyst ⇐ reads clicks-0 record 2", "analyst ⇐ reads clicks-0 record 2"),
            ("analyst ⇐ reads clicks-0 record 3", "analyst ⇐ reads clicks-0 record 3"),
        ],
    ),
    excerpt("use-metrics.txt", "run metrics", &[("append readings-0 records 0", "append readings-0 records 0")]),
    excerpt(
        "use-metrics-off.txt",
        "run metrics --set producer.north.linger.ms=0 --set producer.south.linger.ms=0",
        &[("append readings-0 record 0", "append readings-0 record 0")],
    ),
    excerpt(
        "use-logs.txt",
        "run log-aggregation",
        &[("older than retention.ms", "log start log-lines"), ("detective · reads log-lines-1", "detective · reads log-lines-1")],
    ),
    excerpt(
        "use-logs-off.txt",
        "run log-aggregation --set topic.log-lines.retention.ms=-1",
        &[("detective · reads log-lines-1", "detective · reads log-lines-1")],
    ),
    excerpt(
        "use-shop.txt",
        "run web-shop",
        &[("books · is given", "books · is given"), ("books · reads orders-1", "books ⇐ reads orders-1")],
    ),
    excerpt(
        "use-shop-off.txt",
        "run web-shop --set consumer.books.group.id=warehouse",
        &[
            ("plan of warehouse for 2", "plan of warehouse for 2"),
            ("books · is given", "books · is given"),
            ("books · reads orders-0", "books · reads orders-0"),
        ],
    ),
    excerpt(
        "use-stages.txt",
        "run stream-stages",
        &[
            ("≠ fault: 2.8s crash tickets", "tickets ✖ crashes"),
            ("tickets ↺ starts again", "tickets ↺ starts again"),
            ("tickets · reads too-hot-0", "tickets · reads too-hot-0"),
            ("tickets ⇐ reads too-hot-0", "tickets ⇐ reads too-hot-0"),
        ],
    ),
    excerpt(
        "use-stages-twice.txt",
        "run stream-stages",
        &[
            ("finder ⇐ acknowledged: send 5", "finder ⇐ acknowledged: send 5"),
            ("finder ✖ crashes", "finder ✖ crashes"),
            ("finder ↺ starts again", "finder ↺ starts again"),
            ("finder ⇒ send 1 to too-hot-0", "finder ⇒ send 1 to too-hot-0"),
            ("stored as record 5 of too-hot-0", "stored as record 5 of too-hot-0"),
        ],
    ),
    excerpt(
        "use-stages-off.txt",
        "run stream-stages --set consumer.tickets.processing.commit=before",
        &[("is violated at step", "by        ")],
    ),
    excerpt(
        "use-status.txt",
        "run latest-status",
        &[("cleaned vans-0 0 to 12", "cleaned vans-0 0 to 12"), ("dispatcher ⇐ reads", "dispatcher ⇐ reads")],
    ),
    excerpt(
        "use-status-off.txt",
        "run latest-status --set topic.vans.cleanup.policy=delete",
        &[("dispatcher ⇐ reads", "dispatcher ⇐ reads")],
    ),
    excerpt("use-events.txt", "run event-sourcing", &[("audit · reads account-events-1", "audit ⇐ reads account-events-1")]),
    excerpt(
        "use-events-off.txt",
        "run event-sourcing --set consumer.audit.auto.offset.reset=latest",
        &[("audit · reads account-events-1", "audit · reads account-events-1")],
    ),
    excerpt(
        "use-alarms.txt",
        "run health-alarms",
        &[
            ("monitor-2 ✖ crashes", "monitor-2 ✖ crashes"),
            ("send 6 to vitals-1", "send 6 to vitals-1"),
            ("is out of monitors", "is out of monitors"),
            ("monitor-1 ⇐ reads vitals-1 record 2", "monitor-1 ⇐ reads vitals-1 record 2"),
        ],
    ),
    excerpt(
        "use-alarms-off.txt",
        "run health-alarms --set consumer.monitor.session.timeout.ms=60000",
        &[
            ("monitor-2 ✖ crashes", "monitor-2 ✖ crashes"),
            ("send 6 to vitals-1", "send 6 to vitals-1"),
            ("the run ends", "the run ends"),
        ],
    ),
    excerpt(
        "use-commit-log.txt",
        "run commit-log",
        &[
            ("node-b ↺ starts again", "node-b ↺ starts again"),
            ("node-b · reads changes-0", "node-b · reads changes-0"),
            ("node-b ⇐ reads changes-0", "node-b ⇐ reads changes-0"),
        ],
    ),
    excerpt(
        "use-commit-log-off.txt",
        "run commit-log --set consumer.node-b.group.id=node-b",
        &[("node-b ↺ starts again", "node-b ↺ starts again"), ("node-b · reads changes-0", "node-b · reads changes-0")],
    ),
];
