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
/// All roles, for messages.
const ROLES: &str = "roles are leader(…), follower(…), followers(…), controller, controllers, voters-but-leader and rack(…)";

/// What a target must be able to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// One process of any kind.
    One,
    /// Servers, because they have disks and can be shut down in order.
    Server,
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
            let lacks = if item.key == "shutdown" { "is not shut down in order" } else { "has no disk" };
            Some((format!("`{text}` is a client and {lacks}"), "`crash` is for every process"))
        }
        (Wanted::One | Wanted::Server | Wanted::Named | Wanted::Down | Wanted::Anybody, _) => None,
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
    if let Some((_, role)) = PLAIN.iter().find(|(word, _)| *word == text) {
        return Ok(Target::Role(role.clone()));
    }
    let Some((role, rest)) = text.split_once('(') else {
        if OF_PARTITION.contains(&text) {
            return Err(item.bad(format!("`{text}` is a role of a partition")).help(format!("write `{text}(orders-0)`")));
        }
        return Err(item.bad(format!("there is no process `{text}`")).help(stage.cast(text)));
    };
    if role == "coordinator" {
        return Err(item.bad(format!("the role `{role}(…)` is not built yet")));
    }
    let Some(inner) = rest.strip_suffix(')') else {
        let example = if role == "rack" { "rack(A)".to_owned() } else { format!("{role}(orders-0)") };
        return Err(item.bad(format!("`{text}` has no closing bracket")).help(format!("write `{example}`")));
    };
    if role == "rack" {
        return rack(stage, item, inner);
    }
    if !OF_PARTITION.contains(&role) {
        let wrong = item.bad(format!("there is no role `{role}`"));
        let meant = nearest(role, OF_PARTITION).map(|meant| format!("did you mean `{meant}({inner})`?"));
        return Err(wrong.help(meant.unwrap_or_else(|| ROLES.to_owned())));
    }
    let (topic, partition) = stage.partition_in(item, inner)?;
    Ok(Target::Role(match role {
        "leader" => Role::Leader(topic, partition),
        "follower" => Role::Follower(topic, partition),
        _ => Role::Followers(topic, partition),
    }))
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
