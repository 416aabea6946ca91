//! What a decision goes by: the metadata as written so far, and what the controller was told before it started.
//!
//! Called by: every `decide` of this folder.

use super::image::MetadataImage;
use super::setup::ControllerSetup;
use crate::config::{TopicConfig, Variants};

/// The ground a decision stands on.
#[derive(Clone, Copy)]
pub(super) struct Basis<'a> {
    /// Everything written, committed or not.
    pub(super) image: &'a MetadataImage,
    /// What the controller was told.
    pub(super) setup: &'a ControllerSetup,
}

impl Basis<'_> {
    /// The rules in force: features as the metadata says, the others as set up.
    pub(super) fn variants(&self) -> Variants {
        self.image.variants(self.setup.variants)
    }

    /// What a topic is configured as unless it says otherwise.
    pub(super) fn topic_defaults(&self) -> TopicConfig {
        self.image.topic_defaults(&self.setup.topic_defaults, None)
    }
}
