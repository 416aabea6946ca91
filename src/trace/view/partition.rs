//! One partition in the picture: its replicas' logs and knowledge, its committed metadata, its promises and its readers.

use std::sync::Arc;

use bytes::Bytes;

use super::group::Commit;
use super::pages::Pages;
use crate::event::{Acks, BatchFacts, GroupId, PartitionFacts};
use crate::ids::{BrokerId, BrokerSet, Digest, LeaderEpoch, Offset, ProcessId, SendId, Step, TopicPartition};

/// How far back the record before an offset is looked for, when compaction has let its neighbours go.
const LOOKED_BACK: u64 = 512;

/// One partition.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionView {
    /// Which.
    pub partition: TopicPartition,
    /// The committed truth about it.
    pub committed: Option<Arc<PartitionFacts>>,
    /// Its `min.insync.replicas`, if its topic set one.
    pub min_insync: Option<u32>,
    /// Whether its topic was deleted.
    pub is_deleted: bool,
    /// Its replicas, in the order of the assignment, then as they came up.
    pub replicas: Vec<ReplicaView>,
    /// What producers were promised, by offset. An offset may be promised twice: the later promise stands here.
    pub acked: Pages<Acked>,
    /// Promises whose offset was later promised for another record.
    pub overwritten: Arc<Vec<(Offset, Acked)>>,
    /// Its consumers, in the order they came.
    pub readers: Vec<Reader>,
    /// What groups have committed of it, in the order they first did.
    pub commits: Vec<Commit>,
}

/// One replica: its log, and what it knows.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaView {
    /// Whose.
    pub broker: BrokerId,
    /// What it takes itself for.
    pub role: Role,
    /// Whether its process lives.
    pub is_up: bool,
    /// Whether it has led before.
    pub has_led: bool,
    /// Its log start offset.
    pub start: Offset,
    /// Its log end offset.
    pub end: Offset,
    /// The high watermark as it knows it.
    pub high_watermark: Offset,
    /// The cleaner point: all below is compacted; `None` when nothing was in this life of the log.
    pub cleaned: Option<Offset>,
    /// Whether the cleaner could not clean it and leaves it alone in this life.
    pub is_uncleanable: bool,
    /// The ISR it counts on, while it leads: the committed one and the maximal one.
    pub isr: Option<(BrokerSet, BrokerSet)>,
    /// Why it is offline, or nothing more is appended to it.
    pub trouble: Option<Arc<String>>,
    /// Whether its log was deleted.
    pub is_deleted: bool,
    pub(super) log: Pages<Placed>,
}

/// What a replica takes itself for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Nothing (yet, or not any more).
    #[default]
    None,
    /// The leader.
    Leader {
        /// Since which epoch.
        epoch: LeaderEpoch,
    },
    /// A follower.
    Follower {
        /// In which epoch.
        epoch: LeaderEpoch,
        /// Whom it follows.
        leader: Option<BrokerId>,
    },
    /// Its log can not be trusted or read.
    Offline,
}

/// A record's place in a batch: the log keeps no copy of the record.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Placed {
    pub batch: Arc<BatchFacts>,
    pub place: usize,
}

/// A record in a replica's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell<'a> {
    /// Its offset.
    pub offset: Offset,
    /// Epoch of the leader that wrote it.
    pub epoch: LeaderEpoch,
    /// Its key.
    pub key: Option<&'a Bytes>,
    /// Whether it has no value: it says that its key is gone.
    pub is_tombstone: bool,
    /// Digest of key and value.
    pub digest: Digest,
}

impl Cell<'_> {
    /// Whether two cells hold the same record.
    #[must_use]
    pub fn same_record(&self, other: &Self) -> bool {
        self.offset == other.offset && self.epoch == other.epoch && self.digest == other.digest
    }
}

/// A promise to a producer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acked {
    /// Whom.
    pub producer: ProcessId,
    /// Which of its sends.
    pub send: SendId,
    /// What it asked for.
    pub acks: Acks,
    /// Digest of the record.
    pub digest: Digest,
    /// Its key, if a replica held the record when it was promised.
    pub key: Option<Bytes>,
    /// When it was told.
    pub step: Step,
}

/// A consumer on the partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// Which.
    pub consumer: ProcessId,
    /// Where it reads on.
    pub position: Offset,
    /// The high watermark it was told last.
    pub high_watermark: Option<Offset>,
    /// The group as whose member it reads.
    pub group: Option<GroupId>,
    /// The record after the last that its application has processed; `None` when it told of none.
    pub processed: Option<Offset>,
    /// Whether its application has told it to read nothing for now.
    pub is_paused: bool,
}

impl PartitionView {
    pub(super) fn new(partition: TopicPartition, min_insync: Option<u32>) -> Self {
        Self {
            partition,
            committed: None,
            min_insync,
            is_deleted: false,
            replicas: Vec::new(),
            acked: Pages::default(),
            overwritten: Arc::new(Vec::new()),
            readers: Vec::new(),
            commits: Vec::new(),
        }
    }

    /// A partition to which nothing has happened yet, with these replicas: LEO 0, HW 0.
    #[must_use]
    pub fn untouched(partition: TopicPartition, replicas: &[BrokerId]) -> Self {
        Self { replicas: replicas.iter().copied().map(ReplicaView::new).collect(), ..Self::new(partition, None) }
    }

    /// The replica on a broker.
    #[must_use]
    pub fn replica(&self, broker: BrokerId) -> Option<&ReplicaView> {
        self.replicas.iter().find(|replica| replica.broker == broker)
    }

    /// The replica that leads by the committed metadata, whatever it knows of that.
    #[must_use]
    pub fn leader(&self) -> Option<&ReplicaView> {
        self.replica(self.committed.as_ref()?.leader?)
    }

    /// The leader by the committed metadata.
    #[must_use]
    pub fn leader_id(&self) -> Option<BrokerId> {
        self.committed.as_ref()?.leader
    }

    /// The replica whose log decides what is true: the leader by the committed metadata, while it lives.
    #[must_use]
    pub fn authority(&self) -> Option<&ReplicaView> {
        self.leader().filter(|leader| leader.is_up)
    }

    /// Below this offset every record is known to be committed by somebody: the highest of all high watermarks.
    #[must_use]
    pub fn committed_end(&self) -> Offset {
        self.replicas.iter().map(|replica| replica.high_watermark).max().unwrap_or_default()
    }

    /// Whether some replica's log has had a record here and let it go by the rules: compacted it away, or begins later.
    #[must_use]
    pub fn is_forgotten(&self, offset: Offset) -> bool {
        let is_compacted = |replica: &ReplicaView| offset < replica.end && replica.cell(offset).is_none();
        self.replicas.iter().any(is_compacted)
    }

    /// Whether a promised record can still be read, or was let go by the rules: the leader's log has it, or while no leader
    /// lives, some log.
    #[must_use]
    pub fn is_kept(&self, offset: Offset, digest: Digest) -> bool {
        match self.authority() {
            Some(leader) => offset < leader.end && leader.cell(offset).is_none_or(|cell| cell.digest == digest),
            None => self.holders(offset, digest).next().is_some() || self.is_forgotten(offset),
        }
    }

    /// The committed ISR.
    #[must_use]
    pub fn isr(&self) -> BrokerSet {
        self.committed.as_ref().map_or(BrokerSet::EMPTY, |committed| committed.isr)
    }

    /// Whether a broker is in the committed ISR.
    #[must_use]
    pub fn is_in_sync(&self, broker: BrokerId) -> bool {
        broker.0 <= BrokerSet::MAX && self.isr().contains(broker)
    }

    /// Whether a replica's record contradicts the living leader's log, and so will be truncated.
    #[must_use]
    pub fn is_diverged(&self, broker: BrokerId, cell: &Cell<'_>) -> bool {
        let Some(leader) = self.authority().filter(|leader| leader.broker != broker) else { return false };
        let since = self.committed.as_ref().map_or(LeaderEpoch::ZERO, |committed| committed.epoch);
        match leader.cell(cell.offset) {
            Some(theirs) => !theirs.same_record(cell),
            None => cell.offset >= leader.end && cell.epoch < since,
        }
    }

    /// The replicas that hold the promised record at an offset.
    pub fn holders(&self, offset: Offset, digest: Digest) -> impl Iterator<Item = &ReplicaView> {
        self.replicas.iter().filter(move |replica| replica.cell(offset).is_some_and(|cell| cell.digest == digest))
    }

    /// What a group has committed of it.
    #[must_use]
    pub fn committed_by(&self, group: &str) -> Option<Offset> {
        self.commits.iter().find(|commit| commit.group.as_str() == group).map(|commit| commit.offset)
    }

    /// A consumer's reading of it.
    #[must_use]
    pub fn reader(&self, consumer: ProcessId) -> Option<&Reader> {
        self.readers.iter().find(|reader| reader.consumer == consumer)
    }

    /// The longest log's end.
    #[must_use]
    pub fn end(&self) -> Offset {
        self.replicas.iter().map(|replica| replica.end).max().unwrap_or_default()
    }

    /// The earliest log start.
    #[must_use]
    pub fn start(&self) -> Offset {
        self.replicas.iter().map(|replica| replica.start).min().unwrap_or_default()
    }
}

impl ReplicaView {
    pub(super) fn new(broker: BrokerId) -> Self {
        Self {
            broker,
            role: Role::None,
            is_up: true,
            has_led: false,
            start: Offset::ZERO,
            end: Offset::ZERO,
            high_watermark: Offset::ZERO,
            cleaned: None,
            is_uncleanable: false,
            isr: None,
            trouble: None,
            is_deleted: false,
            log: Pages::default(),
        }
    }

    /// The record at an offset.
    #[must_use]
    pub fn cell(&self, offset: Offset) -> Option<Cell<'_>> {
        self.log.get(offset).and_then(Placed::cell)
    }

    /// The records in `from..end`, in order.
    pub fn cells(&self, from: Offset, end: Offset) -> impl Iterator<Item = Cell<'_>> {
        self.log.range(from, end).filter_map(|(_, placed)| placed.cell())
    }

    /// The epoch of the nearest record below an offset that the log still has, if it is near.
    #[must_use]
    pub fn epoch_before(&self, offset: Offset) -> Option<LeaderEpoch> {
        let near = offset.0.saturating_sub(LOOKED_BACK).max(self.start.0);
        (near..offset.0).rev().find_map(|before| self.cell(Offset(before))).map(|cell| cell.epoch)
    }

    /// The last record.
    #[must_use]
    pub fn last(&self) -> Option<Cell<'_>> {
        self.log.last().and_then(|(_, placed)| placed.cell())
    }

    /// The offsets in `from..end` where its log has had a record and has none any more: compacted away.
    pub fn compacted(&self, from: Offset, end: Offset) -> impl Iterator<Item = Offset> {
        let (from, end) = (from.max(self.start), end.min(self.end));
        (from.0..end.0.max(from.0)).map(Offset).filter(|offset| self.log.get(*offset).is_none())
    }

    /// Whether it takes itself for the leader.
    #[must_use]
    pub fn leads(&self) -> bool {
        matches!(self.role, Role::Leader { .. })
    }

    pub(super) fn append(&mut self, batch: &Arc<BatchFacts>) {
        for (place, record) in batch.records.iter().enumerate() {
            self.log.set(record.offset, Placed { batch: Arc::clone(batch), place });
        }
        self.end = self.end.max(Offset(batch.last.0.saturating_add(1)));
    }
}

impl Placed {
    fn cell(&self) -> Option<Cell<'_>> {
        let record = self.batch.records.get(self.place)?;
        Some(Cell {
            offset: record.offset,
            epoch: self.batch.leader_epoch,
            key: record.key.as_ref(),
            is_tombstone: record.is_tombstone,
            digest: record.digest,
        })
    }
}
