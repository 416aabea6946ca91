//! Historical rules as settings, each gated like one of Kafka's feature versions, each with an exhibit in the museum.

use super::value::words;

words! {
    /// How a replica that begins to follow finds where to cut its log.
    Truncation {
        /// Before KIP-101: at its own high watermark. Acknowledged records may be lost, logs may fork.
        "high-watermark" HighWatermark,
        /// Since KIP-279 and KIP-595: at the end of the last epoch it shares with the leader, told in the Fetch response.
        "kip-279" Kip279,
    }
}

/// The rule in force for each question on which Kafka changed its mind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variants {
    /// `truncation`
    pub truncation: Truncation,
}

impl Default for Variants {
    fn default() -> Self {
        Self { truncation: Truncation::Kip279 }
    }
}
