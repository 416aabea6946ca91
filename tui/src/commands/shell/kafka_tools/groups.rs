//! `kafka-consumer-groups.sh`.
//!
//! Kafka differs: its tool takes several groups and topics in one line; here each has a line of its own.

use super::action;
use crate::commands::shell::command::{Command, GroupShows};
use crate::commands::shell::line::reset;
use crate::commands::shell::options::{Allowed, Options};
use crate::commands::shell::refusal::Refusal;

pub(super) const ALLOWED: Allowed = Allowed {
    valued: &["group", "topic", "to-offset", "shift-by", "to-datetime", "by-duration"],
    bare: &[
        "list",
        "describe",
        "delete",
        "reset-offsets",
        "delete-offsets",
        "members",
        "state",
        "offsets",
        "verbose",
        "execute",
        "dry-run",
        "to-earliest",
        "to-latest",
        "to-current",
        "all-groups",
        "all-topics",
    ],
    ignored: &["timeout"],
};

pub(super) fn read(options: &mut Options) -> Result<Command, Refusal> {
    for option in ["group", "topic"] {
        if options.all(option).count() > 1 {
            return Err(Refusal::malformed(format!("--{option} is taken once here: write a line for each")));
        }
    }
    let group = || options.need("group").map(str::to_owned);
    match action(options, &["list", "describe", "delete", "reset-offsets", "delete-offsets"])? {
        "list" => Ok(Command::ListGroups { with_states: options.has("state") }),
        "describe" => {
            let shows = match (options.has("members"), options.has("state")) {
                (true, _) => GroupShows::Members { with_assignments: options.has("verbose") },
                (false, true) => GroupShows::State,
                (false, false) => GroupShows::Offsets,
            };
            let group = if options.has("all-groups") { None } else { Some(group()?) };
            Ok(Command::DescribeGroup { group, shows })
        }
        "delete" => Ok(Command::DeleteGroup(group()?)),
        "reset-offsets" => {
            if options.has("dry-run") && options.has("execute") {
                return Err(Refusal::malformed("--reset-offsets takes one of --dry-run and --execute"));
            }
            let topic = if options.has("all-topics") { None } else { Some(options.need("topic")?) };
            Ok(Command::ResetOffsets(reset(options, &group()?, topic, options.has("execute"))?))
        }
        _ => Ok(Command::DeleteOffsets { group: group()?, topic: options.need("topic")?.to_owned() }),
    }
}
