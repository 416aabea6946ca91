//! The two profiles: Kafka's own defaults, and the same divided so that a story fits a screen.

use super::value::words;

words! {
    /// A set of defaults.
    Profile {
        /// Kafka's defaults.
        "kafka" Kafka,
        /// Kafka's time-outs divided by ten, tiny segments.
        "fast" Fast,
    }
}
