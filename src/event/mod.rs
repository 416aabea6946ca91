//! Every fact that can happen in a run, one file per subject. This is the glossary of the project: the one line above a
//! fact is what the book's glossary prints.
//!
//! Checks, views, stories, exports and the trace hash know these facts and nothing else of a machine.
//!
//! Invariant: an [`Event`] holds at most 96 bytes; what is larger sits behind an `Arc`.

pub mod canonical;
mod client;
mod controller;
mod facts;
mod fault;
mod group;
mod group_key;
mod log;
mod network;
mod raft;
mod replica;
mod world;

use crate::error::Fault;
use crate::ids::{ProcessId, Step};
use crate::time::{Instant, Trail};
use canonical::Field;

pub use client::{Acks, ClientFact, CommitFacts, PollFacts, PositionReason, ReadRecord, SentRecord};
pub use controller::{ConfigFacts, ControllerFact, PartitionFacts, TopicFacts};
pub use fault::{FaultFact, FaultIndex};
pub use group::{
    AssignmentFacts, GroupFact, GroupId, GroupKind, GroupState, InstanceId, LeaveReason, MemberFacts, MemberId, offsets_partition,
};
pub use group_key::{GroupKey, OFFSETS_TOPIC, is_internal};
pub use log::{
    BatchFacts, CleanedFacts, CleaningReason, IndexProbe, LogFact, ProducerFacts, RecordFacts, RecoveryFacts, RetentionFacts,
    RetentionReason, TruncationReason,
};
pub use network::{ApiKey, CloseReason, ConnectionNumber, DropReason, MessageFacts, NetworkFact, Purpose};
pub use raft::{QuorumRole, RaftFact, ResignReason, VoterSetFacts};
pub use replica::ReplicaFact;
pub use world::{CrashKind, DiskFault, RunFacts, WorldFact};

/// Something that happened, when, to whom and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its place in the trace.
    pub step: Step,
    /// When it happened, in the world's true time.
    pub at: Instant,
    /// The process it happened to.
    pub process: ProcessId,
    /// The event before it, and the request it serves.
    pub trail: Trail,
    /// What happened.
    pub fact: Fact,
}

const _: () = assert!(size_of::<Event>() <= 96, "a run of a million events keeps them all");

impl Event {
    /// Appends the canonical form.
    pub fn put(&self, out: &mut Vec<u8>) {
        self.step.put(out);
        self.at.put(out);
        self.process.put(out);
        self.trail.cause.put(out);
        self.trail.origin.put(out);
        self.fact.put(out);
    }

    /// Reads the canonical form. Errors: as [`Field::take`].
    pub fn take(input: &mut &[u8]) -> Result<Self, Fault> {
        Ok(Self {
            step: Step::take(input)?,
            at: Instant::take(input)?,
            process: ProcessId::take(input)?,
            trail: Trail { cause: Step::take(input)?, origin: Step::take(input)? },
            fact: Fact::take(input)?,
        })
    }
}

/// One line of the glossary.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The subject's name, such as `replica`.
    pub subject: &'static str,
    /// The fact's name, such as `HighWatermarkAdvanced`.
    pub name: &'static str,
    /// Its one sentence.
    pub doc: &'static str,
    /// The names of its fields.
    pub fields: &'static [&'static str],
}

macro_rules! subjects {
    ($($(#[doc = $doc:literal])+ $subject:ident($type:ident)),* $(,)?) => {
        /// What happened, by subject.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Fact { $($(#[doc = $doc])+ $subject($type)),* }

        $(impl From<$type> for Fact {
            fn from(fact: $type) -> Self {
                Self::$subject(fact)
            }
        })*

        impl Fact {
            /// The fact's name, such as `HighWatermarkAdvanced`.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$subject(fact) => fact.name()),* }
            }

            /// The fact's fixed number.
            #[must_use]
            pub fn tag(&self) -> u16 {
                match self { $(Self::$subject(fact) => fact.tag()),* }
            }

            /// Appends the canonical form: the tag, then the fields.
            pub fn put(&self, out: &mut Vec<u8>) {
                self.tag().put(out);
                match self { $(Self::$subject(fact) => fact.put_fields(out)),* }
            }

            /// Reads the canonical form. Errors: as [`Field::take`].
            pub fn take(input: &mut &[u8]) -> Result<Self, Fault> {
                let tag = u16::take(input)?;
                $(if let Some(fact) = $type::take_fields(tag, input)? {
                    return Ok(Self::$subject(fact));
                })*
                Err(canonical::unknown("event", tag))
            }

            /// Every fact there is, in the order of the subjects.
            #[must_use]
            pub fn glossary() -> Vec<Entry> {
                let mut all = Vec::new();
                $(all.extend_from_slice($type::GLOSSARY);)*
                all
            }
        }
    };
}

subjects! {
    /// Connections and messages.
    Network(NetworkFact),
    /// What a replica's log does.
    Log(LogFact),
    /// Leaders, followers, the ISR and the high watermark.
    Replica(ReplicaFact),
    /// What the controller decides.
    Controller(ControllerFact),
    /// The metadata log and its quorum.
    Raft(RaftFact),
    /// What producers, consumers and admins do.
    Client(ClientFact),
    /// Groups, their members and their offsets, as their coordinator decides.
    Group(GroupFact),
    /// What is done to the world on purpose.
    Fault(FaultFact),
    /// Processes, clocks, disks and the run itself.
    World(WorldFact),
}
