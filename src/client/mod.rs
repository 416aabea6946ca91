//! The clients, as processes of the world: producer, consumer, admin.
//!
//! | to understand | read |
//! |---|---|
//! | a send from the application to its end | [`producer`], then `accumulator`, `batch`, `sender` |
//! | where a record goes | [`partitioner`] |
//! | how a consumer finds and keeps its place | [`consumer`], then `position`, `lookup`, `fetcher` |
//! | what an application does with what it polls | [`application`] |
//! | how a consumer is a member of a group | `membership`, and the groups' files in [`consumer`] |
//! | who gets which partition | [`assignor`] |
//! | how clients find leaders | `metadata` |
//! | requests without an answer | `connection`, `backoff` |
//! | what an admin asks of whom | [`admin`], then `deletion`, `group_order` |
//!
//! Invariant: a client knows what it was told and when, nothing else. What it was not told it calls unknown.

mod accumulator;
pub mod admin;
pub mod application;
pub mod assignor;
mod backoff;
mod batch;
mod connection;
pub mod consumer;
mod deletion;
mod fetcher;
mod group_order;
mod lookup;
mod membership;
mod metadata;
pub mod partitioner;
mod position;
pub mod producer;
mod sender;
mod setup;
