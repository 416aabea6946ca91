//! Blocks of producer ids for brokers to give out, so that no id is given twice in the life of a cluster.
//!
//! Called by: [`super::server`]. Source: KIP-730; Kafka's `ProducerIdControlManager`.

use super::basis::Basis;
use super::records::{MetadataRecord, ProducerIdsRecord};
use super::server::Controller;
use crate::context::{Context, ReplyTo};
use crate::error::ErrorCode;
use crate::ids::ProducerId;
use crate::protocol::{AllocateProducerIdsRequest, AllocateProducerIdsResponse};

impl Controller {
    pub(super) fn handle_producer_ids(&mut self, reply_to: ReplyTo, request: AllocateProducerIdsRequest, cx: &mut Context<'_>) {
        let (records, result) = match decide_block(&self.basis(), request) {
            Ok((record, first)) => (vec![record], Ok((first, ProducerIdsRecord::BLOCK))),
            Err(code) => (Vec::new(), Err(code)),
        };
        self.write(records, Some((reply_to, AllocateProducerIdsResponse { result }.into())), cx);
    }
}

/// The next block. Errors: STALE_BROKER_EPOCH when the asker is not the broker's present registration.
fn decide_block(basis: &Basis<'_>, request: AllocateProducerIdsRequest) -> Result<(MetadataRecord, ProducerId), ErrorCode> {
    let AllocateProducerIdsRequest { broker, broker_epoch: epoch } = request;
    if basis.image.broker_epoch(broker) != Some(epoch) {
        return Err(ErrorCode::StaleBrokerEpoch);
    }
    let first = basis.image.next_producer_id();
    let next = ProducerId(first.0 + u64::from(ProducerIdsRecord::BLOCK));
    Ok((MetadataRecord::ProducerIds(ProducerIdsRecord { broker, epoch, next }), first))
}
