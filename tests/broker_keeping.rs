//! What a broker lets go of, all its logs together: which one its cleaner takes, what it leaves alone, what an operator may delete.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

mod support;

use support::Cluster;
use tribunal::config::Switch;
use tribunal::error::ErrorCode;
use tribunal::event::{Acks, Fact, LogFact};
use tribunal::ids::{BrokerId, PartitionIndex, ProcessId, TopicId, TopicPartition};
use tribunal::protocol::{
    ConfigChange, ConfigResource, CreateTopicsRequest, DeleteRecordsRequest, IncrementalAlterConfigsRequest, NamedPartition,
    NewTopic, ProducePartition, ProduceRequest, Response,
};
use tribunal::record::BatchBuilder;
use tribunal::time::{Duration, Timestamp};

const B1: ProcessId = ProcessId::Broker(BrokerId(1));
const COMPACTED: [(&str, &str); 1] = [("cleanup.policy", "compact")];

fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// One broker, configured so.
fn broker(key: &str, value: &str) -> Cluster {
    let mut cluster = Cluster::new();
    cluster.config.set(key, value).unwrap();
    cluster
}

fn start(cluster: &mut Cluster) {
    cluster.start_all(1);
    cluster.run(millis(500));
}

/// The next topic of that cluster, `t1` and on, of one partition; its segments hold one batch of [`append`] each.
fn topic(cluster: &mut Cluster, id: u32, config: &[(&str, &str)]) -> TopicPartition {
    let all = config.iter().chain(&[("segment.bytes", "1024")]);
    let config = all.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let topic = NewTopic { name: format!("t{id}"), partitions: 1, replication_factor: 1, assignment: Vec::new(), config };
    cluster.ask(B1, CreateTopicsRequest { topics: vec![topic], timeout: millis(3_000) });
    cluster.run(millis(200));
    TopicPartition::new(TopicId(id), PartitionIndex(0))
}

/// So many batches, each of so many records of one key.
fn append(cluster: &mut Cluster, partition: TopicPartition, (batches, records): (usize, usize)) {
    let value = vec![b'v'; 600 / records];
    for _ in 0..batches {
        let mut builder = BatchBuilder::new(Timestamp::RUN_START);
        for _ in 0..records {
            builder.append(Timestamp::RUN_START, Some(b"key"), Some(&value), &[]);
        }
        let partitions = vec![ProducePartition { partition, batch: builder.build() }];
        cluster.ask(B1, ProduceRequest { acks: Acks::All, timeout: millis(3_000), partitions });
        cluster.run(millis(1));
    }
}

/// Which logs the broker began to clean, in order.
fn cleaned(cluster: &Cluster) -> Vec<TopicPartition> {
    let began = |fact: &Fact| match fact {
        Fact::Log(LogFact::CleaningStarted { partition, .. }) => Some(*partition),
        _ => None,
    };
    cluster.told(B1).filter_map(began).collect()
}

#[test]
fn the_dirtiest_log_is_cleaned_first() {
    let mut cluster = Cluster::new();
    start(&mut cluster);
    let (one, other) = (topic(&mut cluster, 1, &COMPACTED), topic(&mut cluster, 2, &COMPACTED));
    append(&mut cluster, one, (3, 1));
    append(&mut cluster, other, (3, 1));
    cluster.run(millis(10_000));
    assert_eq!(cleaned(&cluster), [one, other], "each once");
    // One becomes a little dirtier, the other much, between two looks of the cleaner.
    append(&mut cluster, one, (2, 1));
    append(&mut cluster, other, (6, 1));
    cluster.run(millis(10_000));
    assert_eq!(cleaned(&cluster), [one, other, other, one]);
}

#[test]
fn a_cleaner_that_died_cleans_nothing_more() {
    for partial_map in [Switch::On, Switch::Off] {
        let mut cluster = broker("log.cleaner.dedupe.buffer.size", "48"); // room for one key
        cluster.variants.cleaner_partial_map = partial_map;
        start(&mut cluster);
        let one = topic(&mut cluster, 1, &COMPACTED);
        append(&mut cluster, one, (3, 3));
        cluster.run(millis(10_000));
        let seen = cleaned(&cluster).len();
        assert!(seen > 0, "the first log is found worth it");
        let other = topic(&mut cluster, 2, &COMPACTED);
        append(&mut cluster, other, (3, 1));
        cluster.run(millis(10_000));
        let more = cleaned(&cluster).len() - seen;
        assert_eq!(more > 0, partial_map.is_on(), "{more} more cleanings began");
    }
}

#[test]
fn without_a_cleaner_no_compacted_log_loses_a_segment() {
    let deleted = |cleaner_enable: &str| {
        let mut cluster = broker("log.cleaner.enable", cleaner_enable);
        start(&mut cluster);
        let due = topic(&mut cluster, 1, &[("cleanup.policy", "compact,delete"), ("retention.ms", "1")]);
        append(&mut cluster, due, (3, 1));
        cluster.run(millis(20_000));
        cluster.told(B1).filter(|fact| matches!(fact, Fact::Log(LogFact::SegmentDeleted { .. }))).count()
    };
    assert!(deleted("true") > 0, "with a cleaner they go");
    assert_eq!(deleted("false"), 0);
}

fn set_policy(cluster: &mut Cluster, policy: &str) {
    let resource = ConfigResource::Topic("t1".to_owned());
    let change = ConfigChange { resource, key: "cleanup.policy".to_owned(), value: Some(policy.to_owned()) };
    cluster.ask(B1, IncrementalAlterConfigsRequest { changes: vec![change] });
    cluster.run(millis(500));
}

#[test]
fn nobody_deletes_records_of_an_internal_topic_or_of_one_that_is_only_compacted() {
    let mut cluster = Cluster::new();
    start(&mut cluster);
    topic(&mut cluster, 1, &[]);
    let refusal = |cluster: &mut Cluster, topic: &str| {
        let partition = NamedPartition { topic: topic.to_owned(), partition: PartitionIndex(0) };
        let asked = cluster.ask(B1, DeleteRecordsRequest { partitions: vec![(partition, None)], timeout: millis(3_000) });
        cluster.run(millis(1_000));
        match cluster.answer(asked) {
            Some(Response::DeleteRecords(answer)) => answer.partitions[0].1.err(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refusal(&mut cluster, "__consumer_offsets"), Some(ErrorCode::InvalidTopicException));
    assert_eq!(refusal(&mut cluster, "__drafts"), Some(ErrorCode::UnknownTopicOrPartition));
    assert_eq!(refusal(&mut cluster, "t1"), None);
    set_policy(&mut cluster, "compact,delete");
    assert_eq!(refusal(&mut cluster, "t1"), None, "what is deleted from may be deleted from");
    set_policy(&mut cluster, "compact");
    assert_eq!(refusal(&mut cluster, "t1"), Some(ErrorCode::PolicyViolation));
}
