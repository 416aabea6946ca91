//! Brokers and a controller together, on a perfect network: do they find each other, replicate, fail over, and come back?

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

mod support;

use bytes::Bytes;
use support::Cluster;
use tribunal::config::IsolationLevel;
use tribunal::error::ErrorCode;
use tribunal::event::{Acks, Fact, LogFact, ReplicaFact};
use tribunal::ids::{BrokerId, CorrelationId, Offset, PartitionIndex, ProcessId, TopicId, TopicPartition};
use tribunal::protocol::{
    CreateTopicsRequest, FetchPartition, FetchRequest, FetchResponse, MetadataRequest, NewTopic, ProducePartition, ProduceRequest,
    Response,
};
use tribunal::record::BatchBuilder;
use tribunal::time::{Duration, Timestamp};

const ORDERS: TopicPartition = TopicPartition { topic: TopicId(1), partition: PartitionIndex(0) };

fn broker(number: u16) -> ProcessId {
    ProcessId::Broker(BrokerId(number))
}

fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn batch(value: &'static str) -> Bytes {
    let mut builder = BatchBuilder::new(Timestamp::RUN_START);
    builder.append(Timestamp::RUN_START, None, Some(value.as_bytes()), &[]);
    builder.build()
}

/// Three brokers and `orders-0` on all of them, b1 preferred. With a truncation named, unclean elections are allowed.
fn three_brokers(min_isr: &str, truncation: Option<tribunal::config::Truncation>) -> Cluster {
    let unclean = if truncation.is_some() { "true" } else { "false" };
    let mut cluster = Cluster::new();
    if let Some(truncation) = truncation {
        cluster.variants.truncation = truncation;
    }
    cluster.start_all(3);
    cluster.run(millis(500));
    let topic = NewTopic {
        name: "orders".to_owned(),
        partitions: 1,
        replication_factor: 3,
        assignment: vec![vec![BrokerId(1), BrokerId(2), BrokerId(3)]],
        config: [("min.insync.replicas", min_isr), ("unclean.leader.election.enable", unclean)]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .to_vec(),
    };
    let asked = cluster.ask(broker(2), CreateTopicsRequest { topics: vec![topic], timeout: millis(3_000) });
    cluster.run(millis(200));
    let Some(Response::CreateTopics(created)) = cluster.answer(asked) else { panic!("no answer to CreateTopics") };
    assert_eq!(created.topics[0].result, Ok(TopicId(1)));
    cluster
}

fn produce(cluster: &mut Cluster, server: u16, value: &'static str, acks: Acks) -> CorrelationId {
    let partitions = vec![ProducePartition { partition: ORDERS, batch: batch(value) }];
    cluster.ask(broker(server), ProduceRequest { acks, timeout: millis(3_000), partitions })
}

fn produced(cluster: &Cluster, asked: CorrelationId) -> Option<Result<Offset, ErrorCode>> {
    match cluster.answer(asked)? {
        Response::Produce(answer) => Some(answer.partitions[0].result),
        other => panic!("{other:?}"),
    }
}

fn consume(cluster: &mut Cluster, server: u16, from: u64) -> FetchResponse {
    let item = FetchPartition {
        partition: ORDERS,
        current_leader_epoch: None,
        fetch_offset: Offset(from),
        last_fetched_epoch: None,
        log_start_offset: Offset(0),
        partition_max_bytes: 1 << 20,
    };
    let request = FetchRequest {
        replica: None,
        max_wait: millis(50),
        min_bytes: 1,
        max_bytes: 1 << 20,
        rack: None,
        isolation: IsolationLevel::ReadUncommitted,
        partitions: vec![item],
    };
    let asked = cluster.ask(broker(server), request);
    cluster.run(millis(100));
    match cluster.answer(asked) {
        Some(Response::Fetch(answer)) => answer.clone(),
        other => panic!("{other:?}"),
    }
}

/// Who leads `orders-0`, as this broker believes.
fn leader_at(cluster: &mut Cluster, server: u16) -> Option<BrokerId> {
    let asked = cluster.ask(broker(server), MetadataRequest { topics: vec!["orders".to_owned()], ..MetadataRequest::default() });
    cluster.run(millis(5));
    match cluster.answer(asked) {
        Some(Response::Metadata(answer)) => answer.topics[0].partitions.first().and_then(|known| known.leader),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_acks_all_record_is_acknowledged_once_every_replica_has_it_and_read_back() {
    let mut cluster = three_brokers("2", None);
    assert_eq!(leader_at(&mut cluster, 3), Some(BrokerId(1)));
    let asked = produce(&mut cluster, 1, "one", Acks::All);
    cluster.run(millis(20));
    assert_eq!(produced(&cluster, asked), Some(Ok(Offset(0))));
    for follower in [2, 3] {
        let has_it = cluster.told(broker(follower)).any(|fact| matches!(fact, Fact::Log(LogFact::RecordsReplicated { .. })));
        assert!(has_it, "b{follower} holds what was acknowledged");
    }
    let read = consume(&mut cluster, 1, 0);
    assert_eq!(read.partitions[0].batches.len(), 1);
    assert_eq!(read.partitions[0].high_watermark, Offset(1));
    let refused = consume(&mut cluster, 2, 0);
    assert_eq!(refused.partitions[0].error, Some(ErrorCode::NotLeaderOrFollower));
    assert_eq!(refused.partitions[0].current_leader.map(|hint| hint.leader), Some(BrokerId(1)));
}

#[test]
fn a_follower_that_dies_leaves_the_isr_and_the_produce_that_waits_for_it_goes_on() {
    let mut cluster = three_brokers("2", None);
    cluster.crash(broker(3));
    let asked = produce(&mut cluster, 1, "one", Acks::All);
    cluster.run(millis(100));
    assert_eq!(produced(&cluster, asked), None, "b3 is still in the ISR");
    cluster.run(millis(2_000));
    assert_eq!(produced(&cluster, asked), Some(Ok(Offset(0))), "its session has ended");
    cluster.start(broker(3));
    cluster.run(millis(3_000));
    let asked = produce(&mut cluster, 1, "two", Acks::All);
    cluster.run(millis(20));
    assert_eq!(produced(&cluster, asked), Some(Ok(Offset(1))));
    let isr = cluster.told(broker(1)).filter_map(|fact| match fact {
        Fact::Replica(ReplicaFact::IsrAdopted { isr, .. }) => Some(isr.len()),
        _ => None,
    });
    assert_eq!(isr.collect::<Vec<_>>(), [2, 3], "out when its session ended, in again when it had caught up");
}

#[test]
fn a_leader_that_dies_is_followed_by_another_and_cuts_what_nobody_else_has() {
    let mut cluster = three_brokers("2", None);
    let asked = produce(&mut cluster, 1, "one", Acks::All);
    cluster.run(millis(200));
    assert_eq!(produced(&cluster, asked), Some(Ok(Offset(0))));
    cluster.cut(broker(1), broker(2));
    cluster.cut(broker(1), broker(3));
    let alone = produce(&mut cluster, 1, "alone", Acks::Leader);
    cluster.run(millis(50));
    assert_eq!(produced(&cluster, alone), Some(Ok(Offset(1))));
    cluster.crash(broker(1));
    cluster.heal();
    cluster.run(millis(2_500));
    let leader = leader_at(&mut cluster, 3).unwrap();
    assert_ne!(leader, BrokerId(1));
    let after = produce(&mut cluster, leader.0, "two", Acks::All);
    cluster.run(millis(100));
    assert_eq!(produced(&cluster, after), Some(Ok(Offset(1))));
    cluster.start(broker(1));
    cluster.run(millis(4_000));
    let cut =
        cluster.told(broker(1)).any(|fact| matches!(fact, Fact::Log(LogFact::LogTruncated { from: Offset(2), to: Offset(1), .. })));
    assert!(cut, "b1 gives up what it alone had");
    let third = produce(&mut cluster, leader.0, "three", Acks::All);
    cluster.run(millis(100));
    assert_eq!(produced(&cluster, third), Some(Ok(Offset(2))));
}

#[test]
fn under_the_old_rule_a_log_longer_than_the_leaders_is_cut_to_the_leaders_end() {
    let mut cluster = three_brokers("1", Some(tribunal::config::Truncation::HighWatermark));
    produce(&mut cluster, 1, "one", Acks::All);
    cluster.run(millis(200));
    cluster.crash(broker(2));
    cluster.crash(broker(3));
    cluster.run(millis(2_500));
    for value in ["two", "three"] {
        let asked = produce(&mut cluster, 1, value, Acks::All);
        cluster.run(millis(600));
        assert!(matches!(produced(&cluster, asked), Some(Ok(_))), "b1 is the whole ISR");
    }
    cluster.crash(broker(1));
    cluster.run(millis(2_000));
    cluster.start(broker(2));
    cluster.run(millis(3_000));
    assert_eq!(leader_at(&mut cluster, 2), Some(BrokerId(2)), "unclean: b2 was not in the ISR");
    cluster.start(broker(1));
    cluster.run(millis(5_000));
    let cut =
        cluster.told(broker(1)).any(|fact| matches!(fact, Fact::Log(LogFact::LogTruncated { from: Offset(3), to: Offset(1), .. })));
    assert!(cut, "its own high watermark, 3, lies beyond the leader's end, 1: the fetch is out of range");
}

#[test]
fn with_too_few_in_sync_nothing_is_appended() {
    let mut cluster = three_brokers("3", None);
    cluster.crash(broker(3));
    cluster.run(millis(2_500));
    let asked = produce(&mut cluster, 1, "one", Acks::All);
    cluster.run(millis(20));
    assert_eq!(produced(&cluster, asked), Some(Err(ErrorCode::NotEnoughReplicas)));
}

#[test]
fn a_broker_that_comes_back_inside_its_old_session_waits_for_its_end() {
    let mut cluster = three_brokers("2", None);
    cluster.crash(broker(2));
    cluster.run(millis(20));
    cluster.start(broker(2));
    cluster.run(millis(400));
    assert_eq!(leader_at(&mut cluster, 2), None, "it knows nothing before it is registered");
    cluster.run(millis(3_000));
    assert_eq!(leader_at(&mut cluster, 2), Some(BrokerId(1)));
}

#[test]
fn a_waiting_consumer_is_answered_when_the_high_watermark_moves() {
    let mut cluster = three_brokers("2", None);
    let item = FetchPartition {
        partition: ORDERS,
        current_leader_epoch: None,
        fetch_offset: Offset(0),
        last_fetched_epoch: None,
        log_start_offset: Offset(0),
        partition_max_bytes: 1 << 20,
    };
    let request = FetchRequest {
        replica: None,
        max_wait: millis(10_000),
        min_bytes: 1,
        max_bytes: 1 << 20,
        rack: None,
        isolation: IsolationLevel::ReadUncommitted,
        partitions: vec![item],
    };
    let waiting = cluster.ask(broker(1), request);
    cluster.run(millis(500));
    assert!(cluster.answer(waiting).is_none(), "there is nothing to read");
    produce(&mut cluster, 1, "one", Acks::Leader);
    cluster.run(millis(20));
    let Some(Response::Fetch(read)) = cluster.answer(waiting) else { panic!("it is answered when the record is committed") };
    assert_eq!((read.partitions[0].batches.len(), read.partitions[0].high_watermark), (1, Offset(1)));
}

#[test]
fn whatever_crashes_and_is_cut_an_acknowledged_record_is_there_afterwards() {
    for seed in 1..40_u64 {
        let mut luck = seed;
        let mut dice = |sides: u64| {
            luck = luck.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (luck >> 33) % sides
        };
        let mut cluster = three_brokers("2", None);
        let mut asked = Vec::new();
        let mut down = None;
        for _ in 0..60 {
            let (victim, other) = (u16::try_from(dice(3)).unwrap() + 1, u16::try_from(dice(4)).unwrap());
            match dice(6) {
                0 if down.is_none() => {
                    cluster.crash(broker(victim));
                    down = Some(victim);
                }
                1 => {
                    if let Some(number) = down.take() {
                        cluster.start(broker(number));
                    }
                }
                2 if victim != other => {
                    let peer = if other == 0 { ProcessId::Controller(1) } else { broker(other) };
                    cluster.cut(broker(victim), peer);
                }
                3 => cluster.heal(),
                _ => {}
            }
            for server in 1..=3 {
                asked.push(produce(&mut cluster, server, "x", Acks::All));
            }
            cluster.run(millis(20 + dice(600)));
        }
        cluster.heal();
        if let Some(number) = down {
            cluster.start(broker(number));
        }
        cluster.run(millis(20_000));
        let acked: Vec<_> = asked.iter().filter_map(|asked| produced(&cluster, *asked)?.ok()).collect();
        assert!(acked.len() > 10, "seed {seed}: only {} were acknowledged", acked.len());
        let leader = leader_at(&mut cluster, 1).expect("somebody leads again");
        let end = consume(&mut cluster, leader.0, 0).partitions[0].high_watermark;
        assert!(acked.iter().all(|offset| *offset < end), "seed {seed}: {acked:?} below {end}");
        let mut once = acked.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), acked.len(), "seed {seed}: an offset was acknowledged twice");
        let last = produce(&mut cluster, leader.0, "last", Acks::All);
        cluster.run(millis(100));
        assert_eq!(produced(&cluster, last), Some(Ok(end)), "seed {seed}: all replicas are back");
        let isr = cluster.told(ProcessId::Broker(leader)).filter_map(|fact| match fact {
            Fact::Replica(ReplicaFact::IsrAdopted { isr, .. } | ReplicaFact::BecameLeader { isr, .. }) => Some(isr.len()),
            _ => None,
        });
        assert_eq!(isr.last(), Some(3), "seed {seed}: the ISR is whole again");
    }
}
