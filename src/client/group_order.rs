//! An admin's order about a group: whom to ask what, step by step.
//!
//! A group is the affair of its coordinator, which is looked up first (FindCoordinator) and again when it says that it is not the
//! one. A reset of offsets looks up where they are to go as well (Metadata, ListOffsets of the leaders), keeps within the log,
//! and commits as one that is no member (generation -1), which a coordinator takes only while the group has no members. A list
//! asks every broker.
//!
//! Source: Kafka's `CoordinatorStrategy`, `DescribeConsumerGroupsHandler` (which asks by KIP-848 first), `AlterConsumerGroupOffsets`,
//! and what `kafka-consumer-groups --reset-offsets` does with them. Called by: admin.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::context::{GroupOrder, SeekTo};
use crate::error::ErrorCode;
use crate::event::{ApiKey, GroupId};
use crate::ids::{BrokerId, LeaderEpoch, Offset, TopicPartition};
use crate::protocol::{
    ConsumerGroupDescribeRequest, DeleteGroupsRequest, DescribeGroupsRequest, FindCoordinatorRequest, ListGroupsRequest,
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, MetadataRequest, MetadataResponse, NamedPartition,
    OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest, OffsetSpec, OffsetToCommit, Request, Response,
};

/// An order and how far it has come.
#[derive(Clone, Debug)]
pub(super) struct Ordered {
    order: GroupOrder,
    coordinator: Option<BrokerId>,
    /// The group does not speak the consumer protocol.
    is_classic: bool,
    /// The partitions it is about, once they are known.
    partitions: Option<Vec<Known>>,
    /// The look-ups that are still to be made.
    look_ups: VecDeque<LookUp>,
    /// The brokers that are still to be asked for their groups, once they are known.
    brokers: Option<VecDeque<BrokerId>>,
}

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The next question can be asked.
    GoOn,
    /// The same is to be asked again, later.
    Later(ErrorCode),
    /// That was the last.
    Done(Option<ErrorCode>),
}

/// A partition and what is known of it.
#[derive(Clone, Debug)]
struct Known {
    named: NamedPartition,
    partition: TopicPartition,
    leader: BrokerId,
    epoch: LeaderEpoch,
    /// What was found so far, by what it was looked for.
    found: Vec<(OffsetSpec, Option<Offset>)>,
}

/// Partitions that one leader is asked about.
#[derive(Clone, Debug)]
struct LookUp {
    leader: BrokerId,
    spec: OffsetSpec,
    partitions: Vec<TopicPartition>,
}

impl Ordered {
    pub(super) fn new(order: GroupOrder) -> Self {
        let partitions = None;
        Self { order, coordinator: None, is_classic: false, partitions, look_ups: VecDeque::new(), brokers: None }
    }

    /// Which API its answer is counted for.
    pub(super) fn api(&self) -> ApiKey {
        match &self.order {
            GroupOrder::List => ApiKey::ListGroups,
            GroupOrder::Describe(_) => ApiKey::DescribeGroups,
            GroupOrder::FetchOffsets(_) => ApiKey::OffsetFetch,
            GroupOrder::ListOffsets(..) => ApiKey::ListOffsets,
            GroupOrder::Delete(_) => ApiKey::DeleteGroups,
            GroupOrder::DeleteOffsets(..) => ApiKey::OffsetDelete,
            GroupOrder::Reset { .. } => ApiKey::OffsetCommit,
        }
    }

    /// The next question, and whom to ask it, if not anybody.
    pub(super) fn next(&self) -> (Option<BrokerId>, Request) {
        if self.order.topic().is_some() && self.partitions.is_none() {
            let topics = self.order.topic().map(str::to_owned).into_iter().collect();
            return (None, MetadataRequest { topics, ..MetadataRequest::default() }.into());
        }
        if let Some(look_up) = self.look_ups.front() {
            return (Some(look_up.leader), self.list_offsets(look_up).into());
        }
        let Some(group) = self.order.group() else {
            return match self.brokers.as_ref().and_then(VecDeque::front) {
                Some(broker) => (Some(*broker), ListGroupsRequest.into()),
                None => (None, MetadataRequest::default().into()),
            };
        };
        let request = match self.coordinator {
            Some(_) => self.last(group),
            None => FindCoordinatorRequest { groups: vec![group.clone()] }.into(),
        };
        (self.coordinator, request)
    }

    /// Takes in an answer.
    pub(super) fn apply(&mut self, response: &Response) -> Step {
        match response {
            Response::Metadata(response) => self.apply_metadata(response),
            Response::ListOffsets(response) => self.apply_listed(response),
            Response::FindCoordinator(response) => match response.coordinators.first().map(|(_, result)| *result) {
                Some(Ok(broker)) => {
                    self.coordinator = Some(broker);
                    Step::GoOn
                }
                Some(Err(code)) => Self::refused(code),
                None => Step::Later(ErrorCode::CoordinatorNotAvailable),
            },
            Response::ConsumerGroupDescribe(response) => {
                match response.groups.first().and_then(|(_, result)| result.as_ref().err()) {
                    Some(ErrorCode::GroupIdNotFound) => {
                        self.is_classic = true;
                        Step::GoOn
                    }
                    code => self.end(code.copied()),
                }
            }
            Response::ListGroups(response) => match response.error {
                None => {
                    let rest = self.brokers.as_mut();
                    let is_last = rest.is_none_or(|rest| rest.pop_front().is_none() || rest.is_empty());
                    if is_last { Step::Done(None) } else { Step::GoOn }
                }
                Some(code) => Self::refused(code),
            },
            other => self.end(other.facts().error),
        }
    }

    /// Whoever was asked is lost, or said that it is not the one: all is looked up again.
    pub(super) fn forget(&mut self) {
        self.coordinator = None;
        self.look_ups.clear();
        self.partitions = None;
        self.brokers = None;
    }

    /// The end of the order, unless the coordinator asks for patience.
    fn end(&mut self, code: Option<ErrorCode>) -> Step {
        match code {
            Some(code) => Self::refused(code),
            None => Step::Done(None),
        }
    }

    fn refused(code: ErrorCode) -> Step {
        let is_answer = !code.is_retriable() || code == ErrorCode::UnknownTopicOrPartition;
        if is_answer { Step::Done(Some(code)) } else { Step::Later(code) }
    }

    fn apply_metadata(&mut self, response: &MetadataResponse) -> Step {
        let Some(topic) = self.order.topic() else {
            self.brokers = Some(response.brokers.iter().collect());
            return if response.brokers.is_empty() { Step::Later(ErrorCode::CoordinatorNotAvailable) } else { Step::GoOn };
        };
        let Some(told) = response.topics.iter().find(|told| told.name == topic && told.error.is_none()) else {
            return Step::Done(Some(ErrorCode::UnknownTopicOrPartition));
        };
        let wanted = self.order.partition();
        let mut all = Vec::new();
        for known in told.partitions.iter().filter(|known| wanted.is_none_or(|wanted| wanted == known.partition)) {
            let Some(leader) = known.leader else { return Step::Later(ErrorCode::LeaderNotAvailable) };
            let named = NamedPartition { topic: told.name.clone(), partition: known.partition };
            let partition = TopicPartition::new(told.id, known.partition);
            all.push(Known { named, partition, leader, epoch: known.leader_epoch, found: Vec::new() });
        }
        if all.is_empty() {
            return Step::Done(Some(ErrorCode::UnknownTopicOrPartition));
        }
        let mut leaders: BTreeMap<BrokerId, Vec<TopicPartition>> = BTreeMap::new();
        for known in &all {
            leaders.entry(known.leader).or_default().push(known.partition);
        }
        for spec in self.order.specs() {
            for (leader, partitions) in &leaders {
                self.look_ups.push_back(LookUp { leader: *leader, spec, partitions: partitions.clone() });
            }
        }
        self.partitions = Some(all);
        Step::GoOn
    }

    fn list_offsets(&self, look_up: &LookUp) -> ListOffsetsRequest {
        let known = self.partitions.iter().flatten().filter(|known| look_up.partitions.contains(&known.partition));
        let asked = known.map(|known| ListOffsetsPartition {
            partition: known.partition,
            current_leader_epoch: Some(known.epoch),
            spec: look_up.spec,
        });
        ListOffsetsRequest { partitions: asked.collect() }
    }

    fn apply_listed(&mut self, response: &ListOffsetsResponse) -> Step {
        if let Some(code) = response.partitions.iter().find_map(|listed| listed.error) {
            return if code.is_retriable() || code == ErrorCode::FencedLeaderEpoch {
                Step::Later(code)
            } else {
                Step::Done(Some(code))
            };
        }
        let Some(look_up) = self.look_ups.pop_front() else { return Step::GoOn };
        for known in self.partitions.iter_mut().flatten() {
            if let Some(listed) = response.partitions.iter().find(|listed| listed.partition == known.partition) {
                known.found.push((look_up.spec, listed.offset));
            }
        }
        let is_all = matches!(self.order, GroupOrder::ListOffsets(..)) && self.look_ups.is_empty();
        if is_all { Step::Done(None) } else { Step::GoOn }
    }

    /// What the coordinator is asked in the end.
    fn last(&self, group: &GroupId) -> Request {
        let groups = vec![Arc::clone(group)];
        let known = self.partitions.iter().flatten();
        match &self.order {
            GroupOrder::Describe(_) if self.is_classic => DescribeGroupsRequest { groups }.into(),
            GroupOrder::Describe(_) | GroupOrder::List | GroupOrder::ListOffsets(..) => {
                ConsumerGroupDescribeRequest { groups }.into()
            }
            GroupOrder::FetchOffsets(_) => {
                let group = Arc::clone(group);
                OffsetFetchRequest { group, member: None, partitions: None, require_stable: false }.into()
            }
            GroupOrder::Delete(_) => DeleteGroupsRequest { groups }.into(),
            GroupOrder::DeleteOffsets(..) => {
                OffsetDeleteRequest { group: Arc::clone(group), partitions: known.map(|known| known.named.clone()).collect() }
                    .into()
            }
            GroupOrder::Reset { to, .. } => {
                let partitions = known.map(|known| OffsetToCommit {
                    partition: known.named.clone(),
                    offset: known.target(*to),
                    leader_epoch: None,
                    metadata: String::new(),
                });
                let partitions = partitions.collect();
                let (member, instance) = (Arc::default(), None);
                OffsetCommitRequest { group: Arc::clone(group), epoch: -1, member, instance, partitions }.into()
            }
        }
    }
}

impl Known {
    fn found(&self, wanted: OffsetSpec) -> Option<Offset> {
        self.found.iter().find(|(spec, _)| *spec == wanted).and_then(|(_, offset)| *offset)
    }

    /// Where the group is to read on: within the log, at its end where no record is that young.
    fn target(&self, to: SeekTo) -> Offset {
        let end = self.found(OffsetSpec::Latest).unwrap_or(Offset::ZERO);
        match to {
            SeekTo::Beginning => self.found(OffsetSpec::Earliest).unwrap_or(Offset::ZERO),
            SeekTo::End => end,
            SeekTo::Timestamp(timestamp) => self.found(OffsetSpec::Timestamp(timestamp)).unwrap_or(end),
            SeekTo::Offset(offset) => offset.min(end).max(self.found(OffsetSpec::Earliest).unwrap_or(Offset::ZERO)),
        }
    }
}

impl GroupOrder {
    /// What has to be looked up for it.
    fn specs(&self) -> Vec<OffsetSpec> {
        match self {
            Self::Reset { to: SeekTo::Beginning, .. } => vec![OffsetSpec::Earliest],
            Self::Reset { to: SeekTo::End, .. } => vec![OffsetSpec::Latest],
            Self::ListOffsets(_, None) | Self::Reset { to: SeekTo::Offset(_), .. } => {
                vec![OffsetSpec::Earliest, OffsetSpec::Latest]
            }
            Self::ListOffsets(_, Some(timestamp)) => {
                vec![OffsetSpec::Earliest, OffsetSpec::Latest, OffsetSpec::Timestamp(*timestamp)]
            }
            Self::Reset { to: SeekTo::Timestamp(timestamp), .. } => vec![OffsetSpec::Timestamp(*timestamp), OffsetSpec::Latest],
            Self::List | Self::FetchOffsets(_) | Self::Describe(_) | Self::Delete(_) | Self::DeleteOffsets(..) => Vec::new(),
        }
    }
}
