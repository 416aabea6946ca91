//! What a record costs does not depend on how many there are already.
//!
//! The same ten seconds of a quiet cluster without luck, once after a little data and once after much: a record every 20 ms is sent,
//! replicated, acknowledged and read. Everything that happens must happen as often.

use std::collections::BTreeMap;

use tribunal::event::{Fact, NetworkFact, ReplicaFact};
use tribunal::ids::TopicPartition;
use tribunal::sim::host::{RunOptions, Session};
use tribunal::sim::scenario::Scenario;
use tribunal::time::Instant;

const TEXT: &str = include_str!("../data/cost.toml");
/// Records a second while it gets its data.
const BULK_RATE: u64 = 50_000;
const FROM: Instant = Instant(30_000_000);
const TO: Instant = Instant(40_000_000);

/// What the end of a segment brings: how many ends fall into the ten seconds depends on how full the last one was.
const ENDS_OF_SEGMENTS: [&str; 4] = ["SegmentRolled", "LogFlushed", "RecoveryPointsCheckpointed", "IndexProbed"];

fn scenario(records: u64) -> Scenario {
    let until = format!("\"{}us\"", 1_000_000 + records * 1_000_000 / BULK_RATE);
    let text = TEXT.replace("\"1020000us\"", &until);
    Scenario::read(&text, "cost").expect("it is well formed")
}

/// How often what happened in the ten seconds, and how many records there were by then.
fn ten_seconds_after(records: u64) -> (BTreeMap<String, u64>, u64) {
    let mut session = Session::new(&scenario(records), &RunOptions::of(1));
    let mut committed = 0;
    session.run_to_time(FROM, &mut |event, _| {
        if let Fact::Replica(ReplicaFact::HighWatermarkAdvanced { new, .. }) = &event.fact {
            committed = committed.max(new.0);
        }
    });
    let mut counts = BTreeMap::new();
    session.run_to_time(TO, &mut |event, _| {
        if let Some(name) = name(&event.fact) {
            *counts.entry(name).or_insert(0) += 1;
        }
    });
    (counts, committed)
}

/// What an event counts as; heartbeats and questions about the metadata beat in a time of their own, and count as nothing.
fn name(fact: &Fact) -> Option<String> {
    let Fact::Network(network) = fact else { return Some(fact.name().to_owned()) };
    let NetworkFact::MessageSent { message, .. } = network else { return None };
    let of_data = message.partition.filter(|partition| *partition != TopicPartition::METADATA)?;
    let what = if message.is_response { "answer" } else { "request" };
    Some(format!("{:?} {what} of {of_data}", message.api))
}

#[test]
fn a_record_costs_the_same_after_a_thousand_and_after_a_million() {
    let (few, many) = (1_000, 1_000_000);
    let ((mut one, before), (mut other, much_before)) = (ten_seconds_after(few), ten_seconds_after(many));
    assert!(before >= few && before < few + 200, "{before} of {few}");
    assert!(much_before >= many, "{much_before} of {many}");
    for kind in ENDS_OF_SEGMENTS {
        let (few, many) = (one.remove(kind).unwrap_or(0), other.remove(kind).unwrap_or(0));
        assert!(few.abs_diff(many) <= 12, "{kind}: {few} and {many}");
    }
    assert!(one["ProduceCommitted"] >= 499, "it is at work: {one:?}");
    assert!(one["PollReturned"] >= 499, "and is read: {one:?}");
    assert_eq!(one, other, "what happens in ten seconds after {few} records, and after {many}");
}
