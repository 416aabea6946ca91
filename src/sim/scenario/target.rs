//! Whom a fault is meant for: a process by its name, or whoever holds a role.

use super::document::Item;
use super::mistake::Read;
use super::model::{Role, Target};
use super::stage::Stage;
use crate::config::nearest;
use crate::ids::ProcessId;

/// The roles with a partition in brackets.
const OF_PARTITION: [&str; 3] = ["leader", "follower", "followers"];

/// What a target must be able to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// One process of any kind.
    One,
    /// One server, because it has a disk.
    Server,
    /// A process by its name.
    Named,
    /// Any number of processes.
    Side,
}

/// Reads a process's name or a role.
pub(super) fn target(stage: &Stage, item: &Item<'_>, wanted: Wanted) -> Read<Target> {
    let text = item.text()?;
    let target = read(stage, item, text)?;
    let wrong = match (wanted, &target) {
        (Wanted::Named, Target::Role(_)) => {
            Some((format!("`{text}` is a role, and a process that is down holds none"), "name the process"))
        }
        (Wanted::One | Wanted::Server, Target::Role(Role::Followers(..))) => {
            Some((format!("`{}` strikes one process, and `{text}` may be several", item.key), "`follower(…)` is one of them"))
        }
        (Wanted::Server, Target::Process(ProcessId::Client(_))) => {
            Some((format!("`{text}` is a client and has no disk"), "`crash` is for every process"))
        }
        (Wanted::One | Wanted::Server | Wanted::Named | Wanted::Side, _) => None,
    };
    match wrong {
        Some((message, help)) => Err(item.bad(message).help(help)),
        None => Ok(target),
    }
}

/// Reads one target or a list of them.
pub(super) fn side(stage: &Stage, item: &Item<'_>) -> Read<Vec<Target>> {
    let items = if item.text().is_ok() { vec![item.clone()] } else { item.items()? };
    if items.is_empty() {
        return Err(item.bad(format!("a side of `{}` is empty", item.key)));
    }
    items.iter().map(|item| target(stage, item, Wanted::Side)).collect()
}

fn read(stage: &Stage, item: &Item<'_>, text: &str) -> Read<Target> {
    if let Some(process) = stage.process_named(text) {
        return Ok(Target::Process(process));
    }
    if text == "controller" {
        return Ok(Target::Role(Role::Controller));
    }
    let Some((role, rest)) = text.split_once('(') else {
        if OF_PARTITION.contains(&text) {
            return Err(item.bad(format!("`{text}` is a role of a partition")).help(format!("write `{text}(orders-0)`")));
        }
        return Err(item.bad(format!("there is no process `{text}`")).help(stage.cast(text)));
    };
    if ["coordinator", "rack"].contains(&role) {
        return Err(item.bad(format!("the role `{role}(…)` is not built yet")));
    }
    let Some(partition) = rest.strip_suffix(')') else {
        return Err(item.bad(format!("`{text}` has no closing bracket")).help(format!("write `{role}(orders-0)`")));
    };
    if !OF_PARTITION.contains(&role) {
        let wrong = item.bad(format!("there is no role `{role}`"));
        let meant = nearest(role, OF_PARTITION).map(|meant| format!("did you mean `{meant}({partition})`?"));
        return Err(wrong.help(meant.unwrap_or_else(|| "roles are leader(…), follower(…), followers(…) and controller".to_owned())));
    }
    let (topic, partition) = stage.partition_in(item, partition)?;
    Ok(Target::Role(match role {
        "leader" => Role::Leader(topic, partition),
        "follower" => Role::Follower(topic, partition),
        _ => Role::Followers(topic, partition),
    }))
}
