//! Eligible leader replicas: who left the ISR while it was too small to lose anybody, and so still holds all that was
//! committed (KIP-966).
//!
//! Rules: with at least `min.insync.replicas` in sync there are none. Below, whoever leaves the ISR becomes eligible and
//! stays so until it is in sync again, until the ISR is large enough, or until it comes back from an unclean shutdown. The
//! ISR may become empty then; the last leader is remembered, as the one to fall back on when nobody eligible is left.
//!
//! Why that is safe: the high watermark does not advance below min ISR, so nothing is committed that an eligible replica
//! has not got.
//!
//! Called by: [`super::elections`]. Source: Kafka's `PartitionChangeBuilder` (`maybePopulateTargetElr`,
//! `maybeUpdateLastKnownLeader`).
//!
//! Kafka differs: a replica that is moved away is no longer eligible, so that only replicas are. Not modelled:
//! `unclean.recovery.strategy` (KIP-966 part 2): the last known leader alone is fallen back on.

use super::image::MetadataImage;
use super::records::{MetadataRecord, NewLeader, PartitionChange};
use crate::event::PartitionFacts;
use crate::ids::{BrokerId, BrokerSet};

/// What eligibility goes by for one partition.
#[derive(Clone, Copy, Debug)]
pub(super) struct ElrRule {
    /// Whether eligible replicas are kept at all.
    pub(super) is_on: bool,
    /// `min.insync.replicas` of the topic.
    pub(super) min_isr: u32,
    /// Who came back from an unclean shutdown just now.
    pub(super) unclean_shutdown: Option<BrokerId>,
}

/// Who is eligible when `isr` is in sync from here on, among `replicas`.
pub(super) fn eligible(facts: &PartitionFacts, isr: BrokerSet, replicas: BrokerSet, rule: ElrRule) -> BrokerSet {
    let enough = usize::try_from(rule.min_isr).unwrap_or(usize::MAX).min(replicas.len());
    if !rule.is_on || isr.len() >= enough {
        return BrokerSet::EMPTY;
    }
    let stays = |broker: &BrokerId| !isr.contains(*broker) && replicas.contains(*broker) && rule.unclean_shutdown != Some(*broker);
    facts.elr.union(facts.isr).iter().filter(stays).collect()
}

/// Who is remembered as the last leader after a change to `leader` and `isr`.
pub(super) fn last_known(facts: &PartitionFacts, leader: NewLeader, isr: BrokerSet, replicas: BrokerSet, is_on: bool) -> BrokerSet {
    let has_leader = match leader {
        NewLeader::Broker(_) => true,
        NewLeader::Same => facts.leader.is_some(),
        NewLeader::Nobody => false,
    };
    if !is_on || has_leader {
        return BrokerSet::EMPTY;
    }
    let lost = facts.leader.filter(|_| isr.is_empty()).map(|leader| BrokerSet::EMPTY.with(leader));
    let remembered = lost.unwrap_or(facts.last_known_elr);
    remembered.iter().filter(|broker| replicas.contains(*broker)).collect()
}

/// Whom to fall back on when nobody is in sync or eligible.
pub(super) fn fallback(facts: &PartitionFacts, isr: BrokerSet, elr: BrokerSet) -> Option<BrokerId> {
    let is_last_resort = isr.is_empty() && elr.is_empty() && facts.last_known_elr.len() == 1;
    facts.last_known_elr.iter().next().filter(|_| is_last_resort)
}

/// Forgets who was eligible everywhere: the feature is switched off. `None` while some ISR is empty, since without the
/// feature an ISR never is.
pub(super) fn decide_forgetting(image: &MetadataImage) -> Option<Vec<MetadataRecord>> {
    let is_any_empty = image.leaderless().filter_map(|partition| image.partition(partition)).any(|facts| facts.isr.is_empty());
    if is_any_empty {
        return None;
    }
    let forget = |partition| {
        let elr = Some(BrokerSet::EMPTY);
        MetadataRecord::PartitionChange(PartitionChange { elr, last_known_elr: elr, ..PartitionChange::nothing(partition) })
    };
    Some(image.partitions_with_elr().map(forget).collect())
}
