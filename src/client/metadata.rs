//! What a client knows of the cluster: its brokers, and for each partition of its topics the leader with its epoch.
//!
//! Asked for at the start, after an error that says the picture is old, and when it is older than `metadata.max.age.ms`;
//! from the least loaded broker known. When no known broker is worth asking, the client begins again with the
//! bootstrap brokers (KIP-899).
//!
//! Invariant: within the life of one topic id the leader epoch known for a partition never falls (KIP-320): an answer from
//! a broker that lags behind changes nothing.
//!
//! Source: Kafka's `Metadata` and `NetworkClient.DefaultMetadataUpdater`; KIP-320, KIP-516, KIP-899, KIP-951.
//!
//! Called by: producer, consumer and admin, after every input.
//!
//! Not modelled: topics forgotten when idle (`metadata.max.idle.ms`), a poll that fails because of an illegal name.

use super::backoff::{Backoff, Reason};
use super::connection::{Connections, Due};
use crate::choice::{ChoiceKind, Odds, Subject};
use crate::context::Context;
use crate::error::ErrorCode;
use crate::event::ClientFact;
use crate::ids::{BrokerId, BrokerSet, LeaderEpoch, PartitionIndex, TopicId, TopicPartition};
use crate::protocol::{LeaderIdAndEpoch, MetadataPartition, MetadataRequest, MetadataResponse, MetadataTopic};
use crate::time::{Duration, Instant, Timers};

/// What a client wants to know, and how patient it is.
#[derive(Clone, Debug)]
pub(super) struct MetadataSetup {
    /// The brokers to ask first.
    pub(super) bootstrap: Vec<BrokerId>,
    /// The topics it cares about.
    pub(super) topics: Vec<String>,
    /// After this long it asks again (`metadata.max.age.ms`).
    pub(super) max_age: Duration,
    /// How long it waits between two attempts.
    pub(super) backoff: Backoff,
    /// Whether a topic it asks for may be made.
    pub(super) may_create: bool,
    /// Whether it tells a topic from a later one of the same name (KIP-516). If not, the epochs of the first hide the second's
    /// until those have grown as large.
    pub(super) tells_topics_by_id: bool,
}

/// A partition as known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct KnownPartition {
    leader: Option<BrokerId>,
    epoch: Option<LeaderEpoch>,
}

/// A topic as known: without an id nothing was heard of it yet.
#[derive(Clone, Debug)]
struct KnownTopic {
    name: String,
    id: Option<TopicId>,
    partitions: Vec<KnownPartition>,
    /// The last answer did not know it any more.
    is_gone: bool,
    /// No topic can be called so.
    is_illegal: bool,
}

/// A client's picture of the cluster.
#[derive(Clone, Debug)]
pub(super) struct Metadata {
    bootstrap: BrokerSet,
    brokers: BrokerSet,
    topics: Vec<KnownTopic>,
    max_age: Duration,
    backoff: Backoff,
    may_create: bool,
    tells_topics_by_id: bool,
    wants_all: bool,
    version: u32,
    wants_update: bool,
    is_asking: bool,
    /// Updates in a row that failed or told nothing new.
    fruitless: u32,
    next_allowed: Instant,
    refreshed: Option<Instant>,
}

impl Metadata {
    /// Nothing but the bootstrap brokers.
    pub(super) fn new(setup: MetadataSetup) -> Self {
        let bootstrap = setup.bootstrap.into_iter().collect();
        Self {
            bootstrap,
            brokers: bootstrap,
            topics: setup.topics.into_iter().map(KnownTopic::unknown).collect(),
            max_age: setup.max_age,
            backoff: setup.backoff,
            may_create: setup.may_create,
            tells_topics_by_id: setup.tells_topics_by_id,
            wants_all: false,
            version: 0,
            wants_update: true,
            is_asking: false,
            fruitless: 0,
            next_allowed: Instant::ZERO,
            refreshed: None,
        }
    }

    /// The place of a topic among those asked for, which it joins if it is not there yet.
    pub(super) fn place_of(&mut self, name: &str) -> usize {
        if let Some(place) = self.topics.iter().position(|topic| topic.name == name) {
            return place;
        }
        self.topics.push(KnownTopic::unknown(name.to_owned()));
        self.wants_update = true;
        self.fruitless = 0;
        self.topics.len() - 1
    }

    /// Asks for every topic there is from now on, or for the named ones only.
    pub(super) fn want_all(&mut self, wants_all: bool) {
        self.wants_update |= wants_all && !self.wants_all;
        self.wants_all = wants_all;
    }

    /// How many answers were taken in so far.
    pub(super) fn version(&self) -> u32 {
        self.version
    }

    /// Whether an update is wanted or on its way.
    pub(super) fn is_waiting(&self) -> bool {
        self.wants_update || self.is_asking
    }

    /// The topics that are there, each with the number of its partitions.
    pub(super) fn existing(&self) -> impl Iterator<Item = (&str, usize)> {
        let existing = self.topics.iter().filter(|topic| topic.id.is_some() && !topic.is_gone);
        existing.map(|topic| (topic.name.as_str(), topic.partitions.len()))
    }

    /// The name of the topic at this place among those asked for.
    pub(super) fn name(&self, place: usize) -> Option<&str> {
        self.topics.get(place).map(|topic| topic.name.as_str())
    }

    /// The name of the topic with this id, if it was heard of.
    pub(super) fn name_of(&self, id: TopicId) -> Option<&str> {
        self.topics.iter().find(|topic| topic.id == Some(id)).map(|topic| topic.name.as_str())
    }

    /// The id of a topic by its name, if it was heard of.
    pub(super) fn id_of(&self, name: &str) -> Option<TopicId> {
        self.topics.iter().find(|topic| topic.name == name)?.id
    }

    /// The picture is known or suspected to be old.
    pub(super) fn request_update(&mut self) {
        self.wants_update = true;
    }

    /// Asks for metadata if it is wanted or too old, allowed, and there is somebody to ask; else sets the deadline at which
    /// to look again.
    pub(super) fn refresh_if_due<W>(
        &mut self,
        what: W,
        connections: &mut Connections<W>,
        timers: &mut Timers<Due>,
        cx: &mut Context<'_>,
    ) {
        if self.is_asking {
            return;
        }
        let now = cx.mono();
        let too_old = self.refreshed.map_or(Instant::ZERO, |refreshed| refreshed.plus(self.max_age));
        let due = if self.wants_update { self.next_allowed } else { too_old.max(self.next_allowed) };
        if now < due {
            if timers.due(&Due::Metadata) != Some(due) {
                timers.set(Due::Metadata, due, cx.trail());
            }
            return;
        }
        timers.cancel(Due::Metadata);
        let broker = self.somebody(connections, cx);
        // Who asks for all names none: a topic that is gone is not to be made again.
        let named = self.topics.iter().filter(|_| !self.wants_all);
        let topics = named.map(|topic| topic.name.clone()).collect();
        self.is_asking = true;
        let request = MetadataRequest { topics, all: self.wants_all, may_create: self.may_create && !self.wants_all };
        connections.send(broker, request.into(), what, timers, cx);
    }

    /// The broker to send what any broker can answer to: the least loaded one, luck decides among equals. When none is
    /// worth asking the client forgets the cluster and begins again with the bootstrap brokers (KIP-899).
    pub(super) fn somebody<W>(&mut self, connections: &Connections<W>, cx: &mut Context<'_>) -> BrokerId {
        let mut candidates = connections.least_loaded(self.brokers);
        if candidates.is_empty() {
            self.rebootstrap();
            candidates = connections.least_loaded(self.bootstrap);
        }
        if candidates.is_empty() {
            candidates = self.bootstrap.iter().collect();
        }
        let place = cx.choose(ChoiceKind::Bootstrap, Subject::of(cx.process()), Odds::one_of(candidates.len()));
        let chosen = usize::try_from(place).ok().and_then(|place| candidates.get(place));
        *chosen.expect("a client has at least one bootstrap broker, and a choice is within its odds")
    }

    /// Forgets who leads; the epochs stay known, so that older news stays refused.
    ///
    /// Kafka differs: the number of partitions stays known too, so sends go on being partitioned and queued.
    fn rebootstrap(&mut self) {
        self.brokers = self.bootstrap;
        self.wants_update = true;
        for partition in self.topics.iter_mut().flat_map(|topic| &mut topic.partitions) {
            partition.leader = None;
        }
    }

    /// The request for metadata was lost.
    pub(super) fn lost(&mut self, cx: &mut Context<'_>) {
        self.is_asking = false;
        self.wants_update = true;
        self.hold_back(cx);
    }

    /// Takes in an answer.
    pub(super) fn apply(&mut self, from: BrokerId, response: &MetadataResponse, cx: &mut Context<'_>) {
        self.is_asking = false;
        if response.brokers.is_empty() {
            // The broker itself knows of nobody yet: its answer would make the client forget all.
            self.wants_update = true;
            self.hold_back(cx);
            return;
        }
        self.brokers = response.brokers;
        self.wants_update = false;
        self.refreshed = Some(cx.mono());
        self.version = self.version.wrapping_add(1);
        let is_listed = |name: &str| response.topics.iter().any(|told| told.name == name && told.error.is_none());
        if self.wants_all {
            self.topics.iter_mut().for_each(|topic| topic.is_gone = !is_listed(&topic.name));
        }
        let mut is_news = false;
        let mut known = 0;
        for told in &response.topics {
            let place = self.topics.iter().position(|topic| topic.name == told.name);
            if place.is_none() && self.wants_all {
                self.topics.push(KnownTopic::unknown(told.name.clone()));
            }
            let Some(topic) = self.topics.iter_mut().find(|topic| topic.name == told.name) else { continue };
            is_news |= topic.apply(told, self.tells_topics_by_id);
            known += u32::from(told.error.is_none());
            let is_partial = told.error.is_some() || told.partitions.iter().any(|partition| partition.error.is_some());
            self.wants_update |= is_partial && !topic.is_illegal;
        }
        // Topics that were named since the question was asked.
        let is_told = |name: &str| response.topics.iter().any(|told| told.name == name);
        let is_untold = |topic: &KnownTopic| topic.id.is_none() && !is_told(&topic.name);
        self.wants_update |= !self.wants_all && self.topics.iter().any(is_untold);
        if is_news {
            self.fruitless = 0;
        }
        self.hold_back(cx);
        cx.emit(ClientFact::MetadataRefreshed { from, topics: known });
    }

    fn hold_back(&mut self, cx: &mut Context<'_>) {
        self.fruitless = self.fruitless.saturating_add(1);
        self.next_allowed = cx.mono().plus(self.backoff.after(self.fruitless, Reason::Metadata, cx));
    }

    /// Takes in what a refusal said about the leader (KIP-951). Returns whether it was news.
    pub(super) fn advance_leader(&mut self, partition: TopicPartition, told: LeaderIdAndEpoch) -> bool {
        let Some(topic) = self.topics.iter_mut().find(|topic| topic.id == Some(partition.topic)) else { return false };
        let Some(known) = usize::try_from(partition.partition.0).ok().and_then(|place| topic.partitions.get_mut(place)) else {
            return false;
        };
        let is_news = known.epoch.is_none_or(|epoch| told.epoch > epoch);
        if is_news {
            *known = KnownPartition { leader: Some(told.leader), epoch: Some(told.epoch) };
        }
        is_news
    }

    /// A record or an offset told of a newer epoch than the one known: the picture is old.
    pub(super) fn saw_epoch(&mut self, partition: TopicPartition, epoch: LeaderEpoch) {
        let known = self.topics.iter().find(|topic| topic.id == Some(partition.topic));
        let known = known.and_then(|topic| topic.partition(partition.partition)).and_then(|known| known.epoch);
        if known.is_none_or(|known| known < epoch) {
            self.wants_update = true;
        }
    }

    /// Whether the cluster ever answered.
    pub(super) fn is_known(&self) -> bool {
        self.refreshed.is_some()
    }

    /// The id of the topic at this place among those asked for; `None` before it is known.
    pub(super) fn topic(&self, place: usize) -> Option<TopicId> {
        self.topics.get(place)?.id
    }

    /// Whether a broker said that no topic can be called as the one at this place is.
    pub(super) fn is_illegal(&self, place: usize) -> bool {
        self.topics.get(place).is_some_and(|topic| topic.is_illegal)
    }

    /// How many partitions that topic has; 0 before it is known.
    pub(super) fn partition_count(&self, place: usize) -> usize {
        self.topics.get(place).map_or(0, |topic| topic.partitions.len())
    }

    /// Who leads a partition of that topic, and since which epoch.
    pub(super) fn leader(&self, place: usize, partition: PartitionIndex) -> Option<LeaderIdAndEpoch> {
        let known = self.topics.get(place)?.partition(partition)?;
        Some(LeaderIdAndEpoch { leader: known.leader?, epoch: known.epoch? })
    }
}

impl KnownTopic {
    fn unknown(name: String) -> Self {
        Self { name, id: None, partitions: Vec::new(), is_gone: false, is_illegal: false }
    }

    fn partition(&self, partition: PartitionIndex) -> Option<&KnownPartition> {
        self.partitions.get(usize::try_from(partition.0).ok()?)
    }

    /// Takes in what was told about the topic. Returns whether it was news.
    fn apply(&mut self, told: &MetadataTopic, tells_by_id: bool) -> bool {
        self.is_gone = told.error == Some(ErrorCode::UnknownTopicOrPartition);
        self.is_illegal = told.error == Some(ErrorCode::InvalidTopicException);
        if told.error.is_some() {
            return false;
        }
        let is_another = self.id != Some(told.id);
        if is_another {
            self.id = Some(told.id);
            if tells_by_id {
                // Another topic of the same name (KIP-516): its epochs begin anew.
                self.partitions.clear();
            }
        }
        let mut is_news = is_another;
        if told.partitions.len() > self.partitions.len() {
            self.partitions.resize_with(told.partitions.len(), KnownPartition::default);
            is_news = true;
        }
        for told in &told.partitions {
            let place = usize::try_from(told.partition.0).ok();
            if let Some(known) = place.and_then(|place| self.partitions.get_mut(place)) {
                is_news |= known.advance(told);
            }
        }
        is_news
    }
}

impl KnownPartition {
    /// Takes in what was told, unless it is older than what is known. Returns whether it was news.
    fn advance(&mut self, told: &MetadataPartition) -> bool {
        if self.epoch.is_some_and(|known| told.leader_epoch < known) {
            return false;
        }
        let leader = if told.error == Some(ErrorCode::LeaderNotAvailable) { None } else { told.leader };
        let now = Self { leader, epoch: Some(told.leader_epoch) };
        let is_news = *self != now;
        *self = now;
        assert!(self.epoch.is_some(), "what was told of a partition has an epoch");
        is_news
    }
}
