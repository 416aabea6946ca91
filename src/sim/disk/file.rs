//! One file on a simulated disk: the chunks that were appended to it, and how much of it is on the device for sure.
//!
//! After a sync that failed, pages may count as clean though they never reached the device: readers find them in the cache,
//! and a power failure takes them, even from the middle of what was synced later (`ghosts`).
//!
//! Invariant: `synced` never exceeds the length, and no ghost lies beyond it; chunks are contiguous from 0. A block of 64 KB
//! is shared behind `Arc`, so that a clone, a cut and a read copy no payload.
//!
//! Not modelled: a cut that a power failure undoes (journalling file systems order it before later writes).

use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use crate::time::Timestamp;

/// A block is sealed when it holds this much.
const BLOCK_BYTES: u64 = 64 * 1024;

/// The bytes of one file.
#[derive(Clone, Debug, Default)]
pub(super) struct File {
    blocks: Vec<Arc<Block>>,
    length: u64,
    synced: u64,
    /// What a failed sync left in the cache as if it were on the device, in order.
    ghosts: Vec<Range<u64>>,
    /// What a fault took from the cache since the power last failed: what had been written there, the oldest first.
    scars: Vec<(u64, Bytes)>,
    /// When it was last written to, by the clock of its server.
    pub(super) modified: Timestamp,
}

/// Chunks as they were appended, with the position of each.
#[derive(Clone, Debug, Default)]
struct Block {
    chunks: Vec<(u64, Bytes)>,
}

impl Block {
    fn start(&self) -> u64 {
        self.chunks.first().map_or(0, |(at, _)| *at)
    }
}

impl File {
    /// Its length, as the page cache has it.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// How many bytes at its end are only in the page cache.
    pub(super) fn unsynced(&self) -> u64 {
        self.length - self.synced
    }

    /// Appends a chunk and returns its position.
    pub(super) fn append(&mut self, bytes: Bytes) -> u64 {
        let at = self.length;
        if bytes.is_empty() {
            return at;
        }
        self.scars.retain(|(lost, _)| *lost < at); // what a sync dropped from the end is written anew
        self.length += bytes.len() as u64;
        match self.blocks.last_mut() {
            Some(block) if at - block.start() < BLOCK_BYTES => Arc::make_mut(block).chunks.push((at, bytes)),
            _ => self.blocks.push(Arc::new(Block { chunks: vec![(at, bytes)] })),
        }
        at
    }

    /// Reads `count` bytes from `at`; `None` when they are not all there.
    pub(super) fn read(&self, at: u64, count: u64) -> Option<Bytes> {
        if at.checked_add(count)? > self.length {
            return None;
        }
        if count == 0 {
            return Some(Bytes::new());
        }
        let mut parts = self.chunks_from(at);
        let (start, first) = parts.next()?;
        let skip = usize::try_from(at - start).ok()?;
        let wanted = usize::try_from(count).ok()?;
        if first.len() - skip >= wanted {
            return Some(first.slice(skip..skip + wanted));
        }
        let mut whole = BytesMut::with_capacity(wanted);
        whole.extend_from_slice(&first.slice(skip..));
        for (_, part) in parts {
            let missing = wanted - whole.len();
            whole.extend_from_slice(&part.slice(..part.len().min(missing)));
            if whole.len() == wanted {
                break;
            }
        }
        Some(whole.freeze())
    }

    /// Cuts it to its first `to` bytes.
    pub(super) fn truncate(&mut self, to: u64) {
        if to >= self.length {
            return;
        }
        self.blocks.truncate(self.blocks.partition_point(|block| block.start() < to));
        if let Some(block) = self.blocks.last_mut() {
            let chunks = &mut Arc::make_mut(block).chunks;
            chunks.truncate(chunks.partition_point(|(at, _)| *at < to));
            if let Some((at, chunk)) = chunks.last_mut() {
                chunk.truncate(usize::try_from(to - *at).unwrap_or(usize::MAX));
            }
        }
        self.length = to;
        self.synced = self.synced.min(to);
        self.ghosts.retain(|ghost| ghost.start < to);
        if let Some(last) = self.ghosts.last_mut() {
            last.end = last.end.min(to);
        }
        self.scars.retain(|(at, _)| *at < to);
        for (at, bytes) in &mut self.scars {
            bytes.truncate(place(to - *at));
        }
    }

    /// Makes durable what is not. (What an earlier sync failed to write counts as clean, and stays a ghost.)
    pub(super) fn sync(&mut self) {
        self.synced = self.length;
    }

    /// A sync fails: the unsynced pages are dropped from the cache, so that the file is what the device has, or they stay
    /// there as if they were clean.
    ///
    /// Source: Rebello et al., "Can Applications Recover from fsync Failures?" (2020): Btrfs drops, ext4 and XFS keep.
    pub(super) fn fail_sync(&mut self, drops: bool) {
        if drops {
            let dropped = self.read(self.synced, self.unsynced()).unwrap_or_default();
            self.truncate(self.synced);
            self.scars.extend((!dropped.is_empty()).then_some((self.synced, dropped)));
        } else if self.synced < self.length {
            self.ghosts.push(self.synced..self.length);
            self.synced = self.length;
        }
    }

    /// What the device does not have for sure, in order.
    pub(super) fn not_durable(&self) -> Vec<Range<u64>> {
        let tail = (self.synced < self.length).then_some(self.synced..self.length);
        self.ghosts.iter().cloned().chain(tail).collect()
    }

    /// Whether all of it is on the device for sure.
    pub(super) fn is_durable(&self) -> bool {
        self.synced == self.length && self.ghosts.is_empty()
    }

    /// What faults did to it stays: the power has failed since.
    pub(super) fn accept_faults(&mut self) {
        self.scars.clear();
    }

    /// Whether it holds what was written, as far as faults go.
    pub(super) fn is_sound(&self) -> bool {
        self.scars.is_empty()
    }

    /// The power fails: of the unsynced bytes the first `kept` were on the device, but for one sector of them, if `torn`
    /// names one, whose place reads as zeros; so do ghosts that are not at the end. Returns how many bytes were lost.
    pub(super) fn lose_power(&mut self, kept: u64, torn: Option<Range<u64>>) -> u64 {
        let before = self.length;
        let synced = self.synced;
        self.truncate(synced.saturating_add(kept).min(before));
        let mut lost = before - self.length;
        self.sync();
        let torn = torn.map(|torn| torn.start.max(synced)..torn.end.min(self.length)).filter(|torn| torn.start < torn.end);
        let ghosts = std::mem::take(&mut self.ghosts);
        for gone in ghosts.into_iter().chain(torn).rev() {
            lost += gone.end - gone.start;
            if gone.end == self.length {
                self.truncate(gone.start);
            } else {
                self.overwrite(gone.start, &vec![0; usize::try_from(gone.end - gone.start).unwrap_or(0)]);
            }
        }
        lost
    }

    /// A fault changes bytes that are there: what it writes over is what had been written.
    pub(super) fn spoil(&mut self, at: u64, bytes: &[u8]) {
        let count = (bytes.len() as u64).min(self.length.saturating_sub(at));
        let written = self.read(at, count).unwrap_or_default();
        self.overwrite(at, bytes);
        self.note_lost(at, written);
    }

    /// What was to be written at `at` is not there.
    pub(super) fn note_lost(&mut self, at: u64, written: Bytes) {
        self.scars.push((at, written));
    }

    /// Takes back what faults did since the power last failed, and makes all of it durable.
    pub(super) fn make_whole(&mut self) {
        for (at, written) in std::mem::take(&mut self.scars).into_iter().rev() {
            if at == self.length {
                self.append(written);
            } else {
                self.overwrite(at, &written);
            }
        }
        self.ghosts.clear();
        self.sync();
    }

    /// Replaces bytes that are there, wherever they came from; what reaches beyond the end is ignored.
    pub(super) fn overwrite(&mut self, at: u64, bytes: &[u8]) {
        let end = at.saturating_add(bytes.len() as u64);
        let first = self.blocks.partition_point(|block| block.start() <= at).saturating_sub(1);
        for block in self.blocks.iter_mut().skip(first).take_while(|block| block.start() < end) {
            for (start, chunk) in &mut Arc::make_mut(block).chunks {
                let chunk_end = *start + chunk.len() as u64;
                let (from, to) = (at.max(*start), end.min(chunk_end));
                if from >= to {
                    continue;
                }
                let mut changed = BytesMut::from(chunk.as_ref());
                let (here, there) = (place(from - *start)..place(to - *start), place(from - at)..place(to - at));
                if let (Some(old), Some(new)) = (changed.get_mut(here), bytes.get(there)) {
                    old.copy_from_slice(new);
                }
                *chunk = changed.freeze();
            }
        }
    }

    /// The chunks from the one that holds position `at` on.
    fn chunks_from(&self, at: u64) -> impl Iterator<Item = (u64, &Bytes)> {
        let block = self.blocks.partition_point(|block| block.start() <= at).saturating_sub(1);
        let chunks = self.blocks.iter().skip(block).flat_map(|block| block.chunks.iter());
        let skipped = self.blocks.get(block).map_or(0, |block| block.chunks.partition_point(|(start, _)| *start <= at));
        chunks.skip(skipped.saturating_sub(1)).map(|(start, chunk)| (*start, chunk))
    }
}

fn place(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;

    proptest! {
        #[test]
        fn a_file_reads_like_a_vector(
            steps in proptest::collection::vec((0_u8..5, 0_usize..30_000, any::<u8>()), 1..40),
            (from, count) in (0_usize..100_000, 0_usize..70_000),
        ) {
            let (mut file, mut model) = (File::default(), Vec::new());
            for (what, size, byte) in steps {
                match what {
                    0 => {
                        file.truncate(size as u64);
                        model.truncate(size);
                    }
                    1 => {
                        let some = vec![byte; size / 7];
                        file.overwrite(size as u64, &some);
                        model.iter_mut().skip(size).zip(some).for_each(|(old, new)| *old = new);
                    }
                    _ => {
                        prop_assert_eq!(file.append(Bytes::from(vec![byte; size])), model.len() as u64);
                        model.extend(std::iter::repeat_n(byte, size));
                    }
                }
                prop_assert_eq!(file.length(), model.len() as u64);
            }
            let wanted = model.get(from..from + count).map(<[u8]>::to_vec);
            prop_assert_eq!(file.read(from as u64, count as u64).map(|bytes| bytes.to_vec()), wanted);
        }
    }

    fn whole(file: &File) -> Vec<u8> {
        file.read(0, file.length()).expect("all of it is there").to_vec()
    }

    fn file(parts: &[(&'static str, bool)]) -> File {
        let mut file = File::default();
        for (part, is_synced) in parts {
            file.append(Bytes::from_static(part.as_bytes()));
            if *is_synced {
                file.sync();
            }
        }
        file
    }

    #[test]
    fn pages_that_a_failed_sync_called_clean_are_lost_even_below_what_was_synced_later() {
        let mut file = file(&[("old", true), ("new", false)]);
        file.fail_sync(false);
        file.append(Bytes::from_static(b"later"));
        file.sync();
        assert_eq!(
            (whole(&file).as_slice(), file.not_durable().first()),
            (&b"oldnewlater"[..], Some(&(3..6))),
            "the cache knows no better"
        );
        assert_eq!(file.lose_power(0, None), 3);
        assert_eq!(whole(&file), b"old\0\0\0later");
        assert!(file.is_durable());
    }

    #[test]
    fn pages_that_a_failed_sync_dropped_are_gone_at_once() {
        let mut file = file(&[("old", true), ("new", false)]);
        file.fail_sync(true);
        assert_eq!(whole(&file), b"old");
    }

    #[test]
    fn a_sector_in_the_middle_may_be_missing_though_a_later_one_was_written() {
        let mut file = file(&[("synced", true), ("aaabbbccc", false)]);
        assert_eq!(file.lose_power(9, Some(9..12)), 3);
        assert_eq!(whole(&file), b"syncedaaa\0\0\0ccc");
        let mut file = self::file(&[("synced", true), ("aaabbbccc", false)]);
        assert_eq!(file.lose_power(7, Some(0..8)), 4, "what was synced is never torn");
        assert_eq!(whole(&file), b"synced\0\0abbbc");
    }
}
