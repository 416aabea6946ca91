//! The group coordinator of a broker: who is in a group, who reads what, and how far a group has come.
//!
//! | to understand | read |
//! |---|---|
//! | what it works with | [`desk`] |
//! | how a request becomes a record, and a record an answer | [`runtime`] |
//! | what each request does | `requests`, `commits`, `admin` |
//! | how a group changes its protocol | `handover`, [`group::consumer`] |
//! | the classic protocol | [`group::classic`] |
//! | the consumer protocol (KIP-848) | [`group::consumer`], [`assignor`] |
//! | what is written, and read back after a fail-over | [`records`], `shard` |
//! | what happens by the clock | `deadlines`, [`offsets`] |
//!
//! Invariant: a group lives in one partition of `__consumer_offsets`, and is coordinated by whoever leads that.
//!
//! Called by: `broker/groups`. Source: KIP-848; Kafka's `GroupCoordinatorService`.
//!
//! Not modelled: transactional commits, share groups, streams groups, quotas.

mod admin;
pub mod assignor;
mod commits;
mod deadlines;
pub mod desk;
pub mod group;
mod handover;
pub mod offsets;
pub mod records;
mod requests;
pub mod runtime;
mod shard;
pub mod topics;

use std::collections::BTreeMap;

use crate::ids::PartitionIndex;
use crate::time::Timers;

use runtime::{Due, ParkedWrites};
use shard::Shard;

/// The groups coordinated by one broker.
#[derive(Clone, Debug, Default)]
pub struct GroupCoordinator {
    shards: BTreeMap<PartitionIndex, Shard>,
    parked: ParkedWrites,
    timers: Timers<Due>,
    next_write: u64,
    next_member: u32,
}
