//! How brokers join, stay and go: registration, heartbeats, fencing, controlled shutdown.
//!
//! A broker's states: *fenced* (registered, not alive) → `unfence`, when it has applied the metadata up to its own
//! registration → *unfenced* → `fence`, when it was not heard from in time → *fenced*. An unfenced broker that wants to
//! leave goes through *in controlled shutdown*, where it loses what it leads, and then may stop.
//!
//! A broker that registers anew tells the epoch of its former registration if it was shut down in order. If it does not, or
//! tells another, it may have lost what it had not synced: it leaves every ISR, and is eligible nowhere (KIP-966).
//!
//! Invariant: while the session of one incarnation lasts, no other incarnation of that broker is registered. A fenced
//! broker leads nothing and is in no ISR (but as its last member, where eligible leader replicas are off).
//!
//! Called by: [`super::server`]. Source: KIP-631, KIP-841, KIP-903, KIP-966; Kafka's `ClusterControlManager`,
//! `BrokerHeartbeatManager`.
//!
//! Kafka differs: a registration repeated by the same incarnation has nothing to amend and writes no record.
//!
//! Not modelled: endpoints, features and log directories of a registration; unregistering.

use super::Controller;
use super::basis::Basis;
use super::departures::{decide_departure, decide_loss_of_disk, decide_return, decide_unclean_shutdown};
use super::image::{BrokerImage, MetadataImage};
use super::records::{BrokerRegistered, MetadataRecord, OfflineReplicasRecord, RegistrationChange};
use super::sessions::Sessions;
use crate::context::{Context, ReplyTo};
use crate::error::ErrorCode;
use crate::event::ControllerFact;
use crate::ids::{BrokerEpoch, BrokerId, Offset, TopicPartition};
use crate::protocol::{BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest, BrokerRegistrationResponse};
use crate::time::Instant;

impl Controller {
    pub(super) fn handle_registration(&mut self, reply_to: ReplyTo, request: &BrokerRegistrationRequest, cx: &mut Context<'_>) {
        let place = (self.raft.next_offset(), cx.mono());
        match decide_registration(&self.basis(), &self.sessions, request, place) {
            Err(code) => {
                let BrokerRegistrationRequest { broker, incarnation, .. } = *request;
                cx.emit(ControllerFact::RegistrationRefused { broker, incarnation, code });
                cx.reply(reply_to, BrokerRegistrationResponse { result: Err(code) }.into());
            }
            Ok((records, epoch)) => {
                self.sessions.begin(request.broker, cx);
                self.write(records, Some((reply_to, BrokerRegistrationResponse { result: Ok(epoch) }.into())), cx);
            }
        }
    }

    pub(super) fn handle_heartbeat(&mut self, reply_to: ReplyTo, request: &BrokerHeartbeatRequest, cx: &mut Context<'_>) {
        let lost = decide_offline_replicas(&self.basis(), request);
        self.write(lost, None, cx);
        match decide_heartbeat(&self.basis(), &self.sessions, request) {
            Err(code) => {
                let error = Some(code);
                let refusal = BrokerHeartbeatResponse { error, is_caught_up: false, is_fenced: true, should_shut_down: false };
                cx.reply(reply_to, refusal.into());
            }
            Ok((records, response, state)) => {
                self.sessions.touch(request.broker, request.current_metadata_offset, cx);
                let is_news = !records.is_empty();
                self.write(records, Some((reply_to, response.into())), cx);
                if state == BrokerState::ControlledShutdown {
                    self.sessions.await_others(request.broker, self.image().end(), is_news);
                }
            }
        }
    }

    pub(super) fn fence_silent_brokers(&mut self, cx: &mut Context<'_>) {
        while let Some(broker) = self.sessions.pop_expired(cx) {
            let records = decide_fencing(&self.basis(), broker);
            self.write(records, None, cx);
        }
    }
}

/// Decides a registration. `next` is the offset that its record will get. The answer is the broker epoch.
///
/// Errors: DUPLICATE_BROKER_REGISTRATION while the session of another incarnation lasts, unless that one is leaving.
fn decide_registration(
    basis: &Basis<'_>,
    sessions: &Sessions,
    request: &BrokerRegistrationRequest,
    (next, now): (Offset, Instant),
) -> Result<(Vec<MetadataRecord>, BrokerEpoch), ErrorCode> {
    let BrokerRegistrationRequest { broker, incarnation, previous_broker_epoch, ref rack } = *request;
    let mut unclean = false;
    if let Some(old) = basis.image.broker(broker) {
        if old.incarnation == incarnation {
            return Ok((Vec::new(), old.epoch));
        }
        if sessions.is_valid(broker, now) && !old.in_controlled_shutdown {
            return Err(ErrorCode::DuplicateBrokerRegistration);
        }
        unclean = basis.variants().elr.is_on() && previous_broker_epoch != Some(old.epoch);
    }
    let (epoch, rack) = (BrokerEpoch(next.0), rack.clone());
    let (fenced, in_controlled_shutdown) = (true, false);
    let record = BrokerRegistered { broker, incarnation, epoch, rack, unclean, fenced, in_controlled_shutdown };
    let mut records = vec![MetadataRecord::RegisterBroker(record)];
    // The new incarnation is fenced, and what the old one led or held in sync is not the new one's.
    records.extend(if unclean { decide_unclean_shutdown(basis, broker) } else { decide_departure(basis, broker) });
    Ok((records, epoch))
}

/// Takes from a broker the replicas that it tells to lie on a failed disk, if it had not told so before.
fn decide_offline_replicas(basis: &Basis<'_>, request: &BrokerHeartbeatRequest) -> Vec<MetadataRecord> {
    let BrokerHeartbeatRequest { broker, epoch, ref offline_replicas, .. } = *request;
    let Some(known) = basis.image.broker(broker).filter(|known| known.epoch == epoch) else { return Vec::new() };
    let is_new = |partition: &TopicPartition| !known.offline.contains(partition);
    let mut lost: Vec<TopicPartition> = offline_replicas.iter().copied().filter(is_new).collect();
    if lost.is_empty() {
        return Vec::new();
    }
    lost.sort_unstable();
    lost.dedup();
    let mut partitions: Vec<TopicPartition> = known.offline.iter().chain(&lost).copied().collect();
    partitions.sort_unstable();
    let mut records = vec![MetadataRecord::OfflineReplicas(OfflineReplicasRecord { broker, epoch, partitions })];
    records.extend(decide_loss_of_disk(basis, broker, &lost));
    records
}

/// Where a heartbeat leaves a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BrokerState {
    /// Registered, not alive.
    Fenced,
    /// Alive.
    Unfenced,
    /// Alive, losing what it leads.
    ControlledShutdown,
    /// It may stop.
    ShutdownNow,
}

/// Decides a heartbeat: the records, the answer, and the state that the broker is in from here on.
///
/// Errors: STALE_BROKER_EPOCH when the broker is not registered, or under another epoch (as Kafka answers both).
fn decide_heartbeat(
    basis: &Basis<'_>,
    sessions: &Sessions,
    request: &BrokerHeartbeatRequest,
) -> Result<(Vec<MetadataRecord>, BrokerHeartbeatResponse, BrokerState), ErrorCode> {
    let present = basis.image.broker(request.broker).filter(|broker| broker.epoch == request.epoch);
    let broker = present.ok_or(ErrorCode::StaleBrokerEpoch)?;
    let is_caught_up = has_caught_up(broker, request.current_metadata_offset);
    let next = next_state(basis.image, sessions, request, broker);
    let records = match next {
        BrokerState::Fenced | BrokerState::ShutdownNow if !broker.fenced => decide_fencing(basis, request.broker),
        BrokerState::Unfenced if broker.fenced => decide_unfencing(basis, request.broker, broker),
        BrokerState::ControlledShutdown => decide_shutdown(basis, request.broker, broker),
        BrokerState::Fenced | BrokerState::ShutdownNow | BrokerState::Unfenced => Vec::new(),
    };
    let is_fenced = matches!(next, BrokerState::Fenced | BrokerState::ShutdownNow);
    let should_shut_down = next == BrokerState::ShutdownNow;
    Ok((records, BrokerHeartbeatResponse { error: None, is_caught_up, is_fenced, should_shut_down }, next))
}

/// A broker has caught up when it has applied the record of its own registration.
fn has_caught_up(broker: &BrokerImage, metadata_end: Offset) -> bool {
    metadata_end.0 > broker.epoch.0
}

fn next_state(image: &MetadataImage, sessions: &Sessions, request: &BrokerHeartbeatRequest, broker: &BrokerImage) -> BrokerState {
    if broker.fenced {
        return match (request.want_shut_down, request.want_fence) {
            (true, _) => BrokerState::ShutdownNow,
            (false, true) => BrokerState::Fenced,
            (false, false) if has_caught_up(broker, request.current_metadata_offset) => BrokerState::Unfenced,
            (false, false) => BrokerState::Fenced,
        };
    }
    if broker.in_controlled_shutdown {
        let may_leave = !image.leads_anything(request.broker) && sessions.may_leave(request.broker, image.active());
        return if may_leave { BrokerState::ShutdownNow } else { BrokerState::ControlledShutdown };
    }
    match (request.want_fence, request.want_shut_down) {
        (true, true) => BrokerState::ShutdownNow,
        (true, false) => BrokerState::Fenced,
        (false, true) if image.leads_anything(request.broker) => BrokerState::ControlledShutdown,
        (false, true) => BrokerState::ShutdownNow,
        (false, false) => BrokerState::Unfenced,
    }
}

/// Fences a broker: it leaves every ISR (unless it is the last, and that one is kept) and leads nothing.
fn decide_fencing(basis: &Basis<'_>, broker: BrokerId) -> Vec<MetadataRecord> {
    let Some(present) = basis.image.broker(broker).filter(|broker| !broker.fenced) else { return Vec::new() };
    let in_controlled_shutdown = present.in_controlled_shutdown;
    let change = RegistrationChange { broker, epoch: present.epoch, fenced: true, in_controlled_shutdown };
    let mut records = vec![MetadataRecord::BrokerRegistrationChange(change)];
    records.extend(decide_departure(basis, broker));
    records
}

fn decide_unfencing(basis: &Basis<'_>, broker: BrokerId, present: &BrokerImage) -> Vec<MetadataRecord> {
    let change = RegistrationChange { broker, epoch: present.epoch, fenced: false, in_controlled_shutdown: false };
    let mut records = vec![MetadataRecord::BrokerRegistrationChange(change)];
    records.extend(decide_return(basis, broker));
    records
}

/// Takes from a leaving broker what it leads; repeated with each of its heartbeats, until there is nothing.
fn decide_shutdown(basis: &Basis<'_>, broker: BrokerId, present: &BrokerImage) -> Vec<MetadataRecord> {
    let mut records = Vec::new();
    if !present.in_controlled_shutdown {
        let change = RegistrationChange { broker, epoch: present.epoch, fenced: false, in_controlled_shutdown: true };
        records.push(MetadataRecord::BrokerRegistrationChange(change));
    }
    records.extend(decide_departure(basis, broker));
    records
}
