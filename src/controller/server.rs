//! The controller as a machine: which request goes where, and what waits until a decision is committed.
//!
//! Invariant: an answer or a fact leaves when everything it builds on is committed, facts before answers, and answers
//! before the observers hear of it; a fact is told once per cluster, not once per controller life (see `told`). The
//! image holds every record written, committed or not.
//!
//! Called by: [`crate::node`]. Source: Kafka's `QuorumController`, `ControllerApis`.
//!
//! Not modelled: a controller that is not the active one (a quorum has one voter, which always leads), and the time-outs
//! of requests that wait for a commit: a commit is a sync away.

use std::collections::VecDeque;
use std::sync::Arc;

use super::brokers::{BrokerState, decide_fencing, decide_heartbeat, decide_registration};
use super::facts::{facts_of, latest_facts_of};
use super::image::{Change, MetadataImage};
use super::partitions::decide_alter_partition;
use super::records::MetadataRecord;
use super::sessions::Sessions;
use super::told;
use super::topics::decide_create_topics;
use crate::choice::{ChoiceKind, Subject};
use crate::config::{BrokerConfig, TopicConfig, Variants};
use crate::context::{Context, Input, Machine, Message, ReplyTo};
use crate::error::{ErrorCode, Fault};
use crate::event::ControllerFact;
use crate::ids::{Offset, ProcessId};
use crate::protocol::{
    AlterPartitionRequest, AlterPartitionResponse, BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest,
    BrokerRegistrationResponse, CreateTopicsRequest, CreateTopicsResponse, CreatedTopic, Request, Response,
};
use crate::raft::{Commit, RaftNews, RaftNode, RaftSetup};
use crate::time::{Instant, Trail};

/// What a controller is told before it starts.
#[derive(Clone, Debug, PartialEq)]
pub struct ControllerSetup {
    /// Which one.
    pub me: ProcessId,
    /// The quorum's voters; `me` is one of them.
    pub voters: Vec<ProcessId>,
    /// Its configuration.
    pub config: BrokerConfig,
    /// What a topic's configuration is unless the topic says otherwise.
    pub topic_defaults: TopicConfig,
    /// The historical rules in force.
    pub variants: Variants,
}

/// A controller.
#[derive(Clone, Debug)]
pub struct Controller {
    setup: Arc<ControllerSetup>,
    raft: RaftNode,
    /// Everything written, committed or not.
    image: Arc<MetadataImage>,
    sessions: Sessions,
    /// In the order of their ends.
    waiting: VecDeque<Waiting>,
}

/// What a decision holds back until it is committed.
#[derive(Clone, Debug)]
struct Waiting {
    /// Everything below must be committed.
    end: Offset,
    trail: Trail,
    facts: Vec<ControllerFact>,
    answer: Option<(ReplyTo, Response)>,
}

impl Machine for Controller {
    fn step(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Started => self.start(cx),
            Input::Message(Message::Request { from, reply_to, request }) => self.handle(from, reply_to, request, cx),
            Input::Deadline => {
                self.raft.handle_deadline(cx);
                self.publish(cx);
                self.fence_silent_brokers(cx);
            }
            // A controller asks nobody and takes no commands.
            Input::Message(Message::Response { .. } | Message::Disconnected { .. }) | Input::Command(_) => {}
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        [self.raft.next_deadline(), self.sessions.next_deadline()].into_iter().flatten().min()
    }
}

impl Controller {
    /// A controller that has not started yet; its disk is read in its first turn.
    #[must_use]
    pub fn new(setup: Arc<ControllerSetup>) -> Self {
        let raft = RaftSetup { me: setup.me, voters: setup.voters.clone(), config: setup.config.clone(), variants: setup.variants };
        let sessions = Sessions::new(setup.config.broker_session_timeout);
        let image = Arc::new(MetadataImage::default());
        Self { setup, raft: RaftNode::new(raft), image, sessions, waiting: VecDeque::new() }
    }

    /// The metadata as written so far, committed or not.
    #[must_use]
    pub fn image(&self) -> &MetadataImage {
        &self.image
    }

    fn start(&mut self, cx: &mut Context<'_>) {
        if let Err(fault) = self.try_start(cx) {
            cx.halt(format!("the controller cannot start: {fault}"));
        }
    }

    /// Becomes active: rebuilds the image from the log and begins a session for every broker in it, since this
    /// controller does not know when they were heard from last.
    fn try_start(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        let told = told::read(cx)?;
        self.raft.start(cx);
        let Some(commit) = self.take_commit() else { return Ok(()) };
        let Some(recovered) = self.raft.read(Offset::ZERO, commit.end, cx) else { return Ok(()) };
        let image = Arc::make_mut(&mut self.image);
        let mut changes: Vec<Change> = Vec::new();
        for (offset, bytes) in recovered {
            let change = image.apply(offset, &MetadataRecord::decode(&bytes)?);
            if offset >= told {
                changes.push(change);
            }
        }
        for (broker, _) in self.image.brokers() {
            self.sessions.begin(broker, cx);
        }
        tell(latest_facts_of(&changes, &self.image), cx.trail(), cx);
        told::restart(self.raft.committed(), cx)
    }

    /// The newest commit among the news.
    fn take_commit(&mut self) -> Option<Commit> {
        let mut newest = None;
        while let Some(news) = self.raft.take_news() {
            if let RaftNews::Committed(commit) = news {
                newest = Some(commit);
            }
        }
        newest
    }

    /// The table of requests.
    fn handle(&mut self, from: ProcessId, reply_to: ReplyTo, request: Request, cx: &mut Context<'_>) {
        if !self.raft.is_leader() {
            return;
        }
        match request {
            Request::Fetch(_) => self.raft.handle_request(from, reply_to, request, cx),
            Request::BrokerRegistration(request) => self.handle_registration(reply_to, &request, cx),
            Request::BrokerHeartbeat(request) => self.handle_heartbeat(reply_to, &request, cx),
            Request::AlterPartition(request) => self.handle_alter_partition(reply_to, &request, cx),
            Request::CreateTopics(request) => self.handle_create_topics(reply_to, &request, cx),
            // Kafka's controllers do not speak these, and close the connection of who does.
            Request::Produce(_) | Request::ListOffsets(_) | Request::Metadata(_) | Request::OffsetForLeaderEpoch(_) => {}
            // TODO(walls)
            other => drop(other),
        }
    }

    fn handle_registration(&mut self, reply_to: ReplyTo, request: &BrokerRegistrationRequest, cx: &mut Context<'_>) {
        let place = (self.raft.next_offset(), cx.mono());
        match decide_registration(&self.image, &self.setup.topic_defaults, &self.sessions, request, place) {
            Err(code) => {
                let BrokerRegistrationRequest { broker, incarnation, .. } = *request;
                cx.emit(ControllerFact::RegistrationRefused { broker, incarnation, code });
                cx.reply(reply_to, BrokerRegistrationResponse { result: Err(code) }.into());
            }
            Ok((records, epoch)) => {
                self.sessions.begin(request.broker, cx);
                self.write(&records, Some((reply_to, BrokerRegistrationResponse { result: Ok(epoch) }.into())), cx);
            }
        }
    }

    fn handle_heartbeat(&mut self, reply_to: ReplyTo, request: &BrokerHeartbeatRequest, cx: &mut Context<'_>) {
        match decide_heartbeat(&self.image, &self.setup.topic_defaults, &self.sessions, request) {
            Err(code) => {
                let error = Some(code);
                let refusal = BrokerHeartbeatResponse { error, is_caught_up: false, is_fenced: true, should_shut_down: false };
                cx.reply(reply_to, refusal.into());
            }
            Ok((records, response, state)) => {
                self.sessions.touch(request.broker, request.current_metadata_offset, cx);
                self.write(&records, Some((reply_to, response.into())), cx);
                if state == BrokerState::ControlledShutdown {
                    self.sessions.await_others(request.broker, self.image.end(), !records.is_empty());
                }
            }
        }
    }

    fn handle_alter_partition(&mut self, reply_to: ReplyTo, request: &AlterPartitionRequest, cx: &mut Context<'_>) {
        let leader = request.broker;
        match decide_alter_partition(&self.image, &self.setup.topic_defaults, request) {
            Err(code) => {
                for item in &request.partitions {
                    cx.emit(ControllerFact::AlterPartitionRefused { partition: item.partition, leader, code });
                }
                cx.reply(reply_to, AlterPartitionResponse { error: Some(code), partitions: Vec::new() }.into());
            }
            Ok((records, partitions)) => {
                for (partition, code) in partitions.iter().filter_map(|item| Some((item.partition, item.result.err()?))) {
                    cx.emit(ControllerFact::AlterPartitionRefused { partition, leader, code });
                }
                self.write(&records, Some((reply_to, AlterPartitionResponse { error: None, partitions }.into())), cx);
            }
        }
    }

    fn handle_create_topics(&mut self, reply_to: ReplyTo, request: &CreateTopicsRequest, cx: &mut Context<'_>) {
        let me = Subject::of(cx.process());
        let mut luck = |topic: crate::ids::TopicId, odds| cx.choose(ChoiceKind::Placement, me.about(u64::from(topic.0)), odds);
        let decided = decide_create_topics(&self.image, &self.setup.topic_defaults, request, &mut luck);
        let (records, topics) = decided.unwrap_or_else(|code| (Vec::new(), all_refused(request, code)));
        for code in topics.iter().filter_map(|topic| topic.result.err()) {
            cx.emit(ControllerFact::AdminRefused { code });
        }
        self.write(&records, Some((reply_to, CreateTopicsResponse { topics }.into())), cx);
    }

    fn fence_silent_brokers(&mut self, cx: &mut Context<'_>) {
        while let Some(broker) = self.sessions.pop_expired(cx) {
            let records = decide_fencing(&self.image, &self.setup.topic_defaults, broker);
            self.write(&records, None, cx);
        }
    }

    /// Writes a decision's records to the log and to the image, and holds its facts and its answer back. A decision
    /// without records waits for the earlier ones it was built on, if they are not committed yet.
    fn write(&mut self, records: &[MetadataRecord], answer: Option<(ReplyTo, Response)>, cx: &mut Context<'_>) {
        let mut facts = Vec::new();
        if !records.is_empty() {
            let image = Arc::make_mut(&mut self.image);
            let offsets = (self.raft.next_offset().0..).map(Offset);
            let changes: Vec<Change> = offsets.zip(records).map(|(offset, record)| image.apply(offset, record)).collect();
            facts = facts_of(&changes, image);
            self.raft.append(records.iter().map(MetadataRecord::encode), cx);
        }
        let end = self.raft.next_offset();
        match answer {
            Some((reply_to, response)) if end <= self.raft.committed() => cx.reply(reply_to, response),
            None if facts.is_empty() => {}
            answer => self.waiting.push_back(Waiting { end, trail: cx.trail(), facts, answer }),
        }
    }

    /// After a commit: tells the facts, remembers that they were told, answers, and lets the observers know.
    fn publish(&mut self, cx: &mut Context<'_>) {
        let Some(commit) = self.take_commit() else { return };
        let mut answers = Vec::new();
        while let Some(done) = self.waiting.pop_front_if(|waiting| waiting.end <= commit.end) {
            tell(done.facts, done.trail, cx);
            answers.extend(done.answer);
        }
        if let Err(fault) = told::write(commit.end, cx) {
            cx.halt(format!("the controller's disk failed: {fault}"));
        }
        for (reply_to, response) in answers {
            cx.reply_released(reply_to, response, commit.step);
        }
        self.raft.release_fetches(commit.step, cx);
    }
}

fn all_refused(request: &CreateTopicsRequest, code: ErrorCode) -> Vec<CreatedTopic> {
    request.topics.iter().map(|topic| CreatedTopic { name: topic.name.clone(), result: Err(code) }).collect()
}

/// Tells the facts of one decision. What happened to a broker or a topic is the cause of what happened to partitions, and
/// the change of a partition the cause of its election.
fn tell(facts: Vec<ControllerFact>, trail: Trail, cx: &mut Context<'_>) {
    let (mut root, mut change) = (trail.cause, trail.cause);
    for fact in facts {
        let is_root = !matches!(fact, ControllerFact::PartitionChanged { .. } | ControllerFact::LeaderElected { .. });
        let is_election = matches!(fact, ControllerFact::LeaderElected { .. });
        let cause = match (is_root, is_election) {
            (true, _) => trail.cause,
            (false, true) => change,
            (false, false) => root,
        };
        cx.resume(Trail { cause, origin: trail.origin });
        change = cx.emit(fact);
        if is_root {
            root = change;
        }
    }
    cx.resume(trail);
}
