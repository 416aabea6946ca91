//! Configuration: Kafka's own keys, values and defaults, and the two profiles.
//!
//! A key is of one of three kinds: *modelled* (a field of one of the structs here), *known* (Kafka's own, accepted, without
//! effect here: [`known`]), or unknown (an error that names the nearest key).
//!
//! Invariant: a key, its field, its default in both profiles and its sentence stand in one place: the list in its file.

mod broker;
mod consumer;
mod declare;
pub mod known;
mod lookup;
mod nearest;
mod policy;
mod producer;
mod profile;
mod range;
mod release;
mod topic;
mod value;
mod variants;

pub use broker::BrokerConfig;
pub use consumer::ConsumerConfig;
pub use declare::{ConfigError, Key};
pub use lookup::{Hint, Lookup, Owner, SYNONYMS, Synonym};
pub use nearest::nearest;
pub use policy::{
    AutoOffsetReset, CleanupPolicy, GroupProtocol, IsolationLevel, Limit, MigrationPolicy, Names, Ratio, Strategies, Strategy,
    iso_duration,
};
pub use producer::ProducerConfig;
pub use profile::Profile;
pub use release::Release;
pub use topic::TopicConfig;
pub use value::{LogDirs, Partitioner, Rack, ReplicaSelector, TimestampType, Value};
pub use variants::{
    EpochFencing, HwIsr, IsrEligibility, IsrJoinRule, OffsetExpiry, Switch, TombstoneClock, Truncation, Variant, Variants,
};
