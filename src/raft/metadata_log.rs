//! One server's copy of the metadata log: the log itself, the snapshots that stand for its beginning, and who votes.
//!
//! The two newest snapshots are kept. The log begins where the older of them ends, so that who lags behind a little finds
//! records still and who lags behind much a snapshot.
//!
//! Invariant: a log that does not begin at 0 begins where a snapshot on this disk ends. The voters are those that snapshot
//! and log name. What is told as committed is never cut.
//!
//! Source: KIP-595, KIP-630, KIP-853; Kafka's `KafkaMetadataLog`, `ReplicatedLog.validateOffsetAndEpoch`.
//!
//! Called by: every role of a voter, and [`super::observer`].
//!
//! Kafka differs: its cleaner removes snapshots by size and age, long after; here they go when a newer one is written. It
//! keeps a fetched snapshot unread, and ends when it then cannot read it; here one that is damaged is not taken, so that the
//! leader's disk alone cannot end its followers.

use std::sync::Arc;

use bytes::Bytes;

use super::quorum::Reach;
use super::reading::metadata_records;
use super::snapshot::{self, Snapshot};
use super::voters::{VoterEntry, VoterHistory, VoterSet};
use super::{log_config, refused, voter_number};
use crate::config::{BrokerConfig, Switch};
use crate::context::{Context, Disk};
use crate::error::{ErrorCode, Fault};
use crate::event::{LogFact, RaftFact, TruncationReason};
use crate::files::Folder;
use crate::ids::{LeaderEpoch, LogDirectory, Offset, ProcessId, TopicPartition};
use crate::log::PartitionLog;
use crate::protocol::{DivergingEpoch, FetchPartition, SnapshotId};
use crate::record::control::ControlRecord;
use crate::record::{BatchHeader, RecordBatch};

/// How many snapshots are kept.
const SNAPSHOTS_KEPT: usize = 2;
/// How much is read at once when the voters are looked for.
const READ_BYTES: u32 = 1 << 20;

/// A copy of the metadata log.
#[derive(Clone, Debug)]
pub(super) struct MetadataLog {
    log: Arc<PartitionLog>,
    /// The first offset that counts; the first segment may begin before it.
    start: Offset,
    /// The oldest first.
    snapshots: Vec<SnapshotId>,
    voters: VoterHistory,
    /// How many bytes came since the newest snapshot, or since the start.
    new_bytes: u64,
    folder_sync: Switch,
}

/// What a leader sees in the place that a follower wants to go on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The logs agree up to there.
    Valid,
    /// They part before.
    Diverging(DivergingEpoch),
    /// What comes next is in a snapshot only.
    Snapshot(SnapshotId),
}

/// What became of fetched batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// They are in the log, and other voters count than before.
    WithVoters,
    /// They are in the log.
    Whole,
    /// Some did not fit.
    Refused,
}

impl MetadataLog {
    /// Reads the copy on this disk, or begins one. Errors: those of the disk; [`Fault::Corrupt`] when it begins where no
    /// snapshot ends.
    pub(super) fn open(initial: VoterSet, config: &BrokerConfig, folder_sync: Switch, cx: &mut Context<'_>) -> Result<Self, Fault> {
        let partition = TopicPartition::METADATA;
        let mut log = if cx.list(Folder::Log(LogDirectory::FIRST, partition)).is_empty() {
            PartitionLog::create(partition, log_config(config), cx)?
        } else {
            PartitionLog::recover(partition, log_config(config), Offset::ZERO, false, cx)?
        };
        let mut snapshots = snapshot::list(cx);
        if let Some(newest) = snapshots.last().copied()
            && (log.latest_epoch(), log.end_offset()) < (Some(newest.epoch), newest.end)
        {
            log.restart_at(newest.end, cx)?;
        }
        let first = log.start_offset();
        snapshots.retain(|id| id.end >= first);
        let oldest = snapshots.first().copied();
        if first > Offset::ZERO && oldest.is_none() {
            return Err(Fault::Corrupt { what: "metadata log", why: format!("it begins at {first}, where no snapshot ends") });
        }
        let is_trimmed = first > Offset::ZERO || snapshots.len() >= SNAPSHOTS_KEPT;
        let start = oldest.filter(|_| is_trimmed).map_or(first, |id| id.end);
        if start > first {
            cx.emit(LogFact::LogStartAdvanced { partition, old: first, new: start });
        }
        let voters = match oldest.filter(|_| is_trimmed) {
            Some(id) => snapshot::decode(snapshot::read(id, cx)?)?.voters,
            None => VoterEntry::initial(initial),
        };
        let new_bytes = log.size_bytes();
        let mut opened = Self { log: Arc::new(log), start, snapshots, voters: VoterHistory::new(voters), new_bytes, folder_sync };
        opened.find_voters(cx)?;
        Ok(opened)
    }

    /// Goes through the control records of the log for the voters they name.
    fn find_voters(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        let mut next = self.start;
        while next < self.end() {
            let batches = self.log.read(next, self.end(), READ_BYTES, cx).map_err(|code| refused(&self.log, code))?;
            let Some(last) = batches.last() else { return Err(Fault::Truncated("metadata log")) };
            next = BatchHeader::parse(last)?.last_offset().next();
            for batch in &batches {
                self.note_voters(batch)?;
            }
        }
        Ok(())
    }

    /// The first offset.
    pub(super) fn start(&self) -> Offset {
        self.start
    }

    /// The offset that the next record gets.
    pub(super) fn end(&self) -> Offset {
        self.log.end_offset()
    }

    /// How far it reaches, as an election wants to know.
    pub(super) fn reach(&self) -> Reach {
        let of_snapshot = self.snapshots.last().filter(|id| id.end == self.end()).map(|id| id.epoch);
        (self.log.latest_epoch().or(of_snapshot), self.end())
    }

    /// Who votes.
    pub(super) fn voters(&self) -> &Arc<VoterEntry> {
        self.voters.latest()
    }

    /// The newest snapshot.
    pub(super) fn newest_snapshot(&self) -> Option<SnapshotId> {
        self.snapshots.last().copied()
    }

    /// A snapshot that is named.
    pub(super) fn has_snapshot(&self, id: SnapshotId) -> bool {
        self.snapshots.contains(&id)
    }

    /// How many bytes came since the newest snapshot.
    pub(super) fn new_bytes(&self) -> u64 {
        self.new_bytes
    }

    /// What is asked for when this copy is to grow.
    pub(super) fn wanted(&self, epoch: LeaderEpoch, max_bytes: u32) -> FetchPartition {
        let (last_fetched_epoch, fetch_offset) = self.reach();
        FetchPartition {
            partition: TopicPartition::METADATA,
            current_leader_epoch: Some(epoch),
            fetch_offset,
            last_fetched_epoch,
            log_start_offset: self.start,
            partition_max_bytes: max_bytes,
        }
    }

    /// A new leader writes down that its epoch begins here. Errors: those of the disk.
    pub(super) fn start_epoch(&mut self, epoch: LeaderEpoch, cx: &mut Context<'_>) -> Result<(), Fault> {
        Arc::make_mut(&mut self.log).start_epoch(epoch, cx)
    }

    /// Appends a batch as the leader of `epoch` and syncs it. Errors: those of the disk.
    pub(super) fn append_as_leader(&mut self, batch: &Bytes, epoch: LeaderEpoch, cx: &mut Context<'_>) -> Result<(), Fault> {
        let log = Arc::make_mut(&mut self.log);
        log.append_as_leader(batch, epoch, cx).map_err(|code| refused(log, code))?;
        self.new_bytes += batch.len() as u64;
        log.flush(cx)
    }

    /// Appends the voters as the leader of `epoch`; they count from here on. Errors: those of the disk.
    pub(super) fn append_voters(&mut self, voters: VoterSet, epoch: LeaderEpoch, cx: &mut Context<'_>) -> Result<(), Fault> {
        let offset = self.end();
        let batch = voters.record().batch(cx.wall());
        self.append_as_leader(&batch, epoch, cx)?;
        self.voters.push(VoterEntry { offset, epoch, voters });
        Ok(())
    }

    /// Appends what a leader sent, up to the first batch that does not fit: that one and what follows is asked for again, for
    /// the fault may be the leader's disk alone (KAFKA-18723). Errors: those of the disk.
    pub(super) fn append_fetched(&mut self, batches: &[Bytes], from: ProcessId, cx: &mut Context<'_>) -> Result<Taken, Fault> {
        let before = self.voters.latest().offset;
        let mut next = self.end();
        let appended = Arc::make_mut(&mut self.log).append_as_follower(batches, voter_number(from), cx);
        for batch in batches {
            if next >= self.end() {
                break; // the log refused it, whatever it claims to be
            }
            next = BatchHeader::parse(batch)?.last_offset().next();
            self.new_bytes += batch.len() as u64;
            self.note_voters(batch)?;
        }
        match appended {
            Err(ErrorCode::KafkaStorageError) => Err(refused(&self.log, ErrorCode::KafkaStorageError)),
            Err(_) => Ok(Taken::Refused),
            Ok(()) if self.voters.latest().offset > before => Ok(Taken::WithVoters),
            Ok(()) => Ok(Taken::Whole),
        }
    }

    fn note_voters(&mut self, batch: &Bytes) -> Result<(), Fault> {
        if !BatchHeader::parse(batch)?.attributes.is_control() {
            return Ok(());
        }
        let batch = RecordBatch::decode(batch.clone())?;
        for record in &batch.records {
            if let ControlRecord::Voters { voters } = ControlRecord::decode(record)? {
                let epoch = batch.header.leader_epoch.unwrap_or_default();
                let entry = VoterEntry { offset: record.offset, epoch, voters: VoterSet::of_record(&voters)? };
                if entry.offset > self.voters.latest().offset || self.voters.latest().offset == Offset::ZERO {
                    self.voters.push(entry);
                }
            }
        }
        Ok(())
    }

    /// Makes all of it durable. Errors: those of the disk.
    pub(super) fn flush(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        Arc::make_mut(&mut self.log).flush(cx)
    }

    /// Judges where a follower wants to go on: whether its log is a prefix of this one.
    pub(super) fn validate(&self, offset: Offset, epoch: Option<LeaderEpoch>) -> Verdict {
        if self.start == Offset::ZERO && offset == Offset::ZERO && epoch.is_none() {
            return Verdict::Valid;
        }
        let asked = epoch.unwrap_or(LeaderEpoch::ZERO);
        if let (Some(oldest), Some(newest)) = (self.snapshots.first(), self.snapshots.last()) {
            let lacks_the_beginning =
                offset < self.start || (offset == self.start && asked != oldest.epoch) || asked < oldest.epoch;
            if lacks_the_beginning {
                return Verdict::Snapshot(*newest);
            }
        }
        let (epoch, end_offset) = self.end_offset_for_epoch(asked);
        if epoch != asked || end_offset < offset {
            return Verdict::Diverging(DivergingEpoch { epoch, end_offset });
        }
        Verdict::Valid
    }

    /// Where an epoch ends here, or the largest below it.
    fn end_offset_for_epoch(&self, asked: LeaderEpoch) -> (LeaderEpoch, Offset) {
        match (self.log.end_offset_for_epoch(asked), self.snapshots.first()) {
            // Older than all in the log: what it ended with is in the oldest snapshot.
            (Some((epoch, end)), Some(oldest)) if end == oldest.end && epoch == asked => (oldest.epoch, oldest.end),
            (Some(found), _) => found,
            (None, _) => (self.reach().0.unwrap_or_default(), self.end()),
        }
    }

    /// Cuts this copy where it leaves the leader's: at the end of the largest epoch both know. Returns whether other voters
    /// count than before.
    ///
    /// Errors: those of the disk; [`Fault::Corrupt`] when that would take something away that was told as committed.
    pub(super) fn truncate(&mut self, diverging: DivergingEpoch, committed: Offset, cx: &mut Context<'_>) -> Result<bool, Fault> {
        let to = match self.log.end_offset_for_epoch(diverging.epoch) {
            Some((epoch, end)) if epoch == diverging.epoch => end.min(diverging.end_offset),
            Some((_, end)) => end,
            None => self.start,
        };
        if to < committed {
            let why = format!("its leader wants it cut to {to}, and all below {committed} was committed");
            return Err(Fault::Corrupt { what: "metadata log", why });
        }
        if to >= self.end() && self.log.latest_epoch() <= Some(diverging.epoch) {
            return Err(refused(&self.log, ErrorCode::InvalidRequest));
        }
        Arc::make_mut(&mut self.log).truncate_to(to, TruncationReason::DivergingEpoch, cx)?;
        let before = self.voters.latest().offset;
        self.voters.truncate(self.end());
        Ok(self.voters.latest().offset != before)
    }

    /// Whole batches from `from` on. Errors: those of the disk.
    pub(super) fn read(&self, from: Offset, max_bytes: u32, cx: &mut Context<'_>) -> Result<Vec<Bytes>, Fault> {
        self.log.read(from, self.end(), max_bytes, cx).map_err(|code| refused(&self.log, code))
    }

    /// The metadata records in `from..to`. Errors: those of the disk.
    pub(super) fn records(&self, from: Offset, to: Offset, cx: &mut Context<'_>) -> Result<Vec<(Offset, Bytes)>, Fault> {
        assert!(from >= self.start, "what lies below the log start is read from a snapshot");
        metadata_records(&self.log, from, to, cx)
    }

    /// What the newest snapshot says. Errors: those of the disk, and of damaged bytes.
    pub(super) fn load_snapshot(&self, cx: &mut Context<'_>) -> Result<Option<(SnapshotId, Snapshot)>, Fault> {
        let Some(id) = self.newest_snapshot() else { return Ok(None) };
        Ok(Some((id, snapshot::decode(snapshot::read(id, cx)?)?)))
    }

    /// Writes down what the log below `end` says, and lets go of the log below the snapshot before this one.
    /// Errors: those of the disk.
    pub(super) fn write_snapshot(&mut self, end: Offset, records: Vec<Bytes>, cx: &mut Context<'_>) -> Result<(), Fault> {
        assert!(end <= self.end(), "a snapshot says what the log said");
        if end <= self.newest_snapshot().map_or(self.start, |newest| newest.end) {
            return Ok(());
        }
        let last = end.previous().and_then(|last| self.log.epochs().epoch_at(last));
        let id = SnapshotId { end, epoch: last.unwrap_or_default() };
        let bytes = snapshot::encode(self.voters.at(end), records, cx.wall());
        let size = bytes.len() as u64;
        snapshot::write(id, bytes, self.folder_sync, cx)?;
        cx.emit(RaftFact::SnapshotTaken { end, epoch: id.epoch, bytes: size });
        self.snapshots.push(id);
        self.new_bytes = 0;
        if self.snapshots.len() >= SNAPSHOTS_KEPT { self.trim(cx) } else { Ok(()) }
    }

    /// Keeps the newest snapshots, and the log from the oldest of them on.
    fn trim(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        while self.snapshots.len() > SNAPSHOTS_KEPT {
            cx.delete(snapshot::file(self.snapshots.remove(0)))?;
        }
        let Some(oldest) = self.snapshots.first().copied() else { return Ok(()) };
        if oldest.end > self.start {
            let old = self.start;
            self.start = oldest.end;
            self.voters.trim(oldest.end);
            cx.emit(LogFact::LogStartAdvanced { partition: TopicPartition::METADATA, old, new: oldest.end });
        }
        Arc::make_mut(&mut self.log).drop_segments_below(self.start, cx)?;
        Ok(())
    }

    /// Puts a snapshot fetched from `from` in place of this copy, if its bytes are sound; if not, all stays as it was. Returns
    /// whether it did. Errors: those of the disk.
    pub(super) fn install(&mut self, id: SnapshotId, bytes: Bytes, from: ProcessId, cx: &mut Context<'_>) -> Result<bool, Fault> {
        let Ok(Snapshot { voters, .. }) = snapshot::decode(bytes.clone()) else { return Ok(false) };
        snapshot::write(id, bytes, self.folder_sync, cx)?;
        for old in std::mem::replace(&mut self.snapshots, vec![id]) {
            if old != id {
                cx.delete(snapshot::file(old))?;
            }
        }
        Arc::make_mut(&mut self.log).restart_at(id.end, cx)?;
        self.start = id.end;
        self.voters = VoterHistory::new(voters);
        self.new_bytes = 0;
        cx.emit(RaftFact::SnapshotInstalled { end: id.end, epoch: id.epoch, from });
        Ok(true)
    }
}
