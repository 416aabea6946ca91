//! Scenario files: what a run is made of, read strictly from TOML.
//!
//! [`Scenario::read`] turns a text into a [`Scenario`] in which every default is filled in, or into the first [`Mistake`],
//! with its place and what was probably meant. `scenarios/README.md` tells the format by example.
//!
//! The format is described once, in `tables.rs`: the reader refuses what is not there, and [`schema`] is written from it.
//! One file per table reads it: `cluster` (with `[[servers]]`), `laws` (network, disk, clocks), `topics`, `admin`, `clients`
//! (producers; `cast` knows who there is), `consumers` (with `applications`), `faults` (with `target`, `trigger`, `links`,
//! `disk_faults`), `chaos`, `pins`, `expect` (with `counts`). `messages` has the words for messages. `settings` applies Kafka's
//! keys and `--set`, `overlay` the settings of a consumer's own keys; `read` puts the parts together; `add` is for what the command line adds. What comes of it is in `model`
//! and `fault_model`.
//!
//! Called by: the hosts and `explore`, the command line, tests.
//!
//! Not modelled: clients of another release than the cluster's.

mod add;
mod admin;
mod amount;
mod applications;
mod cast;
mod chaos;
mod client_tables;
mod clients;
mod cluster;
mod consumers;
mod counts;
mod disk_faults;
mod document;
mod embedded;
mod expect;
mod fault_model;
mod fault_tables;
mod faults;
mod laws;
mod links;
mod messages;
mod mistake;
mod model;
mod overlay;
mod pins;
mod read;
mod schema;
mod settings;
mod shape;
mod stage;
mod tables;
mod target;
mod topics;
mod trigger;

use chaos::CHAOS_KINDS;
use read::KINDS;

pub use embedded::{CHAOS, LESSONS, MUSEUM, USE_CASES, embedded, stories};
pub use expect::CHECKS;
pub use fault_model::{
    Chaos, ChaosKind, Doing, FaultAction, FaultSpec, FileKind, FileSpec, MessageSpec, Role, Target, Trigger, When,
};
pub use mistake::Mistake;
pub use model::{
    ClockSpec, Cluster, Comparison, ConsumerSpec, CountSpec, DiskLaw, Expectation, Load, NetworkLaw, ProducerSpec, Promise,
    RuleBlock, Scenario, ScenarioKind, ServerSpec,
};
pub use schema::schema;
