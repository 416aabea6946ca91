//! Laws of a group of the consumer protocol (KIP-848), whoever joins, leaves, falls silent, comes back, wants otherwise, or does
//! not hear its answer, whoever coordinates it, and whatever happens to the topics: nobody reads what another holds, epochs only rise, replay of what
//! was written makes the same group (all three asserted at every step), and when it is quiet, the group converges.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use tribunal::coordinator::group::consumer::LEFT_FOR_A_WHILE;
use tribunal::error::ErrorCode;
use tribunal::event::{GroupState, InstanceId, MemberId};
use tribunal::ids::{TopicId, TopicPartition};
use tribunal::protocol::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse};
use tribunal::time::Duration;

use crate::support::cases;
use crate::support::groups::GroupDesk;

const CLIENTS: usize = 6;
const TOPICS: [&str; 3] = ["orders", "orders-eu", "payments"];

#[derive(Clone, Copy, Debug)]
enum Happening {
    /// A heartbeat; `adopts`: after the member did as it was told. Joins when it is no member.
    Beat {
        client: usize,
        adopts: bool,
        is_lost: bool,
    },
    Want {
        client: usize,
        wish: usize,
        assignor: Option<bool>,
    },
    Leave {
        client: usize,
        for_a_while: bool,
        is_lost: bool,
    },
    Crash {
        client: usize,
    },
    Pass {
        ms: u64,
    },
    Topic {
        topic: usize,
        partitions: u32,
    },
    DeleteTopic {
        topic: usize,
    },
    FailOver,
    Stray {
        client: usize,
        epoch: i32,
    },
}

fn happenings() -> impl Strategy<Value = Happening> {
    let client = || 0..CLIENTS;
    let rarely = || prop::bool::weighted(0.15);
    prop_oneof![
        12 => (client(), prop::bool::weighted(0.7), rarely())
            .prop_map(|(client, adopts, is_lost)| Happening::Beat { client, adopts, is_lost }),
        2 => (client(), 0..4_usize, prop::option::of(any::<bool>()))
            .prop_map(|(client, wish, assignor)| Happening::Want { client, wish, assignor }),
        1 => (client(), any::<bool>(), rarely())
            .prop_map(|(client, for_a_while, is_lost)| Happening::Leave { client, for_a_while, is_lost }),
        1 => client().prop_map(|client| Happening::Crash { client }),
        3 => prop_oneof![Just(500), Just(9_000), Just(30_000)].prop_map(|ms| Happening::Pass { ms }),
        1 => (0..TOPICS.len(), 1..6_u32).prop_map(|(topic, partitions)| Happening::Topic { topic, partitions }),
        1 => (0..TOPICS.len()).prop_map(|topic| Happening::DeleteTopic { topic }),
        1 => Just(Happening::FailOver),
        1 => (client(), -3..12_i32).prop_map(|(client, epoch)| Happening::Stray { client, epoch }),
    ]
}

/// A process that reads.
#[derive(Clone, Default)]
struct Client {
    life: u32,
    instance: Option<InstanceId>,
    epoch: i32,
    /// What it reads.
    owned: BTreeSet<TopicPartition>,
    /// What it was told to read.
    told: BTreeSet<TopicPartition>,
    topics: Vec<String>,
    pattern: Option<String>,
    assignor: Option<String>,
    says_everything: bool,
}

struct World {
    desk: GroupDesk,
    clients: Vec<Client>,
    next_topic: u32,
}

impl World {
    fn new() -> Self {
        let clients = (0..CLIENTS).map(|place| Client {
            life: 1,
            instance: (place < 2).then(|| InstanceId::new(format!("i{place}"))),
            topics: vec!["orders".to_owned()],
            ..Client::default()
        });
        let mut world = Self { desk: GroupDesk::new(), clients: clients.collect(), next_topic: 0 };
        world.topic(0, 4);
        world
    }

    fn topic(&mut self, topic: usize, partitions: u32) {
        let name = TOPICS[topic];
        match self.desk.topics.topic(name) {
            Some((id, before)) if before < partitions => self.desk.topics.put(name, id, partitions),
            Some(_) => {}
            None => {
                self.next_topic += 1;
                self.desk.topics.put(name, TopicId(self.next_topic), partitions);
            }
        }
    }

    fn id(place: usize, client: &Client) -> MemberId {
        MemberId::new(format!("c{place}-{}", client.life))
    }

    fn request(&self, place: usize) -> ConsumerGroupHeartbeatRequest {
        let client = &self.clients[place];
        let everything = client.says_everything || client.epoch == 0;
        ConsumerGroupHeartbeatRequest {
            group: Arc::new("g1".to_owned()),
            member: Self::id(place, client),
            epoch: client.epoch,
            instance: client.instance.clone(),
            rack: None,
            client: Arc::new(format!("c{place}")),
            rebalance_timeout: everything.then_some(Duration::from_secs(20)),
            topics: everything.then(|| client.topics.clone()),
            pattern: everything.then(|| client.pattern.clone().unwrap_or_default()),
            assignor: if everything { client.assignor.clone() } else { None },
            owned: everything.then(|| client.owned.iter().copied().collect()),
        }
    }

    fn beat(&mut self, place: usize, adopts: bool, is_lost: bool) {
        let client = &mut self.clients[place];
        if adopts && client.epoch > 0 && client.owned != client.told {
            client.owned = client.told.clone();
            client.says_everything = true;
        }
        let request = self.request(place);
        let answer = self.desk.heartbeat(&request);
        self.answered(place, answer, is_lost);
    }

    fn answered(&mut self, place: usize, answer: Result<ConsumerGroupHeartbeatResponse, ErrorCode>, is_lost: bool) {
        let client = &mut self.clients[place];
        if is_lost {
            // It said that it owns no more than this: until it hears again, it must not take more, whatever it was told before.
            let Client { told, owned, .. } = client;
            told.retain(|partition| owned.contains(partition));
            client.says_everything = true;
            return;
        }
        match answer {
            Ok(answer) => {
                assert!(answer.epoch >= client.epoch, "a member never hears of an epoch before its own");
                client.epoch = answer.epoch;
                client.says_everything = false;
                if let Some(told) = answer.assignment {
                    client.told = told.into_iter().collect();
                }
            }
            Err(ErrorCode::FencedMemberEpoch | ErrorCode::UnknownMemberId | ErrorCode::UnreleasedInstanceId) => {
                client.epoch = 0;
                client.owned.clear();
                client.told.clear();
            }
            Err(ErrorCode::FencedInstanceId) => self.restart(place),
            Err(code) => panic!("a member that behaves hears {}", code.name()),
        }
    }

    fn restart(&mut self, place: usize) {
        let Client { life, instance, topics, pattern, assignor, .. } = self.clients[place].clone();
        self.clients[place] = Client { life: life + 1, instance, topics, pattern, assignor, ..Client::default() };
    }

    fn leave(&mut self, place: usize, for_a_while: bool, is_lost: bool) {
        let client = &self.clients[place];
        if client.epoch == 0 {
            return;
        }
        let epoch = if for_a_while && client.instance.is_some() { LEFT_FOR_A_WHILE } else { -1 };
        let request = ConsumerGroupHeartbeatRequest { epoch, ..self.request(place) };
        if !is_lost {
            let _ = self.desk.heartbeat(&request);
        }
        self.restart(place);
    }

    fn want(&mut self, place: usize, wish: usize, assignor: Option<bool>) {
        let client = &mut self.clients[place];
        client.assignor = assignor.map(|is_range| if is_range { "range" } else { "uniform" }.to_owned());
        client.says_everything = true;
        (client.topics, client.pattern) = match wish {
            0 => (vec!["orders".to_owned()], None),
            1 => (TOPICS.map(str::to_owned).to_vec(), None),
            2 => (Vec::new(), Some("orders.*".to_owned())),
            _ => (vec!["payments".to_owned()], Some("orders-..".to_owned())),
        };
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Beat { client, adopts, is_lost } => self.beat(client, adopts, is_lost),
            Happening::Want { client, wish, assignor } => self.want(client, wish, assignor),
            Happening::Leave { client, for_a_while, is_lost } => self.leave(client, for_a_while, is_lost),
            Happening::Crash { client } => self.restart(client),
            Happening::Pass { ms } => self.desk.pass(Duration::from_millis(ms)),
            Happening::Topic { topic, partitions } => self.topic(topic, partitions),
            Happening::DeleteTopic { topic } => {
                if let Some((id, _)) = self.desk.topics.topic(TOPICS[topic]) {
                    self.desk.topics.remove(id);
                }
            }
            Happening::FailOver => self.desk.fail_over(),
            Happening::Stray { client, epoch } => {
                let known = self.clients[client].epoch;
                if epoch > known {
                    let request = ConsumerGroupHeartbeatRequest { epoch, ..self.request(client) };
                    assert!(self.desk.heartbeat(&request).is_err() || self.is_behind(client), "{epoch} was never given to it");
                }
            }
        }
        self.check();
    }

    /// Whether the coordinator has led the member on, and the answer was lost.
    fn is_behind(&self, place: usize) -> bool {
        let client = &self.clients[place];
        let member = self.desk.group.members().get(&Self::id(place, client));
        member.is_some_and(|member| member.current.epoch > client.epoch)
    }

    /// What a member reads is held for it, as long as the coordinator knows it.
    fn check(&self) {
        for (place, client) in self.clients.iter().enumerate() {
            let id = Self::id(place, client);
            if self.desk.group.members().contains_key(&id) {
                for partition in &client.owned {
                    assert_eq!(self.desk.group.holder(*partition), Some(&id), "{id} reads {partition}");
                }
            }
        }
    }

    /// Nothing more goes wrong: everybody comes back, says what it does, and does as it is told.
    fn settle(&mut self) {
        for _ in 0..40 {
            for place in 0..CLIENTS {
                self.beat(place, true, false);
                self.check();
            }
            self.desk.pass(Duration::from_secs(3));
        }
        let group = &self.desk.group;
        assert_eq!(group.state(), GroupState::Stable);
        assert_eq!(group.members().len(), CLIENTS);
        let mut read = BTreeSet::new();
        for (place, client) in self.clients.iter().enumerate() {
            let target: BTreeSet<_> = group.target(&Self::id(place, client)).iter().copied().collect();
            assert_eq!(client.owned, target, "everybody reads what is planned");
            read.extend(target);
        }
        let topics = self.desk.topics.all().filter(|(name, ..)| group.is_subscribed_to(name));
        let wanted: usize = topics.map(|(_, _, partitions)| partitions as usize).sum();
        assert_eq!(read.len(), wanted, "everything that somebody wants is read");
        let before = self.desk.log.len();
        for place in 0..CLIENTS {
            self.beat(place, true, false);
        }
        assert_eq!(self.desk.log.len(), before, "a group at rest writes nothing");
    }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn a_group_converges_and_no_partition_has_two_owners(happenings in prop::collection::vec(happenings(), 1..80)) {
        let mut world = World::new();
        for happening in happenings {
            world.happen(happening);
        }
        assert_eq!(world.desk.replayed(), world.desk.group);
        world.settle();
        assert_eq!(world.desk.replayed(), world.desk.group);
    }
}

#[test]
fn a_storm_of_two_hundred_members_converges() {
    let mut desk = GroupDesk::new();
    desk.topics.put("orders", TopicId(1), 400);
    let mut clients = vec![(0, Vec::new(), Vec::new()); 200];
    for round in 0..12 {
        for (place, (epoch, owned, told)) in clients.iter_mut().enumerate() {
            owned.clone_from(told);
            let answer = desk.heartbeat(&ConsumerGroupHeartbeatRequest {
                group: Arc::new("g1".to_owned()),
                member: MemberId::new(format!("c{place:03}")),
                epoch: *epoch,
                instance: None,
                rack: None,
                client: Arc::new("c".to_owned()),
                rebalance_timeout: Some(Duration::from_secs(300)),
                topics: Some(vec!["orders".to_owned()]),
                pattern: None,
                assignor: None,
                owned: Some(owned.clone()),
            });
            let answer = answer.expect("members that behave are not refused");
            *epoch = answer.epoch;
            *told = answer.assignment.unwrap_or_default();
        }
        desk.pass(Duration::from_secs(5));
        if desk.group.state() == GroupState::Stable {
            assert!(round <= 4, "a storm is over after {round} rounds of heartbeats");
            assert!(desk.group.members().values().all(|member| member.current.assigned.len() == 2));
            return;
        }
    }
    panic!("the group never comes to rest");
}
