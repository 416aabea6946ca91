//! What the tests of machines stand on: a disk in memory and a Context around it.

#![allow(dead_code, reason = "each test binary uses its own part of it")]
#![allow(unused_imports, reason = "each test binary uses its own part of it")]

mod bench;
mod cluster;
mod desk;
mod disk;
mod laws;
mod server;

pub use bench::Bench;
pub use cluster::Cluster;
pub use desk::Desk;
pub use disk::MemoryDisk;
pub use laws::cases;
pub use server::Server;
