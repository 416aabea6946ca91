//! Laws of the metadata log: one history, of which every broker sees a growing prefix, through losses and crashes.

use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::{Strategy, any, prop, prop_oneof, proptest};
use tribunal::config::{BrokerConfig, Profile, TopicConfig, Variants};
use tribunal::context::{Effect, Input, Machine, Message, Payload, ReplyTo};
use tribunal::controller::image::MetadataImage;
use tribunal::controller::records::MetadataRecord;
use tribunal::controller::{Controller, ControllerSetup};
use tribunal::event::{ConnectionNumber, Fact, LogFact, Purpose};
use tribunal::ids::{BrokerId, CorrelationId, Incarnation, LeaderEpoch, Offset, ProcessId, Step, TopicPartition};
use tribunal::protocol::{
    BrokerRegistrationRequest, DivergingEpoch, FetchResponse, FetchedPartition, LeaderIdAndEpoch, Request, Response,
};
use tribunal::raft::{Drained, Observer, ObserverSetup, RaftNode, RaftSetup};
use tribunal::record::{BatchBuilder, restamp};
use tribunal::time::{Duration, Instant, Timestamp};

use crate::support::{Server, cases};

const LEADER: ProcessId = ProcessId::Controller(1);

/// What happens next.
#[derive(Clone, Debug)]
enum Happening {
    Write { broker: u16, life: u32 },
    Pass { ms: u64 },
    Lose { messages: u32 },
    CrashLeader { after_effects: Option<u32>, power: bool },
    CrashObserver { which: usize, power: bool },
}

fn happenings() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => (5..60_u16, any::<u32>()).prop_map(|(broker, life)| Happening::Write { broker, life }),
        4 => (0..150_u64).prop_map(|ms| Happening::Pass { ms }),
        2 => (1..4_u32).prop_map(|messages| Happening::Lose { messages }),
        1 => (prop::option::of(0..6_u32), any::<bool>())
            .prop_map(|(after_effects, power)| Happening::CrashLeader { after_effects, power }),
        1 => (0..2_usize, any::<bool>()).prop_map(|(which, power)| Happening::CrashObserver { which, power }),
    ]
}

/// A leader and two observers on a network without delay.
struct Cluster {
    leader: Server<Controller>,
    observers: Vec<Follower>,
    lose: u32,
    next_connection: u32,
    /// The longest history anybody saw.
    history: Vec<(Offset, Bytes)>,
}

struct Follower {
    server: Server<Observer>,
    connection: ConnectionNumber,
    seen: Vec<(Offset, Bytes)>,
}

impl Cluster {
    fn new() -> Self {
        let follower = |id| {
            let server = Server::new(ProcessId::Broker(BrokerId(id)), observer(id));
            Follower { server, connection: ConnectionNumber(u32::from(id)), seen: Vec::new() }
        };
        let observers = vec![follower(1), follower(2)];
        let mut cluster =
            Self { leader: Server::new(LEADER, controller()), observers, lose: 0, next_connection: 10, history: Vec::new() };
        cluster.lead(Input::Started);
        for which in 0..2 {
            cluster.observe(which, Observer::start);
        }
        cluster
    }

    fn lead(&mut self, input: Input) {
        self.leader.turn(|machine, cx| machine.step(input, cx));
        let (_, effects) = self.leader.take();
        for effect in effects {
            let Effect::Send(sent) = effect else { continue };
            let Payload::Response { reply_to, response } = sent.payload else { continue };
            let follower = self.observers.iter().position(|follower| follower.connection == reply_to.connection);
            let Some(which) = follower.filter(|_| !self.is_lost()) else { continue };
            let correlation = reply_to.correlation;
            self.observe(which, |observer, cx| observer.handle_response(LEADER, correlation, response, cx));
        }
    }

    fn is_lost(&mut self) -> bool {
        let is_lost = self.lose > 0;
        self.lose = self.lose.saturating_sub(1);
        is_lost
    }

    fn observe(&mut self, which: usize, act: impl FnOnce(&mut Observer, &mut tribunal::context::Context<'_>)) {
        let follower = &mut self.observers[which];
        follower.server.turn(act);
        let new = follower.server.turn(Observer::drain_committed);
        assert_eq!(new.snapshot, None, "this leader never writes one");
        follower.seen.extend(new.records);
        let shared = self.history.len().min(follower.seen.len());
        assert_eq!(self.history[..shared], follower.seen[..shared], "there is one history");
        if follower.seen.len() > shared {
            self.history.clone_from(&follower.seen);
        }
        let (_, effects) = self.observers[which].server.take();
        for effect in effects {
            match effect {
                Effect::Send(sent) => {
                    let Payload::Request { purpose, correlation, request } = sent.payload else { continue };
                    if !self.is_lost() {
                        self.deliver(which, purpose, correlation, request);
                    }
                }
                Effect::Close { .. } => self.reconnect(which),
                Effect::Halt { why } => panic!("{why}"),
                Effect::Exit => panic!("nobody asked for it"),
            }
        }
    }

    fn deliver(&mut self, which: usize, purpose: Purpose, correlation: CorrelationId, request: Request) {
        let client = ProcessId::Broker(BrokerId(u16::try_from(which + 1).expect("two of them")));
        let connection = self.observers[which].connection;
        let reply_to = ReplyTo { client, connection, purpose, correlation, origin: Step::NONE };
        self.lead(Input::Message(Message::Request { from: client, reply_to, request }));
    }

    fn reconnect(&mut self, which: usize) {
        self.observers[which].connection = ConnectionNumber(self.next_connection);
        self.next_connection += 1;
    }

    fn pass(&mut self, span: Duration) {
        let end = self.leader.now.plus(span);
        loop {
            let of_observer = |follower: &Follower| follower.server.machine.next_deadline();
            let dues = self.observers.iter().map(of_observer).chain([self.leader.machine.next_deadline()]);
            let Some(now) = dues.flatten().min().filter(|due| *due <= end) else { break };
            self.set_clocks(now.max(self.leader.now));
            self.lead(Input::Deadline);
            for which in 0..self.observers.len() {
                self.observe(which, Observer::handle_deadline);
            }
        }
        self.set_clocks(end);
    }

    fn set_clocks(&mut self, now: Instant) {
        self.leader.now = now;
        for follower in &mut self.observers {
            follower.server.now = now;
        }
    }

    fn happen(&mut self, happening: &Happening) {
        match *happening {
            Happening::Write { broker, life } => self.write(BrokerId(broker), Incarnation(life)),
            Happening::Pass { ms } => self.pass(Duration::from_millis(ms)),
            Happening::Lose { messages } => self.lose = messages,
            Happening::CrashLeader { after_effects, power } => {
                if let (Some(effects), Some(due)) = (after_effects, self.leader.machine.next_deadline()) {
                    self.leader.kill_after(Some(effects));
                    self.set_clocks(due.max(self.leader.now));
                    self.lead(Input::Deadline);
                    self.leader.kill_after(None);
                }
                if power {
                    self.leader.disk.lose_power(|_, _| 0);
                }
                self.leader.machine = controller();
                self.lead(Input::Started);
            }
            Happening::CrashObserver { which, power } => self.restart_observer(which, power),
        }
    }

    fn write(&mut self, broker: BrokerId, incarnation: Incarnation) {
        let client = ProcessId::Broker(broker);
        let (connection, purpose, correlation) = (ConnectionNumber(0), Purpose::Heartbeat, CorrelationId(0));
        let reply_to = ReplyTo { client, connection, purpose, correlation, origin: Step::NONE };
        let request = BrokerRegistrationRequest { broker, incarnation, previous_broker_epoch: None, rack: None }.into();
        self.lead(Input::Message(Message::Request { from: client, reply_to, request }));
    }

    fn restart_observer(&mut self, which: usize, power: bool) {
        self.reconnect(which);
        let follower = &mut self.observers[which];
        if power {
            follower.server.disk.lose_power(|_, unsynced| unsynced / 2);
        }
        follower.seen.clear();
        follower.server.machine = observer(u16::try_from(which + 1).expect("two of them"));
        self.observe(which, Observer::start);
    }
}

fn controller() -> Controller {
    Controller::new(Arc::new(ControllerSetup {
        me: LEADER,
        voters: vec![LEADER],
        config: BrokerConfig::of(Profile::Fast),
        topic_defaults: TopicConfig::of(Profile::Fast),
        variants: Variants::default(),
    }))
}

fn observer(id: u16) -> Observer {
    Observer::new(ObserverSetup { me: BrokerId(id), voters: vec![LEADER], config: BrokerConfig::of(Profile::Fast) })
}

fn image_of(records: &[(Offset, Bytes)]) -> MetadataImage {
    let mut image = MetadataImage::default();
    for (offset, bytes) in records {
        image.apply(*offset, &MetadataRecord::decode(bytes).expect("what was written can be read"));
    }
    image
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn every_broker_sees_a_prefix_of_one_history_and_all_of_it_in_the_end(story in prop::collection::vec(happenings(), 1..50)) {
        let mut cluster = Cluster::new();
        for happening in &story {
            cluster.happen(happening);
        }
        cluster.lose = 0;
        cluster.pass(Duration::from_secs(2));
        for follower in &cluster.observers {
            assert_eq!(&image_of(&follower.seen), cluster.leader.machine.image());
            assert_eq!(follower.server.machine.leader(), Some(LEADER));
        }
    }
}

/// A batch of the metadata log with one record a piece.
fn batch(base: u64, count: u64, epoch: u32) -> Bytes {
    let mut builder = BatchBuilder::new(Timestamp::RUN_START);
    for _ in 0..count {
        builder.append(Timestamp::RUN_START, None, Some(b"record"), &[]);
    }
    restamp(&builder.build(), Offset(base), LeaderEpoch(epoch), None)
}

fn fetched(batches: Vec<Bytes>, high_watermark: u64) -> FetchedPartition {
    FetchedPartition {
        partition: TopicPartition::METADATA,
        error: None,
        high_watermark: Offset(high_watermark),
        log_start_offset: Offset::ZERO,
        diverging_epoch: None,
        current_leader: None,
        snapshot: None,
        preferred_read_replica: None,
        batches,
    }
}

/// Answers the fetch that is on its way; returns the offset of the next one.
fn answer(server: &mut Server<Observer>, correlation: u32, item: FetchedPartition) -> Option<Offset> {
    let response = Response::Fetch(FetchResponse { error: None, partitions: vec![item] });
    server.turn(|observer, cx| observer.handle_response(LEADER, CorrelationId(correlation), response, cx));
    let (_, effects) = server.take();
    effects.into_iter().find_map(|effect| match effect {
        Effect::Send(sent) => match sent.payload {
            Payload::Request { request: Request::Fetch(request), .. } => request.partitions.first().map(|item| item.fetch_offset),
            _ => None,
        },
        Effect::Close { .. } | Effect::Halt { .. } | Effect::Exit => None,
    })
}

#[test]
fn an_observer_cuts_what_a_new_leader_does_not_have_and_no_committed_record() {
    let mut server = Server::new(ProcessId::Broker(BrokerId(1)), observer(1));
    server.turn(Observer::start);
    let known = LeaderIdAndEpoch { leader: BrokerId(3001), epoch: LeaderEpoch(3) };
    let refusal = FetchedPartition::refused(TopicPartition::METADATA, tribunal::error::ErrorCode::FencedLeaderEpoch, Some(known));
    assert_eq!(answer(&mut server, 0, refusal), Some(Offset(0)));
    let tail = vec![batch(0, 2, 3), batch(2, 2, 3), batch(4, 1, 3)];
    assert_eq!(answer(&mut server, 1, fetched(tail, 2)), Some(Offset(5)));
    assert_eq!(server.turn(Observer::drain_committed).records.len(), 2);

    let diverging_epoch = Some(DivergingEpoch { epoch: LeaderEpoch(3), end_offset: Offset(4) });
    assert_eq!(answer(&mut server, 2, FetchedPartition { diverging_epoch, ..fetched(Vec::new(), 2) }), Some(Offset(4)));
    assert_eq!(answer(&mut server, 3, fetched(vec![batch(4, 3, 4)], 7)), Some(Offset(7)));
    assert_eq!(server.turn(Observer::drain_committed).records.last().map(|(offset, _)| *offset), Some(Offset(6)));
}

#[test]
fn an_observer_that_is_told_to_cut_committed_metadata_ends_itself() {
    let mut server = Server::new(ProcessId::Broker(BrokerId(1)), observer(1));
    server.turn(Observer::start);
    answer(&mut server, 0, fetched(vec![batch(0, 4, 1)], 4));
    let diverging_epoch = Some(DivergingEpoch { epoch: LeaderEpoch(1), end_offset: Offset(2) });
    let item = FetchedPartition { diverging_epoch, ..fetched(Vec::new(), 4) };
    let response = Response::Fetch(FetchResponse { error: None, partitions: vec![item] });
    server.turn(|observer, cx| observer.handle_response(LEADER, CorrelationId(1), response, cx));
    let (_, effects) = server.take();
    assert!(matches!(effects.as_slice(), [Effect::Halt { .. }]), "{effects:?}");
}

#[test]
fn an_unanswered_fetch_is_given_up_and_repeated_after_a_growing_wait() {
    let mut server = Server::new(ProcessId::Broker(BrokerId(1)), observer(1));
    server.turn(Observer::start);
    let mut waits = Vec::new();
    for _ in 0..4 {
        server.take();
        server.now = server.machine.next_deadline().expect("it waits for the answer");
        server.turn(Observer::handle_deadline);
        let (_, effects) = server.take();
        assert!(matches!(effects.as_slice(), [Effect::Close { server: LEADER, purpose: Purpose::MetadataFetcher }]));
        let retry = server.machine.next_deadline().expect("it tries again");
        waits.push(retry.since(server.now));
        server.now = retry;
        server.turn(Observer::handle_deadline);
    }
    assert_eq!(waits, [2, 4, 8, 16].map(Duration::from_millis));
}

#[test]
fn an_observers_log_is_told_as_replicated_from_the_leader() {
    let mut server = Server::new(ProcessId::Broker(BrokerId(1)), observer(1));
    server.turn(Observer::start);
    let response = Response::Fetch(FetchResponse { error: None, partitions: vec![fetched(vec![batch(0, 1, 1)], 1)] });
    server.turn(|observer, cx| observer.handle_response(LEADER, CorrelationId(0), response, cx));
    let (events, _) = server.take();
    let is_replicated =
        |fact: &Fact| matches!(fact, Fact::Log(LogFact::RecordsReplicated { partition: TopicPartition::METADATA, .. }));
    assert_eq!(events.iter().filter(|event| is_replicated(&event.fact)).count(), 1);
}

/// The next request of an observer, if one leaves.
fn asked(server: &mut Server<Observer>) -> Option<(CorrelationId, Request)> {
    let (_, effects) = server.take();
    effects.into_iter().find_map(|effect| match effect {
        Effect::Send(sent) => match sent.payload {
            Payload::Request { correlation, request, .. } => Some((correlation, request)),
            Payload::Response { .. } => None,
        },
        Effect::Close { .. } | Effect::Exit => None,
        Effect::Halt { why } => panic!("{why}"),
    })
}

#[test]
fn an_observer_behind_the_log_start_begins_with_a_snapshot_in_pieces_also_after_a_power_failure() {
    let mut config = BrokerConfig::of(Profile::Fast);
    config.quorum_fetch_snapshot_max_bytes = 100;
    let setup = RaftSetup { me: LEADER, voters: vec![LEADER], config: config.clone(), variants: Variants::default() };
    let mut leader = Server::new(LEADER, RaftNode::new(setup));
    leader.turn(RaftNode::start);
    for text in [b"one", b"two"] {
        leader.turn(|raft, cx| raft.append([Bytes::from_static(text)], cx));
        leader.advance(Duration::from_millis(2));
        leader.turn(RaftNode::handle_deadline);
        let end = leader.machine.committed();
        leader.turn(|raft, cx| raft.write_snapshot(end, vec![Bytes::from_static(text)], cx));
    }
    leader.take();
    let machine = || Observer::new(ObserverSetup { me: BrokerId(1), voters: vec![LEADER], config: config.clone() });
    let mut server = Server::new(ProcessId::Broker(BrokerId(1)), machine());
    server.turn(Observer::start);

    let mut pieces = 0;
    for _ in 0..40 {
        let Some((correlation, request)) = asked(&mut server) else { break };
        pieces += u32::from(matches!(request, Request::FetchSnapshot(_)));
        let (connection, purpose) = (ConnectionNumber(1), Purpose::MetadataFetcher);
        let reply_to = ReplyTo { client: ProcessId::Broker(BrokerId(1)), connection, purpose, correlation, origin: Step::NONE };
        leader.turn(|raft, cx| raft.handle_request(reply_to.client, reply_to, request, cx));
        for effect in leader.take().1 {
            let Effect::Send(sent) = effect else { continue };
            let Payload::Response { response, .. } = sent.payload else { continue };
            server.turn(|observer, cx| observer.handle_response(LEADER, correlation, response, cx));
        }
    }
    assert!(pieces > 2, "{pieces} pieces");
    let drained = server.turn(Observer::drain_committed);
    assert_eq!(drained.snapshot, Some((Offset(3), vec![Bytes::from_static(b"two")])));
    assert_eq!(drained.records, Vec::new());

    // It comes back with the snapshot that it had put on its disk, and says so when a leader confirms.
    server.disk.lose_power(|_, _| 0);
    server.machine = machine();
    server.turn(Observer::start);
    assert_eq!(server.turn(Observer::drain_committed), Drained::default());
    let (_, request) = asked(&mut server).expect("it fetches");
    let Request::Fetch(request) = request else { panic!("it has the snapshot") };
    assert_eq!(request.partitions.first().map(|item| item.fetch_offset), Some(Offset(3)));
    assert_eq!(answer(&mut server, 0, fetched(Vec::new(), 3)), Some(Offset(3)));
    assert_eq!(server.turn(Observer::drain_committed), drained);
}
