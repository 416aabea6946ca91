//! The law of the coordinator: what it knows is what it wrote. After any requests, in any order and at any pace, a coordinator that
//! reads `__consumer_offsets` from the start tells the same offsets, the same groups of the consumer protocol, and the same classic
//! groups, but for what never survives a fail-over: a rebalance under way, which falls back to the generation before.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::{Just, Strategy, prop, prop_oneof, proptest};
use tribunal::event::{GroupId, GroupKind, GroupState, MemberId};
use tribunal::ids::{BrokerId, CorrelationId, Offset, PartitionIndex, ProcessId};
use tribunal::protocol::{
    ConsumerGroupDescribeRequest, ConsumerGroupHeartbeatRequest, CreateTopicsRequest, DeleteGroupsRequest, DescribeGroupsRequest,
    DescribedGroup, FetchedOffset, FindCoordinatorRequest, HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest, NamedPartition,
    NewTopic, OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest, OffsetToCommit, Request, Response, Subscription,
    SyncGroupRequest,
};
use tribunal::time::Duration;

use crate::support::{Cluster, cases};

const BROKER: ProcessId = ProcessId::Broker(BrokerId(1));
const GROUPS: [&str; 2] = ["g1", "g2"];

/// Something that happens to a group; the second number is the member. Members 0 and 1 have static names in the first group.
#[derive(Clone, Debug)]
enum Step {
    Join { at: (usize, usize), is_new: bool },
    Sync { at: (usize, usize) },
    Beat { at: (usize, usize) },
    Leave { at: (usize, usize) },
    Live { at: (usize, usize) },
    Depart { at: (usize, usize), for_a_while: bool },
    Commit { at: (usize, usize), partition: u32, offset: i64, is_member: bool },
    Forget { group: usize, partition: u32 },
    Delete { group: usize },
    Pass { millis: u64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let at = || (0..GROUPS.len(), 0_usize..4);
    let step = prop_oneof![
        4 => (at(), prop::bool::weighted(0.3)).prop_map(|(at, is_new)| Step::Join { at, is_new }),
        4 => at().prop_map(|at| Step::Sync { at }),
        2 => at().prop_map(|at| Step::Beat { at }),
        1 => at().prop_map(|at| Step::Leave { at }),
        2 => at().prop_map(|at| Step::Live { at }),
        1 => (at(), prop::bool::ANY).prop_map(|(at, for_a_while)| Step::Depart { at, for_a_while }),
        4 => (at(), 0_u32..3, 0_i64..100, prop::bool::weighted(0.7))
            .prop_map(|(at, partition, offset, is_member)| Step::Commit { at, partition, offset, is_member }),
        1 => (0..GROUPS.len(), 0_u32..3).prop_map(|(group, partition)| Step::Forget { group, partition }),
        1 => (0..GROUPS.len()).prop_map(|group| Step::Delete { group }),
        2 => prop_oneof![Just(50_u64), Just(400), Just(1_500)].prop_map(|millis| Step::Pass { millis }),
    ];
    prop::collection::vec(step, 1..60)
}

/// What a member knows of itself.
#[derive(Clone, Default)]
struct Known {
    id: MemberId,
    epoch: i32,
    leads: Vec<MemberId>,
}

struct World {
    cluster: Cluster,
    members: BTreeMap<(usize, usize), Known>,
    asked: BTreeMap<CorrelationId, (usize, usize)>,
    heard: usize,
}

/// What is told of all groups.
#[derive(Debug, PartialEq)]
struct Picture {
    offsets: Vec<Vec<FetchedOffset>>,
    groups: Vec<Option<DescribedGroup>>,
}

impl World {
    fn new() -> Self {
        let mut cluster = Cluster::new();
        let keys = [
            ("offsets.topic.num.partitions", "1"),
            ("offsets.topic.replication.factor", "1"),
            ("group.initial.rebalance.delay.ms", "0"),
        ];
        for (key, value) in keys {
            cluster.config.set(key, value).expect("a key of a broker's");
        }
        cluster.start_all(1);
        cluster.run(Duration::from_millis(500));
        let topic = NewTopic {
            name: "orders".to_owned(),
            partitions: 3,
            replication_factor: 1,
            assignment: Vec::new(),
            config: Vec::new(),
        };
        let mut world = Self { cluster, members: BTreeMap::new(), asked: BTreeMap::new(), heard: 0 };
        world.put(CreateTopicsRequest { topics: vec![topic], timeout: Duration::from_secs(1) }.into());
        world.put(FindCoordinatorRequest { groups: vec![group(0)] }.into());
        world.await_coordinator();
        world
    }

    /// The coordinator serves.
    fn await_coordinator(&mut self) {
        for _ in 0..400 {
            let probe = OffsetFetchRequest { group: group(0), member: None, partitions: None, require_stable: false };
            let asked = self.put(probe.into());
            if matches!(self.cluster.answer(asked), Some(Response::OffsetFetch(fetched)) if fetched.error.is_none()) {
                return;
            }
            self.cluster.run(Duration::from_millis(20));
        }
        panic!("nobody coordinates");
    }

    /// Asks, and waits for the answer.
    fn put(&mut self, request: Request) -> CorrelationId {
        let asked = self.cluster.ask(BROKER, request);
        self.cluster.run(Duration::from_millis(4));
        asked
    }

    fn ask(&mut self, at: (usize, usize), request: Request) {
        let asked = self.put(request);
        self.asked.insert(asked, at);
        for (_, _, correlation, response) in self.cluster.answers.iter().skip(self.heard) {
            let Some(member) = self.asked.get(correlation).and_then(|at| self.members.get_mut(at)) else { continue };
            match response {
                Response::JoinGroup(joined) => {
                    member.id = joined.member.clone();
                    if joined.error.is_none() {
                        member.epoch = joined.generation;
                        member.leads = joined.members.iter().map(|(id, ..)| id.clone()).collect();
                    }
                }
                Response::ConsumerGroupHeartbeat(beat) => member.epoch = if beat.error.is_none() { beat.epoch } else { 0 },
                _ => {}
            }
        }
        self.heard = self.cluster.answers.len();
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Pass { millis } => self.cluster.run(Duration::from_millis(millis)),
            Step::Delete { group: place } => self.ask((place, 9), DeleteGroupsRequest { groups: vec![group(place)] }.into()),
            Step::Forget { group: place, partition } => {
                self.ask((place, 9), OffsetDeleteRequest { group: group(place), partitions: vec![orders(partition)] }.into());
            }
            Step::Commit { at, partition, offset, is_member } => {
                let known = self.members.get(&at).cloned().filter(|_| is_member);
                let (member, epoch) = known.map_or((MemberId::default(), -1), |known| (known.id, known.epoch));
                let stored = OffsetToCommit {
                    partition: orders(partition),
                    offset: Offset(u64::try_from(offset).expect("small")),
                    leader_epoch: None,
                    metadata: format!("at {offset}"),
                };
                let instance = instance(at).filter(|_| is_member);
                let request = OffsetCommitRequest { group: group(at.0), epoch, member, instance, partitions: vec![stored] };
                self.ask(at, request.into());
            }
            Step::Join { at, .. }
            | Step::Sync { at }
            | Step::Beat { at }
            | Step::Leave { at }
            | Step::Live { at }
            | Step::Depart { at, .. } => self.act(at, step),
        }
    }

    /// A member does something in its own name.
    fn act(&mut self, at: (usize, usize), step: &Step) {
        let known = self.members.entry(at).or_default().clone();
        let (group, member, instance, epoch) = (group(at.0), known.id.clone(), instance(at), known.epoch);
        let request = match step {
            Step::Join { is_new, .. } => {
                let member = if *is_new { MemberId::default() } else { member };
                join(group, member, instance, at).into()
            }
            Step::Sync { .. } => {
                let assignments = known.leads.iter().zip(0..).map(|(id, index)| (id.clone(), vec![orders(index % 3)])).collect();
                SyncGroupRequest { group, generation: epoch, member, instance, protocol: None, assignments }.into()
            }
            Step::Beat { .. } => HeartbeatRequest { group, generation: epoch, member, instance }.into(),
            Step::Leave { .. } => LeaveGroupRequest { group, members: vec![(member, instance)] }.into(),
            Step::Live { .. } => live(at, epoch.max(0)).into(),
            Step::Depart { for_a_while, .. } => live(at, if *for_a_while { -2 } else { -1 }).into(),
            Step::Commit { .. } | Step::Forget { .. } | Step::Delete { .. } | Step::Pass { .. } => return,
        };
        self.ask(at, request);
    }

    /// What is told of all groups at one moment; in which the coordinator dies if it is the `last` one.
    fn picture(&mut self, is_last: bool) -> Picture {
        let asked: Vec<[CorrelationId; 3]> = (0..GROUPS.len())
            .map(|place| {
                let all = OffsetFetchRequest { group: group(place), member: None, partitions: None, require_stable: false };
                let groups = vec![group(place)];
                [
                    self.cluster.ask(BROKER, all),
                    self.cluster.ask(BROKER, DescribeGroupsRequest { groups: groups.clone() }),
                    self.cluster.ask(BROKER, ConsumerGroupDescribeRequest { groups }),
                ]
            })
            .collect();
        self.cluster.run(Duration::from_millis(1));
        if is_last {
            self.cluster.crash(BROKER);
        }
        self.cluster.run(Duration::from_millis(1));
        let (mut offsets, mut groups) = (Vec::new(), Vec::new());
        for [fetch, classic, consumer] in asked {
            let answers = (self.cluster.answer(fetch), self.cluster.answer(classic), self.cluster.answer(consumer));
            let (
                Some(Response::OffsetFetch(fetched)),
                Some(Response::DescribeGroups(classic)),
                Some(Response::ConsumerGroupDescribe(consumer)),
            ) = answers
            else {
                panic!("{answers:?}")
            };
            offsets.push(fetched.partitions.clone());
            let (classic, consumer) = (classic.groups[0].1.clone().ok(), consumer.groups[0].1.clone().ok());
            assert!(classic.is_none() || consumer.is_none(), "a group speaks one protocol");
            groups.push(classic.or(consumer));
        }
        Picture { offsets, groups }
    }
}

fn group(place: usize) -> GroupId {
    GroupId::new(GROUPS[place].to_owned())
}

fn orders(partition: u32) -> NamedPartition {
    NamedPartition { topic: "orders".to_owned(), partition: PartitionIndex(partition) }
}

fn instance((group, member): (usize, usize)) -> Option<Arc<String>> {
    (group == 0 && member < 2).then(|| Arc::new(format!("i{member}")))
}

fn join(group: GroupId, member: MemberId, instance: Option<Arc<String>>, at: (usize, usize)) -> JoinGroupRequest {
    let topics = if at.1 == 3 { Vec::new() } else { vec!["orders".to_owned()] };
    let told = Subscription { topics, generation: -1, ..Subscription::default() };
    JoinGroupRequest {
        group,
        member,
        instance,
        client: Arc::new(format!("c{}", at.1)),
        session_timeout: Duration::from_millis(2_000),
        rebalance_timeout: Duration::from_millis(1_000),
        protocols: vec![("range".to_owned(), told)],
    }
}

fn live(at: (usize, usize), epoch: i32) -> ConsumerGroupHeartbeatRequest {
    let is_joining = epoch == 0;
    ConsumerGroupHeartbeatRequest {
        group: group(at.0),
        member: MemberId::new(format!("k{}", at.1)),
        epoch,
        instance: instance(at),
        rack: None,
        client: Arc::new(format!("c{}", at.1)),
        rebalance_timeout: is_joining.then(|| Duration::from_millis(1_000)),
        topics: is_joining.then(|| vec!["orders".to_owned()]),
        pattern: None,
        assignor: None,
        owned: is_joining.then(Vec::new),
    }
}

/// Whether a classic group is as it was written: a rebalance under way is in no log.
fn is_settled(group: &DescribedGroup) -> bool {
    group.kind == GroupKind::Consumer || matches!(group.state, GroupState::Stable | GroupState::Empty)
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn a_coordinator_knows_what_is_in_its_log(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
        }
        let before = world.picture(true);
        // Started anew, it has nothing but its log.
        world.cluster.start(BROKER);
        world.await_coordinator();
        let after = world.picture(false);
        assert_eq!(before.offsets, after.offsets);
        for (before, after) in before.groups.into_iter().zip(after.groups) {
            match before {
                Some(group) if !is_settled(&group) => {
                    let found = after.expect("it was written when it was founded");
                    assert!(found.epoch <= group.epoch, "{found:?} was never, it was {group:?}");
                    assert!(is_settled(&found), "{found:?}");
                }
                settled => assert_eq!(settled, after),
            }
        }
    }
}
