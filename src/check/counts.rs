//! How often what happened: a run without an election proves nothing about elections.
//!
//! Called by: `Checks` with every event; `explore` adds the counts of many runs up.

use crate::event::{ClientFact, ControllerFact, Event, Fact, LogFact, NetworkFact, ReplicaFact, WorldFact};
use crate::ids::Incarnation;

macro_rules! counts {
    ($($(#[doc = $doc:literal])+ $name:ident),* $(,)?) => {
        /// The counts of a run, or of many. Their names are the keys of `counts` in `--json`.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Counts { $($(#[doc = $doc])+ pub $name: u64),* }

        impl Counts {
            /// Every count with its name, in a fixed order.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name)),*].into_iter()
            }

            /// Adds the counts of another run.
            pub fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

counts! {
    /// Partitions that got a leader.
    elections,
    /// Of these, leaders from outside the ISR.
    unclean_elections,
    /// Logs cut.
    truncations,
    /// ISRs that a leader adopted.
    isr_changes,
    /// Brokers fenced.
    fencings,
    /// Logs read back from disk.
    recoveries,
    /// Processes started again.
    restarts,
    /// Changes of the members of a group: none, as long as there are no groups.
    rebalances,
    /// Records given to a producer.
    sends,
    /// Batches sent again.
    retries,
    /// Records acknowledged.
    acked,
    /// Records of which nobody knows whether they are stored.
    unknown,
    /// Records refused.
    failed,
    /// Records given to consumers.
    reads,
    /// Messages sent.
    messages,
    /// Messages that never arrived.
    dropped,
    /// Requests delivered twice.
    duplicated,
    /// Files and disks that lost something.
    disk_losses,
    /// Requests that a server refused.
    refusals,
}

impl Counts {
    /// Counts an event.
    pub fn observe(&mut self, event: &Event) {
        match &event.fact {
            Fact::Network(fact) => self.count_network(fact),
            Fact::Log(LogFact::LogTruncated { .. }) => self.truncations += 1,
            Fact::Log(LogFact::LogRecovered { .. }) => self.recoveries += 1,
            Fact::Replica(ReplicaFact::IsrAdopted { .. }) => self.isr_changes += 1,
            Fact::Replica(ReplicaFact::RequestRefused { .. }) => self.refusals += 1,
            Fact::Client(fact) => self.count_client(fact),
            Fact::Controller(fact) => self.count_controller(fact),
            Fact::World(WorldFact::ProcessStarted { incarnation }) if *incarnation > Incarnation(1) => self.restarts += 1,
            Fact::World(WorldFact::DiskLost { .. } | WorldFact::DiskReplaced { .. }) => self.disk_losses += 1,
            Fact::Log(_) | Fact::Replica(_) | Fact::Raft(_) | Fact::Fault(_) | Fact::World(_) => {}
        }
    }

    fn count_network(&mut self, fact: &NetworkFact) {
        match fact {
            NetworkFact::MessageSent { .. } => self.messages += 1,
            NetworkFact::MessageDropped { .. } => self.dropped += 1,
            NetworkFact::MessageDuplicated { .. } => self.duplicated += 1,
            NetworkFact::ConnectionOpened { .. }
            | NetworkFact::ConnectionClosed { .. }
            | NetworkFact::MessageDelivered { .. }
            | NetworkFact::MessageDelayed { .. } => {}
        }
    }

    fn count_client(&mut self, fact: &ClientFact) {
        match fact {
            ClientFact::SendInvoked { .. } => self.sends += 1,
            ClientFact::SendRetried { .. } => self.retries += 1,
            ClientFact::SendAcknowledged { .. } => self.acked += 1,
            ClientFact::SendUnknown { .. } => self.unknown += 1,
            ClientFact::SendFailed { .. } | ClientFact::SendRefused { .. } => self.failed += 1,
            ClientFact::PollReturned { poll } => self.reads += poll.records.len() as u64,
            ClientFact::PositionSet { .. }
            | ClientFact::MetadataRefreshed { .. }
            | ClientFact::AdminAnswered { .. }
            | ClientFact::TruncationDetected { .. }
            | ClientFact::ReadFailed { .. } => {}
        }
    }

    fn count_controller(&mut self, fact: &ControllerFact) {
        match fact {
            ControllerFact::LeaderElected { leader: Some(_), clean, .. } => {
                self.elections += 1;
                self.unclean_elections += u64::from(!clean);
            }
            ControllerFact::BrokerFenced { .. } => self.fencings += 1,
            ControllerFact::RegistrationRefused { .. }
            | ControllerFact::AlterPartitionRefused { .. }
            | ControllerFact::AdminRefused { .. } => self.refusals += 1,
            ControllerFact::LeaderElected { leader: None, .. }
            | ControllerFact::BrokerRegistered { .. }
            | ControllerFact::BrokerUnfenced { .. }
            | ControllerFact::TopicCreated { .. }
            | ControllerFact::PartitionChanged { .. }
            | ControllerFact::BrokerShuttingDown { .. } => {}
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
}
