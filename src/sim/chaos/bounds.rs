//! What random faults may strike, and what they may take: the bounds within which Kafka's promises hold.
//!
//! Servers. Of the voters at most a minority is away at a time: down, still, doomed, on a disk that fails, or on one that the
//! quorum does not know (one, where there is one voter).
//!
//! What a broker's disk may lose. A broker that died with losses comes back only once committed metadata has it in no ISR and
//! fenced: until then its copy still counts, or a proposal on its way may make it count. (Kafka promises nothing for a disk
//! that is lost while an AlterPartition names its broker: an empty replica in the ISR.) Where nobody else is left in ISR and
//! ELR whose disk can be trusted, it comes back with its disk whole, and the fault says that it was spared. (Whole is more than
//! not replaced: pages that a failed sync called clean would go with the next power failure, and rotten bytes would stand for
//! what was committed; so the operator puts in a sound disk with what had been written to the old one.) So does the last
//! leader that an empty ISR is remembered by: the controller takes every broker that was not shut down in order out of the
//! ELR, whole disk or not, and falls back on that one (KIP-966). A disk fault that may lose data strikes at most
//! min.insync.replicas - 1 copies of any partition at a time.
//!
//! What a voter's disk may lose: what was never synced (a power failure, a failed sync). A voter trusts what it has synced and
//! no more copies than a majority need hold it, so a disk that loses that breaks Raft even when it is a single one; a voter
//! whose disk may have is given a new disk. By its directory id it is no voter then (KIP-853), and the operator takes the old
//! one out of the quorum and the new one in. Without `voter-uuid` no voter's disk loses anything synced.
//!
//! A disk under suspicion. While a random disk fault holds that may lose something, and after it has struck a call, the next
//! death costs what it could cost at most: a power failure (failed or lying syncs, short reads) or the disk (rotten or
//! misdirected bytes). When a fault that has struck ends, the operator sees to that death himself. And while it holds, no other
//! copy of the same partitions dies in disorder: the controller would count that one as lost as well.
//!
//! Clients. Consumers may be away as often and as many at a time as luck has it: their groups go on, and they come back.
//!
//! Invariant: under these bounds every check must hold; a scenario that wants more scripts it.

use std::sync::Arc;

use crate::config::TopicConfig;
use crate::event::{CrashKind, DiskFault, FaultFact, FaultIndex, PartitionFacts};
use crate::ids::{BrokerId, BrokerSet, DirectoryId, Incarnation, ProcessId, TopicPartition, VoterKey};
use crate::sim::fault::is_random;
use crate::sim::life::worse;
use crate::sim::process::{BadDisk, Place, Slot};
use crate::sim::scenario::ChaosKind;
use crate::sim::world::World;
use crate::time::Trail;

/// What becomes of a broker that died with losses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Return {
    /// It comes back.
    Now,
    /// Somebody still counts on it.
    Later,
    /// Nobody else is left to count on.
    Spared,
}

impl World {
    /// Whether a fault of this kind may strike there now.
    pub(super) fn may_strike(&self, kind: ChaosKind, place: Place) -> bool {
        let slot = self.slot(place);
        let is_well = slot.is_up && slot.pauses == 0 && slot.doom.is_none() && slot.asked_by.is_empty();
        let is_sound = is_well && slot.bad_disk.is_none() && slot.suspect.is_none();
        if kind.is_about_consumers() {
            return is_well && self.setup.is_consumer(place);
        }
        if matches!(slot.id, ProcessId::World) || (matches!(slot.id, ProcessId::Client(_)) && !kind.is_about_clocks()) {
            return false;
        }
        match kind {
            ChaosKind::ClockJump | ChaosKind::ClockDrift => slot.bent_by.is_none(),
            ChaosKind::Cut | ChaosKind::CutOneWay | ChaosKind::Loss | ChaosKind::Delay | ChaosKind::Duplicate => true,
            ChaosKind::Pause | ChaosKind::ShutDown => is_well && self.quorum_can_miss(place),
            ChaosKind::Crash | ChaosKind::Power => is_well && self.quorum_can_miss(place) && self.may_shake_copy(place),
            ChaosKind::DiskReplaced => is_well && self.may_lose_disk(place) && self.may_shake_copy(place),
            // A disk that does not serve ends its server.
            ChaosKind::WriteFails | ChaosKind::ReadFails | ChaosKind::Full | ChaosKind::Stalls => {
                is_sound && self.quorum_can_miss(place) && self.may_shake_copy(place)
            }
            ChaosKind::SyncFails => is_sound && self.quorum_can_miss(place) && self.may_lose_copy(place),
            ChaosKind::SyncLies | ChaosKind::ShortRead | ChaosKind::BitRot | ChaosKind::MisdirectedWrite => {
                is_sound && self.may_lose_disk(place) && self.may_lose_copy(place)
            }
            ChaosKind::Reassign | ChaosKind::Elect | ChaosKind::Voter => false,
            ChaosKind::ClientCrash | ChaosKind::ClientPause | ChaosKind::ClientClose => false,
        }
    }

    /// Whether the metadata quorum keeps its majority without this server, whatever becomes of a change of its voters that is
    /// under way.
    fn quorum_can_miss(&self, place: Place) -> bool {
        self.roles.voter_sets().into_iter().all(|voters| self.voters_can_miss(voters, place))
    }

    fn voters_can_miss(&self, voters: &[VoterKey], place: Place) -> bool {
        if !voters.iter().any(|key| key.voter == self.id(place)) {
            return true;
        }
        let is_away = |voter: ProcessId, directory: Option<DirectoryId>| {
            let slot = self.slot(self.place_of(voter));
            let is_known = directory.is_none_or(|directory| directory == directory_of(slot));
            !slot.is_up
                || slot.pauses > 0
                || slot.doom.is_some()
                || !slot.asked_by.is_empty()
                || slot.suspect.is_some()
                || slot.bad_disk.is_some()
                || !is_known
        };
        let away = voters.iter().filter(|key| is_away(key.voter, key.directory)).count();
        away < may_be_away(voters.len())
    }

    /// Whether a server can do without what it has synced.
    fn may_lose_disk(&self, place: Place) -> bool {
        let sets = self.roles.voter_sets();
        let is_voter = sets.iter().any(|voters| voters.iter().any(|key| key.voter == self.id(place)));
        let is_lone_controller = matches!(self.id(place), ProcessId::Controller(_));
        if is_voter {
            return sets.iter().all(|voters| voters.len() > 2) && self.setup.is_voter_uuid_on && self.quorum_can_miss(place);
        }
        // A standby may be on its way into the quorum under the directory id that it has.
        !is_lone_controller
    }

    /// Whether every partition keeps enough copies on disks that can be trusted, should this one turn out not to be.
    fn may_lose_copy(&self, place: Place) -> bool {
        let ProcessId::Broker(broker) = self.id(place) else { return true };
        let suspects = self.distrusted().with(broker);
        // Who is down came down in disorder, most likely, and then its copy counts for nothing either.
        let sound = self.brokers_where(|slot| slot.is_up && slot.doom.is_none() && slot.bad_disk.is_none());
        self.roles.partitions().filter(|(_, facts)| facts.replicas.contains(&broker)).all(|(partition, facts)| {
            let struck = facts.replicas.iter().filter(|replica| suspects.contains(**replica)).count();
            let mut holders = facts.isr.iter().chain(facts.elr.iter());
            let is_kept = holders.any(|other| sound.contains(other) && !suspects.contains(other));
            is_kept && struck < self.min_isr(partition, facts)
        })
    }

    /// Whether a broker may die in disorder. The controller counts its copies as lost then, whole or not (KIP-966), so that
    /// must not come on top of a disk that may lose others.
    fn may_shake_copy(&self, place: Place) -> bool {
        let ProcessId::Broker(broker) = self.id(place) else { return true };
        let suspects = self.brokers_where(|slot| slot.suspect.is_some() || slot.bad_disk.is_some_and(BadDisk::may_lose));
        if suspects.is_empty() {
            return true;
        }
        let struck = suspects.with(broker);
        self.roles.partitions().filter(|(_, facts)| facts.replicas.contains(&broker)).all(|(partition, facts)| {
            let count = facts.replicas.iter().filter(|replica| struck.contains(**replica)).count();
            count < self.min_isr(partition, facts).max(2)
        })
    }

    /// The brokers whose copies may have lost something: under a disk fault, down with losses, or back and not registered yet.
    fn distrusted(&self) -> BrokerSet {
        self.brokers_where(|slot| {
            let is_bad = slot.suspect.is_some() || slot.bad_disk.is_some_and(BadDisk::may_lose);
            let is_doomed = slot.doom.is_some_and(|doom| doom.kind != CrashKind::Process);
            is_bad || is_doomed || slot.is_lossy || slot.died_of != CrashKind::Process
        })
    }

    fn brokers_where(&self, is_meant: impl Fn(&Slot) -> bool) -> BrokerSet {
        let brokers = self.slots.iter().filter(|slot| is_meant(slot)).filter_map(|slot| match slot.id {
            ProcessId::Broker(broker) => Some(broker),
            ProcessId::World | ProcessId::Controller(_) | ProcessId::Client(_) => None,
        });
        brokers.collect()
    }

    /// How many in-sync copies an acknowledgement of everybody needs.
    fn min_isr(&self, partition: TopicPartition, facts: &PartitionFacts) -> usize {
        let own = self.roles.topic(partition.topic).map(|topic| topic.config.as_slice()).unwrap_or_default();
        let mut config: TopicConfig = self.setup.topic_defaults.clone();
        for (key, value) in own {
            config.set(key, value).expect("the controller has checked the configurations of topics");
        }
        usize::try_from(config.min_insync_replicas).unwrap_or(usize::MAX).min(facts.replicas.len())
    }

    /// Whether the victim of a random fault may come back. Spares its disk where nobody else is left to count on.
    pub(in crate::sim) fn may_come_back(&mut self, fault: FaultIndex, bound: &[(Place, Incarnation)]) -> bool {
        let Some((place, life)) = bound.first().copied() else { return true };
        let slot = self.slot(place);
        let ProcessId::Broker(broker) = slot.id else { return true };
        if slot.is_up || slot.incarnation != life || slot.died_of == CrashKind::Process || !is_random(fault) {
            return true;
        }
        match self.return_of(broker) {
            Return::Now => true,
            Return::Later => false,
            Return::Spared => {
                let slot = self.slot_mut(place);
                slot.died_of = CrashKind::Process;
                Arc::make_mut(&mut slot.disk).make_whole();
                if let Some(bad) = slot.bad_disk {
                    self.mend_disk(bad.fault, place);
                }
                self.prove(Some(fault), |proof| proof.was_spared = true);
                self.tell(ProcessId::World, Trail::NONE, FaultFact::FaultSpared { fault, target: ProcessId::Broker(broker) });
                true
            }
        }
    }

    fn return_of(&self, broker: BrokerId) -> Return {
        let distrusted = self.distrusted().with(broker);
        let mut has_to_wait = self.roles.is_unfenced(broker);
        for (_, facts) in self.roles.partitions() {
            let trusted = facts.isr.iter().chain(facts.elr.iter()).any(|other| !distrusted.contains(other));
            let is_last = facts.isr.contains(broker) && facts.isr.len() == 1 && facts.elr.is_empty();
            let is_last_resort = facts.isr.is_empty() && facts.last_known_elr.contains(broker);
            if is_last || is_last_resort || (facts.elr.contains(broker) && facts.isr.is_empty() && !trusted) {
                return Return::Spared;
            }
            has_to_wait |= facts.isr.contains(broker);
        }
        if has_to_wait { Return::Later } else { Return::Now }
    }

    /// What a random disk fault may cost a server at most: what its next death takes.
    pub(in crate::sim) fn cost_of(&self, place: Place, fault: DiskFault) -> CrashKind {
        let is_voter = self.roles.voters().iter().any(|key| key.voter == self.id(place));
        match fault {
            DiskFault::WriteFailed | DiskFault::ReadFailed | DiskFault::Full | DiskFault::Stalled => CrashKind::Process,
            DiskFault::SyncFailed => CrashKind::Power,
            DiskFault::SyncLied | DiskFault::ShortRead if is_voter => CrashKind::DiskReplaced,
            DiskFault::SyncLied | DiskFault::ShortRead => CrashKind::Power,
            DiskFault::BitRot | DiskFault::MisdirectedWrite => CrashKind::DiskReplaced,
        }
    }

    /// A rule of a fault has struck a call of this server's disk.
    pub(in crate::sim) fn note_suspect(&mut self, place: Place, fault: FaultIndex, struck: DiskFault) {
        let cost = self.cost_of(place, struck);
        if !is_random(fault) || cost == CrashKind::Process {
            return;
        }
        let slot = self.slot_mut(place);
        slot.suspect = Some(slot.suspect.map_or(cost, |old| worse(old, cost)));
    }

    /// A random fault is over: the operator turns off a machine whose disk is under suspicion.
    pub(in crate::sim) fn retire_disk(&mut self, fault: FaultIndex, bound: &[(Place, Incarnation)]) {
        for (place, life) in bound.iter().copied() {
            self.mend_disk(fault, place);
            let slot = self.slot(place);
            if slot.is_up && slot.incarnation == life && slot.suspect.is_some() {
                self.crash(place, CrashKind::Power, Some(fault), Trail::NONE);
            }
        }
    }
}

/// How many of so many voters may be away at a time. Of two none: a quorum is that small while one is taken out and another
/// put in, and then needs both.
fn may_be_away(voters: usize) -> usize {
    if voters == 1 { 1 } else { voters.saturating_sub(1) / 2 }
}

/// The directory id under which a voter on this disk is known.
pub(super) fn directory_of(slot: &Slot) -> DirectoryId {
    DirectoryId(slot.formatted_by.0)
}

impl ChaosKind {
    fn is_about_consumers(self) -> bool {
        matches!(self, Self::ClientCrash | Self::ClientPause | Self::ClientClose)
    }

    fn is_about_clocks(self) -> bool {
        matches!(self, Self::ClockJump | Self::ClockDrift)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::tests::scenario;
    use crate::time::Instant;

    /// A world in which everybody is up and well.
    fn world_of(voters: u16) -> World {
        let mut scenario = scenario();
        scenario.cluster.voters = voters;
        let mut world = World::new(&scenario, scenario.seed, &[], false);
        while let Some(turn) = world.begin_by(Instant(10_000)) {
            world.end(turn);
        }
        world
    }

    fn struck(world: &World, kind: ChaosKind) -> usize {
        let places = world.setup.places();
        places.filter(|place| matches!(world.id(*place), ProcessId::Controller(_)) && world.may_strike(kind, *place)).count()
    }

    #[test]
    fn a_quorum_keeps_its_majority_but_a_lone_voter_may_be_away() {
        for (voters, spare) in [(1, 1), (2, 0), (3, 1), (4, 1), (5, 2), (7, 3)] {
            let mut world = world_of(voters);
            for away in 0..=spare {
                let left = if away < spare { usize::from(voters) - away } else { 0 };
                assert_eq!(struck(&world, ChaosKind::Pause), left, "{away} of {voters} are away");
                if away < spare {
                    let next = world.place_of(ProcessId::Controller(u16::try_from(away).expect("few") + 1));
                    world.slot_mut(next).pauses += 1;
                }
            }
        }
    }
}
