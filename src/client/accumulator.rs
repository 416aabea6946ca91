//! Where a producer's records wait: a queue of batches per partition, within `buffer.memory`.
//!
//! A partition is ready to be sent when its first batch is full or closed, another waits behind it, `linger.ms` has passed
//! or memory has run out; not while its first batch backs off, nor while it is muted.
//!
//! Invariant: every batch is in a queue, or in flight, or finished; finished ones give their memory back once. With
//! max.in.flight = 1 a partition is muted while one of its batches is in flight, so nothing overtakes a retry.
//!
//! Source: Kafka's `RecordAccumulator` and `BufferPool`; KIP-91 (delivery.timeout.ms), KIP-951 (no back-off after a new leader).
//!
//! Called by: sender. Not modelled: `flush()`, `close()`, compression.

use std::collections::{BTreeMap, VecDeque};

use super::batch::{Batch, BatchKey, Placed, record_size_bound};
use crate::config::ProducerConfig;
use crate::ids::{LeaderEpoch, PartitionIndex};
use crate::time::{Duration, Instant, Trail};

/// The bytes of a batch before its first record.
const BATCH_OVERHEAD: u64 = 61;

/// The batches of one partition.
#[derive(Clone, Debug, Default)]
struct Queue {
    waiting: VecDeque<BatchKey>,
    is_muted: bool,
}

/// When a partition can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readiness {
    /// Nothing waits, or it is muted.
    Idle,
    /// Not before this.
    At(Instant, Trail),
    /// Now.
    Ready,
}

/// What came of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Appended {
    /// By how many bytes the partition's batches grew.
    pub(super) bytes: u64,
    /// No batch of the partition has room left.
    pub(super) all_batches_full: bool,
    /// The batch that was opened for it.
    pub(super) opened: Option<BatchKey>,
}

/// There is no memory for another batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoMemory;

/// All batches of one producer that are not finished.
#[derive(Clone, Debug)]
pub(super) struct Accumulator {
    queues: Vec<Queue>,
    batches: BTreeMap<BatchKey, Batch>,
    next_number: u32,
    free: u64,
    is_exhausted: bool,
    batch_size: u64,
    linger: Duration,
    keeps_order: bool,
}

impl Accumulator {
    /// Nothing waits yet.
    pub(super) fn new(config: &ProducerConfig) -> Self {
        Self {
            queues: Vec::new(),
            batches: BTreeMap::new(),
            next_number: 0,
            free: config.buffer_memory,
            is_exhausted: false,
            batch_size: u64::from(config.batch_size),
            linger: config.linger,
            keeps_order: config.max_in_flight == 1,
        }
    }

    /// Adds a record to its partition's last batch, or to a new one. Errors: [`NoMemory`] when a new one finds no room.
    pub(super) fn append(&mut self, placed: &Placed<'_>, now: Instant) -> Result<Appended, NoMemory> {
        let limit = self.batch_size;
        let place = placed.partition.partition;
        if let Some(last) = self.last_batch(place).filter(|last| last.has_room(placed, limit)) {
            let bytes = last.append(placed);
            let is_full = last.size() >= limit;
            return Ok(Appended { bytes, all_batches_full: is_full, opened: None });
        }
        let reserved = limit.max(BATCH_OVERHEAD + record_size_bound(placed.record));
        if self.free < reserved {
            return Err(NoMemory);
        }
        self.free -= reserved;
        let mut batch = Batch::open(placed.partition, placed.timestamp, reserved);
        batch.append(placed);
        let (bytes, is_full) = (batch.size(), batch.size() >= limit);
        let key = self.next_key(now);
        self.batches.insert(key, batch);
        self.queue(place).waiting.push_back(key);
        Ok(Appended { bytes, all_batches_full: is_full, opened: Some(key) })
    }

    /// When the partition can be sent, given the leader epoch known now.
    pub(super) fn readiness(&self, partition: PartitionIndex, leader_epoch: Option<LeaderEpoch>, now: Instant) -> Readiness {
        let Some(queue) = self.queues.get(place(partition)).filter(|queue| !queue.is_muted) else { return Readiness::Idle };
        let Some(key) = queue.waiting.front() else { return Readiness::Idle };
        let batch = self.batches.get(key).expect("queues name unfinished batches");
        if let Some(retry_at) = batch.retry_at {
            // A new leader is worth an attempt at once (KIP-951).
            let is_same_leader = leader_epoch <= batch.tried_epoch;
            if now < retry_at && is_same_leader {
                return Readiness::At(retry_at, batch.trail);
            }
        }
        let is_full = batch.is_closed() || batch.size() >= self.batch_size || queue.waiting.len() > 1;
        let lingers_until = key.created.plus(self.linger);
        if is_full || self.is_exhausted || now >= lingers_until {
            return Readiness::Ready;
        }
        Readiness::At(lingers_until, batch.trail)
    }

    /// Takes the partition's first batch out of its queue to be sent, unless it backs off, the partition is muted, or the
    /// batch has more bytes than are allowed.
    pub(super) fn take_first(
        &mut self,
        partition: PartitionIndex,
        leader_epoch: Option<LeaderEpoch>,
        now: Instant,
        max_bytes: Option<u64>,
    ) -> Option<BatchKey> {
        let keeps_order = self.keeps_order;
        let queue = self.queues.get_mut(place(partition)).filter(|queue| !queue.is_muted)?;
        let key = *queue.waiting.front()?;
        let batch = self.batches.get_mut(&key).expect("queues name unfinished batches");
        let backs_off = batch.retry_at.is_some_and(|retry_at| now < retry_at) && leader_epoch <= batch.tried_epoch;
        let is_too_large = max_bytes.is_some_and(|max| batch.size() > max);
        if backs_off || is_too_large {
            return None;
        }
        queue.waiting.pop_front();
        queue.is_muted = keeps_order;
        batch.is_in_flight = true;
        Some(key)
    }

    /// An attempt of this partition came to its end.
    pub(super) fn unmute(&mut self, partition: PartitionIndex) {
        self.queue(partition).is_muted = false;
    }

    /// Puts a batch back in front of its partition's queue. (Without idempotence the last one to come back goes first, as in
    /// Kafka: several in flight may change their order.)
    pub(super) fn put_back(&mut self, key: BatchKey) {
        let batch = self.batches.get_mut(&key).expect("only unfinished batches are put back");
        batch.is_in_flight = false;
        let partition = batch.partition.partition;
        self.queue(partition).waiting.push_front(key);
    }

    /// Replaces a batch in flight by its two halves, in front of its queue.
    pub(super) fn put_back_halves(&mut self, of: BatchKey, reserved: u64, halves: [Batch; 2]) {
        self.free += reserved;
        for half in halves.into_iter().rev() {
            let key = self.next_key(of.created);
            self.batches.insert(key, half);
            self.put_back(key);
        }
    }

    /// Takes a batch out for good and gives its memory back; `None` when it was finished before.
    pub(super) fn finish(&mut self, key: BatchKey) -> Option<Batch> {
        let batch = self.batches.remove(&key)?;
        self.free += batch.reserved;
        let waiting = &mut self.queue(batch.partition.partition).waiting;
        if let Some(at) = waiting.iter().position(|other| *other == key) {
            waiting.remove(at);
        }
        Some(batch)
    }

    /// Takes a batch in flight out to be split; its memory is given back with its halves.
    pub(super) fn take_apart(&mut self, key: BatchKey) -> Option<Batch> {
        self.batches.remove(&key)
    }

    /// An unfinished batch.
    pub(super) fn batch(&mut self, key: BatchKey) -> Option<&mut Batch> {
        self.batches.get_mut(&key)
    }

    /// The batch that expires first.
    pub(super) fn oldest(&self) -> Option<(BatchKey, Trail)> {
        self.batches.first_key_value().map(|(key, batch)| (*key, batch.trail))
    }

    /// How many batches wait in the partition's queue.
    pub(super) fn queued(&self, partition: PartitionIndex) -> u64 {
        self.queues.get(place(partition)).map_or(0, |queue| queue.waiting.len() as u64)
    }

    /// The partitions where something waits.
    pub(super) fn waiting_partitions(&self) -> Vec<PartitionIndex> {
        let numbered = (0..).map(PartitionIndex).zip(&self.queues);
        numbered.filter(|(_, queue)| !queue.waiting.is_empty()).map(|(partition, _)| partition).collect()
    }

    /// Whether somebody waits for memory: then every batch goes as soon as it can. Returns whether that changed.
    pub(super) fn set_exhausted(&mut self, is_exhausted: bool) -> bool {
        std::mem::replace(&mut self.is_exhausted, is_exhausted) != is_exhausted
    }

    fn last_batch(&mut self, partition: PartitionIndex) -> Option<&mut Batch> {
        let key = *self.queues.get(place(partition))?.waiting.back()?;
        self.batches.get_mut(&key)
    }

    fn next_key(&mut self, created: Instant) -> BatchKey {
        let number = self.next_number;
        self.next_number = self.next_number.checked_add(1).expect("a run ends before its four thousand millionth batch");
        BatchKey { created, number }
    }

    fn queue(&mut self, partition: PartitionIndex) -> &mut Queue {
        let place = place(partition);
        if place >= self.queues.len() {
            self.queues.resize_with(place + 1, Queue::default);
        }
        self.queues.get_mut(place).expect("the table was just made long enough")
    }
}

fn place(partition: PartitionIndex) -> usize {
    usize::try_from(partition.0).expect("a partition index fits the machine's word")
}
