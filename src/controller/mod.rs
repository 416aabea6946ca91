//! The controller: decides who leads what, writes its decisions to the metadata log, and answers when they are committed.
//!
//! One pattern for everything: `decide` looks at the image and gives records and an answer; the records are handed to the
//! log and applied to the image at once; facts are told and answers leave when the log has committed them. So a decision
//! always builds on all earlier ones, and nobody hears of one that could still be lost.
//!
//! * [`server`]: the machine: its table of requests, what waits for a commit.
//! * `brokers`: registration, heartbeats, fencing. `sessions`: who was heard from lately.
//! * `partitions`: elections and ISRs. `topics`, `placement`: how topics come to be.
//! * [`image`]: the metadata as a value. [`records`]: its changes, and their bytes.
//! * `facts`: what the trace is told. `told`: how far it was told, remembered across a crash.
//!
//! Source: KIP-500, KIP-631; Kafka's `QuorumController`.
//!
//! Called by: [`crate::node`].

mod brokers;
mod facts;
pub mod image;
mod partitions;
mod placement;
pub mod records;
pub mod server;
mod sessions;
mod told;
mod topics;

pub use server::{Controller, ControllerSetup};
