//! A random fault in one line, for people.

use super::PERCENT;
use crate::context::Command;
use crate::protocol::Request;
use crate::sim::scenario::{ChaosKind, FaultAction, Target};
use crate::sim::world::World;

impl World {
    /// What a random fault does, and to whom.
    pub(super) fn describe(&self, kind: ChaosKind, action: &FaultAction) -> String {
        let names = |targets: &[Target]| {
            let names = targets.iter().map(|target| match target {
                Target::Process(id) => self.setup.name(*id),
                Target::Role(_) => "a role".to_owned(),
            });
            names.collect::<Vec<_>>().join(" ")
        };
        let name = kind.word();
        match action {
            FaultAction::Crash { targets, .. }
            | FaultAction::ShutDown { targets }
            | FaultAction::RollingRestart { targets, .. }
            | FaultAction::Restart { targets }
            | FaultAction::Pause { targets }
            | FaultAction::Disk { targets, .. } => format!("{name} {}", names(targets)),
            FaultAction::LoseFile { target, .. } => format!("{name} {}", names(std::slice::from_ref(target))),
            FaultAction::Order(command) => format!("{name}{}", self.describe_order(command)),
            FaultAction::Cut { from, to, one_way } => {
                format!("{name} {} {} {}", names(from), if *one_way { "->" } else { "|" }, names(to))
            }
            FaultAction::Loss { from, to, ppm, .. } | FaultAction::Duplicate { from, to, ppm, .. } => {
                format!("{name} {}% {} -> {}", ppm / PERCENT, names(from), names(to))
            }
            FaultAction::Delay { from, to, by, .. } => format!("{name} {by} {} -> {}", names(from), names(to)),
            FaultAction::ClockJump { target, by_us } => {
                format!("{name} {} by {}ms", names(std::slice::from_ref(target)), by_us / 1_000)
            }
            FaultAction::ClockDrift { target, ppm } => format!("{name} {} by {ppm}ppm", names(std::slice::from_ref(target))),
        }
    }

    fn describe_order(&self, command: &Command) -> String {
        match command {
            Command::Ask(Request::AlterPartitionReassignments(request)) => {
                let moves = request.partitions.iter().map(|moved| {
                    let whither = moved
                        .replicas
                        .as_ref()
                        .map(|replicas| replicas.iter().map(|broker| broker.0.to_string()).collect::<Vec<_>>().join(","));
                    let partition = format!("{}-{}", moved.partition.topic, moved.partition.partition.0);
                    whither.map_or_else(|| format!(" {partition} back"), |whither| format!(" {partition} to {whither}"))
                });
                moves.collect()
            }
            Command::Ask(Request::AddRaftVoter(request)) => format!(" {} joins", self.setup.name(request.voter.voter)),
            Command::Ask(Request::RemoveRaftVoter(request)) => format!(" {} leaves", self.setup.name(request.voter.voter)),
            Command::Ask(_)
            | Command::Send(_)
            | Command::CreateTopics(_)
            | Command::DescribeTopic(_)
            | Command::Group(_)
            | Command::Consume(_)
            | Command::ShutDown => String::new(),
        }
    }
}
