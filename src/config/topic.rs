//! A topic's configuration. A server sets the defaults under the `log.` synonyms; the topic overrides them.

use super::declare::config;
use super::policy::{CleanupPolicy, Limit, Ratio};
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
        /// What happens to old data: `delete` by time and size, `compact` to the newest record of each key, or both; nothing
        /// at all when it is empty.
        "cleanup.policy" cleanup_policy: CleanupPolicy = "delete" | "delete",
        /// How long a record is kept at least after its timestamp; -1 is for ever.
        "retention.ms" retention_ms: Duration = "604800000" | "60000",
        /// How many bytes of a partition are kept at least; -1 is all.
        "retention.bytes" retention_bytes: Limit = "-1" | "-1",
        /// How long a tombstone can be read at least after it was cleaned first (KIP-534).
        "delete.retention.ms" delete_retention: Duration = "86400000" | "8640000",
        /// How young a record must be for the cleaner to leave it alone.
        "min.compaction.lag.ms" min_compaction_lag: Duration = "0" | "0",
        /// How old a record may become before the cleaner must look at it, however little there is to clean (KIP-354).
        "max.compaction.lag.ms" max_compaction_lag: Duration = "9223372036854775807" | "9223372036854775807",
        /// Which share of a log's bytes must be dirty for the cleaner to begin.
        "min.cleanable.dirty.ratio" min_cleanable_dirty_ratio: Ratio = "0.5" | "0.5",
        /// How long the files of a segment are kept after it was taken out of the log.
        "file.delete.delay.ms" file_delete_delay: Duration = "60000" | "6000",
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
