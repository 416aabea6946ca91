//! The outputs of the ten uses of one log.

use super::{Excerpt, excerpt, line};

pub const USES: &[Excerpt] = &[
    excerpt(
        "use-messaging.txt",
        "run messaging",
        &[
            ("crash owner(clerks payments-0)", "clerk-1 ✖ crashes"),
            ("clerk-1-b2.1.2 is out of clerks", "is out of clerks"),
            line("plan of clerks for 2"),
            line("clerk-2 · reads payments-0"),
            line("has processed record 1 of payments-0"),
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
            line("analyst ⇐ reads clicks-0 record 0"),
            line("analyst ⇐ reads clicks-0 record 1"),
            line("analyst ⇐ reads clicks-0 record 2"),
            line("analyst ⇐ reads clicks-0 record 3"),
        ],
    ),
    excerpt("use-metrics.txt", "run metrics", &[line("append readings-0 records 0")]),
    excerpt(
        "use-metrics-off.txt",
        "run metrics --set producer.north.linger.ms=0 --set producer.south.linger.ms=0",
        &[line("append readings-0 record 0")],
    ),
    excerpt(
        "use-logs.txt",
        "run log-aggregation",
        &[("older than retention.ms", "log start log-lines"), line("detective · reads log-lines-1")],
    ),
    excerpt(
        "use-logs-off.txt",
        "run log-aggregation --set topic.log-lines.retention.ms=-1",
        &[line("detective · reads log-lines-1")],
    ),
    excerpt("use-shop.txt", "run web-shop", &[line("books · is given"), ("books · reads orders-1", "books ⇐ reads orders-1")]),
    excerpt(
        "use-shop-off.txt",
        "run web-shop --set consumer.books.group.id=warehouse",
        &[line("plan of warehouse for 2"), line("books · is given"), line("books · reads orders-0")],
    ),
    excerpt(
        "use-stages.txt",
        "run stream-stages",
        &[
            ("≠ fault: 2.8s crash tickets", "tickets ✖ crashes"),
            line("tickets ↺ starts again"),
            line("tickets · reads too-hot-0"),
            line("tickets ⇐ reads too-hot-0"),
        ],
    ),
    excerpt(
        "use-stages-twice.txt",
        "run stream-stages",
        &[
            line("finder ⇐ acknowledged: send 5"),
            line("finder ✖ crashes"),
            line("finder ↺ starts again"),
            line("finder ⇒ send 1 to too-hot-0"),
            line("stored as record 5 of too-hot-0"),
        ],
    ),
    excerpt(
        "use-stages-off.txt",
        "run stream-stages --set consumer.tickets.processing.commit=before",
        &[("is violated at step", "by        ")],
    ),
    excerpt("use-status.txt", "run latest-status", &[line("cleaned vans-0 0 to 12"), line("dispatcher ⇐ reads")]),
    excerpt("use-status-off.txt", "run latest-status --set topic.vans.cleanup.policy=delete", &[line("dispatcher ⇐ reads")]),
    excerpt("use-events.txt", "run event-sourcing", &[("audit · reads account-events-1", "audit ⇐ reads account-events-1")]),
    excerpt(
        "use-events-off.txt",
        "run event-sourcing --set consumer.audit.auto.offset.reset=latest",
        &[line("audit · reads account-events-1")],
    ),
    excerpt(
        "use-alarms.txt",
        "run health-alarms",
        &[
            line("monitor-2 ✖ crashes"),
            line("send 6 to vitals-1"),
            line("is out of monitors"),
            line("monitor-1 ⇐ reads vitals-1 record 2"),
        ],
    ),
    excerpt(
        "use-alarms-off.txt",
        "run health-alarms --set consumer.monitor.session.timeout.ms=60000",
        &[line("monitor-2 ✖ crashes"), line("send 6 to vitals-1"), line("the run ends")],
    ),
    excerpt(
        "use-commit-log.txt",
        "run commit-log",
        &[line("node-b ↺ starts again"), line("node-b · reads changes-0"), line("node-b ⇐ reads changes-0")],
    ),
    excerpt(
        "use-commit-log-off.txt",
        "run commit-log --set consumer.node-b.group.id=node-b",
        &[line("node-b ↺ starts again"), line("node-b · reads changes-0")],
    ),
];
