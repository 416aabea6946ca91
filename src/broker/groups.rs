//! Groups: who coordinates one, and the coordinator of those whose partition of `__consumer_offsets` is led here.
//!
//! Invariant: the coordinator follows this broker's roles: it takes a partition over when the broker becomes its leader, in that
//! epoch, and lets go of it when it stops being that. What it appends reaches followers and waiting requests as any append.
//!
//! Source: Kafka's `KafkaApis.handleFindCoordinator`, `GroupCoordinatorService`. Called by: the router, `roles`, `release`.

use std::sync::Arc;

use super::Broker;
use crate::context::{Context, ReplyTo};
use crate::controller::image::{Change, MetadataImage};
use crate::coordinator::GroupCoordinator;
use crate::coordinator::desk::Desk;
use crate::coordinator::topics::TopicsView;
use crate::error::ErrorCode;
use crate::event::GroupId;
use crate::ids::{BrokerId, PartitionIndex, TopicId, TopicPartition};
use crate::protocol::{FindCoordinatorRequest, FindCoordinatorResponse, Request};
use crate::time::Instant;

pub use crate::event::OFFSETS_TOPIC;

/// What a broker has to do with groups.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    coordinator: GroupCoordinator,
    topics: TopicsView,
}

impl Groups {
    /// When something is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.coordinator.next_deadline()
    }
}

impl Broker {
    /// Says which brokers coordinate these groups.
    pub(super) fn handle_find_coordinator(&mut self, reply_to: ReplyTo, request: &FindCoordinatorRequest, cx: &mut Context<'_>) {
        let found = request.groups.iter().map(|group| (group.clone(), self.find_coordinator(group, cx))).collect();
        cx.reply(reply_to, FindCoordinatorResponse { coordinators: found }.into());
    }

    fn find_coordinator(&mut self, group: &GroupId, cx: &mut Context<'_>) -> Result<BrokerId, ErrorCode> {
        if group.is_empty() {
            return Err(ErrorCode::InvalidGroupId);
        }
        let Some((topic, partitions)) = offsets_topic(&self.image) else {
            self.make_topics([OFFSETS_TOPIC].into_iter(), cx);
            return Err(ErrorCode::CoordinatorNotAvailable);
        };
        let partition = TopicPartition::new(topic, GroupCoordinator::partition_for(group, partitions));
        let leader = self.image.partition(partition).and_then(|facts| facts.leader);
        leader.filter(|leader| self.image.alive().contains(*leader)).ok_or(ErrorCode::CoordinatorNotAvailable)
    }

    /// Hands a request to the coordinator.
    pub(super) fn handle_group_request(&mut self, reply_to: ReplyTo, request: &Request, cx: &mut Context<'_>) {
        self.coordinate(cx, |coordinator, desk| coordinator.handle(reply_to, request, desk));
    }

    /// What groups wait for may be due.
    pub(super) fn handle_group_deadline(&mut self, cx: &mut Context<'_>) {
        if self.groups.next_deadline().is_some_and(|at| at <= cx.mono()) {
            self.coordinate(cx, GroupCoordinator::handle_deadline);
        }
    }

    /// The high watermark of a partition moved.
    pub(super) fn settle_groups(&mut self, partition: TopicPartition, cx: &mut Context<'_>) {
        if is_offsets(&self.image, partition) {
            self.coordinate(cx, |coordinator, desk| coordinator.settle(partition, desk));
        }
    }

    /// The broker's role for a partition may be another now.
    pub(super) fn follow_group_role(&mut self, partition: TopicPartition, cx: &mut Context<'_>) {
        if !is_offsets(&self.image, partition) {
            return;
        }
        let replica = self.partitions.get(partition);
        let epoch = replica.filter(|replica| replica.is_leader()).and_then(crate::replica::Partition::epoch);
        self.coordinate(cx, |coordinator, desk| match epoch {
            Some(epoch) => coordinator.become_leader(partition, epoch, desk),
            None => coordinator.resign(partition, desk),
        });
    }

    /// Keeps the coordinator's picture of the topics there are.
    pub(super) fn follow_group_topics(&mut self, change: &Change, cx: &mut Context<'_>) {
        match change {
            Change::TopicCreated(id) => self.know_topic(*id),
            Change::PartitionCreated(partition, _) => self.know_topic(partition.topic),
            Change::TopicDeleted { topic, partitions } => {
                let name = self.groups.topics.name(*topic).map(str::to_owned);
                self.groups.topics.remove(*topic);
                if let Some(name) = name {
                    let gone: Vec<_> = (0..*partitions).map(|index| TopicPartition::new(*topic, PartitionIndex(index))).collect();
                    self.coordinate(cx, |coordinator, desk| coordinator.forget_topic(&name, &gone, desk));
                }
            }
            Change::BrokerRegistered(_)
            | Change::BrokerRegisteredUnclean(_)
            | Change::BrokerFenced(_)
            | Change::BrokerUnfenced(_)
            | Change::BrokerShuttingDown(_)
            | Change::PartitionChanged { .. }
            | Change::ConfigChanged(_)
            | Change::FeatureChanged(_)
            | Change::ReplicasOffline(_)
            | Change::ProducerIdsAllocated { .. }
            | Change::Nothing => {}
        }
    }

    fn know_topic(&mut self, id: TopicId) {
        let Some(topic) = self.image.topic(id) else { return };
        let partitions = u32::try_from(self.image.partitions_of(id).count()).unwrap_or(u32::MAX);
        let is_known = self.groups.topics.topic(&topic.name) == Some((id, partitions));
        if !is_known {
            let name = topic.name.clone();
            self.groups.topics.put(&name, id, partitions);
        }
    }

    /// Lets the coordinator work at this broker's desk, and makes known what it appended.
    fn coordinate(&mut self, cx: &mut Context<'_>, work: impl FnOnce(&mut GroupCoordinator, &mut Desk<'_, '_>)) {
        let setup = Arc::clone(&self.setup);
        let mut desk = Desk {
            partitions: &mut self.partitions,
            members: &self.members,
            topics: &self.groups.topics,
            config: &setup.config,
            variants: setup.variants,
            offsets_topic: offsets_topic(&self.image),
            cx,
            appended: Vec::new(),
        };
        work(&mut self.groups.coordinator, &mut desk);
        let appended = std::mem::take(&mut desk.appended);
        for (partition, appended) in appended {
            self.flush_rolled_soon(partition, cx);
            self.release_appended(partition, appended.told, cx);
            if let Some(moved) = appended.high_watermark {
                self.release_committed(partition, moved, cx);
            }
        }
    }
}

/// `__consumer_offsets` and how many partitions it has.
fn offsets_topic(image: &MetadataImage) -> Option<(TopicId, u32)> {
    let topic = image.topic_by_name(OFFSETS_TOPIC)?;
    let partitions = u32::try_from(image.partitions_of(topic.id).count()).ok()?;
    Some((topic.id, partitions)).filter(|(_, partitions)| *partitions > 0)
}

fn is_offsets(image: &MetadataImage, partition: TopicPartition) -> bool {
    image.topic_by_name(OFFSETS_TOPIC).is_some_and(|topic| topic.id == partition.topic)
}
