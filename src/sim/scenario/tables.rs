//! Every table of the format and every key in it, once: the reader refuses what is not here, and the JSON Schema is written
//! from here.

use super::client_tables::{CONSUMER, PRODUCER};
use super::expect::CHECKS;
use super::fault_tables::{CHAOS, CHOICE, DRIFT_MAX, FAULT};
use super::shape::{KeySpec, Shape, TableSpec, may, must};
use crate::config::{Owner, Release, Variants};
use crate::ids::BrokerSet;

/// More partitions than this in one topic are a slip.
pub(super) const PARTITIONS_MAX: i64 = 10_000;
/// More voters than this are none the safer and only slower.
const VOTERS_MAX: i64 = 7;
pub(super) const NAME: Shape = Shape::Text;
const TIMES: Shape = Shape::Pair(&Shape::Time);
const COUNTS: &str = "How often what must happen: { elections = \"<= 2\" }.";
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
        may("servers", Shape::Tables(&SERVER), "Servers that are not as all others."),
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
        may("controllers", Shape::Whole(1, VOTERS_MAX), "How many controllers vote: k1, k2 and so on; 1 unless written."),
        may("standby-controllers", Shape::Whole(0, VOTERS_MAX), "How many more do not vote when the run begins; 0 unless written."),
        may("combined", Shape::Truth, "Whether the first brokers are the voting controllers as well."),
        may("racks", Shape::List(&Shape::Text), "The brokers' racks, one each."),
        may("controller-racks", Shape::List(&Shape::Text), "The controllers' racks, one each, the voters first."),
        may(
            "kafka",
            Shape::Words(Release::WORDS),
            "The release whose rules and defaults the cluster follows; the newest unless written.",
        ),
        may(
            "config",
            Shape::Config(Owner::Broker),
            "Kafka's keys for all servers, and the topics' defaults under their `log.` names.",
        ),
    ],
};

pub(super) const SERVER: TableSpec = TableSpec {
    title: "[[servers]]",
    doc: "A server that is not as all others.",
    keys: &[
        must("id", Shape::Text, "Which: b4, k1."),
        may("start", Shape::Time, "When it first starts; 0s unless written."),
        may("config", Shape::Config(Owner::Broker), "Kafka's keys for this server, over those of [cluster]."),
    ],
};

pub(super) const VARIANTS: TableSpec =
    TableSpec { title: "[variants]", doc: "Historical rules in place of today's.", keys: &VARIANT_KEYS };

/// One key for each variant, from the one list of them.
#[allow(clippy::indexing_slicing, reason = "worked out by the compiler, which refuses a place that is not there")]
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
        may("between", Shape::Tables(&BETWEEN), "The same between two racks, or within one."),
    ],
};

pub(super) const BETWEEN: TableSpec = TableSpec {
    title: "`between`",
    doc: "How long messages take between two racks, either way.",
    keys: &[
        must("racks", Shape::Pair(&Shape::Text), "Which two; the same twice for within one."),
        must("latency", TIMES, "The shortest and the longest time on the way."),
        may("latency-quiet", Shape::Time, "The time without luck; the shortest unless written."),
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

pub(super) const ADMIN: TableSpec = TableSpec {
    title: "[[admin]]",
    doc: "What an administrator does, and when.",
    keys: &[must("at", Shape::Time, "When."), must("do", Shape::Text, super::admin::FORMS)],
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

pub(super) const EXPECT: TableSpec = TableSpec {
    title: "[expect]",
    doc: "What must come of the run; everything that decides and is not named must hold.",
    keys: &[
        may("violated", CHECK_NAMES, "Checks that must be violated."),
        may("may-violate", CHECK_NAMES, "Checks that may be."),
        may("holds", CHECK_NAMES, HOLDS),
        may("counts", Shape::Counts, COUNTS),
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
        may("counts", Shape::Counts, COUNTS),
    ],
};
