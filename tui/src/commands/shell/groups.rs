//! Groups: listed, described in Kafka's columns, deleted; their offsets reset.

use std::collections::{BTreeMap, BTreeSet};

use tribunal::error::ErrorCode;
use tribunal::event::{GroupState, MemberId};
use tribunal::ids::{Offset, PartitionIndex};
use tribunal::protocol::{DescribedGroup, DescribedMember, NamedPartition, Response};
use tribunal::sim::live::Live;
use tribunal::time::{Instant, Timestamp};

use super::answers::{self, Bounds};
use super::command::{GroupShows, Reset, ResetTo};
use super::refusal::Refusal;

/// The groups there are, each with what it is doing if that is asked for.
pub(super) fn list(live: &mut Live, with_states: bool) -> Result<String, Refusal> {
    let groups = listed(live)?;
    if !with_states {
        return Ok(groups.keys().map(|group| format!("{group}\n")).collect());
    }
    let lines: String = groups.iter().map(|(group, state)| format!("{group:<25} {state:?}\n")).collect();
    Ok(format!("{:<25} STATE\n", "GROUP") + &lines)
}

fn listed(live: &mut Live) -> Result<BTreeMap<String, GroupState>, Refusal> {
    let responses = answers::order(live, "list-groups", "the groups", ErrorCode::InvalidRequest)?;
    let mut groups = BTreeMap::new();
    for response in responses {
        if let Response::ListGroups(listed) = response {
            groups.extend(listed.groups.iter().map(|(group, _, state)| (group.to_string(), *state)));
        }
    }
    Ok(groups)
}

/// What a group is doing, or every one there is.
pub(super) fn describe(live: &mut Live, group: Option<&str>, shows: GroupShows) -> Result<String, Refusal> {
    match group {
        Some(group) => describe_one(live, group, shows),
        None => {
            let told: Vec<String> = listed(live)?.keys().map(|group| describe_one(live, group, shows)).collect::<Result<_, _>>()?;
            Ok(told.join("\n"))
        }
    }
}

fn describe_one(live: &mut Live, group: &str, shows: GroupShows) -> Result<String, Refusal> {
    let (coordinator, described) = answers::group(live, group)?;
    if described.state == GroupState::Dead {
        return Err(Refusal::of(ErrorCode::GroupIdNotFound, group));
    }
    match shows {
        GroupShows::State => {
            let coordinator = coordinator.map_or_else(|| "-".to_owned(), |broker| format!("b{0} ({0})", broker.0));
            let strategy = if described.assignor.is_empty() { "-" } else { &described.assignor };
            let (state, members) = (format!("{:?}", described.state), described.members.len());
            Ok(format!(
                "{:<15} {:<25} {:<20} {:<20} #MEMBERS\n{group:<15} {coordinator:<25} {strategy:<20} {state:<20} {members}\n",
                "GROUP", "COORDINATOR (ID)", "ASSIGNMENT-STRATEGY", "STATE"
            ))
        }
        GroupShows::Members { with_assignments } => Ok(members(group, &described, with_assignments)),
        GroupShows::Offsets => offsets(live, group, &described),
    }
}

/// A group without members is said to be so.
fn inactive(group: &str, described: &DescribedGroup) -> String {
    if described.members.is_empty() { format!("Consumer group '{group}' has no active members.\n") } else { String::new() }
}

fn members(group: &str, described: &DescribedGroup, with_assignments: bool) -> String {
    let mut text = inactive(group, described);
    if described.members.is_empty() {
        return text;
    }
    let last = if with_assignments { "#PARTITIONS     ASSIGNMENT" } else { "#PARTITIONS" };
    text += &format!("{:<15} {:<30} {:<10} {:<15} {last}\n", "GROUP", "CONSUMER-ID", "HOST", "CLIENT-ID");
    for DescribedMember { member, client, assignment, .. } in &described.members {
        let count = assignment.len();
        let last = if with_assignments { format!("{count:<15} {}", shares(assignment)) } else { count.to_string() };
        text += &format!("{group:<15} {member:<30} {:<10} {client:<15} {last}\n", "-");
    }
    text
}

/// `orders(0,2), bills(1)`, or `-`.
fn shares(assignment: &[NamedPartition]) -> String {
    let mut topics: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for named in assignment {
        topics.entry(&named.topic).or_default().push(named.partition.to_string());
    }
    let shares: Vec<_> = topics.iter().map(|(topic, partitions)| format!("{topic}({})", partitions.join(","))).collect();
    if shares.is_empty() { "-".to_owned() } else { shares.join(", ") }
}

fn offsets(live: &mut Live, group: &str, described: &DescribedGroup) -> Result<String, Refusal> {
    let committed = answers::committed(live, group)?;
    let mut owners: BTreeMap<(String, PartitionIndex), (MemberId, String)> = BTreeMap::new();
    for member in &described.members {
        for partition in &member.assignment {
            let owner = (member.member.clone(), member.client.to_string());
            owners.insert((partition.topic.clone(), partition.partition), owner);
        }
    }
    let mut ends: BTreeMap<String, Option<Bounds>> = BTreeMap::new();
    let mut text = inactive(group, described);
    let mut keys: Vec<_> = committed.keys().chain(owners.keys()).cloned().collect();
    keys.sort();
    keys.dedup();
    if keys.is_empty() {
        return Ok(text);
    }
    text += &format!(
        "{:<15} {:<15} {:<10} {:<15} {:<15} {:<15} {:<25} {:<10} CLIENT-ID\n",
        "GROUP", "TOPIC", "PARTITION", "CURRENT-OFFSET", "LOG-END-OFFSET", "LAG", "CONSUMER-ID", "HOST"
    );
    for key in keys {
        let (topic, partition) = &key;
        let bounds = ends.entry(topic.clone()).or_insert_with(|| answers::bounds(live, topic).ok());
        let end = bounds.as_ref().and_then(|bounds| bounds.partitions.get(partition)).map(|ends| ends.end);
        let current = committed.get(&key).copied();
        let lag = end.zip(current).map(|(end, current)| end.0.saturating_sub(current.0).to_string());
        let shown = |offset: Option<Offset>| offset.map_or_else(|| "-".to_owned(), |offset| offset.to_string());
        let (member, client) = owners.get(&key).cloned().unwrap_or_else(|| (MemberId::new("-".to_owned()), "-".to_owned()));
        text += &format!(
            "{group:<15} {topic:<15} {:<10} {:<15} {:<15} {:<15} {member:<25} {:<10} {client}\n",
            partition.0,
            shown(current),
            shown(end),
            lag.unwrap_or_else(|| "-".to_owned()),
            "-",
        );
    }
    Ok(text)
}

/// Deletes a group.
pub(super) fn delete(live: &mut Live, group: &str) -> Result<String, Refusal> {
    answers::legal_group(group)?;
    answers::order(live, &format!("delete-group {group}"), group, ErrorCode::InvalidGroupId)?;
    Ok(format!("Deletion of requested consumer groups ('{group}') was successful."))
}

/// Forgets a group's offsets of a topic.
pub(super) fn delete_offsets(live: &mut Live, group: &str, topic: &str) -> Result<String, Refusal> {
    answers::legal_group(group)?;
    answers::legal_topic(topic)?;
    answers::order(live, &format!("delete-offsets {group} {topic}"), group, ErrorCode::InvalidRequest)?;
    Ok(format!("The offsets of {group} in {topic} are forgotten."))
}

/// Has a group read on from elsewhere. What lies outside the log is brought within it, with a warning.
pub(super) fn reset(live: &mut Live, reset: &Reset) -> Result<String, Refusal> {
    answers::legal_group(&reset.group)?;
    let topics: BTreeSet<String> = match &reset.topic {
        Some(topic) => [topic.clone()].into(),
        None => answers::committed(live, &reset.group)?.into_keys().map(|(topic, _)| topic).collect(),
    };
    let mut warnings = String::new();
    let mut plan = Vec::new();
    for topic in &topics {
        plan.extend(planned(live, reset, topic, &mut warnings)?);
    }
    let group = &reset.group;
    if reset.is_executed {
        for (topic, partition, target) in &plan {
            let words = format!("reset-offsets {group} {topic}-{} to-offset {target}", partition.0);
            answers::order(live, &words, group, ErrorCode::InvalidRequest)?;
        }
    } else {
        warnings += "WARN nothing is done: --execute is missing\n";
    }
    let mut text = warnings + &format!("{:<30} {:<30} {:<10} NEW-OFFSET\n", "GROUP", "TOPIC", "PARTITION");
    for (topic, partition, target) in plan {
        text += &format!("{group:<30} {topic:<30} {:<10} {target}\n", partition.0);
    }
    Ok(text)
}

/// An offset that may be shifted below 0.
fn signed(offset: Offset) -> i64 {
    i64::try_from(offset.0).unwrap_or(i64::MAX)
}

/// What a right clock shows.
fn wall(live: &Live) -> Timestamp {
    Timestamp::RUN_START.plus(live.now().since(Instant::ZERO))
}

/// Where a group is to read on in a topic.
fn planned<'t>(
    live: &mut Live,
    reset: &Reset,
    topic: &'t str,
    warnings: &mut String,
) -> Result<Vec<(&'t str, PartitionIndex, Offset)>, Refusal> {
    let Reset { group, partitions, to, .. } = reset;
    let mut bounds = answers::bounds(live, topic)?;
    if let Some(missing) = partitions.iter().find(|number| !bounds.partitions.contains_key(&PartitionIndex(**number))) {
        return Err(Refusal::of(ErrorCode::UnknownTopicOrPartition, &format!("{topic}-{missing}")));
    }
    bounds.partitions.retain(|partition, _| partitions.is_empty() || partitions.contains(&partition.0));
    let committed = answers::committed(live, group)?;
    let since = match to {
        ResetTo::Time(at) => answers::first_since(live, topic, *at)?,
        ResetTo::Ago(span) => {
            let at = wall(live).minus(*span);
            answers::first_since(live, topic, at)?
        }
        ResetTo::Earliest | ResetTo::Latest | ResetTo::Current | ResetTo::Offset(_) | ResetTo::Shift(_) => BTreeMap::new(),
    };
    let mut plan = Vec::new();
    for (partition, ends) in &bounds.partitions {
        let current = committed.get(&(topic.to_owned(), *partition)).copied();
        let wanted = match to {
            ResetTo::Earliest => signed(ends.start),
            ResetTo::Latest => signed(ends.end),
            ResetTo::Current => signed(current.unwrap_or(ends.end)),
            ResetTo::Offset(offset) => *offset,
            // Where no record is that young: the end, as Kafka's tool does.
            ResetTo::Time(_) | ResetTo::Ago(_) => signed(since.get(partition).copied().unwrap_or(ends.end)),
            ResetTo::Shift(by) => match current {
                Some(current) => signed(current).saturating_add(*by),
                None => {
                    let wrong = format!("{group} has no committed offset in {topic}-{} to shift", partition.0);
                    return Err(Refusal::malformed(wrong));
                }
            },
        };
        let (target, side) = if wanted > signed(ends.end) {
            (ends.end, Some("higher than the latest"))
        } else if wanted < signed(ends.start) {
            (ends.start, Some("lower than the earliest"))
        } else {
            (Offset(u64::try_from(wanted).unwrap_or(0)), None)
        };
        if let Some(side) = side {
            *warnings += &format!("WARN offset {wanted} is {side} offset of {topic}-{}: it is set to {target}\n", partition.0);
        }
        plan.push((topic, *partition, target));
    }
    Ok(plan)
}
