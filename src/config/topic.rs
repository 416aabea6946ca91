//! A topic's configuration. A server sets the defaults under the `log.` synonyms; the topic overrides them.

use super::declare::config;
use super::value::TimestampType;
use crate::time::Duration;

config! {
    /// What a topic may set for itself.
    TopicConfig {
        /// How many replicas must be in sync for an acks=all append (at most the replication factor counts).
        "min.insync.replicas" min_insync_replicas: u32 = "1" | "1",
        /// Whether a replica outside the ISR may lead when nobody in it is alive.
        "unclean.leader.election.enable" unclean_leader_election: bool = "false" | "false",
        /// A segment is rolled before it grows beyond this many bytes.
        "segment.bytes" segment_bytes: u64 = "1073741824" | "4096",
        /// A segment is rolled when its first record is this much older than the next, by record timestamps.
        "segment.ms" segment_ms: Duration = "604800000" | "60480000",
        /// A segment is rolled when its offset index is full: 8 bytes an entry.
        "segment.index.bytes" segment_index_bytes: u64 = "10485760" | "10485760",
        /// How many bytes of batches lie between two entries of the offset index.
        "index.interval.bytes" index_interval_bytes: u64 = "4096" | "512",
        /// The largest record batch a leader takes, in bytes.
        "max.message.bytes" max_message_bytes: u32 = "1048588" | "1048588",
        /// Whose clock stamps the records.
        "message.timestamp.type" message_timestamp_type: TimestampType = "CreateTime" | "CreateTime",
        /// How far a CreateTime may lie behind the leader's clock.
        "message.timestamp.before.max.ms" message_timestamp_before_max: Duration = "9223372036854775807" | "9223372036854775807",
        /// How far a CreateTime may lie ahead of the leader's clock.
        "message.timestamp.after.max.ms" message_timestamp_after_max: Duration = "3600000" | "3600000",
        /// After how many appended records a log is synced.
        "flush.messages" flush_messages: u64 = "9223372036854775807" | "9223372036854775807",
        /// How long after a flush the next one is due, if `log.flush.scheduler.interval.ms` lets somebody look.
        "flush.ms" flush_interval: Duration = "9223372036854775807" | "9223372036854775807",
    }
}
