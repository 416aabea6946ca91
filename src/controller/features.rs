//! Features: the rules of the data plane as levels in the metadata log, so that every broker follows the same rule from the
//! same record on. They are the museum's switch.
//!
//! Rules: a cluster's log begins with the level of each feature, as the cluster was set up. Level *n* is the *n*-th word of
//! the variant, the oldest rule being 0. Levels go up and down while the cluster runs.
//!
//! Invariant: what gates the data plane is read from the image, never from a server's own setup.
//!
//! Called by: [`super::activation`] for a new cluster, [`super::server`]. Source: KIP-584, KIP-778; Kafka's
//! `FeatureControlManager`, `BootstrapMetadata`.
//!
//! Kafka differs: its one `metadata.version` gates most of this, and a downgrade must be asked for as such; brokers tell the
//! levels they know, here all know all.

use super::admin::Item;
use super::basis::Basis;
use super::elr::decide_forgetting;
use super::records::{FeatureLevelRecord, MetadataRecord};
use super::server::Controller;
use crate::config::{Variant, Variants};
use crate::context::{Context, ReplyTo};
use crate::error::ErrorCode;
use crate::protocol::{UpdateFeaturesRequest, UpdateFeaturesResponse};

/// The variants that are features; the others are the quorum's and the disks' own, set up with each server.
const FEATURES: [&str; 6] = ["truncation", "epoch-fencing", "isr-join-rule", "hw-isr", "isr-eligibility", "elr"];

impl Controller {
    pub(super) fn handle_update_features(&mut self, reply_to: ReplyTo, request: &UpdateFeaturesRequest, cx: &mut Context<'_>) {
        let items = decide_updates(&self.basis(), request);
        self.write_items(items, reply_to, |done| UpdateFeaturesResponse(done).into(), cx);
    }
}

/// The records that a new cluster's log begins with.
pub(super) fn bootstrap(variants: &Variants) -> Vec<MetadataRecord> {
    let level = |name: &str| {
        let level = variants.level(name).expect("every feature is a variant at one of its words");
        MetadataRecord::FeatureLevel(FeatureLevelRecord { name: name.to_owned(), level })
    };
    FEATURES.into_iter().map(level).collect()
}

/// Decides all or nothing.
///
/// Errors, for the feature at fault; the others are then refused with FEATURE_UPDATE_FAILED: INVALID_UPDATE_VERSION for an
/// unknown feature or level; FEATURE_UPDATE_FAILED for `elr` off while some ISR is empty.
fn decide_updates(basis: &Basis<'_>, request: &UpdateFeaturesRequest) -> Vec<Item> {
    let decide = |(name, level): &(String, u16)| Item { name: name.clone(), result: decide_update(basis, name, *level) };
    let mut items: Vec<Item> = request.updates.iter().map(decide).collect();
    if items.iter().any(|item| item.result.is_err()) {
        for item in items.iter_mut().filter(|item| item.result.is_ok()) {
            item.result = Err(ErrorCode::FeatureUpdateFailed);
        }
    }
    items
}

fn decide_update(basis: &Basis<'_>, name: &str, level: u16) -> Result<Vec<MetadataRecord>, ErrorCode> {
    let is_word = |variant: &&Variant| FEATURES.contains(&variant.name) && variant.name == name;
    let feature = Variants::ALL.iter().find(is_word).ok_or(ErrorCode::InvalidUpdateVersion)?;
    feature.words.get(usize::from(level)).ok_or(ErrorCode::InvalidUpdateVersion)?;
    if basis.variants().level(name) == Some(level) {
        return Ok(Vec::new());
    }
    let mut records = vec![MetadataRecord::FeatureLevel(FeatureLevelRecord { name: name.to_owned(), level })];
    if name == "elr" && level == 0 {
        records.extend(decide_forgetting(basis.image).ok_or(ErrorCode::FeatureUpdateFailed)?);
    }
    Ok(records)
}
