//! How brokers join, stay and go: registration, heartbeats, fencing, controlled shutdown.
//!
//! A broker's states: *fenced* (registered, not alive) → `unfence`, when it has applied the metadata up to its own
//! registration → *unfenced* → `fence`, when it was not heard from in time → *fenced*. An unfenced broker that wants to
//! leave goes through *in controlled shutdown*, where it loses what it leads, and then may stop.
//!
//! Invariant: while the session of one incarnation lasts, no other incarnation of that broker is registered. A fenced
//! broker leads nothing and is in no ISR but as its last member.
//!
//! Called by: [`super::server`]. Source: KIP-631, KIP-841; Kafka's `ClusterControlManager`, `BrokerHeartbeatManager`.
//!
//! Kafka differs: a registration repeated by the same incarnation has nothing to amend and writes no record.
//!
//! Not modelled: endpoints, features, racks and log directories of a registration; unregistering; the previous broker
//! epoch of a clean shutdown (KIP-966).

use super::image::{BrokerImage, MetadataImage};
use super::partitions::{decide_departure, decide_return};
use super::records::{BrokerRegistered, MetadataRecord, RegistrationChange};
use super::sessions::Sessions;
use crate::config::TopicConfig;
use crate::error::ErrorCode;
use crate::ids::{BrokerEpoch, BrokerId, Offset};
use crate::protocol::{BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest};
use crate::time::Instant;

/// Decides a registration. `next` is the offset that its record will get. The answer is the broker epoch.
///
/// Errors: DUPLICATE_BROKER_REGISTRATION while the session of another incarnation lasts, unless that one is leaving.
pub(super) fn decide_registration(
    image: &MetadataImage,
    defaults: &TopicConfig,
    sessions: &Sessions,
    request: &BrokerRegistrationRequest,
    (next, now): (Offset, Instant),
) -> Result<(Vec<MetadataRecord>, BrokerEpoch), ErrorCode> {
    let BrokerRegistrationRequest { broker, incarnation, .. } = *request;
    if let Some(old) = image.broker(broker) {
        if old.incarnation == incarnation {
            return Ok((Vec::new(), old.epoch));
        }
        if sessions.is_valid(broker, now) && !old.in_controlled_shutdown {
            return Err(ErrorCode::DuplicateBrokerRegistration);
        }
    }
    let epoch = BrokerEpoch(next.0);
    let mut records = vec![MetadataRecord::RegisterBroker(BrokerRegistered { broker, incarnation, epoch })];
    // The new incarnation is fenced, and what the old one led or held in sync is not the new one's.
    records.extend(decide_departure(image, defaults, broker));
    Ok((records, epoch))
}

/// Where a heartbeat leaves a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BrokerState {
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
pub(super) fn decide_heartbeat(
    image: &MetadataImage,
    defaults: &TopicConfig,
    sessions: &Sessions,
    request: &BrokerHeartbeatRequest,
) -> Result<(Vec<MetadataRecord>, BrokerHeartbeatResponse, BrokerState), ErrorCode> {
    let present = image.broker(request.broker).filter(|broker| broker.epoch == request.epoch);
    let broker = *present.ok_or(ErrorCode::StaleBrokerEpoch)?;
    let is_caught_up = has_caught_up(&broker, request.current_metadata_offset);
    let next = next_state(image, sessions, request, &broker);
    let records = match next {
        BrokerState::Fenced | BrokerState::ShutdownNow if !broker.fenced => decide_fencing(image, defaults, request.broker),
        BrokerState::Unfenced if broker.fenced => decide_unfencing(image, defaults, request.broker, &broker),
        BrokerState::ControlledShutdown => decide_shutdown(image, defaults, request.broker, &broker),
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
        let may_leave = !leads_anything(image, request.broker) && sessions.may_leave(request.broker, image.active());
        return if may_leave { BrokerState::ShutdownNow } else { BrokerState::ControlledShutdown };
    }
    match (request.want_fence, request.want_shut_down) {
        (true, true) => BrokerState::ShutdownNow,
        (true, false) => BrokerState::Fenced,
        (false, true) if leads_anything(image, request.broker) => BrokerState::ControlledShutdown,
        (false, true) => BrokerState::ShutdownNow,
        (false, false) => BrokerState::Unfenced,
    }
}

fn leads_anything(image: &MetadataImage, broker: BrokerId) -> bool {
    image.partitions().any(|(_, facts)| facts.leader == Some(broker))
}

/// Fences a broker: it leaves every ISR (unless it is the last) and leads nothing.
pub(super) fn decide_fencing(image: &MetadataImage, defaults: &TopicConfig, broker: BrokerId) -> Vec<MetadataRecord> {
    let Some(present) = image.broker(broker).filter(|broker| !broker.fenced) else { return Vec::new() };
    let in_controlled_shutdown = present.in_controlled_shutdown;
    let change = RegistrationChange { broker, epoch: present.epoch, fenced: true, in_controlled_shutdown };
    let mut records = vec![MetadataRecord::BrokerRegistrationChange(change)];
    records.extend(decide_departure(image, defaults, broker));
    records
}

fn decide_unfencing(image: &MetadataImage, defaults: &TopicConfig, broker: BrokerId, present: &BrokerImage) -> Vec<MetadataRecord> {
    let change = RegistrationChange { broker, epoch: present.epoch, fenced: false, in_controlled_shutdown: false };
    let mut records = vec![MetadataRecord::BrokerRegistrationChange(change)];
    records.extend(decide_return(image, defaults, broker));
    records
}

/// Takes from a leaving broker what it leads; repeated with each of its heartbeats, until there is nothing.
fn decide_shutdown(image: &MetadataImage, defaults: &TopicConfig, broker: BrokerId, present: &BrokerImage) -> Vec<MetadataRecord> {
    let mut records = Vec::new();
    if !present.in_controlled_shutdown {
        let change = RegistrationChange { broker, epoch: present.epoch, fenced: false, in_controlled_shutdown: true };
        records.push(MetadataRecord::BrokerRegistrationChange(change));
    }
    records.extend(decide_departure(image, defaults, broker));
    records
}
