//! A consumer and the application around it: it reads partitions of its own choice, or its share of topics as a member of a
//! group, and gives its application what it reads, poll by poll.
//!
//! | to understand | read |
//! |---|---|
//! | what waits for answers, and who hears of them | `answers` |
//! | finding a place to read from, and reading | `reading`, then `position`, `lookup`, `fetcher` beside this folder |
//! | what a poll does | `poll` |
//! | what an application does between polls | `processing` |
//! | what it writes of what it reads | `writing`, then `producer` beside this folder |
//! | what the group is told of progress, and tells | `commits`, `committed` |
//! | which broker that is | `coordinator` |
//! | being a member, classic | `classic`, then `membership/classic` |
//! | being a member, KIP-848 | `consumer_protocol`, then `membership/consumer_protocol` |
//! | taking and parting with partitions | `subscription`, `rebalance` |
//! | what the scenario can have it do | `commands` |
//!
//! Per broker one Fetch is in flight, naming every partition read there of which nothing waits to be polled.
//!
//! Invariant: in each partition the offsets given rise, and none is left out that the leader gave, until the position is set
//! anew or the partition is parted with.
//!
//! Source: Kafka's `KafkaConsumer`, `ClassicKafkaConsumer`, `AsyncKafkaConsumer`; KIP-74, KIP-207, KIP-320, KIP-848, KIP-951.
//!
//! Kafka differs: after a refusal a partition waits for `retry.backoff.ms` before it is fetched again; there it is asked
//! for as soon as its answer is read.
//!
//! A leader may send it to a follower in its own rack (KIP-392), which it leaves when that follower refuses, is lost, lacks
//! the offset, or `metadata.max.age.ms` has passed.
//!
//! Called by: the world. Not modelled: what isolation levels leave out, fetch sessions (KIP-227), interceptors.

mod answers;
mod classic;
mod commands;
mod commits;
mod committed;
mod consumer_protocol;
mod coordinator;
mod poll;
mod processing;
mod reading;
mod rebalance;
mod subscription;
mod writing;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::backoff::Backoff;
use super::connection::{Connections, Due};
use super::membership::{Group, GroupAsked, Member};
use super::metadata::{Metadata, MetadataSetup};
use super::position::Assigned;
pub use super::setup::{ConsumerSetup, StartFrom};
use crate::config::Switch;
use crate::context::{Command, ConsumerCommand, Context, Input, Machine, Message};
use crate::event::Purpose;
use crate::ids::{BrokerId, BrokerSet};
use crate::protocol::Response;
use crate::time::{Instant, Timers};
use answers::Asked;
use commits::Commits;
use processing::Application;
use subscription::Subscription;
use writing::Writer;

/// A consumer.
#[derive(Clone, Debug)]
pub struct Consumer {
    setup: Arc<ConsumerSetup>,
    backoff: Backoff,
    metadata: Metadata,
    connections: Connections<Asked>,
    timers: Timers<Due>,
    /// What it reads, by number: each time a partition is taken it gets another, so that late answers find nobody.
    assigned: BTreeMap<u32, Assigned>,
    next_number: u32,
    fetching: BrokerSet,
    first_to_fetch: u32,
    /// The partitions of which something waits to be polled, in turn.
    ready: VecDeque<u32>,
    subscription: Subscription,
    group: Option<Box<Group>>,
    commits: Commits,
    application: Application,
    /// What its application writes with.
    writer: Option<Box<Writer>>,
    commands: VecDeque<ConsumerCommand>,
    /// An answer of the group's round that came while the application was busy.
    held_answer: Option<(BrokerId, GroupAsked, Box<Response>)>,
}

impl Consumer {
    /// One that has not started yet.
    #[must_use]
    pub fn new(setup: Arc<ConsumerSetup>) -> Self {
        let config = &setup.config;
        let backoff = Backoff { initial: config.retry_backoff, max: config.retry_backoff_max };
        let mut metadata = Metadata::new(MetadataSetup {
            bootstrap: setup.bootstrap.clone(),
            topics: Vec::new(),
            max_age: config.metadata_max_age,
            backoff,
            may_create: config.allow_auto_create_topics,
            tells_topics_by_id: setup.variants.topic_ids == Switch::On,
        });
        let mut assigned = BTreeMap::new();
        let mut next_number = 0;
        for (topic, index) in &setup.assign {
            assigned.insert(next_number, Assigned::new(metadata.place_of(topic), *index, setup.from));
            next_number += 1;
        }
        let group = Group::of(config, &setup.name, backoff).map(Box::new);
        Self {
            backoff,
            metadata,
            connections: Connections::new(config.request_timeout, backoff),
            timers: Timers::default(),
            assigned,
            next_number,
            fetching: BrokerSet::EMPTY,
            first_to_fetch: 0,
            ready: VecDeque::new(),
            subscription: Subscription::Assigned,
            commits: Commits::default(),
            application: Application::new(&setup.application, group.is_some()),
            group,
            writer: Writer::of(&setup),
            commands: VecDeque::new(),
            held_answer: None,
            setup,
        }
    }

    /// The first turn: subscribes as it was set up to.
    fn begin(&mut self, cx: &mut Context<'_>) {
        self.await_auto_commit(cx);
        if !self.setup.subscribe.is_empty() {
            self.subscribe(self.setup.subscribe.clone(), cx);
        } else if let Some(pattern) = self.setup.pattern.clone() {
            self.subscribe_to_pattern(pattern, cx);
        }
    }

    /// Sends what is due: the group's business, look-ups, fetches, then the wish for metadata.
    fn send_due(&mut self, cx: &mut Context<'_>) {
        if cx.is_exiting() {
            return;
        }
        if self.group.is_some() {
            self.send_group(cx);
        }
        self.send_reads(cx);
        self.metadata.refresh_if_due(Asked::Metadata, &mut self.connections, &mut self.timers, cx);
    }

    fn send_group(&mut self, cx: &mut Context<'_>) {
        let is_needed = self.hopes_to_be_member() || self.commits.is_waiting() || self.wants_committed_offsets();
        if is_needed {
            self.find_coordinator(cx);
        }
        match self.group.as_ref().map(|group| &group.member) {
            Some(Member::Classic(_)) => self.beat_classic(cx),
            Some(Member::Consumer(_)) => self.beat_consumer_protocol(cx),
            None => {}
        }
        self.fetch_committed_offsets(cx);
        self.send_commits(cx);
    }
}

impl Machine for Consumer {
    fn step(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Started => self.begin(cx),
            Input::Message(message) if is_for_writer(&message) => self.tell_writer(Input::Message(message), cx),
            Input::Message(message) => self.handle_message(message, cx),
            Input::Deadline => {
                self.handle_deadlines(cx);
                self.tell_writer(Input::Deadline, cx);
            }
            Input::Command(Command::Consume(command)) => self.commands.push_back(command),
            Input::Command(Command::ShutDown) => self.commands.push_back(ConsumerCommand::Close),
            Input::Command(command) => unreachable!("the scenario reader gives consumers no such command as {command:?}"),
        }
        self.poll_while_idle(cx);
        while self.write(cx) {
            self.poll_while_idle(cx);
        }
        self.send_due(cx);
    }

    fn next_deadline(&self) -> Option<Instant> {
        let writers = self.writer.as_ref().and_then(|writer| writer.next_deadline());
        [self.timers.next_deadline(), writers].into_iter().flatten().min()
    }
}

/// Whether a message is for the producer of the application.
fn is_for_writer(message: &Message) -> bool {
    match message {
        Message::Response { purpose, .. } | Message::Disconnected { purpose, .. } => *purpose == Purpose::Producer,
        Message::Request { .. } => false,
    }
}
