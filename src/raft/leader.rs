//! The leader of the metadata quorum: gathers records, writes them in batches, syncs, advances the committed end, and
//! serves the log to whoever fetches it.
//!
//! Invariant: the committed end (the log's high watermark) only grows; it covers nothing that is not synced on a majority
//! of the voters, and nothing at all before the first record of the leader's own epoch is.
//!
//! Source: KIP-595; Kafka's `KafkaRaftClient`, `LeaderState`, `BatchAccumulator`. KIP-1166: a fetch that finds no new
//! records is answered at once if its sender has not heard of the present high watermark, and parked otherwise.
//!
//! Called by: [`super::node`].
//!
//! Kafka differs: a sender's knowledge of the high watermark is kept here per connection, where KIP-1166 puts it into the
//! request; the leader advances after its sync, where Kafka's lets a single voter's count before.
//!
//! Not modelled: the fetches of voters as acknowledgements; the leader is the only voter.

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;

use bytes::Bytes;

use super::node::RaftSetup;
use super::{quorum, refused, voter_number};
use crate::context::{Context, ReplyTo};
use crate::error::{ErrorCode, Fault};
use crate::event::{ConnectionNumber, RaftFact};
use crate::ids::{LeaderEpoch, Offset, ProcessId, Step, TopicPartition};
use crate::log::PartitionLog;
use crate::protocol::{DivergingEpoch, FetchPartition, FetchRequest, FetchResponse, FetchedPartition, LeaderIdAndEpoch};
use crate::record::BatchBuilder;
use crate::record::control::ControlRecord;
use crate::time::{Instant, Timers};

/// A voter in the role of leader.
#[derive(Clone, Debug)]
pub(super) struct Leader {
    setup: Arc<RaftSetup>,
    epoch: LeaderEpoch,
    /// The offset of the epoch's first record.
    epoch_start: Offset,
    log: Arc<PartitionLog>,
    /// Records that wait to be written together.
    pending: Vec<Bytes>,
    /// Up to where each voter has the log synced.
    synced: BTreeMap<ProcessId, Offset>,
    high_watermark: Option<Offset>,
    commit: Option<Commit>,
    parked: BTreeMap<Asker, ParkedFetch>,
    /// Which high watermark each follower was told last, on which connection.
    told: BTreeMap<ProcessId, (ConnectionNumber, Option<Offset>)>,
    timers: Timers<LeaderTimer>,
}

/// An advance of the committed end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Everything below counts.
    pub end: Offset,
    /// The event that told it.
    pub step: Step,
}

/// One connection of one follower.
type Asker = (ProcessId, ConnectionNumber);

/// A fetch that found nothing new.
#[derive(Clone, Copy, Debug)]
struct ParkedFetch {
    reply_to: ReplyTo,
    item: FetchPartition,
    max_bytes: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum LeaderTimer {
    /// Records have been gathered for long enough.
    Write,
    /// A parked fetch has waited for long enough.
    Fetch(Asker),
}

impl Leader {
    /// The leader of a new epoch, which is on disk already.
    pub(super) fn new(setup: Arc<RaftSetup>, epoch: LeaderEpoch, log: PartitionLog) -> Self {
        Self {
            setup,
            epoch,
            epoch_start: log.end_offset(),
            log: Arc::new(log),
            pending: Vec::new(),
            synced: BTreeMap::new(),
            high_watermark: None,
            commit: None,
            parked: BTreeMap::new(),
            told: BTreeMap::new(),
            timers: Timers::default(),
        }
    }

    /// Begins the epoch in the log, with a LeaderChange as its first record.
    pub(super) fn begin_epoch(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        Arc::make_mut(&mut self.log).start_epoch(self.epoch, cx)?;
        let number = |voter: ProcessId| i32::from(voter_number(voter).0);
        let voters: Vec<i32> = self.setup.voters.iter().copied().map(number).collect();
        let leader = number(self.setup.me);
        let change = ControlRecord::LeaderChange { leader, voters, granting_voters: vec![leader] };
        self.write(&change.batch(cx.wall()), cx)
    }

    /// The offset that the next appended record gets.
    pub(super) fn next_offset(&self) -> Offset {
        self.log.end_offset().plus(self.pending.len() as u64)
    }

    /// Up to where (excluded) the log is committed, once that is known.
    pub(super) fn committed(&self) -> Option<Offset> {
        self.high_watermark
    }

    /// Gathers records; the first of them starts the wait for more.
    pub(super) fn append(&mut self, records: impl IntoIterator<Item = Bytes>, cx: &mut Context<'_>) {
        self.pending.extend(records);
        if !self.pending.is_empty() && self.timers.due(LeaderTimer::Write).is_none() {
            self.timers.set(LeaderTimer::Write, cx.mono().plus(self.setup.config.quorum_append_linger), cx.trail());
        }
    }

    /// When [`Leader::handle_deadline`] is wanted at the latest.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.timers.next_deadline()
    }

    /// Writes what was gathered for long enough, and answers fetches that waited for long enough.
    pub(super) fn handle_deadline(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        while let Some((timer, trail)) = self.timers.pop_due(cx.mono()) {
            cx.resume(trail);
            match timer {
                LeaderTimer::Write => self.write_pending(cx)?,
                LeaderTimer::Fetch(asker) => {
                    let fetch = self.parked.remove(&asker).expect("a parked fetch and its timer come and go together");
                    let response = self.answer(asker, fetch.item, fetch.max_bytes, cx)?;
                    cx.reply(fetch.reply_to, response.into());
                }
            }
        }
        Ok(())
    }

    /// The latest advance of the committed end, once.
    pub(super) fn take_commit(&mut self) -> Option<Commit> {
        self.commit.take()
    }

    /// Answers a fetch, or parks it until there is something to tell.
    pub(super) fn handle_fetch(
        &mut self,
        from: ProcessId,
        reply_to: ReplyTo,
        request: &FetchRequest,
        cx: &mut Context<'_>,
    ) -> Result<(), Fault> {
        let [item] = request.partitions.as_slice() else {
            cx.reply(reply_to, FetchResponse { error: Some(ErrorCode::InvalidRequest), partitions: Vec::new() }.into());
            return Ok(());
        };
        if let Some(refusal) = self.refuse(item) {
            cx.reply(reply_to, FetchResponse { error: None, partitions: vec![refusal] }.into());
            return Ok(());
        }
        let asker = (from, reply_to.connection);
        let fetch = ParkedFetch { reply_to, item: *item, max_bytes: request.max_bytes };
        if self.has_news_for(asker, item) || request.max_wait.0 == 0 {
            let response = self.answer(asker, fetch.item, fetch.max_bytes, cx)?;
            cx.reply(reply_to, response.into());
            return Ok(());
        }
        self.timers.set(LeaderTimer::Fetch(asker), cx.mono().plus(request.max_wait), cx.trail());
        self.parked.insert(asker, fetch);
        Ok(())
    }

    /// Answers the parked fetches for which there is something now.
    pub(super) fn release_fetches(&mut self, because: Step, cx: &mut Context<'_>) -> Result<(), Fault> {
        let news = |(asker, fetch): (&Asker, &ParkedFetch)| self.has_news_for(*asker, &fetch.item).then_some(*asker);
        let askers: Vec<Asker> = self.parked.iter().filter_map(news).collect();
        for asker in askers {
            let fetch = self.parked.remove(&asker).expect("it was there a moment ago");
            self.timers.cancel(LeaderTimer::Fetch(asker));
            let response = self.answer(asker, fetch.item, fetch.max_bytes, cx)?;
            cx.reply_released(fetch.reply_to, response.into(), because);
        }
        Ok(())
    }

    /// A fetch of something else, of another epoch, or from a log that is not a prefix of this one.
    fn refuse(&self, item: &FetchPartition) -> Option<FetchedPartition> {
        let partition = item.partition;
        if partition != TopicPartition::METADATA {
            return Some(FetchedPartition::refused(partition, ErrorCode::UnknownTopicOrPartition, None));
        }
        let me = LeaderIdAndEpoch { leader: voter_number(self.setup.me), epoch: self.epoch };
        match item.current_leader_epoch {
            Some(epoch) if epoch < self.epoch => Some(FetchedPartition::refused(partition, ErrorCode::FencedLeaderEpoch, Some(me))),
            Some(epoch) if epoch > self.epoch => {
                Some(FetchedPartition::refused(partition, ErrorCode::UnknownLeaderEpoch, Some(me)))
            }
            Some(_) | None => {
                let diverging_epoch = Some(self.diverging_epoch(item)?);
                Some(FetchedPartition { diverging_epoch, ..self.empty_answer() })
            }
        }
    }

    /// Where the asker's log leaves this one, judged by the epoch of its last record and by its end.
    fn diverging_epoch(&self, item: &FetchPartition) -> Option<DivergingEpoch> {
        let start = self.log.start_offset();
        if item.fetch_offset == start && item.last_fetched_epoch.is_none() {
            return None;
        }
        let known = item.last_fetched_epoch.and_then(|asked| self.log.end_offset_for_epoch(asked));
        let (epoch, end_offset) = known.unwrap_or((LeaderEpoch::ZERO, start));
        let is_shared = item.last_fetched_epoch == Some(epoch) && item.fetch_offset <= end_offset;
        (!is_shared).then_some(DivergingEpoch { epoch, end_offset })
    }

    fn has_news_for(&self, asker: Asker, item: &FetchPartition) -> bool {
        let (who, connection) = asker;
        let knows_high_watermark = self.told.get(&who) == Some(&(connection, self.high_watermark));
        !knows_high_watermark || item.fetch_offset < self.log.end_offset()
    }

    fn answer(
        &mut self,
        (who, connection): Asker,
        item: FetchPartition,
        max_bytes: u32,
        cx: &mut Context<'_>,
    ) -> Result<FetchResponse, Fault> {
        let end = self.log.end_offset();
        let batches = if item.fetch_offset < end {
            self.log.read(item.fetch_offset, end, max_bytes.min(item.partition_max_bytes), cx).map_err(refused)?
        } else {
            Vec::new()
        };
        self.told.insert(who, (connection, self.high_watermark));
        Ok(FetchResponse { error: None, partitions: vec![FetchedPartition { batches, ..self.empty_answer() }] })
    }

    fn empty_answer(&self) -> FetchedPartition {
        FetchedPartition {
            partition: TopicPartition::METADATA,
            error: None,
            high_watermark: self.high_watermark.unwrap_or_default(),
            log_start_offset: self.log.start_offset(),
            diverging_epoch: None,
            current_leader: None,
            snapshot: None,
            preferred_read_replica: None,
            batches: Vec::new(),
        }
    }

    fn write_pending(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        let records = mem::take(&mut self.pending);
        assert!(!records.is_empty(), "the wait begins with a record");
        let now = cx.wall();
        let mut batch = BatchBuilder::new(now);
        for record in &records {
            batch.append(now, None, Some(record), &[]);
        }
        self.write(&batch.build(), cx)
    }

    /// Appends a batch and syncs it; only then does this voter hold it.
    fn write(&mut self, batch: &Bytes, cx: &mut Context<'_>) -> Result<(), Fault> {
        let log = Arc::make_mut(&mut self.log);
        log.append_as_leader(batch, self.epoch, cx).map_err(refused)?;
        log.flush(cx)?;
        let end = log.end_offset();
        self.synced.insert(self.setup.me, end);
        self.advance_committed_end(cx);
        Ok(())
    }

    /// The one writer of the metadata log's high watermark.
    fn advance_committed_end(&mut self, cx: &mut Context<'_>) {
        let of_voter = |voter: &ProcessId| self.synced.get(voter).copied().unwrap_or_default();
        let ends = self.setup.voters.iter().map(of_voter).collect();
        let Some(end) = quorum::committed_end(ends, self.epoch_start) else { return };
        if self.high_watermark.is_some_and(|old| old >= end) {
            return;
        }
        assert!(end <= self.log.end_offset(), "nobody holds more than the leader wrote");
        self.high_watermark = Some(end);
        let step = cx.emit(RaftFact::MetadataCommitted { end, epoch: self.epoch });
        self.commit = Some(Commit { end, step });
    }
}
