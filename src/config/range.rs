//! Which values a modelled key may have, and which values do not go together.
//!
//! Source: the validators of Kafka's ConfigDefs (LogConfig, ProducerConfig, ConsumerConfig, KafkaConfig.validateValues).
//!
//! Kafka differs: since 4.0 `segment.bytes` is at least 1 MiB; here a segment may be as small as a kilobyte, because a log
//! that rolls is worth looking at and a screen holds few records. Intervals that Kafka would accept as 0 must be positive,
//! because simulated time would never pass.
//!
//! Called by: the scenario reader.

use super::declare::ConfigError;
use super::lookup::Owner;
use super::{BrokerConfig, ProducerConfig};
use crate::time::Duration;

/// The greatest value of Kafka's type `int`.
const INT: i64 = i32::MAX as i64;
/// The greatest value of Kafka's type `long`.
const LONG: i64 = i64::MAX;
/// The greatest value of Kafka's type `short`.
const SHORT: i64 = i16::MAX as i64;

/// A number's bounds, both included.
struct Range {
    owner: Owner,
    key: &'static str,
    low: i64,
    high: i64,
}

macro_rules! ranges {
    ($($owner:ident { $($key:literal $low:literal $high:ident),* $(,)? })*) => {
        const RANGES: &[Range] = &[$($(Range { owner: Owner::$owner, key: $key, low: $low, high: $high }),*),*];
    };
}

ranges! {
    Broker {
        "broker.heartbeat.interval.ms" 1 INT,
        "broker.session.timeout.ms" 1 INT,
        "replica.lag.time.max.ms" 1 LONG,
        "replica.fetch.wait.max.ms" 1 INT,
        "replica.fetch.min.bytes" 0 INT,
        "replica.fetch.max.bytes" 0 INT,
        "replica.fetch.response.max.bytes" 0 INT,
        "replica.fetch.backoff.ms" 1 INT,
        "replica.socket.timeout.ms" 1 INT,
        "replica.high.watermark.checkpoint.interval.ms" 1 LONG,
        "log.flush.offset.checkpoint.interval.ms" 1 INT,
        "log.flush.start.offset.checkpoint.interval.ms" 1 INT,
        "log.flush.scheduler.interval.ms" 1 LONG,
        "controller.quorum.fetch.timeout.ms" 1 INT,
        "controller.socket.timeout.ms" 1 INT,
        "controller.quorum.request.timeout.ms" 1 INT,
        "controller.quorum.retry.backoff.ms" 1 INT,
        "controller.quorum.append.linger.ms" 0 INT,
        "controller.quorum.election.timeout.ms" 1 INT,
        "controller.quorum.election.backoff.max.ms" 1 INT,
        "controller.quorum.fetch.max.bytes" 1 INT,
        "controller.quorum.fetch.snapshot.max.bytes" 1 INT,
        "metadata.log.segment.bytes" 1024 INT,
        "metadata.log.max.record.bytes.between.snapshots" 1 LONG,
        "metadata.log.max.snapshot.interval.ms" 0 LONG,
        "socket.request.max.bytes" 1 INT,
        "leader.imbalance.check.interval.seconds" 1 INT,
        "leader.imbalance.per.broker.percentage" 0 INT,
        "unclean.leader.election.interval.ms" 1 LONG,
        "log.retention.check.interval.ms" 1 LONG,
        "log.initial.task.delay.ms" 0 LONG,
        "log.cleaner.backoff.ms" 1 LONG,
        "log.cleaner.dedupe.buffer.size" 24 LONG,
        "log.cleaner.io.buffer.size" 1 INT,
        "group.initial.rebalance.delay.ms" 0 INT,
        "group.min.session.timeout.ms" 1 INT,
        "group.max.session.timeout.ms" 1 INT,
        "group.max.size" 1 INT,
        "group.consumer.session.timeout.ms" 1 INT,
        "group.consumer.heartbeat.interval.ms" 1 INT,
        "group.consumer.max.size" 1 INT,
        "offsets.topic.num.partitions" 1 INT,
        "offsets.topic.replication.factor" 1 SHORT,
        "offsets.topic.segment.bytes" 1024 INT,
        "offsets.retention.minutes" 1 INT,
        "offsets.retention.check.interval.ms" 1 LONG,
        "offset.metadata.max.bytes" 0 INT,
        "offsets.commit.timeout.ms" 1 INT,
        "num.partitions" 1 INT,
        "default.replication.factor" 1 SHORT,
    }
    Topic {
        "min.insync.replicas" 1 INT,
        "segment.bytes" 1024 INT,
        "segment.ms" 1 LONG,
        "segment.index.bytes" 4 INT,
        "index.interval.bytes" 0 INT,
        "max.message.bytes" 0 INT,
        "retention.ms" -1 LONG,
        "retention.bytes" -1 LONG,
        "delete.retention.ms" 0 LONG,
        "min.compaction.lag.ms" 0 LONG,
        "max.compaction.lag.ms" 1 LONG,
        "file.delete.delay.ms" 0 LONG,
        "message.timestamp.before.max.ms" 0 LONG,
        "message.timestamp.after.max.ms" 0 LONG,
        "flush.messages" 1 LONG,
        "flush.ms" 0 LONG,
    }
    Producer {
        "max.in.flight.requests.per.connection" 1 INT,
        "retries" 0 INT,
        "delivery.timeout.ms" 0 INT,
        "request.timeout.ms" 1 INT,
        "retry.backoff.ms" 1 LONG,
        "retry.backoff.max.ms" 1 LONG,
        "linger.ms" 0 LONG,
        "batch.size" 0 INT,
        "buffer.memory" 0 LONG,
        "max.block.ms" 0 LONG,
        "max.request.size" 0 INT,
        "metadata.max.age.ms" 1 LONG,
    }
    Consumer {
        "fetch.min.bytes" 0 INT,
        "fetch.max.wait.ms" 1 INT,
        "fetch.max.bytes" 0 INT,
        "max.partition.fetch.bytes" 0 INT,
        "max.poll.records" 1 INT,
        "request.timeout.ms" 1 INT,
        "retry.backoff.ms" 1 LONG,
        "retry.backoff.max.ms" 1 LONG,
        "metadata.max.age.ms" 1 LONG,
        "session.timeout.ms" 1 INT,
        "heartbeat.interval.ms" 1 INT,
        "max.poll.interval.ms" 1 INT,
        "auto.commit.interval.ms" 1 INT,
        "default.api.timeout.ms" 0 INT,
    }
}

impl Owner {
    /// The bounds of a numeric key, both included.
    #[must_use]
    pub fn range(self, key: &str) -> Option<(i64, i64)> {
        RANGES.iter().find(|range| range.owner == self && range.key == key).map(|range| (range.low, range.high))
    }

    /// Whether a modelled key may have this value, as far as the key alone can tell. Text that is no number is left to the
    /// key's own type. Errors: what it may be, for people.
    pub fn check_range(self, key: &str, value: &str) -> Result<(), String> {
        let Some((low, high)) = self.range(key) else { return Ok(()) };
        let Ok(number) = value.parse::<i64>() else { return Ok(()) };
        if number < low {
            return Err(format!("it must be at least {low}"));
        }
        if number > high { Err(format!("it must be at most {high}")) } else { Ok(()) }
    }
}

impl BrokerConfig {
    /// Whether the times of a server go together. Errors: [`ConfigError::BadValue`].
    pub fn check(&self) -> Result<(), ConfigError> {
        let wait = self.replica_fetch_wait_max;
        at_most("replica.fetch.wait.max.ms", wait, "replica.socket.timeout.ms", self.replica_socket_timeout)?;
        at_most("replica.fetch.wait.max.ms", wait, "replica.lag.time.max.ms", self.replica_lag_time_max)?;
        // Kafka only warns of this one; a broker that is fenced between two heartbeats never leads anything.
        at_most(
            "broker.heartbeat.interval.ms",
            self.broker_heartbeat_interval,
            "broker.session.timeout.ms",
            self.broker_session_timeout,
        )
    }
}

impl ProducerConfig {
    /// Makes `delivery.timeout.ms` agree with `linger.ms` + `request.timeout.ms`: a default is raised, a value that was set
    /// is refused (Kafka's configureDeliveryTimeout). Idempotence is refused because it is not built yet.
    /// Errors: [`ConfigError::BadValue`].
    pub fn settle(&mut self, is_delivery_timeout_set: bool) -> Result<(), ConfigError> {
        if self.enable_idempotence {
            return Err(ConfigError::BadValue {
                key: "enable.idempotence",
                value: "true".to_owned(),
                why: "idempotent producers are not built yet".to_owned(),
            });
        }
        let least = self.linger.plus(self.request_timeout);
        if self.delivery_timeout >= least {
            return Ok(());
        }
        if !is_delivery_timeout_set {
            self.delivery_timeout = least;
            return Ok(());
        }
        Err(ConfigError::BadValue {
            key: "delivery.timeout.ms",
            value: self.delivery_timeout.as_millis().to_string(),
            why: format!("it must be at least linger.ms + request.timeout.ms, which is {}", least.as_millis()),
        })
    }
}

fn at_most(key: &'static str, span: Duration, bound: &'static str, most: Duration) -> Result<(), ConfigError> {
    if span <= most {
        return Ok(());
    }
    let why = format!("it must be at most {bound}, which is {}", most.as_millis());
    Err(ConfigError::BadValue { key, value: span.as_millis().to_string(), why })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Profile;

    #[test]
    fn a_range_stands_for_a_modelled_key() {
        for range in RANGES {
            assert!(range.owner.keys().iter().any(|key| key.name == range.key), "{}", range.key);
        }
    }

    #[test]
    fn values_out_of_bounds_are_refused() {
        assert_eq!(Owner::Topic.check_range("segment.bytes", "0"), Err("it must be at least 1024".to_owned()));
        assert_eq!(Owner::Topic.check_range("segment.bytes", "4096"), Ok(()));
        assert_eq!(
            Owner::Producer.check_range("max.in.flight.requests.per.connection", "0"),
            Err("it must be at least 1".to_owned())
        );
        assert_eq!(Owner::Producer.check_range("retries", "2147483648"), Err("it must be at most 2147483647".to_owned()));
        assert_eq!(Owner::Producer.check_range("linger.ms", "-1"), Err("it must be at least 0".to_owned()));
    }

    #[test]
    fn a_delivery_timeout_that_was_set_too_short_is_refused_and_a_default_is_raised() {
        let mut config = ProducerConfig::of(Profile::Kafka);
        config.set("request.timeout.ms", "200000").expect("a time");
        assert!(config.clone().settle(true).is_err());
        config.settle(false).expect("a default gives way");
        assert_eq!(config.delivery_timeout, Duration::from_millis(200_005));
    }

    #[test]
    fn idempotence_is_refused_until_it_is_built() {
        let mut config = ProducerConfig::of(Profile::Kafka);
        config.set("enable.idempotence", "true").expect("true or false");
        assert!(config.settle(false).is_err());
    }
}
