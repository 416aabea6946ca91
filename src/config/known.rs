//! Kafka's own keys that have no effect here: accepted in a scenario and listed in the verdict as "no effect here".

/// Keys of servers.
pub const BROKER: &[&str] = &[];
/// Keys of topics.
pub const TOPIC: &[&str] = &[];
/// Keys of producers.
pub const PRODUCER: &[&str] = &[];
/// Keys of consumers.
pub const CONSUMER: &[&str] = &[];
