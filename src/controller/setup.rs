//! What a controller is told before it starts.
//!
//! Called by: the scenario, which tells it; the controller, and the basis of its decisions.

use crate::config::{BrokerConfig, TopicConfig, Variants};
use crate::ids::ProcessId;

/// What a controller is told before it starts.
#[derive(Clone, Debug, PartialEq)]
pub struct ControllerSetup {
    /// Which one.
    pub me: ProcessId,
    /// The quorum's first voters; without `me` among them it only follows.
    pub voters: Vec<ProcessId>,
    /// Its configuration.
    pub config: BrokerConfig,
    /// What a topic's configuration is unless the topic says otherwise.
    pub topic_defaults: TopicConfig,
    /// The historical rules in force: a new cluster's features, and the quorum's own rules.
    pub variants: Variants,
}
