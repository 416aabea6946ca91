//! What the tests of machines stand on: a disk in memory and a Context around it.

#![allow(dead_code, unused_imports, reason = "each test binary uses its own part of it")]

mod bench;
mod cluster;
pub mod desk;
mod disk;
pub mod groups;
mod laws;
mod power;
pub mod quorum;
mod server;

pub use bench::Bench;
pub use cluster::Cluster;
pub use disk::MemoryDisk;
pub use laws::cases;
pub use power::NothingUnsynced;
pub use server::Server;
