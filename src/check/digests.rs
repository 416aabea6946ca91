//! How often each record was sent to a partition, stands in the committed log and was read: a table by digest.
//!
//! Invariant: open addressing over a power of two of places, at most half of them taken; a digest is a hash already, so
//! it is its own address.
//!
//! Called by: `no-duplicates`, `no-foreign-values`.

use crate::ids::{Digest, Offset, TopicPartition};

/// How often one record was sent, stored and read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// How often an application gave it to a producer for this partition.
    pub(super) sent: u32,
    /// At how many offsets of the committed log it stands.
    pub(super) stored: u32,
    /// At how many offsets it was read, each higher than the one before. (A reader that goes back, or a second one, adds nothing.)
    pub(super) read: u32,
    /// The offset after the last of these.
    pub(super) read_end: Offset,
    /// Whether it was sent again by a client or by the network, so that it may stand twice.
    pub(super) is_repeated: bool,
}

impl Tally {
    /// It was read at this offset.
    pub(super) fn note_read(&mut self, offset: Offset) {
        if offset >= self.read_end {
            self.read += 1;
            self.read_end = offset.next();
        }
    }
}

/// The tallies of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Digests {
    slots: Vec<Option<(TopicPartition, Digest, Tally)>>,
    taken: usize,
}

impl Digests {
    /// The tally of a record that was sent.
    pub(super) fn get_mut(&mut self, partition: TopicPartition, digest: Digest) -> Option<&mut Tally> {
        let place = self.find(partition, digest)?;
        match self.slots.get_mut(place) {
            Some(Some((_, _, tally))) => Some(tally),
            _ => None,
        }
    }

    /// The tally of a record, new if it was not sent before.
    pub(super) fn entry(&mut self, partition: TopicPartition, digest: Digest) -> &mut Tally {
        if self.taken * 2 >= self.slots.len() {
            self.grow();
        }
        let place = self.find(partition, digest).expect("half of the places are free");
        let slot = self.slots.get_mut(place).expect("a place that was found is one of the list");
        if slot.is_none() {
            self.taken += 1;
        }
        let (_, _, tally) = slot.get_or_insert((partition, digest, Tally::default()));
        tally
    }

    /// Where the record stands or would stand.
    fn find(&self, partition: TopicPartition, digest: Digest) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)?;
        let salt = u64::from(partition.partition.0) << 32 | u64::from(partition.topic.0);
        let hash = (digest.0 ^ salt.wrapping_mul(0x9E37_79B9_7F4A_7C15)).wrapping_mul(0xD6E8_FEB8_6659_FD93) >> 20;
        let mut place = usize::try_from(hash).unwrap_or_default() & mask;
        loop {
            match self.slots.get(place)? {
                Some((of, known, _)) if *of != partition || *known != digest => place = (place + 1) & mask,
                Some(_) | None => return Some(place),
            }
        }
    }

    fn grow(&mut self) {
        let larger = (self.slots.len() * 2).max(1024);
        let old = std::mem::replace(&mut self.slots, vec![None; larger]);
        for (partition, digest, tally) in old.into_iter().flatten() {
            let place = self.find(partition, digest).expect("the new table has room for all of the old");
            if let Some(slot) = self.slots.get_mut(place) {
                *slot = Some((partition, digest, tally));
            }
        }
    }
}
