//! Facts of faults: what is done to the world on purpose. What each fault is, is told by its place in the run's list.

use std::sync::Arc;

use super::canonical::Field;
use super::facts::facts;
use crate::error::Fault;
use crate::ids::ProcessId;

facts! {
    /// What is done to the world on purpose.
    "fault" FaultFact {
        /// A fault struck (this process, where it has one target).
        [600] FaultStruck { fault: FaultIndex, target: Option<ProcessId> }
        /// A fault ended.
        [601] FaultHealed { fault: FaultIndex, target: Option<ProcessId> }
        /// A random fault left its victim its disk, because it held the last in-sync copy of something.
        [602] FaultSpared { fault: FaultIndex, target: ProcessId }
        /// A random fault found nobody in the role it was meant for.
        [603] FaultMissed { fault: FaultIndex }
        /// Nothing gets through from one process to the other.
        [604] LinkCut { fault: FaultIndex, from: ProcessId, to: ProcessId }
        /// That cut is over (others may still hold).
        [605] LinkHealed { fault: FaultIndex, from: ProcessId, to: ProcessId }
        /// Luck drew a random fault; this is what it will be.
        [606] FaultDrawn { fault: FaultIndex, text: Arc<String> }
    }
}

/// A fault's place in the run's list: the scenario's own in file order from 0, the random ones, as they come, from
/// [`FaultIndex::FIRST_RANDOM`]. So one more fault in the file does not rename the random ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FaultIndex(pub u16);

impl FaultIndex {
    /// The first random fault of a run.
    pub const FIRST_RANDOM: Self = Self(0x8000);
}

impl Field for FaultIndex {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }
    fn take(input: &mut &[u8]) -> Result<Self, Fault> {
        u16::take(input).map(Self)
    }
}
