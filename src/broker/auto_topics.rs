//! Topics that are made because somebody asks for them: `__consumer_offsets` for the first group, any other for the first Metadata
//! request that allows it (`allow.auto.create.topics` at the client, `auto.create.topics.enable` here).
//!
//! Whoever asks hears UNKNOWN_TOPIC_OR_PARTITION and asks again; the controller's answer is told to nobody. So a topic that cannot be
//! made (it would have more replicas than there are brokers, say) is asked for until the client gives up.
//!
//! Invariant: a topic is on its way from here once at most. Two brokers may ask for one topic; the controller makes it once.
//!
//! Source: Kafka's `AutoTopicCreationManager`. Called by: `metadata`, `groups`; `alter_partition`, which hears the controller.
//!
//! Kafka differs: when the connection breaks, the request is repeated for a minute there; here it is forgotten, and whoever asks
//! next has it sent anew.
//!
//! Not modelled: quotas for making topics; `__transaction_state` and `__share_group_state`, which are made like any other.

use super::Broker;
use super::groups::OFFSETS_TOPIC;
use crate::context::Context;
use crate::event::Purpose;
use crate::ids::CorrelationId;
use crate::protocol::{CreateTopicsRequest, NewTopic};
use crate::time::Instant;

/// The topics that the controller was asked for, and did not answer about yet.
#[derive(Clone, Debug, Default)]
pub struct AutoTopics {
    on_their_way: Vec<Wish>,
}

/// A request for topics.
#[derive(Clone, Debug)]
struct Wish {
    topics: Vec<String>,
    correlation: CorrelationId,
    /// Until when its answer is waited for.
    until: Instant,
}

impl AutoTopics {
    fn has(&self, topic: &str) -> bool {
        self.on_their_way.iter().any(|wish| wish.topics.iter().any(|name| name == topic))
    }
}

impl Broker {
    /// Asks the controller for these topics, but for those that are on their way. Whoever needs them asks again.
    pub(super) fn make_topics<'n>(&mut self, names: impl Iterator<Item = &'n str>, cx: &mut Context<'_>) {
        let now = cx.mono();
        self.auto_topics.on_their_way.retain(|wish| now < wish.until);
        if !self.lifecycle.is_caught_up() {
            return;
        }
        let Some(controller) = self.metadata.leader() else { return };
        let mut topics: Vec<String> = Vec::new();
        for name in names {
            let is_asked_for = self.auto_topics.has(name) || topics.iter().any(|other| other == name);
            if !is_asked_for {
                topics.push(name.to_owned());
            }
        }
        if topics.is_empty() {
            return;
        }
        let timeout = self.setup.config.controller_socket_timeout;
        let request = CreateTopicsRequest { topics: topics.iter().map(|name| self.topic_by_default(name)).collect(), timeout };
        let correlation = self.forwarding.next_correlation();
        self.auto_topics.on_their_way.push(Wish { topics, correlation, until: now.plus(timeout) });
        cx.request(controller, Purpose::ToController, correlation, request.into());
    }

    /// A topic as this broker's configuration has it.
    fn topic_by_default(&self, name: &str) -> NewTopic {
        let config = &self.setup.config;
        let pair = |key: &str, value: String| (key.to_owned(), value);
        let is_offsets = name == OFFSETS_TOPIC;
        let (partitions, replicas) = if is_offsets {
            (config.offsets_topic_partitions, config.offsets_topic_replication)
        } else {
            (config.num_partitions, config.default_replication_factor)
        };
        let own = vec![
            pair("cleanup.policy", "compact".to_owned()),
            pair("segment.bytes", config.offsets_topic_segment_bytes.to_string()),
        ];
        NewTopic {
            name: name.to_owned(),
            partitions,
            replication_factor: u16::try_from(replicas).unwrap_or(u16::MAX),
            assignment: Vec::new(),
            config: if is_offsets { own } else { Vec::new() },
        }
    }

    /// Whether this answer of the controller's is to a request for topics: then it is heard of here no more.
    pub(super) fn is_answer_about_topics(&mut self, correlation: CorrelationId) -> bool {
        let before = self.auto_topics.on_their_way.len();
        self.auto_topics.on_their_way.retain(|wish| wish.correlation != correlation);
        self.auto_topics.on_their_way.len() < before
    }

    /// The connection to the controller is gone: whoever needs the topics asks again.
    pub(super) fn forget_wishes_for_topics(&mut self) {
        self.auto_topics.on_their_way.clear();
    }
}
