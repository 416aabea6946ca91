//! A broker: serves clients and followers, follows other leaders, and obeys the metadata log as far as it has read it.
//!
//! * [`router`]: which request goes where. One file per API: [`produce`], [`fetch`], [`list_offsets`],
//!   [`offset_for_leader_epoch`], [`metadata`], `delete_records`, `describe_configs`; [`forwarding`]
//!   passes on to the controller what only that can serve.
//! * [`groups`]: who coordinates which group, and the coordinator of those that are kept here.
//! * `auto_topics`: topics that are made because somebody asks for them.
//! * [`release`]: answers to requests that waited.
//! * `shutdown`: what is written at an end in order.
//! * [`lifecycle`]: registration and heartbeats. A broker leads and follows nothing before it is registered and has caught
//!   up with the metadata.
//! * `dynamic`: what may be set while it runs.
//! * `source`: where its metadata comes from, and how it is applied.
//! * [`roles`]: what a change of the metadata means for the replicas here.
//! * [`logs`]: opening, placing and failing the logs on the disks; the checkpoints beside them.
//! * [`replicator`]: one fetcher per leader followed.
//! * [`alter_partition`]: proposals for the ISR, on their way to the controller.
//! * `retention`, `cleaner`: what the logs here let go of, by the clock.
//! * [`upkeep`]: what happens by the clock: the ISR check, the high-watermark checkpoint.
//!
//! Invariant: what it believes is its own image of the metadata, which may lag; it refuses what it does not lead there, and
//! goes on with what it still leads there.
//!
//! Source: Kafka's `BrokerServer`, `KafkaApis`, `ReplicaManager`. Called by: `node`.
//!
//! Not modelled: several listeners, quotas, fetch sessions (KIP-227), request queues and threads.

pub mod alter_partition;
mod auto_topics;
mod cleaner;
mod delete_records;
mod describe_configs;
mod dynamic;
pub mod fetch;
pub mod forwarding;
pub mod groups;
pub mod lifecycle;
pub mod list_offsets;
pub mod logs;
pub mod metadata;
pub mod offset_for_leader_epoch;
pub mod produce;
mod refusal;
pub mod release;
pub mod replicator;
mod retention;
pub mod roles;
pub mod router;
mod shutdown;
mod source;
pub mod upkeep;

use std::sync::Arc;

use crate::config::{BrokerConfig, TopicConfig, Variants};
use crate::context::{Command, Context, Input, Machine, Message};
use crate::controller::image::MetadataImage;
use crate::event::Purpose;
use crate::ids::{BrokerId, CorrelationId, Offset, ProcessId};
use crate::protocol::Response;
use crate::raft::{Observer, ObserverSetup};
use crate::replica::{Membership, Partitions, Purgatory, ReplicaSetup, Rules};
use crate::time::Instant;

use alter_partition::AlterPartitions;
use auto_topics::AutoTopics;
use cleaner::Cleaner;
use forwarding::Forwarding;
use groups::Groups;
use lifecycle::Lifecycle;
use logs::Logs;
use replicator::Replicator;
use source::MetadataSource;
use upkeep::Upkeep;

/// What a broker is told before it starts.
#[derive(Clone, Debug)]
pub struct BrokerSetup {
    /// Who it is.
    pub me: BrokerId,
    /// The quorum's voters.
    pub controllers: Vec<ProcessId>,
    /// Its configuration.
    pub config: BrokerConfig,
    /// The defaults of its topics.
    pub topic_defaults: TopicConfig,
    /// The historical rules in force.
    pub variants: Variants,
    /// The replaceable rules of replication.
    pub rules: Rules,
}

/// One broker.
#[derive(Clone, Debug)]
pub struct Broker {
    /// As it was told before it started.
    file: Arc<BrokerSetup>,
    /// As it acts now: its file under what was set while it runs.
    setup: Arc<BrokerSetup>,
    replica_setup: Arc<ReplicaSetup>,
    metadata: MetadataSource,
    image: Arc<MetadataImage>,
    members: Membership,
    logs: Logs,
    partitions: Partitions,
    purgatory: Purgatory,
    lifecycle: Lifecycle,
    replicator: Replicator,
    alter_partitions: AlterPartitions,
    forwarding: Forwarding,
    upkeep: Upkeep,
    cleaner: Cleaner,
    groups: Groups,
    auto_topics: AutoTopics,
}

impl Broker {
    /// A broker that has not started yet; its disk is read in its first turn.
    #[must_use]
    pub fn new(setup: BrokerSetup) -> Self {
        let observer = ObserverSetup { me: setup.me, voters: setup.controllers.clone(), config: setup.config.clone() };
        Self::with_source(setup, MetadataSource::Fetched(Box::new(Observer::new(observer))))
    }

    /// The same beside a controller in one process, which hands it the metadata ([`Broker::take_metadata`]).
    #[must_use]
    pub fn combined(setup: BrokerSetup) -> Self {
        Self::with_source(setup, MetadataSource::HandedIn { end: Offset::ZERO, leader: None })
    }

    fn with_source(setup: BrokerSetup, metadata: MetadataSource) -> Self {
        let setup = Arc::new(setup);
        Self {
            file: Arc::clone(&setup),
            replica_setup: Arc::new(setup.of_replicas()),
            setup,
            metadata,
            image: Arc::default(),
            members: Membership::default(),
            logs: Logs::default(),
            partitions: Partitions::default(),
            purgatory: Purgatory::default(),
            lifecycle: Lifecycle::default(),
            replicator: Replicator::default(),
            alter_partitions: AlterPartitions::default(),
            forwarding: Forwarding::default(),
            upkeep: Upkeep::default(),
            cleaner: Cleaner::default(),
            groups: Groups::default(),
            auto_topics: AutoTopics::default(),
        }
    }

    /// Its replicas.
    #[must_use]
    pub fn partitions(&self) -> &Partitions {
        &self.partitions
    }

    fn handle_message(&mut self, message: Message, cx: &mut Context<'_>) {
        match message {
            Message::Request { from: _, reply_to, request } => self.route(reply_to, request, cx),
            Message::Response { from, purpose, correlation, response } => {
                self.handle_response(from, purpose, correlation, response, cx);
            }
            Message::Disconnected { from, purpose } => self.handle_disconnect(from, purpose, cx),
        }
    }

    fn handle_response(
        &mut self,
        from: ProcessId,
        purpose: Purpose,
        correlation: CorrelationId,
        response: Response,
        cx: &mut Context<'_>,
    ) {
        match purpose {
            Purpose::Fetcher => self.handle_replication_response(from, correlation, response, cx),
            Purpose::MetadataFetcher => {
                if let Some(observer) = self.metadata.observer() {
                    observer.handle_response(from, correlation, response, cx);
                }
                self.follow_metadata(cx);
            }
            Purpose::Heartbeat => self.handle_lifecycle_response(correlation, &response, cx),
            Purpose::ToController => self.handle_controller_response(correlation, response, cx),
            Purpose::Client | Purpose::Quorum | Purpose::Coordinator | Purpose::Producer => {
                panic!("a broker has no connection of this kind")
            }
        }
    }

    fn handle_disconnect(&mut self, from: ProcessId, purpose: Purpose, cx: &mut Context<'_>) {
        match purpose {
            Purpose::Fetcher => self.handle_fetcher_disconnect(from, cx),
            Purpose::MetadataFetcher => {
                if let Some(observer) = self.metadata.observer() {
                    observer.handle_disconnect(from, cx);
                }
            }
            Purpose::Heartbeat => self.handle_lifecycle_disconnect(cx),
            Purpose::ToController => self.handle_controller_disconnect(cx),
            Purpose::Client | Purpose::Quorum | Purpose::Coordinator | Purpose::Producer => {
                panic!("a broker has no connection of this kind")
            }
        }
    }

    /// Everything whose time has come. What is not due does nothing.
    fn handle_deadline(&mut self, cx: &mut Context<'_>) {
        let now = cx.mono();
        if self.metadata.next_deadline().is_some_and(|at| at <= now) {
            if let Some(observer) = self.metadata.observer() {
                observer.handle_deadline(cx);
            }
            self.follow_metadata(cx);
        }
        self.release_expired(cx);
        self.handle_lifecycle_deadline(cx);
        self.handle_replication_deadline(cx);
        self.handle_alter_partition_deadline(cx);
        self.handle_forwarding_deadline(cx);
        self.handle_upkeep_deadline(cx);
        self.handle_group_deadline(cx);
    }
}

impl Machine for Broker {
    fn step(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Started => self.start(cx),
            Input::Message(message) => self.handle_message(message, cx),
            Input::Deadline => self.handle_deadline(cx),
            Input::Command(Command::ShutDown) => self.begin_shutdown(cx),
            Input::Command(
                Command::Send(_)
                | Command::CreateTopics(_)
                | Command::DescribeTopic(_)
                | Command::Ask(_)
                | Command::Group(_)
                | Command::Consume(_),
            ) => {
                panic!("the scenario gives such commands to clients only")
            }
        }
        self.settle_disks(cx);
    }

    fn next_deadline(&self) -> Option<Instant> {
        let deadlines = [
            self.metadata.next_deadline(),
            self.purgatory.next_deadline(),
            self.lifecycle.next_deadline(),
            self.replicator.next_deadline(),
            self.alter_partitions.next_deadline(),
            self.forwarding.next_deadline(),
            self.upkeep.next_deadline(),
            self.groups.next_deadline(),
        ];
        deadlines.into_iter().flatten().min()
    }
}
