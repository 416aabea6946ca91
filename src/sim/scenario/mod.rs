//! Scenario files: what a run is made of, read strictly from TOML.
//!
//! [`Scenario::read`] turns a text into a [`Scenario`] in which every default is filled in, or into the first [`Mistake`],
//! with its place and what was probably meant. `scenarios/README.md` tells the format by example.
//!
//! The format is described once, in `tables.rs`: the reader refuses what is not there, and [`schema`] is written from it.
//! One file per table reads it: `cluster`, `laws` (network, disk, clocks), `topics` (and the administrator), `clients`,
//! `faults` (with `target`), `chaos`, `pins`, `expect`. `settings` applies Kafka's keys and `--set`; `read` puts the parts
//! together; `add` is for what the command line adds.
//!
//! Called by: the hosts and `explore`, the command line, tests.
//!
//! Not modelled: racks, consumer groups, controlled shutdown, reassignment, applications, a quorum of several controllers.

mod add;
mod amount;
mod chaos;
mod clients;
mod cluster;
mod document;
mod embedded;
mod expect;
mod faults;
mod laws;
mod mistake;
mod model;
mod pins;
mod read;
mod schema;
mod settings;
mod shape;
mod stage;
mod tables;
mod target;
mod topics;

use chaos::CHAOS_KINDS;
use read::KINDS;

pub use embedded::{EMBEDDED, MUSEUM, embedded};
pub use expect::CHECKS;
pub use mistake::Mistake;
pub use model::{
    Chaos, ChaosKind, ClockSpec, Cluster, ConsumerSpec, DiskLaw, Expectation, FaultAction, FaultSpec, Load, NetworkLaw,
    ProducerSpec, Role, RuleBlock, Scenario, ScenarioKind, Target, Trigger, When,
};
pub use schema::schema;
