//! ConsumerGroupDescribe (API 69): a group as it is written down (KIP-848). Called by `coordinator/admin`.

use super::Environment;
use super::state::ConsumerGroup;
use crate::coordinator::assignor::Assignor;
use crate::event::GroupKind;
use crate::ids::TopicPartition;
use crate::protocol::{DescribedGroup, DescribedMember, NamedPartition};

impl ConsumerGroup {
    /// What an operator is told. Of a topic that is gone nothing is told.
    #[must_use]
    pub fn describe(&self, environment: Environment<'_>) -> DescribedGroup {
        let named = |partitions: &[TopicPartition]| -> Vec<NamedPartition> {
            partitions.iter().filter_map(|partition| environment.topics.named(*partition)).collect()
        };
        let members = self.members.iter().map(|(id, member)| DescribedMember {
            member: id.clone(),
            instance: member.wishes.instance.clone(),
            client: member.wishes.client.clone(),
            epoch: member.current.epoch,
            topics: member.wishes.topics.iter().chain(&member.wishes.pattern).cloned().collect(),
            assignment: named(&member.current.assigned),
            target: named(self.target(id)),
        });
        DescribedGroup {
            kind: GroupKind::Consumer,
            state: self.state(),
            epoch: self.epoch(),
            assignor: self.assignor(environment).name().to_owned(),
            members: members.collect(),
        }
    }

    fn assignor(&self, environment: Environment<'_>) -> Assignor {
        Assignor::most_wanted(
            &environment.config.group_consumer_assignors,
            self.members.values().map(|member| member.wishes.assignor.as_deref()),
        )
    }
}
