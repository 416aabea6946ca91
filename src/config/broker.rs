//! A server's configuration, brokers and controllers alike.

use super::declare::config;
use super::policy::{MigrationPolicy, Names, Ratio};
use super::value::{LogDirs, Rack, ReplicaSelector};
use crate::time::Duration;

config! {
    /// What a server may set; the defaults for its topics are a [`super::TopicConfig`] beside it.
    BrokerConfig {
        /// How often a broker tells the controller that it lives.
        "broker.heartbeat.interval.ms" broker_heartbeat_interval: Duration = "2000" | "200",
        /// How long the controller waits for a heartbeat before it fences the broker.
        "broker.session.timeout.ms" broker_session_timeout: Duration = "9000" | "900",
        /// A follower that did not reach the leader's end for this long leaves the ISR.
        "replica.lag.time.max.ms" replica_lag_time_max: Duration = "30000" | "3000",
        /// How long a leader parks a follower's fetch that finds nothing.
        "replica.fetch.wait.max.ms" replica_fetch_wait_max: Duration = "500" | "50",
        /// How many bytes are worth answering a follower's fetch for.
        "replica.fetch.min.bytes" replica_fetch_min_bytes: u32 = "1" | "1",
        /// How many bytes of one partition a follower fetches at once.
        "replica.fetch.max.bytes" replica_fetch_max_bytes: u32 = "1048576" | "1048576",
        /// How many bytes a follower fetches at once.
        "replica.fetch.response.max.bytes" replica_fetch_response_max_bytes: u32 = "10485760" | "10485760",
        /// How long a follower waits after a refused or failed fetch.
        "replica.fetch.backoff.ms" replica_fetch_backoff: Duration = "1000" | "100",
        /// How long a follower waits for an answer.
        "replica.socket.timeout.ms" replica_socket_timeout: Duration = "30000" | "3000",
        /// How often a broker writes down the high watermarks.
        "replica.high.watermark.checkpoint.interval.ms" high_watermark_checkpoint_interval: Duration = "5000" | "500",
        /// How often a broker writes down up to where its logs are on disk, so that a start need not scan them.
        "log.flush.offset.checkpoint.interval.ms" flush_offset_checkpoint_interval: Duration = "60000" | "6000",
        /// How often a broker writes down where its logs begin.
        "log.flush.start.offset.checkpoint.interval.ms" flush_start_offset_checkpoint_interval: Duration = "60000" | "6000",
        /// How often a broker looks for logs that `flush.ms` wants flushed.
        "log.flush.scheduler.interval.ms" flush_scheduler_interval: Duration = "9223372036854775807" | "9223372036854775807",
        /// The log directories, each on a disk that fails alone; what they are called makes no difference here.
        "log.dirs" log_dirs: LogDirs = "/tmp/kafka-logs" | "/tmp/kafka-logs",
        /// How long the active controller's followers wait for an answer to their fetch.
        "controller.quorum.fetch.timeout.ms" quorum_fetch_timeout: Duration = "2000" | "200",
        /// How long a quorum request may take.
        "controller.quorum.request.timeout.ms" quorum_request_timeout: Duration = "2000" | "200",
        /// How long a server waits before it repeats a quorum request.
        "controller.quorum.retry.backoff.ms" quorum_retry_backoff: Duration = "20" | "2",
        /// How long the active controller may gather records before it syncs them.
        "controller.quorum.append.linger.ms" quorum_append_linger: Duration = "25" | "2",
        /// How long a voter without a leader waits before it stands for election, and a candidate for its votes; a random
        /// part of as much again is added.
        "controller.quorum.election.timeout.ms" quorum_election_timeout: Duration = "1000" | "100",
        /// How long the least of the successors waits before it stands, when a leader resigns.
        "controller.quorum.election.backoff.max.ms" quorum_election_backoff_max: Duration = "1000" | "100",
        /// How many bytes of the metadata log one answer to a fetch may hold; the first batch comes whole all the same.
        "controller.quorum.fetch.max.bytes" quorum_fetch_max_bytes: u32 = "8388608" | "8388608",
        /// How many bytes of a snapshot are fetched at once.
        "controller.quorum.fetch.snapshot.max.bytes" quorum_fetch_snapshot_max_bytes: u32 = "8388608" | "4096",
        /// How large a segment file of the metadata log may grow.
        "metadata.log.segment.bytes" metadata_log_segment_bytes: u64 = "1073741824" | "16384",
        /// After how many bytes of new metadata a snapshot is written.
        "metadata.log.max.record.bytes.between.snapshots" snapshot_record_bytes: u64 = "20971520" | "16384",
        /// After how long a snapshot is written, if there is anything new; 0 is never.
        "metadata.log.max.snapshot.interval.ms" snapshot_interval: Duration = "3600000" | "360000",
        /// How long a broker waits for the controller's answer to a registration, heartbeat or proposal.
        "controller.socket.timeout.ms" controller_socket_timeout: Duration = "30000" | "3000",
        /// Where the broker stands (KIP-36).
        "broker.rack" broker_rack: Option<Rack> = "" | "",
        /// How a leader chooses the replica that a consumer should read from (KIP-392).
        "replica.selector.class" replica_selector: ReplicaSelector = "LeaderSelector" | "LeaderSelector",
        /// How many bytes a single request may have.
        "socket.request.max.bytes" socket_request_max_bytes: u32 = "104857600" | "104857600",
        /// Whether leadership goes back to preferred replicas by itself.
        "auto.leader.rebalance.enable" auto_leader_rebalance: bool = "true" | "true",
        /// How often the controller looks whether it should, in seconds.
        "leader.imbalance.check.interval.seconds" leader_imbalance_check_interval: u32 = "300" | "30",
        /// How many of the partitions that prefer a broker may be led by others before it does, in percent.
        "leader.imbalance.per.broker.percentage" leader_imbalance_percentage: u32 = "10" | "10",
        /// How often the controller elects leaders uncleanly where a topic came to allow it.
        "unclean.leader.election.interval.ms" unclean_leader_election_interval: Duration = "300000" | "30000",
        /// How often retention looks for segments that are due.
        "log.retention.check.interval.ms" retention_check_interval: Duration = "300000" | "30000",
        /// How long after a broker's start the first look at retention, cleaning and checkpoints waits.
        "log.initial.task.delay.ms" initial_task_delay: Duration = "30000" | "3000",
        /// Whether logs are compacted at all.
        "log.cleaner.enable" cleaner_enable: bool = "true" | "true",
        /// How long the cleaner waits when it found nothing to clean.
        "log.cleaner.backoff.ms" cleaner_backoff: Duration = "15000" | "1000",
        /// How many bytes the cleaner has for its map from keys to offsets: 24 for each key.
        "log.cleaner.dedupe.buffer.size" cleaner_dedupe_buffer: u64 = "134217728" | "134217728",
        /// How full that map may become.
        "log.cleaner.io.buffer.load.factor" cleaner_load_factor: Ratio = "0.9" | "0.9",
        /// How many bytes the cleaner reads at once; a larger batch makes it read more.
        "log.cleaner.io.buffer.size" cleaner_io_buffer: u64 = "524288" | "524288",
        /// How long the first rebalance of a new group waits for more members.
        "group.initial.rebalance.delay.ms" group_initial_rebalance_delay: Duration = "3000" | "300",
        /// The shortest session time-out that a classic member may have.
        "group.min.session.timeout.ms" group_min_session_timeout: Duration = "6000" | "600",
        /// The longest.
        "group.max.session.timeout.ms" group_max_session_timeout: Duration = "1800000" | "180000",
        /// How many members a classic group may have.
        "group.max.size" group_max_size: u32 = "2147483647" | "2147483647",
        /// After this much silence a member of the consumer protocol is out (KIP-848).
        "group.consumer.session.timeout.ms" group_consumer_session_timeout: Duration = "45000" | "4500",
        /// How often a member of the consumer protocol says that it is alive.
        "group.consumer.heartbeat.interval.ms" group_consumer_heartbeat_interval: Duration = "5000" | "500",
        /// How many members a group of the consumer protocol may have.
        "group.consumer.max.size" group_consumer_max_size: u32 = "2147483647" | "2147483647",
        /// The coordinator's own assignors, the default first.
        "group.consumer.assignors" group_consumer_assignors: Names = "uniform,range" | "uniform,range",
        /// Whether a group may go from one protocol to the other while it lives.
        "group.consumer.migration.policy" group_consumer_migration: MigrationPolicy = "bidirectional" | "bidirectional",
        /// How many partitions `__consumer_offsets` is made with.
        "offsets.topic.num.partitions" offsets_topic_partitions: u32 = "50" | "4",
        /// How many replicas it is made with.
        "offsets.topic.replication.factor" offsets_topic_replication: u32 = "3" | "3",
        /// How large its segments may grow.
        "offsets.topic.segment.bytes" offsets_topic_segment_bytes: u64 = "104857600" | "16384",
        /// How long offsets are kept after their group became empty (KIP-211), in minutes.
        "offsets.retention.minutes" offsets_retention_minutes: u32 = "10080" | "1008",
        /// How often the coordinator looks for offsets that are too old.
        "offsets.retention.check.interval.ms" offsets_retention_check_interval: Duration = "600000" | "60000",
        /// How long the note on a committed offset may be.
        "offset.metadata.max.bytes" offset_metadata_max_bytes: u32 = "4096" | "4096",
        /// How long a commit may wait for its replicas.
        "offsets.commit.timeout.ms" offsets_commit_timeout: Duration = "5000" | "500",
        /// Whether a topic is made when a client asks for it by its name.
        "auto.create.topics.enable" auto_create_topics: bool = "true" | "true",
        /// How many partitions a topic has that is made so.
        "num.partitions" num_partitions: u32 = "1" | "1",
        /// How many replicas.
        "default.replication.factor" default_replication_factor: u32 = "1" | "1",
    }
}
