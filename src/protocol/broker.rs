//! BrokerRegistration (API 62) and BrokerHeartbeat (API 63): how a broker joins and stays (KIP-631).

use std::sync::Arc;

use crate::error::ErrorCode;
use crate::event::MessageFacts;
use crate::ids::{BrokerEpoch, BrokerId, Incarnation, Offset, TopicPartition};

/// A broker asks to join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerRegistrationRequest {
    /// Who.
    pub broker: BrokerId,
    /// Which life of it.
    pub incarnation: Incarnation,
    /// The broker epoch it had at its last clean shutdown, if it had one (KIP-966).
    pub previous_broker_epoch: Option<BrokerEpoch>,
    /// Its `broker.rack`.
    pub rack: Option<Arc<String>>,
}

/// The epoch of the new registration, or the refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokerRegistrationResponse {
    /// DUPLICATE_BROKER_REGISTRATION while another incarnation's session lasts.
    pub result: Result<BrokerEpoch, ErrorCode>,
}

/// A broker says that it is alive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerHeartbeatRequest {
    /// Who.
    pub broker: BrokerId,
    /// Which registration.
    pub epoch: BrokerEpoch,
    /// The end of the metadata it has applied.
    pub current_metadata_offset: Offset,
    /// It wants to stay (or become) fenced.
    pub want_fence: bool,
    /// It wants to shut down.
    pub want_shut_down: bool,
    /// The replicas whose log directory failed here: they can neither lead nor be in sync.
    ///
    /// Kafka differs: there a broker names its failed directories, and the controller knows which replica lies where (KIP-858).
    pub offline_replicas: Vec<TopicPartition>,
}

/// What the controller thinks of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokerHeartbeatResponse {
    /// A refusal: STALE_BROKER_EPOCH, BROKER_ID_NOT_REGISTERED, NOT_CONTROLLER.
    pub error: Option<ErrorCode>,
    /// It has applied the metadata up to its own registration.
    pub is_caught_up: bool,
    /// It does not count as alive.
    pub is_fenced: bool,
    /// It may shut down now.
    pub should_shut_down: bool,
}

impl BrokerRegistrationRequest {
    #[allow(clippy::unused_self, reason = "every payload describes itself; this one has nothing to say")]
    pub(super) fn describe(&self, _facts: &mut MessageFacts) {}
}

impl BrokerRegistrationResponse {
    pub(super) fn describe(&self, facts: &mut MessageFacts) {
        facts.error = self.result.err();
    }
}

impl BrokerHeartbeatRequest {
    pub(super) fn describe(&self, facts: &mut MessageFacts) {
        facts.offset = Some(self.current_metadata_offset);
    }
}

impl BrokerHeartbeatResponse {
    pub(super) fn describe(&self, facts: &mut MessageFacts) {
        facts.error = self.error;
    }
}
