//! A broker's own copy of the metadata log: fetched from the quorum's leader, kept on the broker's disk, handed out to the
//! broker as far as it is committed.
//!
//! One fetch at a time is on its way. Its answer brings batches, or the place where the logs part, or a refusal that tells
//! who leads; then the next fetch leaves. Without an answer in time the connection is closed and a voter is asked anew.
//!
//! Invariant: the high watermark only grows, never passes the end of this copy, and nothing below it is cut. Records are
//! handed out once per life of the broker, in order, and only below the high watermark that a leader told in this life.
//!
//! Called by: the broker. Source: KIP-595 (observers), Kafka's `KafkaRaftClient`.
//!
//! Kafka differs: the leader parks an observer's fetch for a quarter of `controller.quorum.fetch.timeout.ms`, where Kafka
//! has a constant of 500 ms beside a default time-out of 2 s: so that both shrink in the profile `fast`.
//!
//! Not modelled: snapshots; an observer does not sync what it fetched (nor does Kafka's), and fetches it again when a
//! power failure took it.

use std::sync::Arc;

use bytes::Bytes;

use super::reading::metadata_records;
use super::state::QuorumState;
use super::{log_config, or_halt, refused, voter, voter_number};
use crate::choice::{ChoiceKind, Odds, Subject};
use crate::config::BrokerConfig;
use crate::context::{Context, Disk};
use crate::error::Fault;
use crate::event::{Purpose, TruncationReason};
use crate::files::Folder;
use crate::ids::{BrokerId, CorrelationId, LogDirectory, Offset, ProcessId, TopicPartition};
use crate::log::PartitionLog;
use crate::protocol::{
    DivergingEpoch, FetchPartition, FetchRequest, FetchResponse, FetchedPartition, LeaderIdAndEpoch, ReplicaState, Response,
};
use crate::time::{Duration, Instant, Timers};

/// How many bytes one answer may hold (Kafka's `MAX_FETCH_SIZE_BYTES`).
const FETCH_BYTES: u32 = 8 << 20;
/// After how many failures in a row the wait between two attempts no longer doubles.
const DOUBLINGS: u32 = 5;

/// What an observer is told before it starts.
#[derive(Clone, Debug, PartialEq)]
pub struct ObserverSetup {
    /// Whose copy it is.
    pub me: BrokerId,
    /// Whom it may ask.
    pub voters: Vec<ProcessId>,
    /// The broker's configuration.
    pub config: BrokerConfig,
}

/// A broker's copy of the metadata log.
#[derive(Clone, Debug)]
pub struct Observer {
    setup: Arc<ObserverSetup>,
    /// `None` before the start, and after a disk that failed at the start.
    log: Option<Arc<PartitionLog>>,
    quorum: QuorumState,
    high_watermark: Offset,
    handed_out: Offset,
    asking: Option<Asking>,
    next_correlation: CorrelationId,
    next_voter: usize,
    failures: u32,
    timers: Timers<ObserverTimer>,
}

/// The fetch on its way.
#[derive(Clone, Copy, Debug)]
struct Asking {
    whom: ProcessId,
    correlation: CorrelationId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ObserverTimer {
    /// The answer is late.
    Answer,
    /// Enough waited: ask again.
    Retry,
}

/// When to fetch again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    AtOnce,
    AfterBackoff,
}

impl Observer {
    /// An observer that has not started yet.
    #[must_use]
    pub fn new(setup: ObserverSetup) -> Self {
        Self {
            setup: Arc::new(setup),
            log: None,
            quorum: QuorumState::default(),
            high_watermark: Offset::ZERO,
            handed_out: Offset::ZERO,
            asking: None,
            next_correlation: CorrelationId(0),
            next_voter: 0,
            failures: 0,
            timers: Timers::default(),
        }
    }

    /// Reads back what an earlier life of the broker left, and begins to fetch.
    pub fn start(&mut self, cx: &mut Context<'_>) {
        let opened = Self::open(cx);
        let Some((quorum, log)) = or_halt(opened, cx) else { return };
        self.quorum = quorum;
        self.log = Some(Arc::new(log));
        self.fetch(cx);
    }

    /// Takes an answer that came on [`Purpose::MetadataFetcher`].
    pub fn handle_response(&mut self, from: ProcessId, correlation: CorrelationId, response: Response, cx: &mut Context<'_>) {
        let is_awaited = self.asking.is_some_and(|asking| asking.whom == from && asking.correlation == correlation);
        let Response::Fetch(fetched) = response else { return };
        if !is_awaited {
            return;
        }
        self.asking = None;
        self.timers.cancel(ObserverTimer::Answer);
        let taken = self.take(from, fetched, cx);
        match or_halt(taken, cx) {
            Some(Next::AtOnce) => {
                self.failures = 0;
                self.fetch(cx);
            }
            Some(Next::AfterBackoff) => self.back_off(cx),
            None => {}
        }
    }

    /// The connection for [`Purpose::MetadataFetcher`] to `from` was reset.
    pub fn handle_disconnect(&mut self, from: ProcessId, cx: &mut Context<'_>) {
        if self.asking.is_some_and(|asking| asking.whom == from) {
            self.asking = None;
            self.timers.cancel(ObserverTimer::Answer);
            self.back_off(cx);
        }
    }

    /// Does what is due.
    pub fn handle_deadline(&mut self, cx: &mut Context<'_>) {
        while let Some((timer, trail)) = self.timers.pop_due(cx.mono()) {
            cx.resume(trail);
            match timer {
                ObserverTimer::Answer => {
                    let late = self.asking.take().expect("the timer runs only while an answer is awaited");
                    cx.close(late.whom, Purpose::MetadataFetcher);
                    self.back_off(cx);
                }
                ObserverTimer::Retry => self.fetch(cx),
            }
        }
    }

    /// When it wants [`Observer::handle_deadline`] at the latest.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.timers.next_deadline()
    }

    /// The metadata records that were committed since the last call, in order (see `controller::records`). After a
    /// restart this begins again at the start of the log, as soon as a leader has told how far it is committed.
    pub fn drain_committed(&mut self, cx: &mut Context<'_>) -> Vec<(Offset, Bytes)> {
        let Some(log) = &self.log else { return Vec::new() };
        if self.handed_out == self.high_watermark {
            return Vec::new();
        }
        let read = metadata_records(log, self.handed_out, self.high_watermark, cx);
        let Some(read) = or_halt(read, cx) else { return Vec::new() };
        self.handed_out = self.high_watermark;
        read.records
    }

    /// Up to where (excluded) [`Observer::drain_committed`] has handed the log out, the quorum's own control records included.
    #[must_use]
    pub fn handed_out(&self) -> Offset {
        self.handed_out
    }

    /// The leader of the metadata quorum, as far as this broker knows: who takes heartbeats, AlterPartition and forwarded
    /// requests.
    #[must_use]
    pub fn leader(&self) -> Option<ProcessId> {
        self.quorum.leader
    }

    /// Up to where (excluded) this broker knows the metadata to be committed.
    #[must_use]
    pub fn high_watermark(&self) -> Offset {
        self.high_watermark
    }

    fn open(cx: &mut Context<'_>) -> Result<(QuorumState, PartitionLog), Fault> {
        let quorum = QuorumState::read(cx)?;
        let partition = TopicPartition::METADATA;
        let log = if cx.list(Folder::Log(LogDirectory::FIRST, partition)).is_empty() {
            PartitionLog::create(partition, log_config(), cx)?
        } else {
            PartitionLog::recover(partition, log_config(), Offset::ZERO, false, cx)?
        };
        Ok((quorum, log))
    }

    fn fetch(&mut self, cx: &mut Context<'_>) {
        assert!(self.asking.is_none(), "one fetch at a time is on its way");
        let Some(log) = &self.log else { return };
        let item = FetchPartition {
            partition: TopicPartition::METADATA,
            current_leader_epoch: Some(self.quorum.epoch),
            fetch_offset: log.end_offset(),
            last_fetched_epoch: log.latest_epoch(),
            log_start_offset: log.start_offset(),
            partition_max_bytes: FETCH_BYTES,
        };
        let request = FetchRequest {
            replica: Some(ReplicaState { broker: self.setup.me, epoch: None, directory: None }),
            rack: None,
            max_wait: Duration(self.setup.config.quorum_fetch_timeout.0 / 4),
            min_bytes: 1,
            max_bytes: FETCH_BYTES,
            partitions: vec![item],
        };
        let whom = self.whom_to_ask();
        let correlation = self.next_correlation;
        self.next_correlation = CorrelationId(correlation.0.wrapping_add(1));
        self.asking = Some(Asking { whom, correlation });
        self.timers.set(ObserverTimer::Answer, cx.mono().plus(self.setup.config.quorum_request_timeout), cx.trail());
        cx.request(whom, Purpose::MetadataFetcher, correlation, request.into());
    }

    /// The leader; after a failure or without a known one, the voters in turn.
    fn whom_to_ask(&mut self) -> ProcessId {
        if let Some(leader) = self.quorum.leader.filter(|_| self.failures == 0) {
            return leader;
        }
        let voters = &self.setup.voters;
        let whom = voters.get(self.next_voter % voters.len()).expect("a quorum has voters");
        self.next_voter += 1;
        *whom
    }

    /// Waits before the next fetch, twice as long after each failure in a row, up to 32 times `retry.backoff`.
    fn back_off(&mut self, cx: &mut Context<'_>) {
        let longest = self.setup.config.quorum_retry_backoff.0 << self.failures.min(DOUBLINGS);
        self.failures += 1;
        let odds = Odds::Range { low: longest - longest / 5, high: longest, quiet: longest };
        let wait = cx.choose(ChoiceKind::Backoff, Subject::of(cx.process()).about(Purpose::MetadataFetcher as u64), odds);
        self.timers.set(ObserverTimer::Retry, cx.mono().plus(Duration(wait)), cx.trail());
    }

    fn take(&mut self, from: ProcessId, response: FetchResponse, cx: &mut Context<'_>) -> Result<Next, Fault> {
        let mut partitions = response.partitions.into_iter();
        let told = partitions.find(|item| item.partition == TopicPartition::METADATA);
        let Some(item) = told.filter(|_| response.error.is_none()) else { return Ok(Next::AfterBackoff) };
        if item.error.is_some() {
            return self.take_refusal(item.current_leader, cx);
        }
        if let Some(diverging) = item.diverging_epoch {
            self.truncate(diverging, cx)?;
            return Ok(Next::AtOnce);
        }
        self.take_batches(from, &item, cx)
    }

    /// Who is refused is told who leads, and since which epoch.
    fn take_refusal(&mut self, told: Option<LeaderIdAndEpoch>, cx: &mut Context<'_>) -> Result<Next, Fault> {
        let Some(LeaderIdAndEpoch { leader, epoch }) = told else { return Ok(Next::AfterBackoff) };
        let is_news = epoch > self.quorum.epoch || (epoch == self.quorum.epoch && self.quorum.leader.is_none());
        if !is_news {
            return Ok(Next::AfterBackoff);
        }
        self.quorum = QuorumState { epoch, leader: Some(voter(leader)), voted_for: None };
        self.quorum.write(cx)?;
        Ok(Next::AtOnce)
    }

    fn take_batches(&mut self, from: ProcessId, item: &FetchedPartition, cx: &mut Context<'_>) -> Result<Next, Fault> {
        let log = Arc::make_mut(self.log.as_mut().expect("nothing is fetched before the log is open"));
        if !item.batches.is_empty() && log.append_as_follower(&item.batches, voter_number(from), cx).is_err() {
            return Ok(Next::AfterBackoff);
        }
        self.high_watermark = self.high_watermark.max(item.high_watermark.min(log.end_offset()));
        Ok(Next::AtOnce)
    }

    /// Cuts this copy where it leaves the leader's (KIP-595): at the end of the largest epoch both know.
    fn truncate(&mut self, diverging: DivergingEpoch, cx: &mut Context<'_>) -> Result<(), Fault> {
        let log = Arc::make_mut(self.log.as_mut().expect("nothing is fetched before the log is open"));
        let to = match log.end_offset_for_epoch(diverging.epoch) {
            Some((epoch, end)) if epoch == diverging.epoch => end.min(diverging.end_offset),
            Some((_, end)) => end,
            None => log.start_offset(),
        };
        assert!(to >= self.high_watermark, "committed metadata is never cut");
        if to >= log.end_offset() {
            return Err(refused(crate::error::ErrorCode::InvalidRequest));
        }
        log.truncate_to(to, TruncationReason::DivergingEpoch, cx)
    }
}
