//! Laws: what holds for every input, found out with random ones. One file per module.

#![allow(clippy::indexing_slicing, reason = "a test that panics has failed, which is what it is for")]

#[path = "properties/assignor.rs"]
mod assignor;
#[path = "properties/checkpoint.rs"]
mod checkpoint;
#[path = "properties/cleaner.rs"]
mod cleaner;
#[path = "properties/consumer.rs"]
mod consumer;
#[path = "properties/consumer_group.rs"]
mod consumer_group;
#[path = "properties/controller.rs"]
mod controller;
#[path = "properties/cost.rs"]
mod cost;
#[path = "properties/groups.rs"]
mod groups;
#[path = "properties/log.rs"]
mod log;
#[path = "properties/metadata_log.rs"]
mod metadata_log;
#[path = "properties/producer.rs"]
mod producer;
#[path = "properties/raft.rs"]
mod raft;
#[path = "properties/record.rs"]
mod record;
#[path = "properties/recovery.rs"]
mod recovery;
mod support;
#[path = "properties/view.rs"]
mod view;
