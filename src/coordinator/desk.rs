//! What a coordinator works with, for one turn.
//!
//! Called by: `broker/groups`, which lays it out; everything in this folder that decides, writes or answers.

use super::group::classic::Rules;
use super::group::consumer::Environment;
use super::topics::TopicsView;
use crate::config::{BrokerConfig, Variants};
use crate::context::Context;
use crate::ids::{TopicId, TopicPartition};
use crate::replica::{Appended, Membership, Partitions};

/// Its broker's replicas and metadata, and the world.
pub struct Desk<'a, 'c> {
    /// The replicas, that of `__consumer_offsets` among them.
    pub partitions: &'a mut Partitions,
    /// Who is registered.
    pub members: &'a Membership,
    /// The topics there are.
    pub topics: &'a TopicsView,
    /// The configuration.
    pub config: &'a BrokerConfig,
    /// The historical rules in force.
    pub variants: Variants,
    /// `__consumer_offsets` and how many partitions it has, if it is there.
    pub offsets_topic: Option<(TopicId, u32)>,
    /// The world.
    pub cx: &'a mut Context<'c>,
    /// What was appended: its broker is to tell the followers.
    pub appended: Vec<(TopicPartition, Appended)>,
}

impl<'a> Desk<'a, '_> {
    /// What decisions about a classic group depend on.
    pub(super) fn rules(&self) -> Rules<'a> {
        Rules { config: self.config, variants: self.variants, wall: self.cx.wall() }
    }

    /// The same of a group of the consumer protocol.
    pub(super) fn environment(&self) -> Environment<'a> {
        Environment { topics: self.topics, config: self.config }
    }
}
