//! What a broker says when it cannot serve a partition.
//!
//! Source: KIP-951 (the refusal names the leader). Called by: every handler.

use super::Broker;
use crate::context::Context;
use crate::controller::image::MetadataImage;
use crate::error::ErrorCode;
use crate::event::{ApiKey, ReplicaFact};
use crate::ids::TopicPartition;
use crate::protocol::LeaderIdAndEpoch;

impl Broker {
    /// The code for a partition that is not here: this broker has no log of it that can be read, or it is somebody else's, or
    /// nobody's. Source: `ReplicaManager.getPartitionOrError`.
    pub(super) fn absence(&self, partition: TopicPartition) -> ErrorCode {
        if self.logs.is_offline(partition) { ErrorCode::KafkaStorageError } else { absence(&self.image, partition) }
    }
}

/// The code for a partition that is not here any more: it is somebody else's, or nobody's.
pub(super) fn absence(image: &MetadataImage, partition: TopicPartition) -> ErrorCode {
    let is_known = image.partition(partition).is_some();
    if is_known { ErrorCode::NotLeaderOrFollower } else { ErrorCode::UnknownTopicOrPartition }
}

/// Who leads a partition, as this broker believes: told with a refusal, so that the asker need not ask around.
pub(super) fn leader_hint(image: &MetadataImage, partition: TopicPartition, code: ErrorCode) -> Option<LeaderIdAndEpoch> {
    if !matches!(code, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch) {
        return None;
    }
    let facts = image.partition(partition)?;
    Some(LeaderIdAndEpoch { leader: facts.leader?, epoch: facts.epoch })
}

/// Tells of a refusal.
#[track_caller]
pub(super) fn emit_refusal(api: ApiKey, partition: TopicPartition, code: ErrorCode, cx: &mut Context<'_>) {
    cx.emit(ReplicaFact::RequestRefused { api, partition, code });
}
