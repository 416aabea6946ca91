//! A DeleteRecords of an admin's: whom to ask about which partitions.
//!
//! First the leaders are looked up (Metadata), then each is asked about what it leads, one after the other; what a leader
//! refused for now is looked up again.
//!
//! Invariant: every partition of the command is done, refused for good, or still to be asked about.
//!
//! Source: KIP-107; Kafka's `DeleteRecordsHandler`, `PartitionLeaderStrategy`. Called by: admin.

use std::collections::BTreeMap;

use crate::error::ErrorCode;
use crate::ids::{BrokerId, Offset};
use crate::protocol::{DeleteRecordsRequest, DeleteRecordsResponse, MetadataRequest, MetadataResponse, NamedPartition, Request};
use crate::time::Duration;

/// What an admin still has to do of a DeleteRecords.
#[derive(Clone, Debug)]
pub(super) struct Deletion {
    left: Vec<(NamedPartition, Option<Offset>)>,
    leaders: BTreeMap<BrokerId, Vec<(NamedPartition, Option<Offset>)>>,
    timeout: Duration,
}

/// What an answer said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Something is to be tried again because of this.
    pub(super) retriable: Option<ErrorCode>,
    /// Something was refused for good.
    pub(super) fatal: Option<ErrorCode>,
}

impl Told {
    fn note(&mut self, code: ErrorCode) {
        let place = if code.is_retriable() { &mut self.retriable } else { &mut self.fatal };
        *place = place.or(Some(code));
    }
}

impl Deletion {
    pub(super) fn new(request: DeleteRecordsRequest) -> Self {
        Self { left: request.partitions, leaders: BTreeMap::new(), timeout: request.timeout }
    }

    /// The next request, and to whom; anybody may answer who leads what.
    pub(super) fn next(&self) -> (Option<BrokerId>, Request) {
        match self.leaders.first_key_value() {
            Some((leader, items)) => {
                (Some(*leader), DeleteRecordsRequest { partitions: items.clone(), timeout: self.timeout }.into())
            }
            None => {
                let mut topics: Vec<_> = self.left.iter().map(|(named, _)| named.topic.clone()).collect();
                topics.dedup();
                (None, MetadataRequest { topics, ..MetadataRequest::default() }.into())
            }
        }
    }

    /// Nothing is known of the leaders any more.
    pub(super) fn forget_leaders(&mut self) {
        self.leaders.clear();
    }

    /// Whether a leader can be asked without looking up anything.
    pub(super) fn has_leaders(&self) -> bool {
        !self.leaders.is_empty()
    }

    /// Whether nothing is left.
    pub(super) fn is_done(&self) -> bool {
        self.left.is_empty()
    }

    /// Takes in who leads what.
    pub(super) fn apply_leaders(&mut self, response: &MetadataResponse) -> Told {
        let mut told = Told::default();
        for item in &self.left {
            let topic = response.topics.iter().find(|topic| topic.name == item.0.topic);
            let known = topic.and_then(|topic| topic.partitions.iter().find(|known| known.partition == item.0.partition));
            match known.map(|known| known.leader) {
                Some(Some(leader)) => self.leaders.entry(leader).or_default().push(item.clone()),
                Some(None) => told.note(ErrorCode::LeaderNotAvailable),
                None => told.note(ErrorCode::UnknownTopicOrPartition),
            }
        }
        told
    }

    /// Takes in what a leader did.
    pub(super) fn apply_deleted(&mut self, response: &DeleteRecordsResponse) -> Told {
        let mut told = Told::default();
        self.leaders.pop_first();
        for (named, result) in &response.partitions {
            if let Err(code) = result {
                told.note(*code);
            }
            if result.is_ok() || result.is_err_and(|code| !code.is_retriable()) {
                self.left.retain(|(left, _)| left != named);
            }
        }
        told
    }
}
