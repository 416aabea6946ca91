//! A coordinator of one group of the consumer protocol, with nothing around it: records are applied at once, deadlines kept,
//! and after each decision it is asserted that nobody owns what another owns, that epochs rise, and that replay agrees.

use std::collections::{BTreeMap, BTreeSet};

use tribunal::config::{BrokerConfig, Profile};
use tribunal::coordinator::group::consumer::{
    ClassicHandover, ConsumerGroup, ConsumerRecord, Decision, Environment, LEFT_FOR_A_WHILE, TimerOrder,
};
use tribunal::coordinator::topics::TopicsView;
use tribunal::error::ErrorCode;
use tribunal::event::{GroupFact, GroupId, MemberId};
use tribunal::protocol::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse};
use tribunal::time::{Duration, Instant};

/// What a deadline is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    Session,
    Rebalance,
    Join,
    Sync,
}

/// The coordinator.
pub struct GroupDesk {
    pub group: ConsumerGroup,
    pub topics: TopicsView,
    pub config: BrokerConfig,
    pub now: Instant,
    /// What happened since it was last taken.
    pub told: Vec<GroupFact>,
    /// What the group became when its last member of the consumer protocol went.
    pub downgraded: Option<ClassicHandover>,
    pub log: Vec<ConsumerRecord>,
    timers: BTreeMap<(Due, MemberId), Instant>,
    epochs: BTreeMap<MemberId, i32>,
}

impl GroupDesk {
    pub fn new() -> Self {
        Self {
            group: ConsumerGroup::new(GroupId::new("g1".to_owned())),
            topics: TopicsView::default(),
            config: BrokerConfig::of(Profile::Kafka),
            now: Instant::ZERO,
            told: Vec::new(),
            downgraded: None,
            log: Vec::new(),
            timers: BTreeMap::new(),
            epochs: BTreeMap::new(),
        }
    }

    pub fn heartbeat(&mut self, request: &ConsumerGroupHeartbeatRequest) -> Result<ConsumerGroupHeartbeatResponse, ErrorCode> {
        let decision = self.group.heartbeat(request, self.environment())?;
        let answer = self.take(decision);
        if let Some(owned) = &request.owned {
            self.group.note_said(&request.member, owned);
        }
        Ok(answer)
    }

    pub fn environment(&self) -> Environment<'_> {
        Environment { topics: &self.topics, config: &self.config }
    }

    /// Writes a decision down.
    pub fn take<A>(&mut self, decision: Decision<A>) -> A {
        for record in &decision.records {
            self.group.apply(record);
        }
        if let Some(version) = decision.metadata_seen {
            self.group.note_metadata_seen(version);
        }
        self.log.extend(decision.records);
        self.told.extend(decision.facts);
        for order in decision.timers {
            self.order(order);
        }
        if decision.downgrade.is_some() {
            self.timers.clear();
            self.downgraded = decision.downgrade;
        }
        self.check();
        decision.answer
    }

    fn order(&mut self, order: TimerOrder) {
        match order {
            TimerOrder::Session(member, within) => self.set(Due::Session, member, within),
            TimerOrder::Rebalance(member, within) => self.set(Due::Rebalance, member, within),
            TimerOrder::NoRebalance(member) => self.drop(Due::Rebalance, member),
            TimerOrder::Join(member, within) => {
                if !self.timers.contains_key(&(Due::Join, member.clone())) {
                    self.set(Due::Join, member, within);
                }
            }
            TimerOrder::NoJoin(member) => self.drop(Due::Join, member),
            TimerOrder::Sync(member, within) => self.set(Due::Sync, member, within),
            TimerOrder::NoSync(member) => self.drop(Due::Sync, member),
            TimerOrder::None(member) => self.timers.retain(|(_, of), _| *of != member),
        }
    }

    fn set(&mut self, due: Due, member: MemberId, within: Duration) {
        self.timers.insert((due, member), self.now.plus(within));
    }

    fn drop(&mut self, due: Due, member: MemberId) {
        self.timers.remove(&(due, member));
    }

    /// Time passes; what falls due in it is done in order.
    pub fn pass(&mut self, span: Duration) {
        let end = self.now.plus(span);
        while let Some((key, at)) = self.timers.iter().min_by_key(|(_, at)| **at).map(|(key, at)| (key.clone(), *at)) {
            if at > end {
                break;
            }
            self.now = at;
            self.timers.remove(&key);
            let (due, member) = key;
            let decision = match due {
                Due::Session => self.group.session_due(&member, self.environment()),
                Due::Rebalance => self.group.rebalance_due(&member, self.environment()),
                Due::Join | Due::Sync => self.group.classic_due(&member, self.environment()),
            };
            if let Some(decision) = decision {
                self.take(decision);
            }
        }
        self.now = end;
    }

    fn check(&mut self) {
        let mut held = BTreeSet::new();
        for (id, member) in self.group.members() {
            for partition in member.current.held() {
                assert!(held.insert(partition), "{partition} is held by two members");
                assert_eq!(self.group.holder(partition), Some(id), "{partition} is booked for its holder");
            }
            let epoch = member.current.epoch;
            if epoch != LEFT_FOR_A_WHILE {
                let before = self.epochs.insert(id.clone(), epoch).unwrap_or(0);
                assert!(before <= epoch, "{id} went from epoch {before} back to {epoch}");
                assert!(epoch <= self.group.target_epoch(), "{id} is ahead of its target");
            }
        }
        self.epochs.retain(|id, _| self.group.members().contains_key(id));
        assert!(self.group.target_epoch() <= self.group.epoch(), "no plan is ahead of its group");
        let wanted = self.group.members().keys().map(|member| self.group.target(member).len()).sum::<usize>();
        let distinct: BTreeSet<_> = self.group.members().keys().flat_map(|member| self.group.target(member)).collect();
        assert_eq!(wanted, distinct.len(), "a plan gives each partition once");
    }

    /// Another coordinator takes over, and reads the log from the start.
    pub fn fail_over(&mut self) {
        self.group = self.replayed();
        self.timers.clear();
        for order in self.group.deadlines_when_loaded(self.environment()) {
            self.order(order);
        }
    }

    /// The group that a coordinator would know which reads the log from the start.
    pub fn replayed(&self) -> ConsumerGroup {
        let mut group = ConsumerGroup::new(self.group.id.clone());
        self.log.iter().for_each(|record| group.apply(record));
        group
    }
}
