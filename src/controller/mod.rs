//! The controller: decides who leads what, writes its decisions to the metadata log, and answers when they are committed.
//!
//! One pattern for everything: `decide` looks at the image and gives records and an answer; the records are handed to the
//! log and applied to the image at once; facts are told and answers leave when the log has committed them. So a decision
//! always builds on all earlier ones, and nobody hears of one that could still be lost.
//!
//! * [`server`]: the machine: its table of requests. `activation`: what waits for a commit, and who is the active one.
//!   `refusal`: what the others answer. `setup`: what it is told before it
//!   starts. `basis`: what a decision goes by.
//! * `brokers`: registration, heartbeats, fencing. `sessions`: who was heard from lately. `departures`: what becomes of
//!   partitions when a broker comes or goes.
//! * `elections`: who leads a partition. `elr`: who is eligible without being in sync. `partitions`: the ISRs that leaders
//!   propose. `rebalance`: elections that are asked for, or due. `reassignment`: other replicas.
//! * `topics`, `placement`: how topics come to be. `configs`, `features`, `producer_ids`: what else is decided. `admin`: the
//!   requests of operators, item by item.
//! * [`image`]: the metadata as a value. [`records`]: its changes, and their bytes.
//! * `facts`: what the trace is told. `told`: how far it was told, remembered across a crash.
//!
//! Source: KIP-500, KIP-631; Kafka's `QuorumController`.
//!
//! Called by: [`crate::node`].

mod activation;
mod admin;
mod basis;
mod brokers;
mod configs;
mod departures;
mod elections;
mod elr;
mod facts;
mod features;
mod hand_out;
pub mod image;
mod partitions;
mod placement;
mod producer_ids;
mod reassignment;
mod rebalance;
pub mod records;
mod refusal;
pub mod server;
mod sessions;
mod setup;
mod told;
mod topics;

pub use server::Controller;
pub use setup::ControllerSetup;
pub use topics::is_legal_topic_name;
