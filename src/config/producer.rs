//! A producer's configuration.

use super::declare::config;
use super::value::Partitioner;
use crate::event::Acks;
use crate::time::Duration;

config! {
    /// What a producer may set.
    ProducerConfig {
        /// What it wants to hear before a send counts as done.
        "acks" acks: Acks = "all" | "all",
        /// Whether batches carry producer id, epoch and sequence. Kafka's default is true; idempotence is not built yet.
        "enable.idempotence" enable_idempotence: bool = "false" | "false",
        /// How many requests may wait for their answers on one connection.
        "max.in.flight.requests.per.connection" max_in_flight: u32 = "5" | "5",
        /// How often a batch is sent again at most.
        "retries" retries: u32 = "2147483647" | "2147483647",
        /// From the send until it is given up, whatever became of it.
        "delivery.timeout.ms" delivery_timeout: Duration = "120000" | "12000",
        /// How long one request may wait for its answer.
        "request.timeout.ms" request_timeout: Duration = "30000" | "3000",
        /// How long to wait before the first retry.
        "retry.backoff.ms" retry_backoff: Duration = "100" | "10",
        /// How long to wait before a retry at most; each doubles the wait.
        "retry.backoff.max.ms" retry_backoff_max: Duration = "1000" | "100",
        /// How long a batch that is not full waits for more records.
        "linger.ms" linger: Duration = "5" | "5",
        /// How many bytes of records go into one batch.
        "batch.size" batch_size: u32 = "16384" | "16384",
        /// How many bytes of records may wait in all.
        "buffer.memory" buffer_memory: u64 = "33554432" | "33554432",
        /// How long a send waits for metadata or memory before it is refused.
        "max.block.ms" max_block: Duration = "60000" | "6000",
        /// How many bytes one request may have.
        "max.request.size" max_request_size: u32 = "1048576" | "1048576",
        /// How a record without a named partition gets one.
        "partitioner" partitioner: Partitioner = "default" | "default",
        /// After this long metadata is asked for again.
        "metadata.max.age.ms" metadata_max_age: Duration = "300000" | "30000",
    }
}
