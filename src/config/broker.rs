//! A server's configuration, brokers and controllers alike.

use super::declare::config;
use super::value::{Rack, ReplicaSelector};
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
        /// How long the active controller's followers wait for an answer to their fetch.
        "controller.quorum.fetch.timeout.ms" quorum_fetch_timeout: Duration = "2000" | "200",
        /// How long a quorum request may take.
        "controller.quorum.request.timeout.ms" quorum_request_timeout: Duration = "2000" | "200",
        /// How long a server waits before it repeats a quorum request.
        "controller.quorum.retry.backoff.ms" quorum_retry_backoff: Duration = "20" | "2",
        /// How long the active controller may gather records before it syncs them.
        "controller.quorum.append.linger.ms" quorum_append_linger: Duration = "25" | "2",
        /// How long a broker waits for the controller's answer to a registration, heartbeat or proposal.
        "controller.socket.timeout.ms" controller_socket_timeout: Duration = "30000" | "3000",
        /// Where the broker stands (KIP-36).
        "broker.rack" broker_rack: Option<Rack> = "" | "",
        /// How a leader chooses the replica that a consumer should read from (KIP-392).
        "replica.selector.class" replica_selector: ReplicaSelector = "LeaderSelector" | "LeaderSelector",
        /// How many bytes a single request may have.
        "socket.request.max.bytes" socket_request_max_bytes: u32 = "104857600" | "104857600",
    }
}
