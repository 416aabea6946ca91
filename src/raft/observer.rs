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
//! has a constant of 500 ms beside a default time-out of 2 s: so that both shrink in the profile `fast`. A copy that cannot be
//! read back is thrown away and fetched anew, where Kafka's broker halts until somebody deletes the files.
//!
//! Behind the log's start it fetches a snapshot first (KIP-630). It does not sync the records it fetched (nor does Kafka's),
//! and fetches them again when a power failure took them.

use std::sync::Arc;

use bytes::Bytes;

use super::download::{Download, Piece};
use super::metadata_log::{MetadataLog, Taken};
use super::or_halt;
use super::state::QuorumState;
use super::voters::VoterSet;
use crate::choice::{ChoiceKind, Odds, Subject};
use crate::config::{BrokerConfig, IsolationLevel, Switch};
use crate::context::{Context, Disk};
use crate::error::Fault;
use crate::event::{LogFact, Purpose};
use crate::files::Folder;
use crate::ids::{BrokerId, CorrelationId, LeaderEpoch, LogDirectory, Offset, ProcessId, TopicPartition};
use crate::protocol::{FetchRequest, FetchResponse, FetchSnapshotResponse, FetchedPartition, ReplicaState, Request, Response};
use crate::time::{Duration, Instant, Timers};

/// After how many failures in a row the wait between two attempts no longer doubles.
const DOUBLINGS: u32 = 5;

/// What an observer is told before it starts.
#[derive(Clone, Debug, PartialEq)]
pub struct ObserverSetup {
    /// Whose copy it is.
    pub me: BrokerId,
    /// Whom it may ask at first; later, whoever votes according to its copy.
    pub voters: Vec<ProcessId>,
    /// The broker's configuration.
    pub config: BrokerConfig,
}

/// A broker's copy of the metadata log.
#[derive(Clone, Debug)]
pub struct Observer {
    setup: Arc<ObserverSetup>,
    /// `None` before the start, and after a disk that failed at the start.
    log: Option<MetadataLog>,
    quorum: QuorumState,
    high_watermark: Offset,
    handed_out: Offset,
    /// A leader told in this life what is committed.
    has_heard: bool,
    download: Option<Download>,
    asking: Option<Asking>,
    next_correlation: CorrelationId,
    next_voter: usize,
    failures: u32,
    timers: Timers<ObserverTimer>,
}

/// What was committed since the last time it was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// All that was handed out before is replaced by this: a snapshot, and its end.
    pub snapshot: Option<(Offset, Vec<Bytes>)>,
    /// The records that come next, in order.
    pub records: Vec<(Offset, Bytes)>,
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
            has_heard: false,
            download: None,
            asking: None,
            next_correlation: CorrelationId(0),
            next_voter: 0,
            failures: 0,
            timers: Timers::default(),
        }
    }

    /// Reads back what an earlier life of the broker left, and begins to fetch.
    pub fn start(&mut self, cx: &mut Context<'_>) {
        let opened = Self::open(&self.setup, cx);
        let Some((quorum, log)) = or_halt(opened, cx) else { return };
        self.quorum = quorum;
        self.high_watermark = log.newest_snapshot().map_or(Offset::ZERO, |newest| newest.end);
        self.log = Some(log);
        self.fetch(cx);
    }

    /// Takes an answer that came on [`Purpose::MetadataFetcher`].
    pub fn handle_response(&mut self, from: ProcessId, correlation: CorrelationId, response: Response, cx: &mut Context<'_>) {
        let is_awaited = self.asking.is_some_and(|asking| asking.whom == from && asking.correlation == correlation);
        if !is_awaited {
            return;
        }
        self.asking = None;
        self.timers.cancel(ObserverTimer::Answer);
        let taken = match response {
            Response::Fetch(fetched) => self.take(from, fetched, cx),
            Response::FetchSnapshot(piece) => self.take_piece(from, &piece, cx),
            other => panic!("{from} answered a fetch with {:?}", other.api()),
        };
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

    /// What was committed since the last call, in order (see `controller::records`). After a restart this begins again with
    /// the newest snapshot or the start of the log, as soon as a leader has told how far it is committed.
    pub fn drain_committed(&mut self, cx: &mut Context<'_>) -> Drained {
        let drained = self.try_drain(cx);
        or_halt(drained, cx).unwrap_or_default()
    }

    fn try_drain(&mut self, cx: &mut Context<'_>) -> Result<Drained, Fault> {
        let mut drained = Drained::default();
        let Some(log) = self.log.as_ref().filter(|_| self.has_heard && self.handed_out < self.high_watermark) else {
            return Ok(drained);
        };
        let is_behind = log.newest_snapshot().is_some_and(|newest| newest.end > self.handed_out);
        if is_behind && let Some((id, snapshot)) = log.load_snapshot(cx)? {
            drained.snapshot = Some((id.end, snapshot.records));
            self.handed_out = id.end;
        }
        drained.records = log.records(self.handed_out, self.high_watermark, cx)?;
        self.handed_out = self.high_watermark;
        Ok(drained)
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

    fn open(setup: &ObserverSetup, cx: &mut Context<'_>) -> Result<(QuorumState, MetadataLog), Fault> {
        let quorum = QuorumState::read(cx)?;
        let voters = || VoterSet::initial(&setup.voters, true);
        let log = match MetadataLog::open(voters(), &setup.config, Switch::On, cx) {
            Err(Fault::Corrupt { .. } | Fault::Truncated(_)) => {
                Self::discard(cx)?;
                MetadataLog::open(voters(), &setup.config, Switch::On, cx)?
            }
            opened => opened?,
        };
        Ok((quorum, log))
    }

    /// Throws away a copy that cannot be read, to fetch it anew: nobody counts on an observer's.
    fn discard(cx: &mut Context<'_>) -> Result<(), Fault> {
        let folder = Folder::Log(LogDirectory::FIRST, TopicPartition::METADATA);
        for name in cx.list(folder) {
            cx.delete(folder.file(name))?;
        }
        cx.sync_folder(folder)?;
        cx.emit(LogFact::LogDeleted { partition: TopicPartition::METADATA });
        Ok(())
    }

    fn fetch(&mut self, cx: &mut Context<'_>) {
        assert!(self.asking.is_none(), "one fetch at a time is on its way");
        let Some(log) = &self.log else { return };
        let request: Request = match &self.download {
            Some(download) => download.request(self.setup.config.quorum_fetch_snapshot_max_bytes, self.quorum.epoch).into(),
            None => FetchRequest {
                replica: Some(ReplicaState { broker: self.setup.me, epoch: None, directory: None }),
                rack: None,
                isolation: IsolationLevel::ReadUncommitted,
                max_wait: Duration(self.setup.config.quorum_fetch_timeout.0 / 4),
                min_bytes: 1,
                max_bytes: self.setup.config.quorum_fetch_max_bytes,
                partitions: vec![log.wanted(self.quorum.epoch, self.setup.config.quorum_fetch_max_bytes)],
            }
            .into(),
        };
        let whom = self.whom_to_ask();
        let correlation = self.next_correlation;
        self.next_correlation = CorrelationId(correlation.0.wrapping_add(1));
        self.asking = Some(Asking { whom, correlation });
        self.timers.set(ObserverTimer::Answer, cx.mono().plus(self.setup.config.quorum_request_timeout), cx.trail());
        cx.request(whom, Purpose::MetadataFetcher, correlation, request);
    }

    /// The leader; after a failure or without a known one, the voters in turn, and the leader once a round.
    fn whom_to_ask(&mut self) -> ProcessId {
        if let Some(leader) = self.quorum.leader.filter(|_| self.failures == 0) {
            return leader;
        }
        let mut voters: Vec<ProcessId> = match &self.log {
            Some(log) => log.voters().voters.iter().map(|key| key.voter).collect(),
            None => self.setup.voters.clone(),
        };
        // This copy may not have come so far as to know that the leader votes.
        voters.extend(self.quorum.leader.filter(|leader| !voters.contains(leader)));
        let whom = voters.get(self.next_voter % voters.len()).expect("a quorum has voters");
        self.next_voter += 1;
        *whom
    }

    /// Waits before the next fetch, twice as long after each failure in a row, up to 32 times `retry.backoff`.
    fn back_off(&mut self, cx: &mut Context<'_>) {
        self.download = None;
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
            let hint = item.current_leader.map(|hint| (hint.epoch, Some(hint.leader.process())));
            return self.take_refusal(hint, cx);
        }
        let log = self.log.as_mut().expect("nothing is fetched before the log is open");
        if let Some(diverging) = item.diverging_epoch {
            log.truncate(diverging, self.high_watermark, cx)?;
            return Ok(Next::AtOnce);
        }
        if let Some(id) = item.snapshot {
            self.download = Some(Download::new(id));
            return Ok(Next::AtOnce);
        }
        self.take_batches(from, &item, cx)
    }

    /// Who is refused may be told who leads, and since which epoch.
    fn take_refusal(&mut self, told: Option<(LeaderEpoch, Option<ProcessId>)>, cx: &mut Context<'_>) -> Result<Next, Fault> {
        let Some((epoch, Some(leader))) = told else { return Ok(Next::AfterBackoff) };
        let is_news = epoch > self.quorum.epoch || (epoch == self.quorum.epoch && self.quorum.leader.is_none());
        if !is_news {
            return Ok(Next::AfterBackoff);
        }
        self.quorum = QuorumState { epoch, leader: Some(leader), voted_for: None };
        self.quorum.write(Switch::On, cx)?;
        self.download = None;
        Ok(Next::AtOnce)
    }

    fn take_batches(&mut self, from: ProcessId, item: &FetchedPartition, cx: &mut Context<'_>) -> Result<Next, Fault> {
        let log = self.log.as_mut().expect("nothing is fetched before the log is open");
        if !item.batches.is_empty() && log.append_fetched(&item.batches, from, cx)? == Taken::Refused {
            return Ok(Next::AfterBackoff);
        }
        self.has_heard |= item.high_watermark > Offset::ZERO;
        self.high_watermark = self.high_watermark.max(item.high_watermark.min(log.end()));
        Ok(Next::AtOnce)
    }

    /// Takes a piece of a snapshot; with the last one it stands for the log.
    fn take_piece(&mut self, from: ProcessId, told: &FetchSnapshotResponse, cx: &mut Context<'_>) -> Result<Next, Fault> {
        let Some(mut download) = self.download.take() else { return Ok(Next::AfterBackoff) };
        match download.take(told) {
            Piece::More => self.download = Some(download),
            Piece::Interrupted => return self.take_refusal(Some((told.epoch, told.leader)), cx),
            Piece::Last(bytes) => {
                let log = self.log.as_mut().expect("nothing is fetched before the log is open");
                if !log.install(download.id, bytes, from, cx)? {
                    return Ok(Next::AfterBackoff);
                }
                self.high_watermark = self.high_watermark.max(download.id.end);
            }
        }
        Ok(Next::AtOnce)
    }
}
