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
    /// Producers without idempotence of which something was sent again, by themselves or by the network.
    pub(super) repeaters: BTreeSet<ProcessId>,
    open: u64,
}

#[derive(Clone, Debug, Default)]
struct Lane {
    sends: Vec<(SendId, Digest)>,
    is_open: Vec<bool>,
    first_open: usize,
    acknowledged: Vec<Placed>,
}

/// An acknowledged send and where it stood when it was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    /// Which.
    pub(super) send: SendId,
    /// Where.
    pub(super) offset: Offset,
    /// What it says.
    pub(super) digest: Digest,
}

/// Two sends of a lane that were acknowledged at offsets the wrong way round.
#[derive(Clone, Copy, Debug)]
pub(super) struct Disorder {
    /// The one sent first.
    pub(super) first: Placed,
    /// The one sent later.
    pub(super) second: Placed,
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

    /// Notes where an acknowledged send stands. Returns how many of its neighbours it was compared with, or the first that
    /// stands the wrong way round.
    pub(super) fn place(&mut self, producer: ProcessId, partition: TopicPartition, placed: Placed) -> Result<usize, Disorder> {
        self.lanes.entry((producer, partition)).or_default().place(placed)
    }

    /// An acknowledged send stands nowhere any more.
    pub(super) fn displace(&mut self, producer: ProcessId, partition: TopicPartition, lost: SendId) {
        if let Some(lane) = self.lanes.get_mut(&(producer, partition)) {
            lane.acknowledged.retain(|placed| placed.send != lost);
        }
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

    /// Puts it in its place among those sent before and after; twice is as good as once.
    fn place(&mut self, placed: Placed) -> Result<usize, Disorder> {
        let at = self.acknowledged.partition_point(|earlier| earlier.send < placed.send);
        if self.acknowledged.get(at).is_none_or(|known| known.send != placed.send) {
            self.acknowledged.insert(at, placed);
        }
        let before = at.checked_sub(1).and_then(|place| self.acknowledged.get(place)).copied();
        let after = self.acknowledged.get(at + 1).copied();
        if let Some(first) = before.filter(|earlier| earlier.offset >= placed.offset) {
            return Err(Disorder { first, second: placed });
        }
        if let Some(second) = after.filter(|later| later.offset <= placed.offset) {
            return Err(Disorder { first: placed, second });
        }
        Ok(usize::from(before.is_some()) + usize::from(after.is_some()))
    }
}
