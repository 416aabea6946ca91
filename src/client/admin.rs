//! An admin: changes and describes a running cluster, one command after the other.
//!
//! A command is sent to any broker (which forwards it to the controller, KIP-590), a DeleteRecords to the leaders, an order about
//! a group to its coordinator, a question about a broker's configuration to that broker. It is tried again until it succeeds, is
//! refused for good, or `default.api.timeout.ms` has passed since it was given.
//!
//! Invariant: every command is answered by exactly one AdminAnswered, in the order the commands were given. After a lost
//! answer a second attempt may be told TOPIC_ALREADY_EXISTS by its own first one; that is what the application hears.
//!
//! Source: Kafka's `KafkaAdminClient`. Called by: the world.

use std::collections::VecDeque;
use std::sync::Arc;

use super::backoff::{Backoff, Reason};
use super::connection::{Connections, Due, broker};
use super::deletion::{Deletion, Told};
use super::group_order::{Ordered, Step};
use super::metadata::{Metadata, MetadataSetup};
use crate::context::{Command, Context, Input, Machine, Message};
use crate::error::ErrorCode;
use crate::event::{ApiKey, ClientFact, Purpose};
use crate::ids::{BrokerId, CorrelationId, ProcessId};
use crate::protocol::{
    ConfigResource, CreateTopicsRequest, CreateTopicsResponse, DeleteRecordsResponse, MetadataRequest, MetadataResponse, Request,
    Response,
};
use crate::time::{Duration, Instant, Timers, Trail};

/// What it is told before it starts.
#[derive(Clone, Debug, PartialEq)]
pub struct AdminSetup {
    /// Which client.
    pub process: ProcessId,
    /// Its name in the scenario.
    pub name: String,
    /// The brokers it may ask first.
    pub bootstrap: Vec<BrokerId>,
    /// How long one request may wait for its answer.
    pub request_timeout: Duration,
    /// How long it waits before it tries again.
    pub retry_backoff: Duration,
    /// How long it keeps trying (`default.api.timeout.ms`).
    pub api_timeout: Duration,
}

/// What an application wants.
#[derive(Clone, Debug)]
enum Wish {
    Create(CreateTopicsRequest),
    Describe(String),
    Ask(Request),
    Delete(Deletion),
    Group(Ordered),
}

impl Wish {
    fn api(&self) -> ApiKey {
        match self {
            Self::Create(_) => ApiKey::CreateTopics,
            Self::Describe(_) => ApiKey::Metadata,
            Self::Ask(request) => request.api(),
            Self::Delete(_) => ApiKey::DeleteRecords,
            Self::Group(ordered) => ordered.api(),
        }
    }

    /// What to send next, and to whom, if not to anybody.
    fn request(&self) -> (Option<BrokerId>, Request) {
        match self {
            Self::Create(request) => (None, request.clone().into()),
            Self::Describe(topic) => (None, MetadataRequest { topics: vec![topic.clone()], ..MetadataRequest::default() }.into()),
            Self::Ask(Request::DescribeConfigs(request)) => {
                let whom = match request.resource {
                    ConfigResource::Broker(broker) => Some(broker),
                    ConfigResource::Topic(_) | ConfigResource::Cluster => None,
                };
                (whom, request.clone().into())
            }
            Self::Ask(request) => (None, request.clone()),
            Self::Delete(deletion) => deletion.next(),
            Self::Group(ordered) => ordered.next(),
        }
    }
}

/// A command that is not answered yet.
#[derive(Clone, Debug)]
struct Pending {
    wish: Wish,
    given_up_at: Instant,
    trail: Trail,
    attempts: u32,
    /// What some of its topics were refused with for good.
    refused: Option<ErrorCode>,
    /// What the last attempt was refused with.
    last_refusal: Option<ErrorCode>,
}

/// What a request in flight was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Metadata,
    /// The command with this number: the one at work, or an earlier one that was given up meanwhile.
    Command(u32),
}

/// An admin.
#[derive(Clone, Debug)]
pub struct Admin {
    setup: Arc<AdminSetup>,
    backoff: Backoff,
    metadata: Metadata,
    connections: Connections<Asked>,
    timers: Timers<Due>,
    commands: VecDeque<Pending>,
    /// The number of the command at work, counted from 0.
    at_work: u32,
    is_asking: bool,
}

impl Admin {
    /// One that has not started yet.
    #[must_use]
    pub fn new(setup: Arc<AdminSetup>) -> Self {
        // Kafka's `retry.backoff.max.ms` is ten times `retry.backoff.ms` by default, in both profiles.
        let backoff = Backoff { initial: setup.retry_backoff, max: Duration(setup.retry_backoff.0.saturating_mul(10)) };
        let metadata = MetadataSetup {
            bootstrap: setup.bootstrap.clone(),
            topics: Vec::new(),
            max_age: Duration::MAX,
            backoff,
            may_create: false,
            tells_topics_by_id: true,
        };
        Self {
            backoff,
            metadata: Metadata::new(metadata),
            connections: Connections::new(setup.request_timeout, backoff),
            timers: Timers::default(),
            commands: VecDeque::new(),
            at_work: 0,
            is_asking: false,
            setup,
        }
    }

    fn take(&mut self, wish: Wish, cx: &Context<'_>) {
        let given_up_at = cx.mono().plus(self.setup.api_timeout);
        self.commands.push_back(Pending { wish, given_up_at, trail: cx.trail(), attempts: 0, refused: None, last_refusal: None });
        self.watch_first();
    }

    /// Sends the command at work unless it is asked already, backs off, or the cluster is not known yet.
    fn send_due(&mut self, cx: &mut Context<'_>) {
        let may_ask = !self.is_asking && self.timers.due(&Due::Retry).is_none() && self.metadata.is_known();
        if let Some(first) = self.commands.front_mut().filter(|_| may_ask) {
            first.attempts += 1;
            let (whom, request) = first.wish.request();
            cx.resume(first.trail);
            self.is_asking = true;
            let broker = whom.unwrap_or_else(|| self.metadata.somebody(&self.connections, cx));
            self.connections.send(broker, request, Asked::Command(self.at_work), &mut self.timers, cx);
        }
        self.metadata.refresh_if_due(Asked::Metadata, &mut self.connections, &mut self.timers, cx);
    }

    fn handle_response(&mut self, from: BrokerId, correlation: CorrelationId, response: Response, cx: &mut Context<'_>) {
        let asked = self.connections.answered(from, correlation, &mut self.timers, cx);
        match (asked, response) {
            (None, _) => {}
            (Some(Asked::Metadata), Response::Metadata(response)) => self.metadata.apply(from, &response, cx),
            (Some(Asked::Command(number)), response) => {
                if number != self.at_work || !self.is_asking {
                    return;
                }
                self.is_asking = false;
                if let Some(Wish::Group(ordered)) = self.commands.front_mut().map(|first| &mut first.wish) {
                    let step = ordered.apply(&response);
                    return self.go_on_with_group(step, cx);
                }
                match response {
                    Response::CreateTopics(response) => self.apply_created(response, cx),
                    Response::Metadata(response) => self.apply_metadata(&response, cx),
                    Response::DeleteRecords(response) => self.apply_deleted(&response, cx),
                    other => self.apply_answer(other.facts().error, cx),
                }
            }
            (Some(Asked::Metadata), other) => unreachable!("{from} answered Metadata with API {}", other.api() as u8),
        }
    }

    /// Topics that were refused for now are asked for again, the others are done.
    ///
    /// Kafka differs: INVALID_REPLICATION_FACTOR is final there. Here a scenario's admin creates its topics while the
    /// brokers are still joining, so the command is tried again until it has no more time.
    fn apply_created(&mut self, response: CreateTopicsResponse, cx: &mut Context<'_>) {
        let Some(Pending { wish: Wish::Create(request), refused, last_refusal, .. }) = self.commands.front_mut() else {
            unreachable!("CreateTopics answers a command to create topics")
        };
        *last_refusal = None;
        for created in response.topics {
            match created.result {
                Ok(_) => request.topics.retain(|topic| topic.name != created.name),
                Err(code) if code.is_retriable() || code == ErrorCode::InvalidReplicationFactor => *last_refusal = Some(code),
                Err(code) => {
                    *refused = refused.or(Some(code));
                    request.topics.retain(|topic| topic.name != created.name);
                }
            }
        }
        let refused = *refused;
        if last_refusal.is_some() {
            self.try_later(cx);
        } else {
            self.answer(refused, cx);
        }
    }

    fn apply_metadata(&mut self, response: &MetadataResponse, cx: &mut Context<'_>) {
        match self.commands.front_mut().map(|first| &mut first.wish) {
            Some(Wish::Delete(deletion)) => {
                let told = deletion.apply_leaders(response);
                self.go_on_deleting(told, cx);
            }
            Some(Wish::Create(_) | Wish::Describe(_) | Wish::Ask(_) | Wish::Group(_)) | None => {
                self.answer(response.topics.iter().find_map(|topic| topic.error), cx);
            }
        }
    }

    fn apply_deleted(&mut self, response: &DeleteRecordsResponse, cx: &mut Context<'_>) {
        let Some(Wish::Delete(deletion)) = self.commands.front_mut().map(|first| &mut first.wish) else {
            unreachable!("DeleteRecords answers a command to delete records")
        };
        let told = deletion.apply_deleted(response);
        self.go_on_deleting(told, cx);
    }

    fn go_on_with_group(&mut self, step: Step, cx: &mut Context<'_>) {
        match step {
            Step::GoOn => {}
            Step::Done(code) => self.answer(code, cx),
            Step::Later(code) => {
                if let Some(first) = self.commands.front_mut() {
                    first.last_refusal = Some(code);
                }
                self.try_later(cx);
            }
        }
    }

    fn go_on_deleting(&mut self, told: Told, cx: &mut Context<'_>) {
        let Some(Pending { wish: Wish::Delete(deletion), refused, last_refusal, .. }) = self.commands.front_mut() else { return };
        *refused = refused.or(told.fatal);
        *last_refusal = told.retriable;
        let (refused, has_leaders, is_done) = (*refused, deletion.has_leaders(), deletion.is_done());
        if is_done {
            self.answer(refused, cx);
        } else if !has_leaders {
            self.try_later(cx);
        }
    }

    /// A refusal that may pass is tried again, as long as there is time; any other is the answer. So is that there is no such
    /// topic: the controller says so, whose metadata is not stale (Kafka's `KafkaAdminClient` hands it to the caller).
    fn apply_answer(&mut self, error: Option<ErrorCode>, cx: &mut Context<'_>) {
        match error.filter(|code| code.is_retriable() && *code != ErrorCode::UnknownTopicOrPartition) {
            None => self.answer(error, cx),
            Some(code) => {
                if let Some(first) = self.commands.front_mut() {
                    first.last_refusal = Some(code);
                }
                self.try_later(cx);
            }
        }
    }

    fn try_later(&mut self, cx: &mut Context<'_>) {
        let attempts = self.commands.front().map_or(0, |first| first.attempts);
        match self.commands.front_mut().map(|first| &mut first.wish) {
            Some(Wish::Delete(deletion)) => deletion.forget_leaders(),
            Some(Wish::Group(ordered)) => ordered.forget(),
            Some(Wish::Create(_) | Wish::Describe(_) | Wish::Ask(_)) | None => {}
        }
        let at = cx.mono().plus(self.backoff.after(attempts, Reason::Command, cx));
        self.timers.set(Due::Retry, at, cx.trail());
    }

    /// The one place where a command is answered.
    fn answer(&mut self, code: Option<ErrorCode>, cx: &mut Context<'_>) {
        let first = self.commands.pop_front().expect("only the command at work is answered");
        let api = first.wish.api();
        self.at_work += 1;
        self.is_asking = false;
        self.timers.cancel(Due::Retry);
        self.watch_first();
        cx.emit(ClientFact::AdminAnswered { api, code });
    }

    fn watch_first(&mut self) {
        match self.commands.front() {
            None => self.timers.cancel(Due::Blocked),
            Some(first) => self.timers.set(Due::Blocked, first.given_up_at, first.trail),
        }
    }

    fn handle_lost(&mut self, broker: BrokerId, cx: &mut Context<'_>) {
        self.metadata.request_update();
        for asked in self.connections.lost(broker, &mut self.timers, cx) {
            match asked {
                Asked::Metadata => self.metadata.lost(cx),
                Asked::Command(number) if number == self.at_work && self.is_asking => {
                    self.is_asking = false;
                    self.try_later(cx);
                }
                Asked::Command(_) => {}
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
                Due::Blocked => {
                    let last = self.commands.front().and_then(|first| first.last_refusal);
                    self.answer(last.or(Some(ErrorCode::RequestTimedOut)), cx);
                }
                // What is due is sent at the end of the turn; the others are no deadlines of an admin's.
                Due::Retry | Due::Metadata | Due::Partition(_) | Due::Delivery | Due::Group(_) | Due::Application(_) => {}
            }
        }
    }
}

impl Machine for Admin {
    fn step(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Started => {}
            Input::Message(Message::Response { from, correlation, response, .. }) => {
                self.handle_response(broker(from), correlation, response, cx);
            }
            Input::Message(Message::Disconnected { from, .. }) => self.handle_lost(broker(from), cx),
            Input::Message(Message::Request { from, .. }) => unreachable!("{from} sent a request to an admin"),
            Input::Deadline => self.handle_deadlines(cx),
            Input::Command(Command::CreateTopics(request)) => self.take(Wish::Create(request), cx),
            Input::Command(Command::DescribeTopic(topic)) => self.take(Wish::Describe(topic), cx),
            Input::Command(Command::Ask(Request::DeleteRecords(request))) => self.take(Wish::Delete(Deletion::new(request)), cx),
            Input::Command(Command::Group(order)) => self.take(Wish::Group(Ordered::new(order)), cx),
            Input::Command(Command::Ask(request)) => self.take(Wish::Ask(request), cx),
            Input::Command(Command::Send(_) | Command::Consume(_) | Command::ShutDown) => {
                unreachable!("the scenario reader gives records to producers")
            }
        }
        self.send_due(cx);
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.timers.next_deadline()
    }
}
