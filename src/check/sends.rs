//! What each producer was asked to send to each partition, in order, and what became of it.
//!
//! A *lane* is one producer's sends to one partition.
//!
//! Called by: `Checks`; read by `offset-order`, `no-duplicates`, `no-foreign-values` and `converges`.

use std::collections::{BTreeMap, BTreeSet};

use super::digests::Digests;
use crate::ids::{Digest, Offset, ProcessId, SendId, TopicPartition};

/// All sends of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Sends {
    lanes: BTreeMap<(ProcessId, TopicPartition), Lane>,
    /// How often each record was sent and stored.
    pub(super) digests: Digests,
    /// Producers of which something was sent again, by themselves or by the network.
    pub(super) repeaters: BTreeSet<ProcessId>,
    open: u64,
}

#[derive(Clone, Debug, Default)]
struct Lane {
    sends: Vec<(SendId, Digest)>,
    is_open: Vec<bool>,
    first_open: usize,
    acknowledged: Vec<(SendId, Offset)>,
}

/// Two sends of a lane that stand in the log the wrong way round.
#[derive(Clone, Copy, Debug)]
pub(super) struct Disorder {
    /// The one sent first, and where it stands.
    pub(super) first: (SendId, Offset),
    /// The one sent later.
    pub(super) second: (SendId, Offset),
}

impl Sends {
    /// An application gave its producer a record.
    pub(super) fn invoke(&mut self, producer: ProcessId, partition: TopicPartition, send: SendId, digest: Digest) {
        let lane = self.lanes.entry((producer, partition)).or_default();
        lane.sends.push((send, digest));
        lane.is_open.push(true);
        self.open += 1;
        self.digests.entry(partition, digest).sent += 1;
    }

    /// A send got its answer, whatever it is.
    pub(super) fn finish(&mut self, producer: ProcessId, partition: TopicPartition, send: SendId) {
        let Some(lane) = self.lanes.get_mut(&(producer, partition)) else { return };
        if lane.close(send) {
            self.open -= 1;
        }
    }

    /// Notes where an acknowledged send stands. Returns how many earlier sends it was compared with (0 or more neighbours), or
    /// the two that stand the wrong way round.
    pub(super) fn place(
        &mut self,
        producer: ProcessId,
        partition: TopicPartition,
        send: SendId,
        offset: Offset,
    ) -> Result<usize, Disorder> {
        let lane = self.lanes.entry((producer, partition)).or_default();
        lane.place(send, offset)
    }

    /// A producer sends a batch again: `records` of its sends to the partition, from `first` on.
    pub(super) fn repeat_batch(&mut self, producer: ProcessId, partition: TopicPartition, first: SendId, records: u32) {
        self.repeaters.insert(producer);
        let Some(lane) = self.lanes.get(&(producer, partition)) else { return };
        let from = lane.sends.partition_point(|(send, _)| *send < first);
        for (_, digest) in lane.sends.iter().skip(from).take(records as usize) {
            self.digests.entry(partition, *digest).is_repeated = true;
        }
    }

    /// The network delivers a request of this producer twice: any send without an answer may have been in it.
    pub(super) fn repeat_open(&mut self, producer: ProcessId) {
        self.repeaters.insert(producer);
        for ((of, partition), lane) in &self.lanes {
            if *of == producer {
                for (_, digest) in lane.sends.iter().skip(lane.first_open) {
                    self.digests.entry(*partition, *digest).is_repeated = true;
                }
            }
        }
    }

    /// A producer died: nobody waits for its answers any more, and its next life numbers its sends anew.
    pub(super) fn abandon(&mut self, producer: ProcessId) {
        let mut open = 0;
        self.lanes.retain(|(of, _), lane| {
            if *of == producer {
                open += lane.count_open();
            }
            *of != producer
        });
        self.open -= open;
    }

    /// How many sends have no answer.
    pub(super) fn open(&self) -> u64 {
        self.open
    }
}

impl Lane {
    fn close(&mut self, send: SendId) -> bool {
        let Ok(place) = self.sends.binary_search_by_key(&send, |(send, _)| *send) else { return false };
        let was_open = self.is_open.get_mut(place).is_some_and(std::mem::take);
        while self.is_open.get(self.first_open) == Some(&false) {
            self.first_open += 1;
        }
        was_open
    }

    fn count_open(&self) -> u64 {
        self.is_open.iter().skip(self.first_open).map(|is_open| u64::from(*is_open)).sum()
    }

    fn place(&mut self, send: SendId, offset: Offset) -> Result<usize, Disorder> {
        let at = self.acknowledged.partition_point(|(earlier, _)| *earlier < send);
        let before = at.checked_sub(1).and_then(|place| self.acknowledged.get(place)).copied();
        let after = self.acknowledged.get(at).copied();
        self.acknowledged.insert(at, (send, offset));
        if let Some(first) = before.filter(|(_, earlier)| *earlier >= offset) {
            return Err(Disorder { first, second: (send, offset) });
        }
        if let Some(second) = after.filter(|(_, later)| *later <= offset) {
            return Err(Disorder { first: (send, offset), second });
        }
        Ok(usize::from(before.is_some()) + usize::from(after.is_some()))
    }
}
