//! A consumer's configuration.

use super::declare::config;
use super::policy::{AutoOffsetReset, GroupProtocol, IsolationLevel, Strategies};
use super::value::Rack;
use crate::time::Duration;

config! {
    /// What a consumer may set.
    ConsumerConfig {
        /// What to do without a valid position.
        "auto.offset.reset" auto_offset_reset: AutoOffsetReset = "latest" | "latest",
        /// How many bytes are worth an answer.
        "fetch.min.bytes" fetch_min_bytes: u32 = "1" | "1",
        /// How long the leader may wait for them.
        "fetch.max.wait.ms" fetch_max_wait: Duration = "500" | "50",
        /// How many bytes one answer may hold.
        "fetch.max.bytes" fetch_max_bytes: u32 = "52428800" | "52428800",
        /// How many bytes of one partition one answer may hold.
        "max.partition.fetch.bytes" max_partition_fetch_bytes: u32 = "1048576" | "1048576",
        /// Where the consumer stands, to be sent to a replica nearby (KIP-392).
        "client.rack" client_rack: Option<Rack> = "" | "",
        /// How many records one poll returns at most.
        "max.poll.records" max_poll_records: u32 = "500" | "500",
        /// Whether batches' checksums are verified.
        "check.crcs" check_crcs: bool = "true" | "true",
        /// How long one request may wait for its answer.
        "request.timeout.ms" request_timeout: Duration = "30000" | "3000",
        /// How long to wait before the first retry.
        "retry.backoff.ms" retry_backoff: Duration = "100" | "10",
        /// How long to wait before a retry at most; each doubles the wait.
        "retry.backoff.max.ms" retry_backoff_max: Duration = "1000" | "100",
        /// After this long metadata is asked for again.
        "metadata.max.age.ms" metadata_max_age: Duration = "300000" | "30000",
        /// The group it reads with; none reads alone.
        "group.id" group_id: Option<Rack> = "" | "",
        /// Which protocol it speaks with its coordinator.
        "group.protocol" group_protocol: GroupProtocol = "classic" | "classic",
        /// Its static name: who comes back under it gets its partitions back (KIP-345).
        "group.instance.id" group_instance_id: Option<Rack> = "" | "",
        /// The coordinator's assignor it wants (KIP-848).
        "group.remote.assignor" group_remote_assignor: Option<Rack> = "" | "",
        /// The assignors it knows, the dearest first (classic).
        "partition.assignment.strategy" assignment_strategy: Strategies = "range,cooperative-sticky" | "range,cooperative-sticky",
        /// After this much silence it is out (classic).
        "session.timeout.ms" session_timeout: Duration = "45000" | "4500",
        /// How often it says that it is alive (classic).
        "heartbeat.interval.ms" heartbeat_interval: Duration = "3000" | "300",
        /// After this long without a poll it leaves its group.
        "max.poll.interval.ms" max_poll_interval: Duration = "300000" | "30000",
        /// Whether it commits by itself what earlier polls returned.
        "enable.auto.commit" enable_auto_commit: bool = "true" | "true",
        /// How often.
        "auto.commit.interval.ms" auto_commit_interval: Duration = "5000" | "500",
        /// Whether it reads what transactions have not committed.
        "isolation.level" isolation_level: IsolationLevel = "read_uncommitted" | "read_uncommitted",
        /// Whether a topic it asks for may be made.
        "allow.auto.create.topics" allow_auto_create_topics: bool = "true" | "true",
        /// How long a call of the application may wait for its answer.
        "default.api.timeout.ms" default_api_timeout: Duration = "60000" | "6000",
    }
}
