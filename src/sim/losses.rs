//! Which servers' disks a scenario lets lose what they were told to keep, by its own `[[faults]]`.
//!
//! They are counted over the whole run: whether one was whole again before the next is struck, no file can say. Who expects
//! more of a run than is promised then names the checks (`holds`), and those decide. A role that several may hold counts for all
//! of them, any other for one server. A power failure is not counted: it takes only what nobody synced.
//!
//! Called by: [`super::promises`]. Random faults keep to bounds of their own (`chaos::bounds`).

use std::collections::BTreeSet;

use super::scenario::{FaultAction, FileKind, FileSpec, Role, Scenario, Target};
use crate::event::{CrashKind, DiskFault};
use crate::ids::ProcessId;

/// The servers whose disks may lose something.
pub(super) fn servers(scenario: &Scenario) -> BTreeSet<ProcessId> {
    let losing = scenario.faults.iter().flat_map(|fault| losing(&fault.action));
    losing.flat_map(|target| may_be(scenario, target)).collect()
}

/// Whom an action may cost something that was synced.
fn losing(action: &FaultAction) -> &[Target] {
    match action {
        FaultAction::Crash { targets, kind: CrashKind::DiskReplaced } => targets,
        FaultAction::Disk { targets, fault, .. } if loses(*fault) => targets,
        FaultAction::LoseFile { target, file } if !is_made_anew(file) => std::slice::from_ref(target),
        FaultAction::Crash { .. }
        | FaultAction::Disk { .. }
        | FaultAction::LoseFile { .. }
        | FaultAction::ShutDown { .. }
        | FaultAction::RollingRestart { .. }
        | FaultAction::Restart { .. }
        | FaultAction::Pause { .. }
        | FaultAction::Order(_)
        | FaultAction::Cut { .. }
        | FaultAction::Loss { .. }
        | FaultAction::Delay { .. }
        | FaultAction::Duplicate { .. }
        | FaultAction::ClockJump { .. }
        | FaultAction::ClockDrift { .. } => &[],
    }
}

fn loses(fault: DiskFault) -> bool {
    match fault {
        DiskFault::SyncFailed | DiskFault::SyncLied | DiskFault::ShortRead | DiskFault::BitRot | DiskFault::MisdirectedWrite => {
            true
        }
        DiskFault::WriteFailed | DiskFault::ReadFailed | DiskFault::Full | DiskFault::Stalled => false,
    }
}

/// An index says nothing that its segment does not.
fn is_made_anew(file: &FileSpec) -> bool {
    matches!(file, FileSpec::InPartition(_, _, FileKind::OffsetIndex | FileKind::TimeIndex))
}

/// Who may be meant: of a role that one server holds some server, whoever it will be.
fn may_be(scenario: &Scenario, target: &Target) -> Vec<ProcessId> {
    let cluster = &scenario.cluster;
    let brokers = || cluster.servers().filter(|server| matches!(server, ProcessId::Broker(_)));
    match target {
        Target::Process(process) => vec![*process],
        Target::Role(Role::Leader(..) | Role::Follower(..) | Role::Coordinator(_)) => brokers().take(1).collect(),
        Target::Role(Role::Followers(..)) => brokers().collect(),
        // Clients have no disks.
        Target::Role(Role::Clients(_) | Role::Owner(..)) => Vec::new(),
        Target::Role(Role::Controller) => cluster.voters().into_iter().take(1).collect(),
        Target::Role(Role::Controllers | Role::VotersButLeader) => cluster.voters(),
        Target::Role(Role::Rack(rack)) => cluster.servers().filter(|server| cluster.rack_of(*server) == Some(rack)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether more copies, and more voters, may be lost than is promised to be survived.
    fn unbounded(faults: &str) -> (bool, bool) {
        let text = format!(
            "name = \"losses\"\nduration = \"20s\"\n[cluster]\nbrokers = 3\ncontrollers = 3\n[[topics]]\nname = \"orders\"\n\
             replication-factor = 3\nconfig = {{ \"min.insync.replicas\" = 2 }}\n{faults}"
        );
        let scenario = Scenario::read(&text, "losses.toml").unwrap_or_else(|mistake| panic!("{mistake}\n{text}"));
        let promises = scenario.promises();
        (promises.copies_unbounded, promises.voters_unbounded)
    }

    fn fault(what: &str) -> String {
        format!("[[faults]]\nat = \"2s\"\n{what}\n")
    }

    #[test]
    fn what_a_scenario_may_lose_says_what_stays_promised() {
        let replaced = |server: &str| fault(&format!("replace-disk = \"{server}\"\nrestart-after = \"1s\""));
        assert_eq!(unbounded(""), (false, false));
        assert_eq!(unbounded(&replaced("b1")), (false, false), "one of two that min.insync.replicas asks for");
        assert_eq!(unbounded(&(replaced("b1") + &replaced("b1"))), (false, false), "the same one twice");
        assert_eq!(unbounded(&(replaced("b1") + &replaced("leader(orders-0)"))), (false, false), "perhaps the same one");
        assert_eq!(unbounded(&(replaced("b1") + &replaced("b2"))), (true, false));
        assert_eq!(unbounded(&replaced("followers(orders-0)")), (true, false));
        assert_eq!(unbounded(&replaced("k1")), (false, false), "a minority");
        assert_eq!(unbounded(&(replaced("k1") + &replaced("k3"))), (false, true));
    }

    #[test]
    fn only_a_disk_that_may_lose_counts() {
        let disks = |word: &str| {
            let of = |server: &str| fault(&format!("disk = {{ of = \"{server}\", fault = \"{word}\" }}\nheal-after = \"1s\""));
            unbounded(&(of("b1") + &of("b2")))
        };
        for word in ["sync-fails", "sync-lies", "short-read", "bit-rot", "misdirected-write"] {
            assert_eq!(disks(word), (true, false), "{word}");
        }
        for word in ["write-fails", "read-fails", "full", "stalls"] {
            assert_eq!(disks(word), (false, false), "{word}");
        }
        let powers = fault("power-off = \"b1\"\nrestart-after = \"1s\"") + &fault("power-off = \"b2\"\nrestart-after = \"1s\"");
        assert_eq!(unbounded(&powers), (false, false), "that takes only what nobody synced");
        let lost = |file: &str| {
            let of = |server: &str| fault(&format!("lose-file = {{ of = \"{server}\", file = \"{file}\" }}"));
            unbounded(&(of("b1") + &of("b2")))
        };
        assert_eq!((lost("orders-0/log"), lost("orders-0/index")), ((true, false), (false, false)));
    }
}
