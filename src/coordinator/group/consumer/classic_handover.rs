//! A classic group as it goes over to the consumer protocol, or back.
//!
//! Called by: `migration`, and by the decisions that carry one.

use std::sync::Arc;

use crate::event::{InstanceId, MemberId};
use crate::ids::TopicPartition;
use crate::protocol::Subscription;
use crate::time::Duration;

/// A classic group as it goes from one protocol to the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassicHandover {
    /// The generation.
    pub generation: i32,
    /// The assignor in use, which all members know.
    pub protocol: String,
    /// The members in the order of their ids.
    pub members: Vec<HandedOver>,
    /// Whether the classic group is to rebalance at once: a member left, and its partitions have no reader.
    pub rebalances: bool,
}

/// A member of the classic protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandedOver {
    /// Its id.
    pub member: MemberId,
    /// Its static name.
    pub instance: Option<InstanceId>,
    /// The client's name.
    pub client: Arc<String>,
    /// After this much silence it is out.
    pub session_timeout: Duration,
    /// After this long without joining again it is out.
    pub rebalance_timeout: Duration,
    /// The assignors it knows, with what it told each.
    pub protocols: Vec<(String, Subscription)>,
    /// Its share of the plan.
    pub assignment: Vec<TopicPartition>,
}
