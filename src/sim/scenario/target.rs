//! Whom a fault is meant for: a process by its name, or whoever holds a role.

use super::document::Item;
use super::fault_model::{Role, Target};
use super::mistake::Read;
use super::stage::Stage;
use crate::config::nearest;
use crate::ids::ProcessId;

/// The roles with a partition in brackets.
const OF_PARTITION: [&str; 3] = ["leader", "follower", "followers"];
/// The roles without brackets.
const PLAIN: [(&str, Role); 3] =
    [("controller", Role::Controller), ("controllers", Role::Controllers), ("voters-but-leader", Role::VotersButLeader)];
/// The roles with a group in brackets.
const OF_GROUP: [&str; 3] = ["coordinator", "members", "owner"];
/// All roles, for messages.
const ROLES: &str = "roles are leader(…), follower(…), followers(…), controller, controllers, voters-but-leader, rack(…), \
    coordinator(…), members(…) and owner(…)";

/// What a target must be able to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// One process of any kind.
    One,
    /// Servers, because they have disks.
    Server,
    /// Servers and consumers, because they can be ended in order.
    Closable,
    /// A server by its name, because it is down and holds no role.
    Named,
    /// A process by its name, because it is down and holds no role.
    Down,
    /// Any processes.
    Anybody,
}

/// Reads a process's name or a role.
pub(super) fn target(stage: &Stage, item: &Item<'_>, wanted: Wanted) -> Read<Target> {
    let text = item.text()?;
    let target = read(stage, item, text)?;
    let wrong = match (wanted, &target) {
        (Wanted::Named | Wanted::Down, Target::Role(_)) => {
            Some((format!("`{text}` is a role, and a process that is down holds none"), "name the process"))
        }
        (Wanted::One, Target::Role(role)) if role.is_of_several() => {
            Some((format!("`{}` strikes one process, and `{text}` may be several", item.key), "`follower(…)` is one of them"))
        }
        (Wanted::Server | Wanted::Named, Target::Process(ProcessId::Client(_))) => {
            Some((format!("`{text}` is a client and has no disk"), "`crash` is for every process"))
        }
        (Wanted::Server, Target::Role(role)) if !role.is_of_servers() => {
            Some((format!("`{text}` are clients and have no disk"), "`crash` is for every process"))
        }
        (Wanted::Closable, Target::Process(client @ ProcessId::Client(_))) if !stage.clients.consumers.contains(client) => {
            Some((format!("`{text}` is no consumer and is not shut down in order"), "`crash` is for every process"))
        }
        (Wanted::One | Wanted::Server | Wanted::Closable | Wanted::Named | Wanted::Down | Wanted::Anybody, _) => None,
    };
    match wrong {
        Some((message, help)) => Err(item.bad(message).help(help)),
        None => Ok(target),
    }
}

/// Reads one target or a list of them.
pub(super) fn side(stage: &Stage, item: &Item<'_>, wanted: Wanted) -> Read<Vec<Target>> {
    let items = if item.text().is_ok() { vec![item.clone()] } else { item.items()? };
    if items.is_empty() {
        return Err(item.bad(format!("a side of `{}` is empty", item.key)));
    }
    let mut targets = Vec::new();
    for item in items {
        let target = target(stage, &item, wanted)?;
        if targets.contains(&target) {
            return Err(item.bad(format!("`{}` is named twice", item.written())));
        }
        targets.push(target);
    }
    Ok(targets)
}

/// One target or a list of them, for people.
pub(super) fn side_text(item: &Item<'_>) -> Read<String> {
    if item.text().is_ok() {
        return Ok(item.written().to_owned());
    }
    let names: Vec<_> = item.items()?.iter().map(Item::written).collect();
    Ok(names.join("+"))
}

fn read(stage: &Stage, item: &Item<'_>, text: &str) -> Read<Target> {
    if let Some(process) = stage.process_named(text) {
        return Ok(Target::Process(process));
    }
    if let Some(crew) = stage.crew(text) {
        return Ok(Target::Role(Role::Clients(crew.to_vec())));
    }
    if let Some((_, role)) = PLAIN.iter().find(|(word, _)| *word == text) {
        return Ok(Target::Role(role.clone()));
    }
    let Some((role, rest)) = text.split_once('(') else {
        if OF_PARTITION.contains(&text) {
            return Err(item.bad(format!("`{text}` is a role of a partition")).help(format!("write `{text}(orders-0)`")));
        }
        return Err(item.bad(format!("there is no process `{text}`")).help(stage.cast(text)));
    };
    let Some(inner) = rest.strip_suffix(')') else {
        let example = match role {
            "rack" => "rack(A)".to_owned(),
            "owner" => "owner(g1 orders-0)".to_owned(),
            role if OF_GROUP.contains(&role) => format!("{role}(g1)"),
            role => format!("{role}(orders-0)"),
        };
        return Err(item.bad(format!("`{text}` has no closing bracket")).help(format!("write `{example}`")));
    };
    if role == "rack" {
        return rack(stage, item, inner);
    }
    if OF_GROUP.contains(&role) {
        return of_group(stage, item, role, inner);
    }
    if !OF_PARTITION.contains(&role) {
        let wrong = item.bad(format!("there is no role `{role}`"));
        let meant =
            nearest(role, OF_PARTITION.into_iter().chain(OF_GROUP)).map(|meant| format!("did you mean `{meant}({inner})`?"));
        return Err(wrong.help(meant.unwrap_or_else(|| ROLES.to_owned())));
    }
    let (topic, partition) = stage.partition_in(item, inner)?;
    Ok(Target::Role(match role {
        "leader" => Role::Leader(topic, partition),
        "follower" => Role::Follower(topic, partition),
        _ => Role::Followers(topic, partition),
    }))
}

/// `coordinator(g1)`, `members(g1)`, `owner(g1 orders-0)`.
fn of_group(stage: &Stage, item: &Item<'_>, role: &str, inner: &str) -> Read<Target> {
    if role == "owner" {
        let Some((group, partition)) = inner.split_once([' ', ',']) else {
            return Err(item.bad("`owner(…)` takes a group and a partition").help("write `owner(g1 orders-0)`"));
        };
        let group = stage.group_in(item, group)?;
        let (topic, partition) = stage.partition_in(item, partition.trim())?;
        return Ok(Target::Role(Role::Owner(group, topic, partition)));
    }
    let group = stage.group_in(item, inner)?;
    if role == "coordinator" {
        return Ok(Target::Role(Role::Coordinator(group)));
    }
    let members = stage.members(&group).unwrap_or_default().to_vec();
    Ok(Target::Role(Role::Clients(members)))
}

fn rack(stage: &Stage, item: &Item<'_>, name: &str) -> Read<Target> {
    if stage.racks.iter().any(|rack| rack == name) {
        return Ok(Target::Role(Role::Rack(name.to_owned())));
    }
    let wrong = item.bad(format!("there is no rack `{name}`"));
    Err(if stage.racks.is_empty() {
        wrong.help("[cluster] names the brokers' racks: racks = [\"A\", \"B\", \"C\"]")
    } else {
        wrong.help(format!("there are {}", stage.racks.join(", ")))
    })
}
