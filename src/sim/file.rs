//! One file on a simulated disk: the chunks that were appended to it, and how much of it is on the device for sure.
//!
//! Invariant: `synced` never exceeds the length; chunks are contiguous from 0. A block of 64 KB is shared behind `Arc`, so
//! that a clone, a cut and a read copy no payload.
//!
//! Not modelled: a cut that a power failure undoes (journalling file systems order it before later writes).

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

/// A block is sealed when it holds this much.
const BLOCK_BYTES: u64 = 64 * 1024;

/// The bytes of one file.
#[derive(Clone, Debug, Default)]
pub(super) struct File {
    blocks: Vec<Arc<Block>>,
    length: u64,
    synced: u64,
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
    }

    /// Makes all of it durable.
    pub(super) fn sync(&mut self) {
        self.synced = self.length;
    }

    /// The chunks from the one that holds position `at` on.
    fn chunks_from(&self, at: u64) -> impl Iterator<Item = (u64, &Bytes)> {
        let block = self.blocks.partition_point(|block| block.start() <= at).saturating_sub(1);
        let chunks = self.blocks.iter().skip(block).flat_map(|block| block.chunks.iter());
        let skipped = self.blocks.get(block).map_or(0, |block| block.chunks.partition_point(|(start, _)| *start <= at));
        chunks.skip(skipped.saturating_sub(1)).map(|(start, chunk)| (*start, chunk))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;

    proptest! {
        #[test]
        fn a_file_reads_like_a_vector(
            steps in proptest::collection::vec((any::<bool>(), 0_usize..30_000, any::<u8>()), 1..40),
            (from, count) in (0_usize..100_000, 0_usize..70_000),
        ) {
            let (mut file, mut model) = (File::default(), Vec::new());
            for (is_cut, size, byte) in steps {
                if is_cut {
                    file.truncate(size as u64);
                    model.truncate(size);
                } else {
                    prop_assert_eq!(file.append(Bytes::from(vec![byte; size])), model.len() as u64);
                    model.extend(std::iter::repeat_n(byte, size));
                }
                prop_assert_eq!(file.length(), model.len() as u64);
            }
            let wanted = model.get(from..from + count).map(<[u8]>::to_vec);
            prop_assert_eq!(file.read(from as u64, count as u64).map(|bytes| bytes.to_vec()), wanted);
        }
    }
}
