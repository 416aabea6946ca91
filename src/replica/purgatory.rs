//! Requests that wait: an acks=all Produce for the high watermark, a Fetch for bytes, a DeleteRecords for the followers' log
//! starts. Each waits until it is satisfied or its deadline passes.
//!
//! Who wakes whom: an append wakes the followers' fetches of that partition, a new high watermark its produces and its
//! consumers' fetches, and no follower's: a follower that has nothing to read is not answered merely because the high
//! watermark moved (KAFKA-9952). A change of role wakes all.
//!
//! The waiting lists stand with the partition ([`Waiting`]), the requests here; an entry leaves both at once.
//!
//! Invariant: a parked request stands in the list of every partition it waits for, and is answered once.
//!
//! Source: Kafka's `DelayedProduce`, `DelayedFetch`, `DelayedDeleteRecords`. Called by: `broker/produce`, `broker/fetch`,
//! `broker/delete_records`, `broker/release`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::partitions::Partitions;
use crate::context::{Context, ReplyTo};
use crate::error::ErrorCode;
use crate::ids::{Offset, TopicPartition};
use crate::protocol::{FetchRequest, NamedPartition, ProducedPartition};
use crate::time::{Duration, Instant, Timers, Trail};

/// Numbers the parked requests of one broker in the order they were parked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ParkedId(u64);

/// Who waits for something to happen at one partition.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    /// Followers' fetches: they wait for the log to grow.
    pub followers: Vec<ParkedId>,
    /// Consumers' fetches: they wait for the high watermark.
    pub consumers: Vec<ParkedId>,
    /// Produces: they wait for the high watermark to reach an offset.
    pub produces: Vec<ParkedId>,
    /// DeleteRecords: they wait for the low watermark to reach an offset.
    pub deletes: Vec<ParkedId>,
}

impl Waiting {
    /// Everybody who reads here.
    pub fn fetches(&self) -> Vec<ParkedId> {
        self.followers.iter().chain(&self.consumers).copied().collect()
    }
}

/// A Fetch that found too little.
#[derive(Clone, Debug)]
pub struct ParkedFetch {
    /// Where the answer goes.
    pub reply_to: ReplyTo,
    /// What was asked.
    pub request: FetchRequest,
}

/// An acks=all Produce that is appended and not yet committed.
#[derive(Clone, Debug)]
pub struct ParkedProduce {
    /// Where the answer goes.
    pub reply_to: ReplyTo,
    /// The answer so far: a partition that still waits holds what it will say if all goes well.
    pub answer: Vec<ProducedPartition>,
    /// What still waits.
    pub open: Vec<OpenProduce>,
}

/// A partition whose records are not committed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenProduce {
    /// Its place in the answer.
    pub place: usize,
    /// Which partition.
    pub partition: TopicPartition,
    /// The offset of the batch's last record.
    pub last: Offset,
}

/// A DeleteRecords that the leader has done and some followers have not.
#[derive(Clone, Debug)]
pub struct ParkedDelete {
    /// Where the answer goes.
    pub reply_to: ReplyTo,
    /// The answer so far.
    pub answer: Vec<(NamedPartition, Result<Offset, ErrorCode>)>,
    /// What still waits.
    pub open: Vec<OpenDelete>,
    /// At which partitions it stands in the list.
    pub waited: Vec<TopicPartition>,
}

/// A partition some of whose replicas still hold what was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenDelete {
    /// Its place in the answer.
    pub place: usize,
    /// Which partition.
    pub partition: TopicPartition,
    /// Where all its logs have to begin, or later.
    pub until: Offset,
}

/// What waits at one broker.
#[derive(Clone, Debug, Default)]
pub struct Purgatory {
    next: u64,
    fetches: BTreeMap<ParkedId, Arc<ParkedFetch>>,
    produces: BTreeMap<ParkedId, Arc<ParkedProduce>>,
    deletes: BTreeMap<ParkedId, Arc<ParkedDelete>>,
    timers: Timers<ParkedId>,
}

/// A request whose time is over.
#[derive(Clone, Debug)]
pub enum Expired {
    /// It is answered with what there is.
    Fetch(ParkedFetch),
    /// What is still open is answered with REQUEST_TIMED_OUT.
    Produce(ParkedProduce),
    /// What is still open is answered with REQUEST_TIMED_OUT.
    Delete(ParkedDelete),
}

impl Purgatory {
    /// Parks a fetch for at most its `max_wait`.
    pub fn park_fetch(&mut self, fetch: ParkedFetch, partitions: &mut Partitions, cx: &Context<'_>) {
        let id = self.park_until(fetch.request.max_wait, cx);
        let is_replica = fetch.request.replica.is_some();
        for item in &fetch.request.partitions {
            if let Some(replica) = partitions.get_mut(item.partition) {
                let list = if is_replica { &mut replica.waiting.followers } else { &mut replica.waiting.consumers };
                list.push(id);
            }
        }
        self.fetches.insert(id, Arc::new(fetch));
    }

    /// Parks a produce for at most its time-out.
    pub fn park_produce(&mut self, produce: ParkedProduce, timeout: Duration, partitions: &mut Partitions, cx: &Context<'_>) {
        let id = self.park_until(timeout, cx);
        for open in &produce.open {
            let replica = partitions.get_mut(open.partition).expect("it was appended to just now");
            replica.waiting.produces.push(id);
        }
        self.produces.insert(id, Arc::new(produce));
    }

    /// Parks a DeleteRecords for at most its time-out.
    pub fn park_delete(&mut self, delete: ParkedDelete, timeout: Duration, partitions: &mut Partitions, cx: &Context<'_>) {
        let id = self.park_until(timeout, cx);
        for partition in &delete.waited {
            if let Some(replica) = partitions.get_mut(*partition) {
                replica.waiting.deletes.push(id);
            }
        }
        self.deletes.insert(id, Arc::new(delete));
    }

    /// A parked DeleteRecords.
    pub fn delete_mut(&mut self, id: ParkedId) -> Option<&mut ParkedDelete> {
        self.deletes.get_mut(&id).map(Arc::make_mut)
    }

    /// Takes a DeleteRecords out, to be answered.
    pub fn take_delete(&mut self, id: ParkedId, partitions: &mut Partitions) -> Option<ParkedDelete> {
        let delete = Arc::unwrap_or_clone(self.deletes.remove(&id)?);
        self.timers.cancel(id);
        for open in &delete.waited {
            if let Some(replica) = partitions.get_mut(*open) {
                replica.waiting.deletes.retain(|parked| *parked != id);
            }
        }
        Some(delete)
    }

    /// A parked fetch.
    #[must_use]
    pub fn fetch(&self, id: ParkedId) -> Option<&Arc<ParkedFetch>> {
        self.fetches.get(&id)
    }

    /// A parked produce.
    pub fn produce_mut(&mut self, id: ParkedId) -> Option<&mut ParkedProduce> {
        self.produces.get_mut(&id).map(Arc::make_mut)
    }

    /// Takes a fetch out, to be answered.
    pub fn take_fetch(&mut self, id: ParkedId, partitions: &mut Partitions) -> Option<ParkedFetch> {
        let fetch = Arc::unwrap_or_clone(self.fetches.remove(&id)?);
        self.timers.cancel(id);
        let is_replica = fetch.request.replica.is_some();
        for item in &fetch.request.partitions {
            if let Some(replica) = partitions.get_mut(item.partition) {
                let list = if is_replica { &mut replica.waiting.followers } else { &mut replica.waiting.consumers };
                list.retain(|parked| *parked != id);
            }
        }
        Some(fetch)
    }

    /// Takes a produce out, to be answered.
    pub fn take_produce(&mut self, id: ParkedId, partitions: &mut Partitions) -> Option<ParkedProduce> {
        let produce = Arc::unwrap_or_clone(self.produces.remove(&id)?);
        self.timers.cancel(id);
        for told in &produce.answer {
            if let Some(replica) = partitions.get_mut(told.partition) {
                replica.waiting.produces.retain(|parked| *parked != id);
            }
        }
        Some(produce)
    }

    /// Takes out the next request whose time is over, and says why it was there.
    pub fn pop_expired(&mut self, now: Instant, partitions: &mut Partitions) -> Option<(Expired, Trail)> {
        let (id, trail) = self.timers.pop_due(now)?;
        let fetch = self.take_fetch(id, partitions).map(Expired::Fetch);
        let expired = fetch.or_else(|| self.take_produce(id, partitions).map(Expired::Produce));
        let expired = expired.or_else(|| self.take_delete(id, partitions).map(Expired::Delete));
        Some((expired.expect("whoever has a deadline is parked"), trail))
    }

    /// When the next request's time is over.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.timers.next_deadline()
    }

    /// How many requests wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fetches.len() + self.produces.len() + self.deletes.len()
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn park_until(&mut self, wait: Duration, cx: &Context<'_>) -> ParkedId {
        let id = ParkedId(self.next);
        self.next += 1;
        self.timers.set(id, cx.mono().plus(wait), cx.trail());
        id
    }
}
