//! What a random operator asks for: partitions that move, preferred leaders, voters that come and go; and what he does about a
//! controller that came back on a new disk.
//!
//! Invariant: an order is given to the administrator like one of `[[admin]]`; whether it is carried out is the cluster's affair.

use super::bounds::directory_of;
use crate::choice::{ChoiceKind, Odds, Subject};
use crate::context::Command;
use crate::event::FaultIndex;
use crate::ids::{BrokerId, ProcessId, VoterKey};
use crate::protocol::{
    AddRaftVoterRequest, AlterPartitionReassignmentsRequest, ElectLeadersRequest, ElectionType, NamedPartition, Reassignment,
    RemoveRaftVoterRequest, Request,
};
use crate::sim::process::{Place, Waiting};
use crate::sim::scenario::ChaosKind;
use crate::sim::world::World;
use crate::time::Duration;

/// How long the controller may take for a random order.
const TIMEOUT: Duration = Duration::from_secs(3);
/// A quorum is not made smaller than this at random.
const VOTERS_MIN: usize = 3;

impl World {
    /// Gives the administrator an order.
    pub(in crate::sim) fn give_order(&mut self, fault: FaultIndex, command: Command) {
        self.order(command);
        self.prove(Some(fault), |proof| proof.orders += 1);
    }

    fn order(&mut self, command: Command) {
        let admin = self.setup.admin();
        if self.slot(admin).is_up {
            self.hand(admin, Waiting::Command(command));
        }
    }

    /// Draws what is asked for; `None` when there is nothing to ask for.
    pub(super) fn draw_order(&mut self, kind: ChaosKind) -> Option<Command> {
        let elect = || ElectLeadersRequest { kind: ElectionType::Preferred, partitions: None, timeout: TIMEOUT };
        let request = match kind {
            ChaosKind::Reassign => self.draw_move().map(Request::from),
            ChaosKind::Voter => self.draw_voter(),
            ChaosKind::Elect => Some(elect().into()),
            other => unreachable!("`{}` is no order", other.word()),
        };
        request.map(Command::Ask)
    }

    /// Some partition goes to as many brokers as it has, or back, if it is on its way already.
    fn draw_move(&mut self) -> Option<AlterPartitionReassignmentsRequest> {
        let all: Vec<_> = self.roles.partitions().map(|(partition, _)| partition).collect();
        let place = self.pick(ChaosKind::Reassign, all.len())?;
        let moved = *all.get(place)?;
        let topic = self.roles.topic(moved.topic)?.name.clone();
        let facts = self.roles.partition(&topic, moved.partition)?;
        let (count, is_moving) = (facts.replicas.len(), !facts.adding.is_empty() || !facts.removing.is_empty());
        let replicas = if is_moving {
            None
        } else {
            let mut brokers: Vec<BrokerId> = (1..=self.setup.broker_count()).map(BrokerId).collect();
            let mut replicas = Vec::new();
            while replicas.len() < count && !brokers.is_empty() {
                let place = self.pick(ChaosKind::Reassign, brokers.len())?;
                replicas.push(brokers.remove(place));
            }
            Some(replicas)
        };
        let partition = NamedPartition { topic, partition: moved.partition };
        Some(AlterPartitionReassignmentsRequest { partitions: vec![Reassignment { partition, replicas }], timeout: TIMEOUT })
    }

    /// A live controller that does not vote joins, or a voter leaves a quorum that is large enough.
    fn draw_voter(&mut self) -> Option<Request> {
        let voters = self.roles.voters().to_vec();
        let is_voter = |process: &ProcessId| voters.iter().any(|key| key.voter == *process);
        let controllers = self.setup.controllers.clone();
        let ready =
            controllers.iter().copied().filter(|process| self.slot(self.place_of(*process)).is_in_quorum && !is_voter(process));
        let joining = ready.map(|process| AddRaftVoterRequest { voter: self.key_of(process) }.into());
        let mut orders: Vec<Request> = joining.collect();
        if voters.len() > VOTERS_MIN {
            orders.extend(voters.iter().map(|voter| Request::from(RemoveRaftVoterRequest { voter: *voter })));
        }
        let place = self.pick(ChaosKind::Voter, orders.len())?;
        orders.into_iter().nth(place)
    }

    /// A voter is back on a new disk: the operator takes the lost one out of the quorum and the new one in.
    pub(in crate::sim) fn replace_voter(&mut self, place: Place) {
        let process = self.id(place);
        let lost = self.roles.voters().iter().find(|key| key.voter == process).copied();
        let Some(lost) = lost.filter(|key| key.directory.is_some()) else { return };
        self.order(Command::Ask(RemoveRaftVoterRequest { voter: lost }.into()));
        self.order(Command::Ask(AddRaftVoterRequest { voter: self.key_of(process) }.into()));
    }

    fn key_of(&self, process: ProcessId) -> VoterKey {
        let directory = self.setup.is_voter_uuid_on.then(|| directory_of(self.slot(self.place_of(process))));
        VoterKey { voter: process, directory }
    }

    fn pick(&mut self, kind: ChaosKind, count: usize) -> Option<usize> {
        if count == 0 {
            return None;
        }
        let subject = Subject::default().about(kind as u64);
        usize::try_from(self.choices.choose(ChoiceKind::FaultTarget, subject, Odds::one_of(count))).ok()
    }
}
