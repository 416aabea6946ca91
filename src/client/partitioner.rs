//! Which partition a record goes to: named by the application, by Kafka's murmur2 of its key, or, without a key, the one
//! the producer sticks to at present.
//!
//! Invariant: the same key and the same number of partitions give the same partition, in every Kafka client there is.
//!
//! Source: Kafka's `BuiltInPartitioner`, `RoundRobinPartitioner` and `Utils.murmur2`; KIP-480 and KIP-794: a producer sticks
//! to a partition until it has given it `batch.size` bytes; then luck chooses, and partitions with longer queues less often.
//!
//! Not modelled: `partitioner.ignore.keys`, racks, and leaving out partitions whose leader is slow
//! (`partitioner.availability.timeout.ms`, which is off by default).

use crate::choice::{ChoiceKind, Odds, Subject};
use crate::config::Partitioner;
use crate::context::Context;
use crate::ids::PartitionIndex;

const MURMUR2_SEED: u32 = 0x9747_b28c;
const MURMUR2_FACTOR: u32 = 0x5bd1_e995;
const MURMUR2_SHIFT: u32 = 24;

/// Kafka's 32-bit murmur2 of a key, as the unsigned form of Java's `int`.
#[must_use]
pub fn murmur2(key: &[u8]) -> u32 {
    // Java counts the length in an `int`; longer keys than that do not exist.
    let length = u32::try_from(key.len()).unwrap_or(u32::MAX);
    let mut hash = MURMUR2_SEED ^ length;
    let mut words = key.chunks_exact(4);
    for word in &mut words {
        let word = <[u8; 4]>::try_from(word).map_or(0, u32::from_le_bytes);
        let word = word.wrapping_mul(MURMUR2_FACTOR);
        let word = (word ^ (word >> MURMUR2_SHIFT)).wrapping_mul(MURMUR2_FACTOR);
        hash = hash.wrapping_mul(MURMUR2_FACTOR) ^ word;
    }
    let tail = words.remainder();
    for (place, byte) in tail.iter().enumerate().rev() {
        hash ^= u32::from(*byte) << (8 * place);
    }
    if !tail.is_empty() {
        hash = hash.wrapping_mul(MURMUR2_FACTOR);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(MURMUR2_FACTOR);
    hash ^ (hash >> 15)
}

// ANCHOR: partition-of-key
/// The partition of a key among `partitions` of them; the sign of the hash is masked, not negated.
///
/// # Panics
/// When there is no partition: a topic has at least one.
#[must_use]
pub fn partition_of_key(key: &[u8], partitions: u32) -> PartitionIndex {
    assert!(partitions > 0, "a topic has at least one partition");
    PartitionIndex((murmur2(key) & 0x7fff_ffff) % partitions)
}
// ANCHOR_END: partition-of-key

/// A partition that a keyless record may go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Which.
    pub(super) partition: PartitionIndex,
    /// How many batches wait for it.
    pub(super) queued: u64,
}

/// Where a producer's records without a named partition go.
#[derive(Clone, Debug)]
pub(super) struct Placement {
    rule: Partitioner,
    sticky_bytes: u64,
    sticky: Option<PartitionIndex>,
    last: Option<PartitionIndex>,
    given_bytes: u64,
    turn: u64,
}

impl Placement {
    /// Nothing placed yet. `batch_size` is how much a partition gets before the producer turns to another.
    pub(super) fn new(rule: Partitioner, batch_size: u32) -> Self {
        Self { rule, sticky_bytes: u64::from(batch_size.max(1)), sticky: None, last: None, given_bytes: 0, turn: 0 }
    }

    /// Whether this rule wants to know the candidates for a record with or without a key.
    pub(super) fn wants_candidates(&self, has_key: bool) -> bool {
        match self.rule {
            Partitioner::Default => !has_key && self.sticky.is_none(),
            Partitioner::RoundRobin => true,
        }
    }

    /// Chooses for a record. `candidates` are the partitions with a leader, or all when none has one; they may be left
    /// empty unless [`Placement::wants_candidates`].
    pub(super) fn place(
        &mut self,
        key: Option<&[u8]>,
        partitions: u32,
        candidates: &[Candidate],
        cx: &mut Context<'_>,
    ) -> PartitionIndex {
        match (self.rule, key, self.sticky) {
            (Partitioner::Default, Some(key), _) => partition_of_key(key, partitions),
            (Partitioner::Default, None, Some(sticky)) => sticky,
            (Partitioner::Default, None, None) => {
                let chosen = self.choose(candidates, cx);
                self.sticky = Some(chosen);
                self.last = Some(chosen);
                self.given_bytes = 0;
                chosen
            }
            (Partitioner::RoundRobin, _, _) => {
                let turn = self.turn;
                self.turn += 1;
                let place = usize::try_from(turn % candidates.len().max(1) as u64).unwrap_or(0);
                candidates.get(place).expect("a topic has at least one partition").partition
            }
        }
    }

    /// Counts bytes given to the sticky partition, and leaves it when it has had its share: at once when no batch of it is
    /// half full, at twice the share in any case (KIP-794).
    pub(super) fn gave(&mut self, partition: PartitionIndex, bytes: u64, all_batches_full: bool) {
        if self.sticky != Some(partition) {
            return;
        }
        self.given_bytes += bytes;
        let share = self.sticky_bytes;
        if (self.given_bytes >= share && all_batches_full) || self.given_bytes >= share * 2 {
            self.sticky = None;
        }
    }

    /// The longer its queue, the less likely a partition is to be chosen. Without luck the choice goes around.
    fn choose(&self, candidates: &[Candidate], cx: &mut Context<'_>) -> PartitionIndex {
        let longest = candidates.iter().map(|candidate| candidate.queued).max().unwrap_or(0);
        let weight = |candidate: &Candidate| longest + 1 - candidate.queued;
        let total: u64 = candidates.iter().map(weight).sum();
        let upto_last: u64 = candidates.iter().take_while(|candidate| Some(candidate.partition) <= self.last).map(weight).sum();
        let quiet = if upto_last < total { upto_last } else { 0 };
        let odds = Odds::Range { low: 0, high: total.saturating_sub(1), quiet };
        let mut drawn = cx.choose(ChoiceKind::StickyPartition, Subject::of(cx.process()), odds);
        for candidate in candidates {
            let weight = weight(candidate);
            if drawn < weight {
                return candidate.partition;
            }
            drawn -= weight;
        }
        unreachable!("a topic has at least one partition, and a choice is within its odds")
    }
}
