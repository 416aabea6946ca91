//! Every table of the format and every key in it, once: the reader refuses what is not here, and the JSON Schema is written
//! from here.

use super::expect::CHECKS;
use super::shape::{KeySpec, Shape, TableSpec, may, must};
use crate::config::{Owner, Variants};
use crate::ids::BrokerSet;

/// More partitions than this in one topic are a slip.
pub(super) const PARTITIONS_MAX: i64 = 10_000;
/// More sends per second than this are a slip.
const RATE_MAX: i64 = 1_000_000;
/// Clocks run at most this much too fast or too slow.
pub(super) const DRIFT_MAX: i64 = 500_000;

/// Keys that the format will have, by table, and what is missing for them.
pub(super) const NOT_BUILT: &[(&str, &str, &str)] = &[
    ("the scenario", "apps", "applications are"),
    ("[cluster]", "kafka", "rules of whole releases are"),
    ("[cluster]", "racks", "racks are"),
    ("[[consumers]]", "group", "consumer groups are"),
    ("[[consumers]]", "topics", "consumer groups are (`assign` names partitions)"),
    ("[[faults]]", "shutdown", "controlled shutdown is"),
    ("[[faults]]", "rolling-restart", "rolling restarts are"),
];

const NAME: Shape = Shape::Text;
const TIMES: Shape = Shape::Pair(&Shape::Time);
const TIMESTAMP: Shape = Shape::Either(&[Shape::Whole(0, i64::MAX), Shape::Shift]);
const CHECK_NAMES: Shape = Shape::List(&Shape::Words(CHECKS));
const HOLDS: &str = "Checks that must hold although the settings do not promise them.";

/// The whole file.
pub(super) const SCENARIO: TableSpec = TableSpec {
    title: "the scenario",
    doc: "A scenario of Tribunal: a cluster, what its clients do, what goes wrong, and what must come of it.",
    keys: &[
        must("name", NAME, "What `run` calls it."),
        may("kind", Shape::Words(super::KINDS), "What it is for; `story` unless written."),
        may("story", Shape::Text, "What happens, in a sentence or two."),
        may("fixed-by", Shape::Text, "What keeps it from happening: the configuration or the version."),
        may("sources", Shape::List(&Shape::Text), "Where to read more: KIPs, tickets, papers."),
        may("seed", Shape::Seed, "The seed to run it with unless another is given; 1 unless written."),
        must("duration", Shape::Time, "How much simulated time it takes."),
        may(
            "profile",
            Shape::Words(&["fast", "kafka"]),
            "`fast` (times divided by ten, tiny segments; the default) or `kafka` (Kafka's defaults).",
        ),
        may(
            "luck",
            Shape::Words(&["seeded", "none"]),
            "`none` answers every choice that is not pinned quietly; `seeded` unless written.",
        ),
        may(
            "heal-time",
            Shape::Time,
            "The quiet time after the last fault within which all must have converged; 15s in `fast`, 150s in `kafka`.",
        ),
        must("cluster", Shape::Table(&CLUSTER), "The servers."),
        may("variants", Shape::Table(&VARIANTS), "Historical rules in place of today's."),
        may("network", Shape::Table(&NETWORK), "How long messages take."),
        may("disk", Shape::Table(&DISK), "How long disk calls take."),
        may("topics", Shape::Tables(&TOPIC), "The topics made at the start."),
        may("producers", Shape::Tables(&PRODUCER), "Who writes, and what."),
        may("consumers", Shape::Tables(&CONSUMER), "Who reads, and from where."),
        may("admin", Shape::Tables(&ADMIN), "What an administrator does, and when."),
        may("clocks", Shape::Tables(&CLOCK), "Clocks that are wrong from the start."),
        may("faults", Shape::Tables(&FAULT), "What goes wrong, and when."),
        may("chaos", Shape::Table(&CHAOS), "Random faults."),
        may("choices", Shape::Tables(&CHOICE), "Choices whose answer is pinned."),
        may("expect", Shape::Table(&EXPECT), "What must come of it, with the settings written in the file."),
        may("rules", Shape::Tables(&RULE), "The same seed and faults under other settings, judged the same way."),
    ],
};

pub(super) const CLUSTER: TableSpec = TableSpec {
    title: "[cluster]",
    doc: "The servers.",
    keys: &[
        must("brokers", Shape::Whole(1, BrokerSet::MAX as i64), "How many brokers: b1, b2 and so on."),
        may("controllers", Shape::Whole(1, i64::MAX), "How many controllers: k1; a quorum of several is not built yet."),
        may(
            "config",
            Shape::Config(Owner::Broker),
            "Kafka's keys for all servers, and the topics' defaults under their `log.` names.",
        ),
    ],
};

pub(super) const VARIANTS: TableSpec =
    TableSpec { title: "[variants]", doc: "Historical rules in place of today's.", keys: &VARIANT_KEYS };

/// One key for each variant, from the one list of them.
const VARIANT_KEYS: [KeySpec; Variants::ALL.len()] = {
    let mut keys = [may("", Shape::Text, ""); Variants::ALL.len()];
    let mut place = 0;
    while place < keys.len() {
        let variant = Variants::ALL[place];
        keys[place] = may(variant.name, Shape::Words(variant.words), variant.doc);
        place += 1;
    }
    keys
};

pub(super) const NETWORK: TableSpec = TableSpec {
    title: "[network]",
    doc: "How long messages take.",
    keys: &[
        may("latency", TIMES, "The shortest and the longest time on the way; [\"0.5ms\", \"10ms\"] unless written."),
        may("latency-quiet", Shape::Time, "The time without luck; 1ms unless written."),
    ],
};

pub(super) const DISK: TableSpec = TableSpec {
    title: "[disk]",
    doc: "How long disk calls take: the shortest and the longest time, and the time without luck.",
    keys: &[
        may("write", TIMES, "An append, truncate, rename or delete; [\"5us\", \"20us\"] unless written."),
        may("write-quiet", Shape::Time, "The same without luck; 10us unless written."),
        may("read", TIMES, "A read; [\"2us\", \"10us\"] unless written."),
        may("read-quiet", Shape::Time, "The same without luck; 5us unless written."),
        may("sync", TIMES, "A sync; [\"200us\", \"3ms\"] unless written."),
        may("sync-quiet", Shape::Time, "The same without luck; 500us unless written."),
    ],
};

pub(super) const TOPIC: TableSpec = TableSpec {
    title: "[[topics]]",
    doc: "A topic made at the start.",
    keys: &[
        must("name", NAME, "Its name."),
        may("partitions", Shape::Whole(1, PARTITIONS_MAX), "How many partitions; 1 unless written."),
        may("replication-factor", Shape::Whole(1, BrokerSet::MAX as i64), "How many replicas each has; 1 unless written."),
        may(
            "assignment",
            Shape::List(&Shape::List(&Shape::Whole(1, BrokerSet::MAX as i64))),
            "The brokers of each partition, the preferred leader first: [[1, 2, 3]].",
        ),
        may("config", Shape::Config(Owner::Topic), "Kafka's keys for this topic."),
    ],
};

pub(super) const PRODUCER: TableSpec = TableSpec {
    title: "[[producers]]",
    doc: "A producer and what it sends.",
    keys: &[
        must("id", NAME, "Its name."),
        must("topic", Shape::Text, "A topic, or one partition of it: orders-0."),
        may("config", Shape::Config(Owner::Producer), "Kafka's keys for this producer."),
        may("send", Shape::Tables(&SEND), "Records and when they are sent."),
        may("load", Shape::Table(&LOAD), "Generated records."),
    ],
};

pub(super) const SEND: TableSpec = TableSpec {
    title: "a send",
    doc: "One record to send.",
    keys: &[
        must("at", Shape::Time, "When."),
        may("key", Shape::Text, "Its key; without one the partitioner is free."),
        may("value", Shape::Text, "Its value; without one it is a tombstone."),
        may("partition", Shape::Whole(0, PARTITIONS_MAX), "The partition, overruling the partitioner."),
        may(
            "timestamp",
            TIMESTAMP,
            "Its CreateTime in ms since 1970, or as a time since the run's beginning; else the producer's clock.",
        ),
        may("headers", Shape::Tables(&HEADER), "Its headers in order."),
    ],
};

pub(super) const HEADER: TableSpec = TableSpec {
    title: "a header",
    doc: "A record's header.",
    keys: &[must("key", Shape::Text, "Its key."), may("value", Shape::Text, "Its value; without one it is null.")],
};

pub(super) const LOAD: TableSpec = TableSpec {
    title: "a load",
    doc: "Generated records with unique values.",
    keys: &[
        may("from", Shape::Time, "From when; 0s unless written."),
        may("until", Shape::Time, "Until when; the end unless written."),
        must("rate", Shape::Whole(1, RATE_MAX), "Sends per second, on average."),
        may("keys", Shape::Whole(0, RATE_MAX), "How many different keys; 0 sends keyless records. 16 unless written."),
        may("value-bytes", Shape::Whole(0, 1_048_576), "How many bytes a value has at least; 0 unless written."),
    ],
};

pub(super) const CONSUMER: TableSpec = TableSpec {
    title: "[[consumers]]",
    doc: "A consumer and what it reads.",
    keys: &[
        must("id", NAME, "Its name."),
        must("assign", Shape::List(&Shape::Text), "The partitions it reads: [\"orders-0\"]."),
        may(
            "from",
            Shape::Either(&[Shape::Words(&["beginning", "end"]), Shape::Table(&FROM)]),
            "Where it begins; as auto.offset.reset says unless written.",
        ),
        may("start", Shape::Time, "When it starts; 0s unless written."),
        may("config", Shape::Config(Owner::Consumer), "Kafka's keys for this consumer."),
    ],
};

pub(super) const FROM: TableSpec = TableSpec {
    title: "`from`",
    doc: "Where a consumer begins: one of the two.",
    keys: &[
        may("offset", Shape::Whole(0, i64::MAX), "At this offset."),
        may(
            "timestamp",
            TIMESTAMP,
            "At the first record that is not older, in ms since 1970 or as a time since the run's beginning.",
        ),
    ],
};

pub(super) const ADMIN: TableSpec = TableSpec {
    title: "[[admin]]",
    doc: "What an administrator does, and when.",
    keys: &[
        must("at", Shape::Time, "When."),
        must("do", Shape::Text, "`create-topic NAME partitions=2 replication-factor=3 KEY=VALUE`, or `describe NAME`."),
    ],
};

pub(super) const CLOCK: TableSpec = TableSpec {
    title: "[[clocks]]",
    doc: "A clock that is wrong from the start.",
    keys: &[
        must("process", Shape::Text, "Whose: b1, k1 or a client's id."),
        may("offset", Shape::Shift, "How far its wall clock is ahead: \"2h\", \"-90s\"."),
        may("drift-ppm", Shape::Whole(-DRIFT_MAX, DRIFT_MAX), "How much too fast its clocks run, in parts per million."),
    ],
};

pub(super) const FAULT: TableSpec = TableSpec {
    title: "[[faults]]",
    doc: "Something that goes wrong: when, what (one of the actions), and how it ends.",
    keys: &[
        may("at", Shape::Time, "When."),
        may("after", Shape::Text, "Right after this happened: \"p1 ack 2\"."),
        may("crash", Shape::Target, "Kills this process; what it wrote survives."),
        may("power-off", Shape::Target, "Kills this server's machine; what was never synced is lost."),
        may("replace-disk", Shape::Target, "Kills this server's machine and takes its disk away."),
        may("restart-after", Shape::Time, "When the killed process is started again; never unless written."),
        may("restart", Shape::Target, "Starts a process that is down."),
        may("pause", Shape::Target, "Stops this process without killing it."),
        may("resume-after", Shape::Time, "When the paused process goes on."),
        may("cut", Shape::Pair(&Shape::Side), "Lets nothing through between two sides."),
        may("one-way", Shape::Truth, "Whether the cut holds only from the first side to the second."),
        may("loss", Shape::Table(&SHARE), "Loses messages."),
        may("delay", Shape::Table(&SLOW), "Slows messages."),
        may("duplicate", Shape::Table(&SHARE), "Delivers requests twice."),
        may("clock-jump", Shape::Table(&JUMP), "Moves a wall clock."),
        may("clock-drift", Shape::Table(&DRIFT), "Changes the rate of a process's clocks."),
        may("heal-after", Shape::Time, "When a cut, loss, delay, duplication or drift ends."),
        may("heal", Shape::Words(&["never"]), "Says that it never ends, or a pause."),
    ],
};

pub(super) const SHARE: TableSpec = TableSpec {
    title: "a loss or duplication",
    doc: "Messages from one side to the other, and how many of them.",
    keys: &[
        must("from", Shape::Side, "The senders."),
        must("to", Shape::Side, "The receivers."),
        must("percent", Shape::Percent, "How many of a hundred."),
    ],
};

pub(super) const SLOW: TableSpec = TableSpec {
    title: "`delay`",
    doc: "Messages from one side to the other, and how much slower they are.",
    keys: &[
        must("from", Shape::Side, "The senders."),
        must("to", Shape::Side, "The receivers."),
        must("by", Shape::Time, "By how much."),
    ],
};

pub(super) const JUMP: TableSpec = TableSpec {
    title: "`clock-jump`",
    doc: "A wall clock that jumps.",
    keys: &[must("process", Shape::Target, "Whose."), must("by", Shape::Shift, "By how much: \"2h\", \"-2h\".")],
};

pub(super) const DRIFT: TableSpec = TableSpec {
    title: "`clock-drift`",
    doc: "Clocks that run too fast or too slow.",
    keys: &[
        must("process", Shape::Target, "Whose."),
        must("ppm", Shape::Whole(-DRIFT_MAX, DRIFT_MAX), "How much too fast, in parts per million."),
    ],
};

pub(super) const CHAOS: TableSpec = TableSpec {
    title: "[chaos]",
    doc: "Random faults, within what Kafka promises to survive.",
    keys: &[
        may("from", Shape::Time, "From when; 0s unless written."),
        must("until", Shape::Time, "Until when faults may begin or last."),
        must("every", Shape::Time, "The mean time between two faults."),
        must("lasts", TIMES, "The shortest and the longest time one lasts."),
        must("kinds", Shape::List(&Shape::Words(super::CHAOS_KINDS)), "Which kinds may strike; each as often as it is named."),
    ],
};

pub(super) const CHOICE: TableSpec = TableSpec {
    title: "[[choices]]",
    doc: "A choice whose answer is pinned.",
    keys: &[must("pin", Shape::Text, "As --choose takes it: \"loss b2->b3 fetch-response #17 = drop\".")],
};

pub(super) const EXPECT: TableSpec = TableSpec {
    title: "[expect]",
    doc: "What must come of the run; everything that decides and is not named must hold.",
    keys: &[
        may("violated", CHECK_NAMES, "Checks that must be violated."),
        may("may-violate", CHECK_NAMES, "Checks that may be."),
        may("holds", CHECK_NAMES, HOLDS),
    ],
};

pub(super) const RULE: TableSpec = TableSpec {
    title: "[[rules]]",
    doc: "The same seed and faults under other settings, judged the same way.",
    keys: &[
        must("name", Shape::Text, "Its name, for people."),
        must("set", Shape::Settings, "What it sets, as --set would."),
        may("violated", CHECK_NAMES, "Checks that must be violated."),
        may("may-violate", CHECK_NAMES, "Checks that may be."),
        may("holds", CHECK_NAMES, HOLDS),
    ],
};
