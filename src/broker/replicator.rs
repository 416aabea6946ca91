//! Following other leaders: one fetcher per leader, on a connection of its own, one request in flight.
//!
//! A fetcher asks for all its partitions at once, from where each log ends, and again as soon as it has the answer. A
//! partition that was refused rests for `replica.fetch.backoff.ms`; a fenced one until the metadata names a newer epoch.
//! A log that lies wholly outside the leader's asks where the leader's ends, then where it begins.
//! Whoever was given records goes to the end of the queue: an answer that is full does not starve the last ones.
//!
//! Invariant: what is asked carries the leader epoch this broker knows, and an answer counts only while the partition is
//! still followed in that epoch and its log still ends where it was asked from.
//!
//! Source: Kafka's `AbstractFetcherThread`, `ReplicaFetcherThread`, `AbstractFetcherManager`. Called by: [`Broker`].
//!
//! Kafka differs: an out-of-range follower learns the leader's end by OffsetForLeaderEpoch of the current epoch, which
//! says the same as Kafka's ListOffsets from a replica. Not modelled: several fetchers per leader.

use super::Broker;
use crate::context::Context;
use crate::error::ErrorCode;
use crate::event::Purpose;
use crate::ids::{BrokerId, CorrelationId, LeaderEpoch, Offset, ProcessId, TopicPartition};
use crate::protocol::{
    FetchPartition, FetchRequest, FetchResponse, FetchedPartition, ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse,
    OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, OffsetForLeaderPartition, OffsetSpec, ReplicaState, Request,
    Response,
};
use crate::replica::{Partition, Partitions};
use crate::time::{Instant, Trail};

/// The fetchers of one broker, by leader.
#[derive(Clone, Debug, Default)]
pub struct Replicator {
    fetchers: Vec<Fetcher>,
    correlation: u32,
}

#[derive(Clone, Debug)]
struct Fetcher {
    leader: BrokerId,
    /// In the order of partitions.
    followed: Vec<Followed>,
    /// How many answers brought records.
    served: u64,
    in_flight: Option<InFlight>,
    /// After a failure of the connection, or while every partition rests.
    wake: Option<(Instant, Trail)>,
}

#[derive(Clone, Copy, Debug)]
struct Followed {
    partition: TopicPartition,
    epoch: LeaderEpoch,
    need: Need,
    rests_until: Option<Instant>,
    /// Which of its fetcher's answers last brought it records: who waited longest is asked for first.
    served_at: u64,
}

/// What a follower wants to know next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// More records.
    Batches,
    /// Its log is out of the leader's range: where does the leader's end?
    LeaderEnd,
    /// And where does it begin?
    LeaderStart,
}

#[derive(Clone, Debug)]
struct InFlight {
    correlation: CorrelationId,
    asked: Vec<Asked>,
    until: Instant,
    trail: Trail,
}

#[derive(Clone, Copy, Debug)]
struct Asked {
    partition: TopicPartition,
    epoch: LeaderEpoch,
    from: Offset,
}

/// What a partition does after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    Ask(Need),
    Rest,
    /// It is fenced: nothing until the metadata says more.
    Leave,
}

impl Replicator {
    /// Follows a partition as its replica says: its leader and epoch, or nobody while it has no leader.
    pub(super) fn follow(&mut self, partition: TopicPartition, replica: &Partition, cx: &mut Context<'_>) {
        let (Some(leader), Some(epoch)) = (replica.followed_leader(), replica.epoch()) else {
            self.forget(partition, cx);
            return;
        };
        if self.is_followed(partition, leader, epoch) {
            return;
        }
        self.forget(partition, cx);
        let place = match self.fetchers.binary_search_by_key(&leader, |fetcher| fetcher.leader) {
            Ok(place) => place,
            Err(place) => {
                self.fetchers.insert(place, Fetcher { leader, followed: Vec::new(), served: 0, in_flight: None, wake: None });
                place
            }
        };
        let Some(fetcher) = self.fetchers.get_mut(place) else { return };
        let entry = Followed { partition, epoch, need: Need::Batches, rests_until: None, served_at: fetcher.served };
        match fetcher.place(partition) {
            Ok(_) => panic!("it was forgotten just now"),
            Err(place) => fetcher.followed.insert(place, entry),
        }
    }

    /// Stops following a partition. A fetcher without partitions is gone, and so is its connection.
    pub(super) fn forget(&mut self, partition: TopicPartition, cx: &mut Context<'_>) {
        self.fetchers.retain_mut(|fetcher| {
            let Ok(place) = fetcher.place(partition) else { return true };
            fetcher.followed.remove(place);
            if fetcher.followed.is_empty() {
                cx.close(ProcessId::Broker(fetcher.leader), Purpose::Fetcher);
            }
            !fetcher.followed.is_empty()
        });
    }

    /// When a fetcher wants to ask again, or to give up waiting.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let deadline = |fetcher: &Fetcher| match &fetcher.in_flight {
            Some(asking) => Some(asking.until),
            None => fetcher.wake.map(|(at, _)| at),
        };
        self.fetchers.iter().filter_map(deadline).min()
    }

    fn is_followed(&self, partition: TopicPartition, leader: BrokerId, epoch: LeaderEpoch) -> bool {
        let fetcher = self.fetchers.iter().find(|fetcher| fetcher.leader == leader);
        fetcher.is_some_and(|fetcher| {
            let known = fetcher.place(partition).ok().and_then(|place| fetcher.followed.get(place));
            known.is_some_and(|known| known.epoch == epoch)
        })
    }

    fn of(&mut self, leader: ProcessId) -> Option<&mut Fetcher> {
        self.fetchers.iter_mut().find(|fetcher| ProcessId::Broker(fetcher.leader) == leader)
    }
}

impl Fetcher {
    fn place(&self, partition: TopicPartition) -> Result<usize, usize> {
        self.followed.binary_search_by_key(&partition, |known| known.partition)
    }

    /// Those that do not rest and need this.
    fn ready(&self, need: Need, now: Instant) -> impl Iterator<Item = &Followed> {
        self.followed.iter().filter(move |known| known.need == need && known.rests_until.is_none_or(|until| until <= now))
    }

    /// An answer brought these records.
    fn note_served(&mut self, partitions: impl Iterator<Item = TopicPartition>) {
        self.served += 1;
        for partition in partitions {
            if let Some(known) = self.place(partition).ok().and_then(|place| self.followed.get_mut(place)) {
                known.served_at = self.served;
            }
        }
    }

    fn settle(&mut self, partition: TopicPartition, after: After, rested: Instant) {
        let Ok(place) = self.place(partition) else { return };
        match after {
            After::Leave => {
                self.followed.remove(place);
            }
            After::Ask(need) => {
                if let Some(known) = self.followed.get_mut(place) {
                    (known.need, known.rests_until) = (need, None);
                }
            }
            After::Rest => {
                if let Some(known) = self.followed.get_mut(place) {
                    known.rests_until = Some(rested);
                }
            }
        }
    }

    /// Whether an answer still concerns this partition.
    fn still_asks(&self, asked: &Asked) -> bool {
        let known = self.place(asked.partition).ok().and_then(|place| self.followed.get(place));
        known.is_some_and(|known| known.epoch == asked.epoch)
    }
}

impl Broker {
    /// Lets every idle fetcher ask.
    pub(super) fn replicate(&mut self, cx: &mut Context<'_>) {
        for place in 0..self.replicator.fetchers.len() {
            self.ask(place, cx);
        }
    }

    pub(super) fn handle_replication_response(
        &mut self,
        from: ProcessId,
        correlation: CorrelationId,
        response: Response,
        cx: &mut Context<'_>,
    ) {
        let Some(fetcher) = self.replicator.of(from) else { return };
        let Some(in_flight) = fetcher.in_flight.take_if(|asking| asking.correlation == correlation) else { return };
        match response {
            Response::Fetch(answer) => self.take_batches(from, &in_flight.asked, &answer, cx),
            Response::OffsetForLeaderEpoch(answer) => self.take_leader_ends(from, &in_flight.asked, &answer, cx),
            Response::ListOffsets(answer) => self.take_leader_starts(from, &in_flight.asked, &answer, cx),
            other => panic!("{:?} is not asked on this connection", other.api()),
        }
        self.replicate(cx);
    }

    pub(super) fn handle_fetcher_disconnect(&mut self, from: ProcessId, cx: &Context<'_>) {
        let wake = (cx.mono().plus(self.setup.config.replica_fetch_backoff), cx.trail());
        if let Some(fetcher) = self.replicator.of(from) {
            fetcher.in_flight = None;
            fetcher.wake = Some(wake);
        }
    }

    pub(super) fn handle_replication_deadline(&mut self, cx: &mut Context<'_>) {
        let now = cx.mono();
        for place in 0..self.replicator.fetchers.len() {
            let Some(fetcher) = self.replicator.fetchers.get_mut(place) else { return };
            if let Some(late) = fetcher.in_flight.take_if(|asking| asking.until <= now) {
                cx.resume(late.trail);
                let leader = ProcessId::Broker(fetcher.leader);
                cx.close(leader, Purpose::Fetcher);
                self.handle_fetcher_disconnect(leader, cx);
            } else if let Some((_, trail)) = fetcher.wake.take_if(|(at, _)| *at <= now) {
                cx.resume(trail);
                self.ask(place, cx);
            }
        }
    }

    /// Sends a fetcher's next request, unless it waits for something.
    fn ask(&mut self, place: usize, cx: &mut Context<'_>) {
        let now = cx.mono();
        let Some(fetcher) = self.replicator.fetchers.get_mut(place) else { return };
        let is_backing_off = fetcher.wake.is_some_and(|(at, _)| at > now);
        if fetcher.in_flight.is_some() || is_backing_off {
            return;
        }
        let need = [Need::LeaderEnd, Need::LeaderStart, Need::Batches];
        let need = need.into_iter().find(|need| fetcher.ready(*need, now).next().is_some());
        let Some(need) = need else {
            let earliest = fetcher.followed.iter().filter_map(|known| known.rests_until).min();
            fetcher.wake = earliest.map(|at| (at, cx.trail()));
            return;
        };
        let mut ready: Vec<_> = fetcher.ready(need, now).collect();
        ready.sort_by_key(|known| known.served_at);
        let asked = ready.into_iter().filter_map(|known| asked_of(known, &self.partitions)).collect::<Vec<_>>();
        let request = self.replication_request(need, &asked);
        self.replicator.correlation += 1;
        let correlation = CorrelationId(self.replicator.correlation);
        let until = now.plus(self.setup.config.replica_socket_timeout);
        let Some(fetcher) = self.replicator.fetchers.get_mut(place) else { return };
        fetcher.wake = None;
        fetcher.in_flight = Some(InFlight { correlation, asked, until, trail: cx.trail() });
        cx.request(ProcessId::Broker(fetcher.leader), Purpose::Fetcher, correlation, request);
    }

    fn replication_request(&self, need: Need, asked: &[Asked]) -> Request {
        let config = &self.setup.config;
        match need {
            Need::Batches => FetchRequest {
                replica: Some(ReplicaState { broker: self.setup.me, epoch: self.lifecycle.epoch(), directory: None }),
                rack: None,
                max_wait: config.replica_fetch_wait_max,
                min_bytes: config.replica_fetch_min_bytes,
                max_bytes: config.replica_fetch_response_max_bytes,
                partitions: asked.iter().filter_map(|item| self.fetch_partition(item)).collect(),
            }
            .into(),
            Need::LeaderEnd => OffsetForLeaderEpochRequest {
                partitions: asked
                    .iter()
                    .map(|&Asked { partition, epoch, .. }| OffsetForLeaderPartition {
                        partition,
                        current_leader_epoch: Some(epoch),
                        leader_epoch: epoch,
                    })
                    .collect(),
            }
            .into(),
            Need::LeaderStart => ListOffsetsRequest {
                partitions: asked
                    .iter()
                    .map(|&Asked { partition, epoch, .. }| ListOffsetsPartition {
                        partition,
                        current_leader_epoch: Some(epoch),
                        spec: OffsetSpec::Earliest,
                    })
                    .collect(),
            }
            .into(),
        }
    }

    fn fetch_partition(&self, asked: &Asked) -> Option<FetchPartition> {
        let replica = self.partitions.get(asked.partition)?;
        let (fetch_offset, last_fetched_epoch) = replica.fetch_position();
        Some(FetchPartition {
            partition: asked.partition,
            current_leader_epoch: Some(asked.epoch),
            fetch_offset,
            last_fetched_epoch,
            log_start_offset: replica.log().start_offset(),
            partition_max_bytes: self.setup.config.replica_fetch_max_bytes,
        })
    }

    fn take_batches(&mut self, from: ProcessId, asked: &[Asked], answer: &FetchResponse, cx: &mut Context<'_>) {
        if answer.error.is_some() {
            self.handle_fetcher_disconnect(from, cx);
            return;
        }
        for (item, told) in asked.iter().zip(&answer.partitions) {
            assert!(item.partition == told.partition, "an answer is in the order of its request");
            self.with_answer(from, item, cx, |replica, cx| take_fetched(replica, told, cx));
        }
        let served = answer.partitions.iter().filter(|told| !told.batches.is_empty()).map(|told| told.partition);
        if let Some(fetcher) = self.replicator.of(from) {
            fetcher.note_served(served.clone());
        }
        for partition in served {
            self.flush_rolled_soon(partition, cx);
        }
    }

    fn take_leader_ends(&mut self, from: ProcessId, asked: &[Asked], answer: &OffsetForLeaderEpochResponse, cx: &mut Context<'_>) {
        for (item, told) in asked.iter().zip(&answer.partitions) {
            assert!(item.partition == told.partition, "an answer is in the order of its request");
            self.with_answer(from, item, cx, |replica, cx| match (told.error, told.end_offset) {
                (None, Some(leader_end)) if leader_end < replica.log().end_offset() => {
                    replica.truncate_to_leader_end(leader_end, cx);
                    After::Ask(Need::Batches)
                }
                (None, Some(_)) => After::Ask(Need::LeaderStart),
                (None, None) => After::Rest,
                (Some(code), _) => after_refusal(code),
            });
        }
    }

    fn take_leader_starts(&mut self, from: ProcessId, asked: &[Asked], answer: &ListOffsetsResponse, cx: &mut Context<'_>) {
        for (item, told) in asked.iter().zip(&answer.partitions) {
            assert!(item.partition == told.partition, "an answer is in the order of its request");
            self.with_answer(from, item, cx, |replica, cx| match (told.error, told.offset) {
                (None, Some(leader_start)) => {
                    if leader_start > replica.log().end_offset() {
                        replica.restart_at(leader_start, cx);
                    }
                    After::Ask(Need::Batches)
                }
                (None, None) => After::Rest,
                (Some(code), _) => after_refusal(code),
            });
        }
    }

    /// Lets a replica take its part of an answer, if that still concerns it.
    fn with_answer(
        &mut self,
        from: ProcessId,
        asked: &Asked,
        cx: &mut Context<'_>,
        take: impl FnOnce(&mut Partition, &mut Context<'_>) -> After,
    ) {
        let Some(fetcher) = self.replicator.of(from).filter(|fetcher| fetcher.still_asks(asked)) else { return };
        let Some(replica) = self.partitions.get_mut(asked.partition) else { return };
        if replica.log().end_offset() != asked.from {
            return;
        }
        let after = take(replica, cx);
        let rested = cx.mono().plus(self.setup.config.replica_fetch_backoff);
        fetcher.settle(asked.partition, after, rested);
    }
}

fn asked_of(known: &Followed, partitions: &Partitions) -> Option<Asked> {
    let replica = partitions.get(known.partition)?;
    Some(Asked { partition: known.partition, epoch: known.epoch, from: replica.log().end_offset() })
}

/// One partition's part of a Fetch answer.
fn take_fetched(replica: &mut Partition, told: &FetchedPartition, cx: &mut Context<'_>) -> After {
    if let Some(code) = told.error {
        return after_refusal(code);
    }
    if let Some(diverging) = told.diverging_epoch {
        replica.truncate_to_divergence(diverging, cx);
        return After::Ask(Need::Batches);
    }
    let appended = replica.append_fetched(&told.batches, told.high_watermark, cx);
    if appended.is_ok() { After::Ask(Need::Batches) } else { After::Rest }
}

fn after_refusal(code: ErrorCode) -> After {
    match code {
        ErrorCode::FencedLeaderEpoch => After::Leave,
        ErrorCode::OffsetOutOfRange => After::Ask(Need::LeaderEnd),
        _ => After::Rest,
    }
}
