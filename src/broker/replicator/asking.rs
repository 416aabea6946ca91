//! What a fetcher asks its leader, and when.
//!
//! Invariant: one request of a fetcher is in flight, and it asks one kind of question.
//!
//! Called by: [`Broker`], after whatever may have made a fetcher idle or given it something to do.

use super::{Asked, Followed, InFlight, Need};
use crate::broker::Broker;
use crate::config::IsolationLevel;
use crate::context::Context;
use crate::event::Purpose;
use crate::ids::{CorrelationId, ProcessId};
use crate::protocol::{
    FetchPartition, FetchRequest, ListOffsetsPartition, ListOffsetsRequest, OffsetForLeaderEpochRequest, OffsetForLeaderPartition,
    OffsetSpec, ReplicaState, Request,
};
use crate::replica::Partitions;

impl Broker {
    /// Lets every idle fetcher ask.
    pub(in crate::broker) fn replicate(&mut self, cx: &mut Context<'_>) {
        for place in 0..self.replicator.fetchers.len() {
            self.ask(place, cx);
        }
    }

    pub(in crate::broker) fn handle_fetcher_disconnect(&mut self, from: ProcessId, cx: &Context<'_>) {
        let wake = (cx.mono().plus(self.setup.config.replica_fetch_backoff), cx.trail());
        if let Some(fetcher) = self.replicator.of(from) {
            fetcher.in_flight = None;
            fetcher.wake = Some(wake);
        }
    }

    pub(in crate::broker) fn handle_replication_deadline(&mut self, cx: &mut Context<'_>) {
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

    /// The fetcher of this leader asks again, if there still is one.
    pub(super) fn ask_again(&mut self, leader: ProcessId, cx: &mut Context<'_>) {
        let place = self.replicator.fetchers.iter().position(|fetcher| ProcessId::Broker(fetcher.leader) == leader);
        if let Some(place) = place {
            self.ask(place, cx);
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
        for known in fetcher.followed.iter_mut().filter(|known| known.need == Need::EndOfEpoch) {
            let replica = self.partitions.get(known.partition);
            if replica.is_some_and(|replica| replica.epoch_to_ask_about().is_none()) {
                known.need = Need::Batches;
            }
        }
        let Some(need) = fetcher.ready(now).map(|known| known.need).min() else {
            let earliest = fetcher.followed.iter().filter_map(|known| known.rests_until).min();
            fetcher.wake = earliest.map(|at| (at, cx.trail()));
            return;
        };
        let mut ready: Vec<_> = fetcher.ready(now).filter(|known| known.need == need).collect();
        ready.sort_by_key(|known| known.served_at);
        let asked = ready.into_iter().filter_map(|known| asked_of(known, &self.partitions)).collect::<Vec<_>>();
        let request = self.replication_request(need, &asked);
        self.replicator.correlation += 1;
        let correlation = CorrelationId(self.replicator.correlation);
        let until = now.plus(self.setup.config.replica_socket_timeout);
        let Some(fetcher) = self.replicator.fetchers.get_mut(place) else { return };
        fetcher.wake = None;
        fetcher.in_flight = Some(InFlight { correlation, need, asked, until, trail: cx.trail() });
        cx.request(ProcessId::Broker(fetcher.leader), Purpose::Fetcher, correlation, request);
    }

    fn replication_request(&self, need: Need, asked: &[Asked]) -> Request {
        match need {
            Need::Batches => self.fetch_request(asked).into(),
            Need::EndOfEpoch => {
                let partitions = asked.iter().filter_map(|item| {
                    let (partition, current_leader_epoch) = (item.partition, Some(item.epoch));
                    Some(OffsetForLeaderPartition { partition, current_leader_epoch, leader_epoch: item.about? })
                });
                OffsetForLeaderEpochRequest { partitions: partitions.collect() }.into()
            }
            Need::LeaderEnd => list_offsets(asked, OffsetSpec::LogEnd).into(),
            Need::LeaderStart => list_offsets(asked, OffsetSpec::Earliest).into(),
        }
    }

    fn fetch_request(&self, asked: &[Asked]) -> FetchRequest {
        let config = &self.setup.config;
        FetchRequest {
            replica: Some(ReplicaState { broker: self.setup.me, epoch: self.lifecycle.epoch(), directory: None }),
            rack: None,
            isolation: IsolationLevel::ReadUncommitted,
            max_wait: config.replica_fetch_wait_max,
            min_bytes: config.replica_fetch_min_bytes,
            max_bytes: config.replica_fetch_response_max_bytes,
            partitions: asked.iter().filter_map(|item| self.fetch_partition(item)).collect(),
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
}

/// What one partition asks; `None` when its replica is gone, or has nothing to ask about any more.
fn asked_of(known: &Followed, partitions: &Partitions) -> Option<Asked> {
    let replica = partitions.get(known.partition)?;
    let about = match known.need {
        Need::EndOfEpoch => Some(replica.epoch_to_ask_about()?),
        Need::LeaderEnd | Need::LeaderStart | Need::Batches => None,
    };
    Some(Asked { partition: known.partition, epoch: known.epoch, from: replica.log().end_offset(), about })
}

fn list_offsets(asked: &[Asked], spec: OffsetSpec) -> ListOffsetsRequest {
    let item = |item: &Asked| ListOffsetsPartition { partition: item.partition, current_leader_epoch: Some(item.epoch), spec };
    ListOffsetsRequest { partitions: asked.iter().map(item).collect() }
}
