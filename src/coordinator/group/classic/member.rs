//! A member of a classic group, and the answers it waits for.
//!
//! Called by: everything in this folder.

use std::sync::Arc;

use crate::context::ReplyTo;
use crate::event::canonical::record_fields;
use crate::event::{InstanceId, MemberId};
use crate::protocol::{JoinGroupRequest, NamedPartition, Subscription};
use crate::time::Duration;

/// A member.
#[derive(Clone, Debug)]
pub struct ClassicMember {
    /// Its static name.
    pub instance: Option<InstanceId>,
    /// The client's name.
    pub client: Arc<String>,
    /// After this much silence it is out.
    pub session_timeout: Duration,
    /// After this long without joining again it is out.
    pub rebalance_timeout: Duration,
    /// The assignors it knows, the dearest first, with what it told each.
    pub protocols: Vec<(String, Subscription)>,
    /// Its share of the plan.
    pub assignment: Vec<NamedPartition>,
    /// Its JoinGroup that waits for the others'.
    pub joining: Option<Waiting>,
    /// Its SyncGroup that waits for the plan.
    pub syncing: Option<Waiting>,
    /// It has asked for its share of this generation.
    pub has_synced: bool,
    /// It waits for its first generation.
    pub is_new: bool,
}

/// A request whose answer waits.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    /// Where the answer goes.
    pub reply_to: ReplyTo,
}

/// A member as it is written down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WrittenMember {
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
    /// What it told the assignors it knows, the one in use first.
    pub protocols: Vec<(String, Subscription)>,
    /// Its share of the plan.
    pub assignment: Vec<NamedPartition>,
}

record_fields!(WrittenMember { member, instance, client, session_timeout, rebalance_timeout, protocols, assignment });

impl ClassicMember {
    /// Somebody who has just come.
    pub(super) fn new(request: &JoinGroupRequest) -> Self {
        Self {
            instance: request.instance.clone(),
            client: Arc::clone(&request.client),
            session_timeout: request.session_timeout,
            rebalance_timeout: request.rebalance_timeout,
            protocols: request.protocols.clone(),
            assignment: Vec::new(),
            joining: None,
            syncing: None,
            has_synced: false,
            is_new: true,
        }
    }

    /// It joined again, and may say something else of itself.
    pub(super) fn update(&mut self, request: &JoinGroupRequest) {
        self.session_timeout = request.session_timeout;
        self.rebalance_timeout = request.rebalance_timeout;
        self.protocols.clone_from(&request.protocols);
        self.client = Arc::clone(&request.client);
    }

    pub(super) fn from_written(written: &WrittenMember) -> Self {
        Self {
            instance: written.instance.clone(),
            client: Arc::clone(&written.client),
            session_timeout: written.session_timeout,
            rebalance_timeout: written.rebalance_timeout,
            protocols: written.protocols.clone(),
            assignment: written.assignment.clone(),
            joining: None,
            syncing: None,
            has_synced: true,
            is_new: false,
        }
    }

    pub(super) fn written(&self, id: &MemberId, protocol: Option<&str>) -> WrittenMember {
        let mut protocols = self.protocols.clone();
        protocols.sort_by_key(|(name, _)| Some(name.as_str()) != protocol);
        WrittenMember {
            member: id.clone(),
            instance: self.instance.clone(),
            client: Arc::clone(&self.client),
            session_timeout: self.session_timeout,
            rebalance_timeout: self.rebalance_timeout,
            protocols,
            assignment: self.assignment.clone(),
        }
    }

    /// What it told this assignor.
    #[must_use]
    pub fn subscription(&self, protocol: &str) -> Subscription {
        self.protocols.iter().find(|(name, _)| name == protocol).map(|(_, told)| told.clone()).unwrap_or_default()
    }

    /// Whether it knows this assignor.
    pub(super) fn knows(&self, protocol: &str) -> bool {
        self.protocols.iter().any(|(name, _)| name == protocol)
    }

    /// Whether it wants this topic.
    pub(super) fn wants(&self, topic: &str) -> bool {
        self.protocols.iter().any(|(_, told)| told.topics.iter().any(|name| name == topic))
    }
}
