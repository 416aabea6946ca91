//! Reading: look-ups of positions, one fetch to each leader, and what their answers mean.
//!
//! Source: Kafka's `Fetcher`, `OffsetFetcher`; KIP-74, KIP-207, KIP-320, KIP-392, KIP-951. Called by: the consumer's turn.

use super::Consumer;
use super::answers::Asked;
use crate::client::backoff::Reason;
use crate::client::connection::Due;
use crate::client::fetcher::{self, Reading, Wanted};
use crate::client::lookup::{self, LookedUp, Question};
use crate::client::position::{Beginner, Stance};
use crate::client::sender::is_stale_metadata;
use crate::config::Switch;
use crate::context::Context;
use crate::error::ErrorCode;
use crate::ids::BrokerId;
use crate::protocol::{EndOffset, FetchResponse, FetchedPartition, LeaderIdAndEpoch, ListedOffset};
use crate::time::Instant;

impl Consumer {
    /// Topics may have become known, leaders may have changed.
    pub(super) fn follow_metadata(&mut self, cx: &mut Context<'_>) {
        let beginner = Beginner { has_group: self.group.is_some(), policy: self.setup.config.auto_offset_reset };
        let validates = self.validates_positions();
        for assigned in self.assigned.values_mut() {
            if let Some(topic) = self.metadata.topic(assigned.topic) {
                assigned.become_known(topic, beginner, cx);
            }
            assigned.follow_leader(self.metadata.leader(assigned.topic, assigned.index), validates);
        }
        self.review_subscription(cx);
    }

    pub(super) fn validates_positions(&self) -> bool {
        self.setup.variants.position_validation == Switch::On
    }

    /// Sends look-ups, then fetches to every broker without one.
    pub(super) fn send_reads(&mut self, cx: &mut Context<'_>) {
        while let Some((broker, items)) = self.next_look_up() {
            let request = lookup::request(&items);
            let asked: Vec<_> = items.into_iter().map(|(item, _)| item).collect();
            for item in &asked {
                let Some(assigned) = self.assigned.get_mut(&item.number) else { continue };
                assigned.is_asking = true;
            }
            self.connections.send(broker, request, Asked::LookUp(asked), &mut self.timers, cx);
        }
        while let Some(broker) = self.next_to_fetch_from(cx.mono()) {
            self.fetch_from(broker, cx);
        }
    }

    /// A leader and the partitions about which it can be asked the same kind of question now.
    fn next_look_up(&mut self) -> Option<(BrokerId, Vec<(LookedUp, LeaderIdAndEpoch)>)> {
        let mut items: Vec<(LookedUp, LeaderIdAndEpoch)> = Vec::new();
        for (number, assigned) in &self.assigned {
            let (Some(question), Some(partition)) = (Question::of(assigned), assigned.partition) else { continue };
            if assigned.is_asking || assigned.retry_at.is_some() {
                continue;
            }
            let Some(known) = self.metadata.leader(assigned.topic, assigned.index) else {
                self.metadata.request_update();
                continue;
            };
            let fits =
                items.first().is_none_or(|(first, leader)| leader.leader == known.leader && first.question.is_like(question));
            if fits && self.connections.is_available(known.leader) {
                items.push((LookedUp { number: *number, partition, question }, known));
            }
        }
        items.first().map(|(_, known)| known.leader).map(|broker| (broker, items))
    }

    /// Where a partition is to be read, without a fetch in flight.
    fn next_to_fetch_from(&mut self, now: Instant) -> Option<BrokerId> {
        for assigned in self.assigned.values() {
            if !assigned.wants_records() {
                continue;
            }
            let Some(known) = assigned.source(now).filter(|_| self.metadata.leader(assigned.topic, assigned.index).is_some())
            else {
                self.metadata.request_update();
                continue;
            };
            let is_free = !self.fetching.contains(known.leader) && self.connections.is_available(known.leader);
            if is_free && assigned.retry_at.is_none() {
                return Some(known.leader);
            }
        }
        None
    }

    /// Asks a leader for all that is read there. The partition after the one that gave something last comes first, so that
    /// `fetch.max.bytes` starves none.
    fn fetch_from(&mut self, broker: BrokerId, cx: &mut Context<'_>) {
        let (wanted, request) = fetcher::request(&self.assigned, self.first_to_fetch, broker, &self.setup, cx.mono());
        self.fetching = self.fetching.with(broker);
        self.connections.send(broker, request.into(), Asked::Fetch(wanted), &mut self.timers, cx);
    }

    pub(super) fn apply_fetched(&mut self, wanted: &[Wanted], response: &FetchResponse, cx: &mut Context<'_>) {
        for (place, wanted) in wanted.iter().enumerate() {
            if let Some(code) = response.error {
                self.handle_refusal(wanted.number, code, None, cx);
                continue;
            }
            let fetched = response.partitions.get(place).filter(|fetched| fetched.partition == wanted.partition);
            match fetched {
                Some(fetched) => self.apply_fetched_partition(*wanted, fetched, cx),
                None => self.handle_refusal(wanted.number, ErrorCode::UnknownServerError, None, cx),
            }
        }
    }

    fn apply_fetched_partition(&mut self, wanted: Wanted, fetched: &FetchedPartition, cx: &mut Context<'_>) {
        let Some(assigned) = self.assigned.get_mut(&wanted.number) else { return };
        let config = &self.setup.config;
        match assigned.stance {
            Stance::Fetching(position) if position.offset == wanted.from && assigned.buffer.is_none() => {}
            // The position changed while the answer was on its way: it answers nothing any more.
            Stance::Fetching(_)
            | Stance::Validating(_)
            | Stance::Committed
            | Stance::Resetting { .. }
            | Stance::Unassigned
            | Stance::Stopped => return,
        }
        let asks_leader = self.setup.variants.out_of_range_asks_leader == Switch::On;
        match fetched.error {
            // A follower may not have come so far: the leader knows.
            Some(ErrorCode::OffsetOutOfRange) if assigned.preferred.take().is_some() && asks_leader => {}
            Some(ErrorCode::OffsetOutOfRange) => assigned.become_out_of_range(wanted.from, config.auto_offset_reset, cx),
            Some(code) => self.handle_refusal(wanted.number, code, fetched.current_leader, cx),
            None => {
                assigned.refusals = 0;
                if let Some(replica) = fetched.preferred_read_replica {
                    assigned.preferred = Some((replica, cx.mono().plus(config.metadata_max_age)));
                }
                if !fetched.batches.is_empty() {
                    self.first_to_fetch = wanted.number.wrapping_add(1);
                }
                let keeps_values = self.setup.application.writes.is_some();
                let reading = Reading { check_crcs: config.check_crcs, keeps_values };
                if let Some(buffer) = fetcher::read(wanted.from, fetched, cx.trail(), reading) {
                    self.buffer_records(wanted.number, buffer, cx);
                }
            }
        }
    }

    pub(super) fn apply_listed(&mut self, item: LookedUp, listed: Option<&ListedOffset>, cx: &mut Context<'_>) {
        let Some(assigned) = self.assigned.get_mut(&item.number) else { return };
        assigned.is_asking = false;
        let Question::Begin(spec, why) = item.question else { unreachable!("ListOffsets is not asked about ends") };
        let Some(listed) = listed.filter(|listed| listed.partition == item.partition) else {
            self.handle_refusal(item.number, ErrorCode::UnknownServerError, None, cx);
            return;
        };
        if let Some(code) = listed.error {
            self.handle_refusal(item.number, code, None, cx);
            return;
        }
        if let Some(epoch) = listed.leader_epoch {
            self.metadata.saw_epoch(item.partition, epoch);
        }
        let leader = self.metadata.leader(assigned.topic, assigned.index);
        if lookup::apply_listed(assigned, (spec, why), listed, leader, cx) {
            assigned.refusals = 0;
        } else {
            self.handle_refusal(item.number, ErrorCode::UnknownServerError, None, cx);
        }
    }

    pub(super) fn apply_end_offset(&mut self, item: LookedUp, end: Option<&EndOffset>, cx: &mut Context<'_>) {
        let Some(assigned) = self.assigned.get_mut(&item.number) else { return };
        assigned.is_asking = false;
        let Question::EndOf(asked) = item.question else { unreachable!("OffsetForLeaderEpoch is asked about ends only") };
        let Some(end) = end.filter(|end| end.partition == item.partition) else {
            self.handle_refusal(item.number, ErrorCode::UnknownServerError, None, cx);
            return;
        };
        if let Some(code) = end.error {
            self.handle_refusal(item.number, code, None, cx);
            return;
        }
        assigned.refusals = 0;
        assigned.apply_end_offset(asked, end, self.setup.config.auto_offset_reset, cx);
    }

    /// A leader refused a partition: it is asked for again after a while, perhaps elsewhere, or given up.
    pub(super) fn handle_refusal(&mut self, number: u32, code: ErrorCode, leader: Option<LeaderIdAndEpoch>, cx: &mut Context<'_>) {
        if is_stale_metadata(code) || code == ErrorCode::OffsetNotAvailable {
            self.metadata.request_update();
        }
        let (backoff, validates) = (self.backoff, self.validates_positions());
        let Some(assigned) = self.assigned.get_mut(&number) else { return };
        if code != ErrorCode::UnknownLeaderEpoch {
            assigned.preferred = None;
        }
        if !code.is_retriable() && code != ErrorCode::UnknownServerError {
            let offset = assigned.offset();
            assigned.become_stopped(offset, code, cx);
            return;
        }
        if code == ErrorCode::CorruptMessage {
            assigned.report(code, cx);
        }
        assigned.refusals = assigned.refusals.saturating_add(1);
        let retry_at = cx.mono().plus(backoff.after(assigned.refusals, Reason::Partition(number), cx));
        assigned.retry_at = Some(retry_at);
        self.timers.set(Due::Partition(number), retry_at, cx.trail());
        let told = assigned.partition.zip(leader);
        if let Some((_, leader)) = told.filter(|(partition, leader)| self.metadata.advance_leader(*partition, *leader)) {
            assigned.follow_leader(Some(leader), validates);
        }
    }
}
