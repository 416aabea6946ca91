//! How the golden scripts of groups word what happened, what was answered, and what was written.

use std::error::Error;
use std::fmt::Write as _;

use bytes::Bytes;
use tribunal::coordinator::group::consumer::ConsumerRecord;
use tribunal::coordinator::records::GroupRecord;
use tribunal::error::ErrorCode;
use tribunal::event::GroupFact;
use tribunal::ids::{Offset, TopicPartition};
use tribunal::protocol::{DescribedGroup, NamedPartition, Response};
use tribunal::record::RecordBatch;

/// What happened, a line each.
pub fn fact(fact: &GroupFact) -> String {
    let line = match fact {
        GroupFact::CoordinatorLoading { epoch, .. } => format!("coordinator loads in {epoch}"),
        GroupFact::CoordinatorLoaded { groups, offsets, .. } => format!("coordinator loaded: {groups} groups, {offsets} offsets"),
        GroupFact::CoordinatorUnloaded { .. } => "coordinator let go".to_owned(),
        GroupFact::GroupStateChanged { group, kind, state, epoch } => format!("{group}: {kind:?} {state:?}, generation {epoch}"),
        GroupFact::MemberJoined { group, member } => {
            let name = member.instance.as_ref().map_or(String::new(), |name| format!(" as {name}"));
            format!("{group}: {} joins{name}, wants {}", member.member, member.topics.join(" "))
        }
        GroupFact::MemberLeft { group, member, why } => format!("{group}: {member} is out: {why:?}"),
        GroupFact::AssignmentDecided { group, assignment } => {
            let shares = assignment.members.iter().map(|(member, share)| format!("{member}: {}", ids(share)));
            format!("{group}: plan {} ({}): {}", assignment.epoch, assignment.assignor, shares.collect::<Vec<_>>().join(" | "))
        }
        GroupFact::MemberReconciled { group, member, epoch, owned } => format!("{group}: {member} is at {epoch}: {}", ids(owned)),
        GroupFact::OffsetCommitted { group, partition, offset, .. } => format!("{group}: {partition} committed at {offset}"),
        GroupFact::CommitRefused { group, code, .. } => format!("{group}: commit refused: {}", code.name()),
        GroupFact::OffsetExpired { group, partition, offset } => format!("{group}: {partition} at {offset} expired"),
        GroupFact::OffsetDeleted { group, partition } => format!("{group}: {partition} deleted"),
        GroupFact::GroupDeleted { group } => format!("{group} is no more"),
        GroupFact::MemberFenced { group, member, code } => format!("{group}: {member} fenced: {}", code.name()),
        GroupFact::GroupProtocolChanged { group, to } => format!("{group} goes on as {to:?}"),
        GroupFact::GroupLoaded { group, kind, state, members } => {
            let shares = members.members.iter().map(|(member, share)| format!("{member}: {}", ids(share)));
            format!("{group} found: {kind:?} {state:?}, generation {}: {}", members.epoch, shares.collect::<Vec<_>>().join(" | "))
        }
    };
    format!("  {line}\n")
}

/// What was answered.
pub fn answer(response: &Response) -> String {
    match response {
        Response::JoinGroup(joined) => match joined.error {
            Some(ErrorCode::MemberIdRequired) => format!("MEMBER_ID_REQUIRED, as {}", joined.member),
            Some(code) => code.name().to_owned(),
            None => {
                let by = joined.protocol.as_deref().unwrap_or("nothing");
                let members: Vec<String> = joined.members.iter().map(|(member, ..)| member.to_string()).collect();
                let rest = if members.is_empty() { String::new() } else { format!(", of {}", members.join(" ")) };
                let skips = if joined.skip_assignment { ", no plan needed" } else { "" };
                format!("{} in generation {} by {by}, led by {}{rest}{skips}", joined.member, joined.generation, joined.leader)
            }
        },
        Response::SyncGroup(synced) => synced.error.map_or_else(|| partitions(&synced.assignment), word),
        Response::Heartbeat(beat) => beat.error.map_or_else(|| "alive".to_owned(), word),
        Response::LeaveGroup(left) => {
            let each = left.members.iter().map(|(_, error)| error.map_or_else(|| "gone".to_owned(), word));
            left.error.map_or_else(|| each.collect::<Vec<_>>().join(", "), word)
        }
        Response::ConsumerGroupHeartbeat(beat) => {
            let share = beat.assignment.as_ref().map_or(String::new(), |share| format!(": {}", ids(share)));
            beat.error.map_or_else(|| format!("epoch {}{share}", beat.epoch), word)
        }
        Response::OffsetCommit(committed) => each(&committed.partitions, "stored"),
        Response::OffsetDelete(deleted) => deleted.error.map_or_else(|| each(&deleted.partitions, "forgotten"), word),
        Response::OffsetFetch(fetched) => {
            let told = fetched.partitions.iter().map(|told| {
                let epoch = told.leader_epoch.map_or(String::new(), |epoch| format!("@{epoch}"));
                let offset = told.offset.map_or("none".to_owned(), |offset| format!("{offset}{epoch}"));
                let note = if told.metadata.is_empty() { String::new() } else { format!(" “{}”", told.metadata) };
                format!("{} {}{note}", name(&told.partition), told.error.map_or(offset, word))
            });
            fetched.error.map_or_else(|| nothing(told.collect::<Vec<_>>().join(", ")), word)
        }
        Response::DescribeGroups(told) => described(&told.groups),
        Response::ConsumerGroupDescribe(told) => described(&told.groups),
        Response::ListGroups(listed) => {
            let groups = listed.groups.iter().map(|(group, kind, state)| format!("{group} {kind:?} {state:?}"));
            let error = listed.error.map_or(String::new(), |code| format!("{}; ", code.name()));
            format!("{error}{}", nothing(groups.collect::<Vec<_>>().join(", ")))
        }
        Response::DeleteGroups(deleted) => {
            let each = deleted.groups.iter().map(|(_, error)| error.map_or_else(|| "deleted".to_owned(), word));
            each.collect::<Vec<_>>().join(", ")
        }
        other => other.facts().error.map_or_else(|| "done".to_owned(), word),
    }
}

fn described(groups: &[(tribunal::event::GroupId, Result<DescribedGroup, ErrorCode>)]) -> String {
    let one = |group: &DescribedGroup| {
        let members = group.members.iter().map(|member| {
            let name = member.instance.as_ref().map_or(String::new(), |name| format!(" as {name}"));
            format!("\n    {}{name} at {}: {}", member.member, member.epoch, partitions(&member.assignment))
        });
        let by = if group.assignor.is_empty() { String::new() } else { format!(" by {}", group.assignor) };
        format!("{:?} {:?}, generation {}{by}{}", group.kind, group.state, group.epoch, members.collect::<String>())
    };
    groups.iter().map(|(_, told)| told.as_ref().map_or_else(|code| word(*code), one)).collect::<Vec<_>>().join(", ")
}

/// The records in these batches from an offset on, a line each, and the offset after them.
pub fn records(batches: Vec<Bytes>, from: Offset) -> Result<(String, Offset), Box<dyn Error>> {
    let (mut lines, mut end) = (String::new(), from);
    for bytes in batches {
        for record in RecordBatch::decode(bytes)?.records {
            if record.offset < from {
                continue;
            }
            end = record.offset.next();
            let key = record.key.ok_or("each has a key")?;
            let written = GroupRecord::decode(&key, record.value.as_ref())?;
            writeln!(lines, "  {}: {}: {}", record.offset, written.group(), worded(&written))?;
        }
    }
    Ok((lines, end))
}

fn worded(record: &GroupRecord) -> String {
    match record {
        GroupRecord::Offset(_, partition, None) => format!("{} has no offset", name(partition)),
        GroupRecord::Offset(_, partition, Some(stored)) => format!("{} next is {}", name(partition), stored.offset),
        GroupRecord::Classic(_, None) => "no classic group".to_owned(),
        GroupRecord::Classic(_, Some(group)) => {
            let members = group.members.iter().map(|member| format!("{} has {}", member.member, partitions(&member.assignment)));
            let members = nothing(members.collect::<Vec<_>>().join(" | "));
            format!("classic, generation {}, {}: {members}", group.generation, group.protocol.as_deref().unwrap_or("no assignor"))
        }
        GroupRecord::Consumer(_, record) => match record {
            ConsumerRecord::Group(epoch) => epoch.map_or("no epoch".to_owned(), |group| format!("epoch {}", group.epoch)),
            ConsumerRecord::TargetEpoch(epoch) => epoch.map_or("no plan".to_owned(), |epoch| format!("plan {epoch}")),
            ConsumerRecord::Member(member, wishes) => match wishes {
                None => format!("{member} is no member"),
                Some(wishes) => format!("{member} wants {}", wishes.topics.join(" ")),
            },
            ConsumerRecord::Target(member, target) => match target {
                None => format!("{member} is to have no plan"),
                Some(target) => format!("{member} is to have {}", ids(target)),
            },
            ConsumerRecord::Current(member, current) => match current {
                None => format!("{member} has no state"),
                Some(current) => format!("{member} at {} {:?} has {}", current.epoch, current.state, ids(&current.assigned)),
            },
        },
    }
}

fn each(told: &[(NamedPartition, Option<ErrorCode>)], done: &str) -> String {
    let one = |(partition, error): &(NamedPartition, Option<ErrorCode>)| {
        format!("{} {}", name(partition), error.map_or_else(|| done.to_owned(), word))
    };
    told.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn word(code: ErrorCode) -> String {
    code.name().to_owned()
}

fn name(partition: &NamedPartition) -> String {
    format!("{}-{}", partition.topic, partition.partition.0)
}

fn partitions(share: &[NamedPartition]) -> String {
    nothing(share.iter().map(name).collect::<Vec<_>>().join(" "))
}

fn ids(share: &[TopicPartition]) -> String {
    nothing(share.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
}

fn nothing(words: String) -> String {
    if words.is_empty() { "nothing".to_owned() } else { words }
}
