//! What `converges` wants of groups: every group with a live consumer is Stable, each of these whose application polls is a member, and
//! each partition of the topics they want belongs to exactly one of them, and they know it.

use std::collections::BTreeSet;

use super::{Group, Groups};
use crate::event::{GroupId, GroupState};
use crate::ids::{Offset, TopicPartition};
use crate::trace::Names;

/// The first thing that is not so, in words.
pub(in super::super) fn first_unsettled(
    groups: &Groups,
    partitions: &BTreeSet<TopicPartition>,
    names: &Names,
) -> Option<(Option<(TopicPartition, Offset)>, String)> {
    groups.all().find_map(|(id, group)| {
        let wanted: BTreeSet<&String> = groups.consumers_of(id).flat_map(|(_, consumer)| consumer.topics.iter()).collect();
        if wanted.is_empty() {
            return None;
        }
        let place = |partition: Option<TopicPartition>| partition.map(|partition| (partition, Offset::ZERO));
        let (partition, what) = group_unsettled(groups, (id, group), &wanted, partitions, names)?;
        Some((place(partition), format!("{id}: {what}")))
    })
}

fn group_unsettled(
    groups: &Groups,
    (id, group): (&GroupId, &Group),
    wanted: &BTreeSet<&String>,
    partitions: &BTreeSet<TopicPartition>,
    names: &Names,
) -> Option<(Option<TopicPartition>, String)> {
    if group.state != GroupState::Stable {
        return Some((None, format!("it has live consumers and is {:?}", group.state)));
    }
    if let Some(outsider) = groups.outsider(id) {
        return Some((None, format!("{} lives and is no member of it", names.process(outsider))));
    }
    let is_wanted = |partition: &&TopicPartition| wanted.contains(&names.topic(partition.topic).into_owned());
    partitions.iter().filter(is_wanted).find_map(|partition| {
        let owners = groups.consumers_of(id).filter(|(_, consumer)| consumer.owned.contains(partition));
        let owners: Vec<String> = owners.map(|(process, _)| names.process(process).into_owned()).collect();
        let what = match owners.as_slice() {
            [] => format!("nobody reads {}", names.partition(*partition)),
            [_] => return None,
            many => format!("{} all read {}", many.join(" and "), names.partition(*partition)),
        };
        Some((Some(*partition), what))
    })
}
