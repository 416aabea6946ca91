//! How each event changes the picture. One arm per fact; what changes nothing visible is named too. Here: the dispatch,
//! processes, faults and clients; [`super::metadata`], [`super::replicas`] and [`super::link`] hold the rest.

use std::sync::Arc;

use super::partition::{Acked, PartitionView, ReplicaView, Role};
use super::server::{ProcessState, ProcessView};
use super::{TopicView, View};
use crate::event::{ClientFact, CrashKind, Event, Fact, FaultFact, WorldFact};
use crate::ids::{BrokerId, Offset, ProcessId, TopicPartition};

impl View {
    /// Adds the next event.
    pub fn apply(&mut self, event: &Event) {
        self.at = event.at;
        self.applied = event.step.0.saturating_add(1);
        match &event.fact {
            Fact::World(fact) => self.apply_world(event.process, fact),
            Fact::Fault(fact) => self.apply_fault(fact),
            Fact::Controller(fact) => self.apply_controller(event.process, fact),
            Fact::Raft(fact) => self.apply_raft(event.process, fact),
            Fact::Log(fact) => self.apply_log(event.process, fact),
            Fact::Replica(fact) => {
                if let ProcessId::Broker(broker) = event.process {
                    self.apply_replica(broker, fact);
                }
            }
            Fact::Client(fact) => self.apply_client(event, fact),
            Fact::Group(fact) => self.apply_group(event.process, fact),
            Fact::Network(fact) => self.links.apply(event, fact),
        }
    }

    fn apply_world(&mut self, process: ProcessId, fact: &WorldFact) {
        match fact {
            WorldFact::RunStarted { run } => {
                let mut processes: Vec<ProcessView> = run.processes.iter().map(|(id, _)| ProcessView::new(*id)).collect();
                processes.sort_unstable_by_key(|known| known.process);
                self.processes = Arc::new(processes);
            }
            WorldFact::ProcessStarted { incarnation } => {
                let known = self.process_mut(process);
                (known.state, known.incarnation) = (ProcessState::Up, *incarnation);
                self.change_replicas_of(process, |replica| replica.is_up = true);
            }
            WorldFact::ProcessCrashed { kind, .. } => {
                self.end(process, ProcessState::Down(*kind), *kind == CrashKind::DiskReplaced);
            }
            WorldFact::ProcessHalted { .. } | WorldFact::AssertionFailed { .. } => self.end(process, ProcessState::Halted, false),
            WorldFact::ProcessStopped { .. } => self.end(process, ProcessState::Stopped, false),
            WorldFact::ShutdownRequested {} => self.process_mut(process).is_leaving = true,
            WorldFact::ProcessPaused {} => self.process_mut(process).state = ProcessState::Paused,
            WorldFact::ProcessResumed {} => self.process_mut(process).state = ProcessState::Up,
            WorldFact::ClockSet { offset_us, drift_ppm } => {
                let known = self.process_mut(process);
                (known.clock_offset_us, known.clock_drift_ppm) = (*offset_us, *drift_ppm);
            }
            WorldFact::ClockJumped { by_us } => {
                let known = self.process_mut(process);
                known.clock_offset_us = known.clock_offset_us.saturating_add(*by_us);
            }
            WorldFact::DiskReplaced { .. } => {
                self.process_mut(process).lose_disk();
                self.lose_volatile_state(process, true);
            }
            WorldFact::DiskFaulted { fault, .. } => {
                let disk = &mut self.process_mut(process).disk;
                (disk.faults, disk.last) = (disk.faults.saturating_add(1), Some(*fault));
            }
            // What a disk lost of a log shows when the replica reads it back (LogRecovered).
            WorldFact::RunEnded { .. } | WorldFact::DiskLost { .. } | WorldFact::DiskCorrupted { .. } => {}
        }
    }

    /// A process dies: what it knew is gone, and its disk where that died too.
    fn end(&mut self, process: ProcessId, state: ProcessState, disk_too: bool) {
        let known = self.process_mut(process);
        known.state = state;
        known.die();
        if disk_too {
            known.lose_disk();
        }
        self.lose_volatile_state(process, disk_too);
        self.bury_consumer(process);
    }

    /// A dead process plays no role; its log is whatever its disk holds.
    fn lose_volatile_state(&mut self, process: ProcessId, disk_too: bool) {
        self.change_replicas_of(process, |replica| {
            (replica.role, replica.isr, replica.is_up, replica.trouble) = (Role::None, None, false, None);
            if disk_too {
                replica.log.clear();
                (replica.start, replica.end, replica.high_watermark) = (Offset::ZERO, Offset::ZERO, Offset::ZERO);
                replica.cleaned = None;
            }
        });
    }

    pub(super) fn change_replicas_of(&mut self, process: ProcessId, change: impl Fn(&mut ReplicaView)) {
        let ProcessId::Broker(broker) = process else { return };
        for partition in Arc::make_mut(&mut self.partitions) {
            if partition.replica(broker).is_none() {
                continue;
            }
            let partition = Arc::make_mut(partition);
            partition.replicas.iter_mut().filter(|replica| replica.broker == broker).for_each(&change);
        }
    }

    fn apply_fault(&mut self, fact: &FaultFact) {
        match fact {
            FaultFact::LinkCut { from, to, .. } => self.links.cut(*from, *to),
            FaultFact::LinkHealed { from, to, .. } => self.links.heal(*from, *to),
            FaultFact::FaultStruck { fault, .. } => {
                if !self.faults.contains(fault) {
                    Arc::make_mut(&mut self.faults).push(*fault);
                }
            }
            FaultFact::FaultHealed { fault, .. } => {
                if self.faults.contains(fault) {
                    Arc::make_mut(&mut self.faults).retain(|known| known != fault);
                }
            }
            FaultFact::FaultSpared { .. } | FaultFact::FaultMissed { .. } | FaultFact::FaultDrawn { .. } => {}
        }
    }

    fn apply_client(&mut self, event: &Event, fact: &ClientFact) {
        match fact {
            ClientFact::SendAcknowledged { partition, send, acks, offset: Some(offset), digest, .. } => {
                let acked =
                    Acked { producer: event.process, send: *send, acks: *acks, digest: *digest, key: None, step: event.step };
                if let Some(view) = self.partition_mut(*partition) {
                    view.promise(*offset, acked);
                }
            }
            ClientFact::PositionSet { partition, offset, .. } => self.read_on(event.process, *partition, *offset, None),
            ClientFact::PollReturned { poll } => {
                self.read_on(event.process, poll.partition, poll.position, Some(poll.high_watermark));
            }
            ClientFact::Subscribed { .. }
            | ClientFact::GroupJoined { .. }
            | ClientFact::GroupLeft { .. }
            | ClientFact::MembershipLost { .. }
            | ClientFact::PartitionsAssigned { .. }
            | ClientFact::PartitionsRevoked { .. }
            | ClientFact::PartitionsLost { .. }
            | ClientFact::PollOverdue { .. }
            | ClientFact::RecordProcessed { .. }
            | ClientFact::RecordGivenUp { .. }
            | ClientFact::CommitInvoked { .. }
            | ClientFact::CommitAnswered { .. }
            | ClientFact::PartitionsPaused { .. }
            | ClientFact::PartitionsResumed { .. } => self.apply_member(event.process, fact),
            ClientFact::SendInvoked { .. }
            | ClientFact::SendAcknowledged { .. }
            | ClientFact::SendUnknown { .. }
            | ClientFact::SendFailed { .. }
            | ClientFact::SendRetried { .. }
            | ClientFact::MetadataRefreshed { .. }
            | ClientFact::AdminAnswered { .. }
            | ClientFact::SendRefused { .. }
            | ClientFact::ReadFailed { .. }
            | ClientFact::TruncationDetected { .. } => {}
        }
    }

    pub(super) fn process_mut(&mut self, process: ProcessId) -> &mut ProcessView {
        let processes = Arc::make_mut(&mut self.processes);
        let place = match processes.binary_search_by_key(&process, |known| known.process) {
            Ok(place) => place,
            Err(place) => {
                processes.insert(place, ProcessView::new(process));
                place
            }
        };
        processes.get_mut(place).expect("it was found or put there")
    }

    /// A partition to change; `None` for the metadata log, whose records the picture leaves out.
    pub(super) fn partition_mut(&mut self, partition: TopicPartition) -> Option<&mut PartitionView> {
        if partition == TopicPartition::METADATA {
            return None;
        }
        let partitions = Arc::make_mut(&mut self.partitions);
        let place = match partitions.binary_search_by_key(&partition, |known| known.partition) {
            Ok(place) => place,
            Err(place) => {
                let topic = self.topics.iter().find(|topic| topic.id == partition.topic);
                let min_insync = topic.and_then(|topic: &TopicView| topic.min_insync);
                partitions.insert(place, Arc::new(PartitionView::new(partition, min_insync)));
                place
            }
        };
        partitions.get_mut(place).map(Arc::make_mut)
    }

    pub(super) fn replica_mut(&mut self, partition: TopicPartition, broker: BrokerId) -> Option<&mut ReplicaView> {
        self.partition_mut(partition).map(|view| view.replica_mut(broker))
    }
}
