//! A consumer of assigned partitions: finds where to begin, reads by long polls from each leader, keeps its positions with
//! their epochs, and gives its application what it reads.
//!
//! Per broker one Fetch is in flight, naming every partition read there; an answer is given to the application at once.
//!
//! Invariant: in each partition the offsets given rise, and none is left out that the leader gave.
//!
//! Source: Kafka's `KafkaConsumer`, `Fetcher`, `OffsetFetcher`; KIP-74, KIP-207, KIP-320, KIP-951.
//!
//! Kafka differs: after a refusal a partition waits for `retry.backoff.ms` before it is fetched again; there it is asked
//! for as soon as its answer is read.
//!
//! A leader may send it to a follower in its own rack (KIP-392), which it leaves when that follower refuses, is lost, lacks
//! the offset, or `metadata.max.age.ms` has passed.
//!
//! Called by: the world. Not modelled: groups, commits, isolation levels, fetch sessions (KIP-227).

use std::sync::Arc;

use super::application::ApplicationSetup;
use super::backoff::{Backoff, Reason};
use super::connection::{Connections, Due, broker};
use super::fetcher::{self, Wanted};
use super::lookup::{self, LookedUp, Question};
use super::metadata::{Metadata, MetadataSetup};
use super::position::{Assigned, Stance};
use super::sender::is_stale_metadata;
use crate::config::{ConsumerConfig, Variants};
use crate::context::{Context, Input, Machine, Message};
use crate::error::ErrorCode;
use crate::event::Purpose;
use crate::ids::{BrokerId, BrokerSet, CorrelationId, Offset, PartitionIndex, ProcessId};
use crate::protocol::{EndOffset, FetchResponse, FetchedPartition, LeaderIdAndEpoch, ListedOffset, Response};
use crate::time::{Instant, Timers, Timestamp};

/// What it is told before it starts.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerSetup {
    /// Which client.
    pub process: ProcessId,
    /// Its name in the scenario.
    pub name: String,
    /// The brokers it may ask first.
    pub bootstrap: Vec<BrokerId>,
    /// Its configuration.
    pub config: ConsumerConfig,
    /// What it reads.
    pub assign: Vec<(String, PartitionIndex)>,
    /// Where it begins.
    pub from: StartFrom,
    /// The topics it subscribes to at its start, as a member of the group `group.id`.
    pub subscribe: Vec<String>,
    /// The pattern of topics it subscribes to at its start.
    pub pattern: Option<String>,
    /// What its application does.
    pub application: ApplicationSetup,
    /// The historical rules in force.
    pub variants: Variants,
}

/// Where a consumer begins to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartFrom {
    /// At the log start.
    Beginning,
    /// At the end.
    End,
    /// At this offset.
    Offset(Offset),
    /// At the first record that is not older.
    Timestamp(Timestamp),
}

/// What a request in flight was for.
#[derive(Clone, Debug)]
enum Asked {
    Metadata,
    Fetch(Vec<Wanted>),
    LookUp(Vec<LookedUp>),
}

/// A consumer with assigned partitions.
#[derive(Clone, Debug)]
pub struct Consumer {
    setup: Arc<ConsumerSetup>,
    backoff: Backoff,
    metadata: Metadata,
    connections: Connections<Asked>,
    timers: Timers<Due>,
    assigned: Vec<Assigned>,
    fetching: BrokerSet,
    first_to_fetch: usize,
}

impl Consumer {
    /// One that has not started yet.
    #[must_use]
    pub fn new(setup: Arc<ConsumerSetup>) -> Self {
        let config = &setup.config;
        let backoff = Backoff { initial: config.retry_backoff, max: config.retry_backoff_max };
        let mut topics: Vec<String> = Vec::new();
        let mut assigned = Vec::new();
        for (name, index) in &setup.assign {
            let place = topics.iter().position(|topic| topic == name).unwrap_or_else(|| {
                topics.push(name.clone());
                topics.len() - 1
            });
            assigned.push(Assigned::new(place, *index));
        }
        let bootstrap = setup.bootstrap.clone();
        Self {
            backoff,
            metadata: Metadata::new(MetadataSetup { bootstrap, topics, max_age: config.metadata_max_age, backoff }),
            connections: Connections::new(config.request_timeout, backoff),
            timers: Timers::default(),
            assigned,
            fetching: BrokerSet::EMPTY,
            first_to_fetch: 0,
            setup,
        }
    }

    fn handle_message(&mut self, message: Message, cx: &mut Context<'_>) {
        match message {
            Message::Response { from, correlation, response, .. } => self.handle_response(broker(from), correlation, response, cx),
            Message::Disconnected { from, .. } => self.handle_lost(broker(from), cx),
            Message::Request { from, .. } => unreachable!("{from} sent a request to a consumer"),
        }
    }

    fn handle_response(&mut self, from: BrokerId, correlation: CorrelationId, response: Response, cx: &mut Context<'_>) {
        let Some(asked) = self.connections.answered(from, correlation, &mut self.timers, cx) else { return };
        match (asked, response) {
            (Asked::Metadata, Response::Metadata(response)) => {
                self.metadata.apply(from, &response, cx);
                self.follow_metadata(cx);
            }
            (Asked::Fetch(wanted), Response::Fetch(response)) => {
                self.fetching = self.fetching.without(from);
                self.apply_fetched(&wanted, &response, cx);
            }
            (Asked::LookUp(items), Response::ListOffsets(response)) => {
                for (place, item) in items.iter().enumerate() {
                    self.apply_listed(*item, response.partitions.get(place), cx);
                }
            }
            (Asked::LookUp(items), Response::OffsetForLeaderEpoch(response)) => {
                for (place, item) in items.iter().enumerate() {
                    self.apply_end_offset(*item, response.partitions.get(place), cx);
                }
            }
            (asked, response) => unreachable!("{from} answered {asked:?} with API {}", response.api() as u8),
        }
    }

    /// The connection to a broker is gone, or was closed because an answer was overdue.
    fn handle_lost(&mut self, broker: BrokerId, cx: &mut Context<'_>) {
        self.metadata.request_update();
        for asked in self.connections.lost(broker, &mut self.timers, cx) {
            match asked {
                Asked::Metadata => self.metadata.lost(cx),
                Asked::Fetch(wanted) => {
                    self.fetching = self.fetching.without(broker);
                    for wanted in wanted {
                        self.assigned_at(wanted.place).preferred.take_if(|(replica, _)| *replica == broker);
                    }
                }
                Asked::LookUp(items) => {
                    for item in items {
                        self.assigned_at(item.place).is_asking = false;
                    }
                }
            }
        }
    }

    fn handle_deadlines(&mut self, cx: &mut Context<'_>) {
        while let Some((due, trail)) = self.timers.pop_due(cx.mono()) {
            cx.resume(trail);
            match due {
                Due::Request(broker) => {
                    cx.close(ProcessId::Broker(broker), Purpose::Client);
                    self.handle_lost(broker, cx);
                }
                Due::Reconnect(broker) => self.connections.reconnect(broker),
                Due::Partition(number) => {
                    let place = usize::try_from(number).expect("a place fits the machine's word");
                    self.assigned_at(place).retry_at = None;
                }
                // Metadata is asked for at the end of the turn; the others are no deadlines of a consumer's.
                Due::Metadata | Due::Delivery | Due::Blocked | Due::Retry => {}
            }
        }
    }

    /// Topics may have become known, leaders may have changed.
    fn follow_metadata(&mut self, cx: &mut Context<'_>) {
        for assigned in &mut self.assigned {
            if let Some(topic) = self.metadata.topic(assigned.topic) {
                assigned.become_known(topic, self.setup.from, cx);
            }
            assigned.follow_leader(self.metadata.leader(assigned.topic, assigned.index));
        }
    }

    /// Sends what is due: look-ups first, then fetches to every broker without one, then the wish for metadata.
    fn send_due(&mut self, cx: &mut Context<'_>) {
        while let Some((broker, items)) = self.next_look_up() {
            let request = lookup::request(&items);
            let asked: Vec<_> = items.into_iter().map(|(item, _)| item).collect();
            for item in &asked {
                self.assigned_at(item.place).is_asking = true;
            }
            self.connections.send(broker, request, Asked::LookUp(asked), &mut self.timers, cx);
        }
        while let Some(broker) = self.next_to_fetch_from(cx.mono()) {
            self.fetch_from(broker, cx);
        }
        self.metadata.refresh_if_due(Asked::Metadata, &mut self.connections, &mut self.timers, cx);
    }

    /// A leader and the partitions about which it can be asked the same kind of question now.
    fn next_look_up(&mut self) -> Option<(BrokerId, Vec<(LookedUp, LeaderIdAndEpoch)>)> {
        let mut items: Vec<(LookedUp, LeaderIdAndEpoch)> = Vec::new();
        for (place, assigned) in self.assigned.iter().enumerate() {
            let (Some(question), Some(partition)) = (Question::of(assigned), assigned.partition) else { continue };
            if assigned.is_asking || assigned.retry_at.is_some() {
                continue;
            }
            let Some(known) = self.metadata.leader(assigned.topic, assigned.index) else {
                self.metadata.request_update();
                continue;
            };
            let fits =
                items.first().is_none_or(|(first, leader)| leader.leader == known.leader && first.question.is_like(question));
            if fits && self.connections.is_available(known.leader) {
                items.push((LookedUp { place, partition, question }, known));
            }
        }
        items.first().map(|(_, known)| known.leader).map(|broker| (broker, items))
    }

    /// Where a partition is to be read, without a fetch in flight.
    fn next_to_fetch_from(&mut self, now: Instant) -> Option<BrokerId> {
        for assigned in &self.assigned {
            if !matches!(assigned.stance, Stance::Fetching(_)) {
                continue;
            }
            let Some(known) = assigned.source(now).filter(|_| self.metadata.leader(assigned.topic, assigned.index).is_some())
            else {
                self.metadata.request_update();
                continue;
            };
            let is_free = !self.fetching.contains(known.leader) && self.connections.is_available(known.leader);
            if is_free && assigned.retry_at.is_none() {
                return Some(known.leader);
            }
        }
        None
    }

    /// Asks a leader for all that is read there. The partition after the one that gave something last comes first, so that
    /// `fetch.max.bytes` starves none.
    fn fetch_from(&mut self, broker: BrokerId, cx: &mut Context<'_>) {
        let (wanted, request) = fetcher::request(&self.assigned, self.first_to_fetch, broker, &self.setup.config, cx.mono());
        self.fetching = self.fetching.with(broker);
        self.connections.send(broker, request.into(), Asked::Fetch(wanted), &mut self.timers, cx);
    }

    fn apply_fetched(&mut self, wanted: &[Wanted], response: &FetchResponse, cx: &mut Context<'_>) {
        for (place, wanted) in wanted.iter().enumerate() {
            if let Some(code) = response.error {
                self.handle_refusal(wanted.place, code, None, cx);
                continue;
            }
            let fetched = response.partitions.get(place).filter(|fetched| fetched.partition == wanted.partition);
            match fetched {
                Some(fetched) => self.apply_fetched_partition(*wanted, fetched, cx),
                None => self.handle_refusal(wanted.place, ErrorCode::UnknownServerError, None, cx),
            }
        }
    }

    fn apply_fetched_partition(&mut self, wanted: Wanted, fetched: &FetchedPartition, cx: &mut Context<'_>) {
        let (config, after) = (&self.setup.config, (wanted.place + 1) % self.assigned.len().max(1));
        let assigned = self.assigned.get_mut(wanted.place).expect("assignments do not change");
        match assigned.stance {
            Stance::Fetching(position) if position.offset == wanted.from => {}
            // The position changed while the answer was on its way: it answers nothing any more.
            Stance::Fetching(_) | Stance::Validating(_) | Stance::Resetting { .. } | Stance::Unassigned | Stance::Stopped => return,
        }
        match fetched.error {
            // A follower may not have come so far: the leader knows.
            Some(ErrorCode::OffsetOutOfRange) if assigned.preferred.take().is_some() => {}
            Some(ErrorCode::OffsetOutOfRange) => assigned.become_out_of_range(wanted.from, config.auto_offset_reset, cx),
            Some(code) => self.handle_refusal(wanted.place, code, fetched.current_leader, cx),
            None => {
                assigned.refusals = 0;
                if let Some(replica) = fetched.preferred_read_replica {
                    assigned.preferred = Some((replica, cx.mono().plus(config.metadata_max_age)));
                }
                if !fetched.batches.is_empty() {
                    self.first_to_fetch = after;
                }
                if fetcher::deliver(assigned, wanted.from, fetched, config, cx).is_err() {
                    self.handle_refusal(wanted.place, ErrorCode::CorruptMessage, None, cx);
                }
            }
        }
    }

    fn apply_listed(&mut self, item: LookedUp, listed: Option<&ListedOffset>, cx: &mut Context<'_>) {
        self.assigned_at(item.place).is_asking = false;
        let Question::Begin(spec, why) = item.question else { unreachable!("ListOffsets is not asked about ends") };
        let Some(listed) = listed.filter(|listed| listed.partition == item.partition) else {
            self.handle_refusal(item.place, ErrorCode::UnknownServerError, None, cx);
            return;
        };
        if let Some(code) = listed.error {
            self.handle_refusal(item.place, code, None, cx);
            return;
        }
        if let Some(epoch) = listed.leader_epoch {
            self.metadata.saw_epoch(item.partition, epoch);
        }
        let assigned = self.assigned.get_mut(item.place).expect("assignments do not change");
        let leader = self.metadata.leader(assigned.topic, assigned.index);
        if lookup::apply_listed(assigned, (spec, why), listed, leader, cx) {
            assigned.refusals = 0;
        } else {
            self.handle_refusal(item.place, ErrorCode::UnknownServerError, None, cx);
        }
    }

    fn apply_end_offset(&mut self, item: LookedUp, end: Option<&EndOffset>, cx: &mut Context<'_>) {
        self.assigned_at(item.place).is_asking = false;
        let Question::EndOf(asked) = item.question else { unreachable!("OffsetForLeaderEpoch is asked about ends only") };
        let Some(end) = end.filter(|end| end.partition == item.partition) else {
            self.handle_refusal(item.place, ErrorCode::UnknownServerError, None, cx);
            return;
        };
        if let Some(code) = end.error {
            self.handle_refusal(item.place, code, None, cx);
            return;
        }
        let policy = self.setup.config.auto_offset_reset;
        let assigned = self.assigned_at(item.place);
        assigned.refusals = 0;
        assigned.apply_end_offset(asked, end, policy, cx);
    }

    /// A leader refused a partition: it is asked for again after a while, perhaps elsewhere, or given up.
    fn handle_refusal(&mut self, place: usize, code: ErrorCode, leader: Option<LeaderIdAndEpoch>, cx: &mut Context<'_>) {
        if is_stale_metadata(code) || code == ErrorCode::OffsetNotAvailable {
            self.metadata.request_update();
        }
        let backoff = self.backoff;
        if code != ErrorCode::UnknownLeaderEpoch {
            self.assigned_at(place).preferred = None;
        }
        let assigned = self.assigned.get_mut(place).expect("assignments do not change");
        if !code.is_retriable() && code != ErrorCode::UnknownServerError {
            let offset = assigned.offset();
            assigned.become_stopped(offset, code, cx);
            return;
        }
        if code == ErrorCode::CorruptMessage {
            assigned.report(code, cx);
        }
        assigned.refusals = assigned.refusals.saturating_add(1);
        let number = u32::try_from(place).expect("a consumer has fewer than 2^32 partitions");
        let retry_at = cx.mono().plus(backoff.after(assigned.refusals, Reason::Partition(number), cx));
        assigned.retry_at = Some(retry_at);
        self.timers.set(Due::Partition(number), retry_at, cx.trail());
        let told = assigned.partition.zip(leader);
        if let Some((_, leader)) = told.filter(|(partition, leader)| self.metadata.advance_leader(*partition, *leader)) {
            assigned.follow_leader(Some(leader));
        }
    }

    fn assigned_at(&mut self, place: usize) -> &mut Assigned {
        self.assigned.get_mut(place).expect("assignments do not change")
    }
}

impl Machine for Consumer {
    fn step(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Started => {}
            Input::Message(message) => self.handle_message(message, cx),
            Input::Deadline => self.handle_deadlines(cx),
            Input::Command(command) => unreachable!("the scenario reader gives consumers no commands, such as {command:?}"),
        }
        self.send_due(cx);
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.timers.next_deadline()
    }
}
