//! How each event changes the picture. One arm per fact; what changes nothing visible is named too.

use std::sync::Arc;

use super::partition::{Acked, PartitionView, Reader, ReplicaView, Role};
use super::{Link, ProcessState, ProcessView, View};
use crate::event::{
    ClientFact, ControllerFact, CrashKind, Event, Fact, FaultFact, LogFact, PartitionFacts, ReplicaFact, TruncationReason,
    WorldFact,
};
use crate::ids::{BrokerId, Incarnation, Offset, ProcessId, TopicPartition};

impl View {
    /// Adds the next event.
    pub fn apply(&mut self, event: &Event) {
        self.at = event.at;
        self.applied = event.step.0.saturating_add(1);
        match &event.fact {
            Fact::World(fact) => self.apply_world(event.process, fact),
            Fact::Fault(FaultFact::LinkCut { from, to, .. }) => self.apply_cut(*from, *to),
            Fact::Fault(FaultFact::LinkHealed { from, to, .. }) => self.apply_heal(*from, *to),
            Fact::Controller(fact) => self.apply_controller(fact),
            Fact::Log(fact) => {
                if let ProcessId::Broker(broker) = event.process {
                    self.apply_log(broker, fact);
                }
            }
            Fact::Replica(fact) => {
                if let ProcessId::Broker(broker) = event.process {
                    self.apply_replica(broker, fact);
                }
            }
            Fact::Client(fact) => self.apply_client(event, fact),
            Fact::Network(_) | Fact::Raft(_) | Fact::Fault(_) => {}
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
                self.process_mut(process).state = ProcessState::Down(*kind);
                self.lose_volatile_state(process, *kind == CrashKind::DiskReplaced);
            }
            WorldFact::ProcessHalted { .. } | WorldFact::ProcessStopped { .. } | WorldFact::AssertionFailed { .. } => {
                self.process_mut(process).state = ProcessState::Halted;
                self.lose_volatile_state(process, false);
            }
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
            WorldFact::DiskReplaced { .. } => self.lose_volatile_state(process, true),
            // What a disk lost of a log shows when the replica reads it back (LogRecovered).
            WorldFact::RunEnded { .. }
            | WorldFact::DiskLost { .. }
            | WorldFact::DiskCorrupted { .. }
            | WorldFact::DiskFaulted { .. }
            | WorldFact::ShutdownRequested {} => {}
        }
    }

    /// A dead process plays no role; its log is whatever its disk holds.
    fn lose_volatile_state(&mut self, process: ProcessId, disk_too: bool) {
        self.change_replicas_of(process, |replica| {
            (replica.role, replica.isr, replica.is_up) = (Role::None, None, false);
            if disk_too {
                replica.log.clear();
                (replica.start, replica.end, replica.high_watermark) = (Offset::ZERO, Offset::ZERO, Offset::ZERO);
            }
        });
    }

    fn change_replicas_of(&mut self, process: ProcessId, change: impl Fn(&mut ReplicaView)) {
        let ProcessId::Broker(broker) = process else { return };
        for partition in &mut self.partitions {
            if partition.replica(broker).is_none() {
                continue;
            }
            let partition = Arc::make_mut(partition);
            partition.replicas.iter_mut().filter(|replica| replica.broker == broker).for_each(&change);
        }
    }

    fn apply_cut(&mut self, from: ProcessId, to: ProcessId) {
        let cuts = Arc::make_mut(&mut self.cuts);
        match cuts.iter_mut().find(|link| link.from == from && link.to == to) {
            Some(link) => link.cuts = link.cuts.saturating_add(1),
            None => cuts.push(Link { from, to, cuts: 1 }),
        }
    }

    fn apply_heal(&mut self, from: ProcessId, to: ProcessId) {
        let cuts = Arc::make_mut(&mut self.cuts);
        if let Some(link) = cuts.iter_mut().find(|link| link.from == from && link.to == to) {
            link.cuts = link.cuts.saturating_sub(1);
        }
        cuts.retain(|link| link.cuts > 0);
    }

    fn apply_controller(&mut self, fact: &ControllerFact) {
        match fact {
            ControllerFact::BrokerRegistered { broker, .. } | ControllerFact::BrokerFenced { broker, .. } => {
                self.process_mut(ProcessId::Broker(*broker)).is_fenced = true;
            }
            ControllerFact::BrokerUnfenced { broker, .. } => self.process_mut(ProcessId::Broker(*broker)).is_fenced = false,
            ControllerFact::TopicCreated { topic } => {
                let setting = topic.config.iter().find(|(key, _)| key == "min.insync.replicas");
                if let Some(min) = setting.and_then(|(_, value)| value.parse().ok()) {
                    Arc::make_mut(&mut self.min_insync).push((topic.id, min));
                }
            }
            ControllerFact::PartitionChanged { partition, now } => {
                if let Some(view) = self.partition_mut(*partition) {
                    view.commit(now);
                }
            }
            // The election's outcome stands in the PartitionChanged beside it.
            ControllerFact::LeaderElected { .. }
            | ControllerFact::RegistrationRefused { .. }
            | ControllerFact::AlterPartitionRefused { .. }
            | ControllerFact::BrokerShuttingDown { .. }
            | ControllerFact::AdminRefused { .. } => {}
            ControllerFact::UncleanShutdownFound { .. }
            | ControllerFact::TopicDeleted { .. }
            | ControllerFact::PartitionsAdded { .. }
            | ControllerFact::ConfigChanged { .. }
            | ControllerFact::FeatureChanged { .. }
            | ControllerFact::ProducerIdsAllocated { .. }
            | ControllerFact::ReassignmentStarted { .. }
            | ControllerFact::ReassignmentCompleted { .. }
            | ControllerFact::ReassignmentCancelled { .. }
            | ControllerFact::ControllerActivated { .. }
            | ControllerFact::ControllerDeactivated { .. } => {}
        }
    }

    fn apply_log(&mut self, broker: BrokerId, fact: &LogFact) {
        match fact {
            LogFact::RecordsAppended { partition, batch } | LogFact::RecordsReplicated { partition, batch, .. } => {
                if let Some(replica) = self.replica_mut(*partition, broker) {
                    replica.append(batch);
                }
            }
            LogFact::LogTruncated { partition, to, why, .. } => {
                if let Some(replica) = self.replica_mut(*partition, broker) {
                    replica.log.cut_from(*to);
                    replica.end = *to;
                    if *why == TruncationReason::BehindLogStart {
                        replica.log.clear();
                        replica.start = *to;
                    }
                }
            }
            LogFact::LogStartAdvanced { partition, new, .. } => {
                if let Some(replica) = self.replica_mut(*partition, broker) {
                    replica.log.cut_below(*new);
                    (replica.start, replica.end) = (*new, replica.end.max(*new));
                }
            }
            LogFact::LogRecovered { recovery } => {
                if let Some(replica) = self.replica_mut(recovery.partition, broker) {
                    replica.log.clear();
                    for batch in &recovery.batches {
                        replica.append(batch);
                    }
                    (replica.start, replica.end, replica.high_watermark) = (recovery.start, recovery.end, recovery.high_watermark);
                }
            }
            LogFact::LogFlushed { .. }
            | LogFact::SegmentRolled { .. }
            | LogFact::EpochStarted { .. }
            | LogFact::HighWatermarksCheckpointed { .. }
            | LogFact::LogFenced { .. }
            | LogFact::LogRefused { .. }
            | LogFact::LogDirectoryFailed { .. }
            | LogFact::RecoveryPointsCheckpointed { .. }
            | LogFact::LogStartsCheckpointed { .. }
            | LogFact::IndexesRebuilt { .. }
            | LogFact::LogDeleted { .. }
            | LogFact::IndexProbed { .. } => {}
        }
    }

    fn apply_replica(&mut self, broker: BrokerId, fact: &ReplicaFact) {
        match fact {
            ReplicaFact::BecameLeader { partition, epoch, high_watermark, isr, .. } => {
                if let Some(replica) = self.replica_mut(*partition, broker) {
                    (replica.role, replica.has_led) = (Role::Leader { epoch: *epoch }, true);
                    (replica.high_watermark, replica.isr) = (*high_watermark, Some((*isr, *isr)));
                }
            }
            ReplicaFact::BecameFollower { partition, epoch, leader, high_watermark, .. } => {
                if let Some(replica) = self.replica_mut(*partition, broker) {
                    (replica.role, replica.isr) = (Role::Follower { epoch: *epoch, leader: *leader }, None);
                    replica.high_watermark = *high_watermark;
                }
            }
            ReplicaFact::HighWatermarkAdvanced { partition, new, .. }
            | ReplicaFact::HighWatermarkLearned { partition, new, .. } => {
                if let Some(replica) = self.replica_mut(*partition, broker) {
                    replica.high_watermark = *new;
                }
            }
            ReplicaFact::IsrProposed { partition, maximal, .. } => {
                if let Some(replica) = self.replica_mut(*partition, broker) {
                    replica.isr = Some((replica.isr.map_or(*maximal, |(isr, _)| isr), *maximal));
                }
            }
            ReplicaFact::IsrAdopted { partition, isr, maximal, .. } => {
                if let Some(replica) = self.replica_mut(*partition, broker) {
                    replica.isr = Some((*isr, *maximal));
                }
            }
            ReplicaFact::ReplicaOffline { partition, .. } => {
                if let Some(replica) = self.replica_mut(*partition, broker) {
                    (replica.role, replica.isr) = (Role::Offline, None);
                }
            }
            ReplicaFact::ReplicaResigned { partition, .. } => {
                if let Some(replica) = self.replica_mut(*partition, broker) {
                    (replica.role, replica.isr) = (Role::None, None);
                }
            }
            // What the leader knows of its followers is told beside their logs, which show it themselves.
            ReplicaFact::FollowerProgressed { .. }
            | ReplicaFact::IsrProposalRefused { .. }
            | ReplicaFact::ReadReplicaChosen { .. }
            | ReplicaFact::RequestRefused { .. }
            | ReplicaFact::ProduceCommitted { .. } => {}
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
            ClientFact::PositionSet { partition, offset, .. } => {
                if let Some(view) = self.partition_mut(*partition) {
                    view.read_on(event.process, *offset, None);
                }
            }
            ClientFact::PollReturned { poll } => {
                if let Some(view) = self.partition_mut(poll.partition) {
                    view.read_on(event.process, poll.position, Some(poll.high_watermark));
                }
            }
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

    fn process_mut(&mut self, process: ProcessId) -> &mut ProcessView {
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

    /// A partition to change; `None` for the metadata log, which the picture leaves out.
    fn partition_mut(&mut self, partition: TopicPartition) -> Option<&mut PartitionView> {
        if partition == TopicPartition::METADATA {
            return None;
        }
        let place = match self.partitions.binary_search_by_key(&partition, |known| known.partition) {
            Ok(place) => place,
            Err(place) => {
                let min_insync = self.min_insync.iter().find(|(topic, _)| *topic == partition.topic).map(|(_, min)| *min);
                self.partitions.insert(place, Arc::new(PartitionView::new(partition, min_insync)));
                place
            }
        };
        self.partitions.get_mut(place).map(Arc::make_mut)
    }

    fn replica_mut(&mut self, partition: TopicPartition, broker: BrokerId) -> Option<&mut ReplicaView> {
        self.partition_mut(partition).map(|view| view.replica_mut(broker))
    }
}

impl PartitionView {
    fn replica_mut(&mut self, broker: BrokerId) -> &mut ReplicaView {
        let place = self.replicas.iter().position(|replica| replica.broker == broker).unwrap_or_else(|| {
            self.replicas.push(ReplicaView::new(broker));
            self.replicas.len() - 1
        });
        self.replicas.get_mut(place).expect("it was found or put there")
    }

    fn commit(&mut self, now: &Arc<PartitionFacts>) {
        for broker in &now.replicas {
            self.replica_mut(*broker);
        }
        let place = |broker: BrokerId| now.replicas.iter().position(|replica| *replica == broker).unwrap_or(usize::MAX);
        self.replicas.sort_by_key(|replica| place(replica.broker));
        self.committed = Some(Arc::clone(now));
    }

    fn promise(&mut self, offset: Offset, mut acked: Acked) {
        let held = self.holders(offset, acked.digest).find_map(|replica| replica.cell(offset));
        acked.key = held.and_then(|cell| cell.key.cloned());
        if let Some(earlier) = self.acked.get(offset).cloned().filter(|earlier| earlier.digest != acked.digest) {
            Arc::make_mut(&mut self.overwritten).push((offset, earlier));
        }
        self.acked.set(offset, acked);
    }

    fn read_on(&mut self, consumer: ProcessId, position: Offset, told: Option<Offset>) {
        match self.readers.iter_mut().find(|reader| reader.consumer == consumer) {
            Some(reader) => (reader.position, reader.high_watermark) = (position, told.or(reader.high_watermark)),
            None => self.readers.push(Reader { consumer, position, high_watermark: told }),
        }
    }
}

impl ProcessView {
    fn new(process: ProcessId) -> Self {
        Self {
            process,
            state: ProcessState::NotStarted,
            incarnation: Incarnation::default(),
            clock_offset_us: 0,
            clock_drift_ppm: 0,
            is_fenced: false,
        }
    }
}
