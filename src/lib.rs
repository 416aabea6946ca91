//! # Tribunal: a Kafka you can put on trial
//!
//! The full broker, replication and controller logic of Kafka, written to be read, runs inside a seeded world in which
//! machines crash, networks split, clocks drift and disks forget. A run ends in a verdict; a verdict can be replayed from
//! its seed, and stepped through.
//!
//! ## The map, from the ground up (a module sees only rows below its own)
//!
//! | row | modules | what lives there |
//! |---|---|---|
//! | 8 | [`sim`] | the world: queue, network, clocks, disks, faults, scenarios, hosts |
//! | 7 | [`node`] | one server process: a broker or a controller |
//! | 6 | [`broker`] | the requests a broker answers, its life and its fetchers |
//! | 5 | [`controller`] · [`coordinator`] | who is alive, who leads, who is in sync · groups and their offsets: decided, logged, applied |
//! | 4 | [`replica`] · [`raft`] · [`check`] | one partition's replica · the metadata log · the claims every run is judged by |
//! | 3 | [`log`] · [`client`] · [`trace`] | segments on disk · producer, consumer, admin · events kept, told, folded, explained |
//! | 2 | [`context`] | what a machine is, and all it can see |
//! | 1 | [`event`] | every fact that can happen: the glossary |
//! | 0 | [`ids`] [`time`] [`files`] [`error`] [`choice`] [`config`] [`pattern`] [`record`] [`protocol`] | the words everything else is made of |
//!
//! ## Where to start reading
//!
//! * **One record's way.** `client/producer` closes a batch and sends it → `sim/network` carries it → `broker/produce`
//!   finds the partition → `replica/leader` appends it and parks the request → the append wakes the parked fetches of the
//!   followers (`broker/fetch`) → `replica/follower` appends what it fetched, and fetches again: *that fetch is the
//!   acknowledgement* → the leader raises the high watermark and answers.
//! * **Where the high watermark is advanced:** [`replica::leader`], `fn advance_high_watermark`, the only place.
//! * **Where a record is lost:** run `tribunal run 06-lost-ack`, then `tribunal explain 06-lost-ack --step K` on the step
//!   the verdict names: each answer comes with the line of this crate that did it.
//! * **What makes runs repeat:** [`choice`] (luck has names) and [`context`] (machines are pure).
//!
//! One writer per fact: `grep -rn "fn advance_" src` lists every number that only grows, `grep -rn "fn become_" src` every
//! change of role, `grep -rn "Kafka differs:" src` every place where this is not quite Kafka.

pub mod broker;
pub mod check;
pub mod choice;
pub mod client;
pub mod config;
pub mod context;
pub mod controller;
pub mod coordinator;
pub mod error;
pub mod event;
pub mod files;
pub mod ids;
pub mod log;
pub mod node;
pub mod pattern;
pub mod protocol;
pub mod raft;
pub mod record;
pub mod replica;
pub mod sim;
pub mod time;
pub mod trace;
