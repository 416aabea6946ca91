//! Golden scripts: a situation, told in commands, and what happened. One runner per module in `tests/golden/<module>.rs`,
//! its scripts in `tests/golden/<module>/`, a test for each script.
//!
//! `UPDATE_GOLDENFILES=1 cargo test --test golden` writes the answers anew; they are read line by line before they are kept.

#![allow(clippy::indexing_slicing, reason = "a test that panics has failed, which is what it is for")]

#[path = "golden/cleaner.rs"]
mod cleaner;
#[path = "golden/client.rs"]
mod client;
#[path = "golden/consumer_group.rs"]
mod consumer_group;
#[path = "golden/controller.rs"]
mod controller;
#[path = "golden/groups.rs"]
mod groups;
#[path = "golden/groups_client.rs"]
mod groups_client;
#[path = "golden/groups_words.rs"]
mod groups_words;
#[path = "golden/keeping.rs"]
mod keeping;
#[path = "golden/keeping_print.rs"]
mod keeping_print;
#[path = "golden/log.rs"]
mod log;
#[path = "golden/raft.rs"]
mod raft;
#[path = "golden/recovery.rs"]
mod recovery;
#[path = "golden/recovery_broker.rs"]
mod recovery_broker;
#[path = "golden/replica.rs"]
mod replica;
#[path = "golden/replica_cluster.rs"]
mod replica_cluster;
#[path = "golden/retention.rs"]
mod retention;
#[path = "golden/scripts.rs"]
mod scripts;
mod support;
