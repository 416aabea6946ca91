//! The tables of clients: `[[producers]]`, `[[consumers]]`, and every key in them (see `tables`).

use super::applications::{COMMITS, PROMISES};
use super::cast::COUNT_MAX;
use super::shape::{Shape, TableSpec, may, must};
use super::tables::{NAME, PARTITIONS_MAX};
use crate::config::Owner;

/// More sends per second than this are a slip.
const RATE_MAX: i64 = 1_000_000;

/// Which of the clients one is.
const NUMBER: Shape = Shape::Whole(1, COUNT_MAX);
const NUMBER_DOC: &str = "Its number among the clients, for a session that was saved; the lowest that is free unless written.";

const TIMESTAMP: Shape = Shape::Either(&[Shape::Whole(0, i64::MAX), Shape::Shift]);

pub(super) const PRODUCER: TableSpec = TableSpec {
    title: "[[producers]]",
    doc: "A producer and what it sends.",
    keys: &[
        must("id", NAME, "Its name."),
        must("topic", Shape::Text, "A topic, or one partition of it: orders-0."),
        may("start", Shape::Time, "When it starts; 0s unless written."),
        may("number", NUMBER, NUMBER_DOC),
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
        may("tombstones", Shape::Whole(0, 1_000), "How many of a thousand are tombstones of their key; 0 unless written."),
        may(
            "timestamps",
            Shape::Either(&[Shape::Shift, Shape::Pair(&Shape::Shift)]),
            "How far their CreateTimes lie from when they are sent: \"-2h\", or from the least to the most; else the producer's clock.",
        ),
    ],
};

pub(super) const CONSUMER: TableSpec = TableSpec {
    title: "[[consumers]]",
    doc: "A consumer, or several of one kind, and what they read.",
    keys: &[
        must("id", NAME, "Its name."),
        may(
            "count",
            Shape::Whole(1, COUNT_MAX),
            "How many of them there are: c1-1, c1-2 and so on; one named as `id` unless written.",
        ),
        may("number", NUMBER, NUMBER_DOC),
        may("group", Shape::Text, "The group it reads with, as `group.id`."),
        may("instance", Shape::Text, "Its static name, as `group.instance.id`; of several each has its number behind it."),
        may("topics", Shape::List(&Shape::Text), "The topics it subscribes to, as a member of its group."),
        may("pattern", Shape::Text, "The pattern of the topics it subscribes to: \"orders.*\"."),
        may("assign", Shape::List(&Shape::Text), "The partitions it reads alone: [\"orders-0\"]."),
        may(
            "from",
            BEGINNING,
            "Where it begins in what it is assigned; where its group has committed, else as auto.offset.reset says, unless written.",
        ),
        may("start", Shape::Time, "When it starts; 0s unless written."),
        may("start-every", Shape::Time, "How long after one the next of several starts; 0s unless written."),
        may("stop", Shape::Time, "When it is closed, in order; never unless written."),
        may("config", Shape::Config(Owner::Consumer), "Kafka's keys for this consumer."),
        may("processing", Shape::Table(&PROCESSING), "What its application does with what it polls."),
        may("do", Shape::Tables(&APPLICATION_COMMAND), "What else its application does, and when."),
    ],
};

/// Where reading begins.
const BEGINNING: Shape = Shape::Either(&[Shape::Words(&["beginning", "end"]), Shape::Table(&FROM)]);

pub(super) const PROCESSING: TableSpec = TableSpec {
    title: "`processing`",
    doc: "What an application does with what it polls.",
    keys: &[
        may("per-record", Shape::Time, "How long it takes over one record; 0s unless written."),
        may("per-poll", Shape::Time, "How long it takes over a poll besides, before it polls again; 0s unless written."),
        may(
            "commit",
            Shape::Words(COMMITS),
            "When it commits: `auto` (its consumer does, every auto.commit.interval.ms; unless written), `before` or `after` \
             processing what a poll returned, `after-async` without waiting for the answer, `each` record, `never`.",
        ),
        may("writes", Shape::Table(&WRITES), "What it writes of its records, and where to; nothing unless written."),
        may("hands-over", Shape::Truth, "Whether it hands its records to a worker and polls on at once; false unless written."),
        may(
            "promise",
            Shape::Words(PROMISES),
            "What it promises about what it processes; what follows from `commit` unless written.",
        ),
    ],
};

pub(super) const WRITES: TableSpec = TableSpec {
    title: "`writes`",
    doc: "What an application writes of what it reads: the same key, and the value with a word about where it was read.",
    keys: &[
        must("topic", Shape::Text, "A topic, or one partition of it: too-hot-0."),
        may("above", Shape::Whole(i64::MIN, i64::MAX), "Only of records whose value is a number greater than this."),
        may("config", Shape::Config(Owner::Producer), "Kafka's keys for the producer it writes with."),
    ],
};

pub(super) const APPLICATION_COMMAND: TableSpec = TableSpec {
    title: "`do`",
    doc: "What an application tells its consumer: when, and one thing.",
    keys: &[
        must("at", Shape::Time, "When."),
        may("pause", SOME_OR_ALL, "Wants nothing of these partitions for a while, or of all it has (true)."),
        may("resume", SOME_OR_ALL, "Wants them again."),
        may("seek", Shape::Table(&SEEK), "Reads on from elsewhere."),
        may("subscribe", Shape::List(&Shape::Text), "Reads these topics from now on, as a member of its group."),
        may("subscribe-pattern", Shape::Text, "Reads the topics that match this pattern from now on, as a member of its group."),
        may("assign", Shape::List(&Shape::Text), "Reads these partitions from now on, alone."),
        may("unsubscribe", Shape::Truth, "Reads nothing from now on, and leaves its group."),
        may("commit", Shape::Truth, "Commits how far it has come."),
        may("close", Shape::Truth, "Ends in order."),
    ],
};

/// Partitions, or all.
const SOME_OR_ALL: Shape = Shape::Either(&[Shape::Truth, Shape::List(&Shape::Text)]);

pub(super) const SEEK: TableSpec = TableSpec {
    title: "`seek`",
    doc: "Where a consumer reads on.",
    keys: &[
        may("partition", Shape::Text, "In which partition; in all it has unless written."),
        must("to", BEGINNING, "Where: \"beginning\", \"end\", { offset = 5 } or { timestamp = \"1s\" }."),
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
