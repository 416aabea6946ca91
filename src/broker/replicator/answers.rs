//! What a leader's answers mean for the replicas that follow it.
//!
//! Invariant: an answer changes a log only while the partition is followed in the epoch it was asked in, and the log ends
//! where it was asked from.
//!
//! Called by: [`Broker`], for every answer on a fetcher's connection.

use super::{After, Asked, Need};
use crate::broker::Broker;
use crate::context::Context;
use crate::error::ErrorCode;
use crate::ids::{CorrelationId, ProcessId, Step};
use crate::protocol::{
    DivergingEpoch, EndOffset, FetchResponse, FetchedPartition, ListOffsetsResponse, ListedOffset, OffsetForLeaderEpochResponse,
    Response,
};
use crate::replica::{LeaderOffsets, Partition};

/// What came of one partition's part of an answer.
#[derive(Clone, Copy, Debug)]
struct Taken {
    after: After,
    /// The event that moved the high watermark.
    high_watermark: Option<Step>,
}

impl Taken {
    fn then(after: After) -> Self {
        Self { after, high_watermark: None }
    }
}

impl Broker {
    pub(in crate::broker) fn handle_replication_response(
        &mut self,
        from: ProcessId,
        correlation: CorrelationId,
        response: Response,
        cx: &mut Context<'_>,
    ) {
        let Some(fetcher) = self.replicator.of(from) else { return };
        let Some(in_flight) = fetcher.in_flight.take_if(|asking| asking.correlation == correlation) else { return };
        let asked = &in_flight.asked;
        match (in_flight.need, response) {
            (Need::Batches, Response::Fetch(answer)) => self.take_batches(from, asked, &answer, cx),
            (Need::EndOfEpoch, Response::OffsetForLeaderEpoch(answer)) => self.take_ends_of_epochs(from, asked, &answer, cx),
            (Need::LeaderEnd, Response::ListOffsets(answer)) => self.take_listed(from, asked, &answer, take_leader_end, cx),
            (Need::LeaderStart, Response::ListOffsets(answer)) => self.take_listed(from, asked, &answer, take_leader_start, cx),
            (need, other) => panic!("{:?} does not answer {need:?}", other.api()),
        }
        self.ask_again(from, cx);
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

    fn take_ends_of_epochs(
        &mut self,
        from: ProcessId,
        asked: &[Asked],
        answer: &OffsetForLeaderEpochResponse,
        cx: &mut Context<'_>,
    ) {
        for (item, told) in asked.iter().zip(&answer.partitions) {
            assert!(item.partition == told.partition, "an answer is in the order of its request");
            self.with_answer(from, item, cx, |replica, cx| take_end_of_epoch(replica, told, cx));
        }
    }

    fn take_listed(
        &mut self,
        from: ProcessId,
        asked: &[Asked],
        answer: &ListOffsetsResponse,
        take: fn(&mut Partition, &ListedOffset, &mut Context<'_>) -> Taken,
        cx: &mut Context<'_>,
    ) {
        for (item, told) in asked.iter().zip(&answer.partitions) {
            assert!(item.partition == told.partition, "an answer is in the order of its request");
            self.with_answer(from, item, cx, |replica, cx| take(replica, told, cx));
        }
    }

    /// Lets a replica take its part of an answer, if that still concerns it. A replica whose disk failed over it is left.
    fn with_answer(
        &mut self,
        from: ProcessId,
        asked: &Asked,
        cx: &mut Context<'_>,
        take: impl FnOnce(&mut Partition, &mut Context<'_>) -> Taken,
    ) {
        let Some(fetcher) = self.replicator.of(from).filter(|fetcher| fetcher.still_asks(asked)) else { return };
        let Some(replica) = self.partitions.get_mut(asked.partition) else { return };
        if replica.log().end_offset() != asked.from {
            return;
        }
        let taken = take(replica, cx);
        let after = if replica.is_offline() { After::Leave } else { taken.after };
        let rested = cx.mono().plus(self.setup.config.replica_fetch_backoff);
        fetcher.settle(asked.partition, after, rested);
        if let Some(moved) = taken.high_watermark {
            self.release_committed(asked.partition, moved, cx);
        }
    }
}

/// One partition's part of a Fetch answer.
fn take_fetched(replica: &mut Partition, told: &FetchedPartition, cx: &mut Context<'_>) -> Taken {
    if let Some(code) = told.error {
        return Taken::then(after_refusal(code));
    }
    if let Some(diverging) = told.diverging_epoch {
        replica.truncate_to_divergence(diverging, cx);
        return Taken::then(After::Ask(Need::Batches));
    }
    let leaders = LeaderOffsets { high_watermark: told.high_watermark, log_start: told.log_start_offset };
    match replica.append_fetched(&told.batches, leaders, cx) {
        Ok(high_watermark) => Taken { after: After::Ask(Need::Batches), high_watermark },
        Err(_) => Taken::then(After::Rest),
    }
}

/// The leader said where the follower's last epoch ends: the older rules of truncation.
fn take_end_of_epoch(replica: &mut Partition, told: &EndOffset, cx: &mut Context<'_>) -> Taken {
    if let Some(code) = told.error {
        return Taken::then(after_refusal(code));
    }
    let known = told.leader_epoch.zip(told.end_offset);
    let known = known.map(|(epoch, end_offset)| DivergingEpoch { epoch, end_offset });
    let is_aligned = replica.truncate_to_end_of_epoch(known, cx);
    Taken::then(After::Ask(if is_aligned { Need::Batches } else { Need::EndOfEpoch }))
}

/// The leader said where its log ends: a longer log is cut to that; a shorter one lies before the leader's start.
fn take_leader_end(replica: &mut Partition, told: &ListedOffset, cx: &mut Context<'_>) -> Taken {
    Taken::then(match (told.error, told.offset) {
        (None, Some(leader_end)) if leader_end < replica.log().end_offset() => {
            replica.truncate_to_leader_end(leader_end, cx);
            After::Ask(Need::Batches)
        }
        (None, Some(_)) => After::Ask(Need::LeaderStart),
        (None, None) => After::Rest,
        (Some(code), _) => after_refusal(code),
    })
}

/// The leader said where its log begins: one that ends before that begins anew there.
fn take_leader_start(replica: &mut Partition, told: &ListedOffset, cx: &mut Context<'_>) -> Taken {
    Taken::then(match (told.error, told.offset) {
        (None, Some(leader_start)) => {
            if leader_start > replica.log().end_offset() {
                replica.restart_at(leader_start, cx);
            }
            After::Ask(Need::Batches)
        }
        (None, None) => After::Rest,
        (Some(code), _) => after_refusal(code),
    })
}

/// A fenced follower waits for newer metadata; one outside the leader's log asks for its bounds; others try again.
fn after_refusal(code: ErrorCode) -> After {
    if code == ErrorCode::FencedLeaderEpoch {
        After::Leave
    } else if code == ErrorCode::OffsetOutOfRange {
        After::Ask(Need::LeaderEnd)
    } else {
        After::Rest
    }
}
