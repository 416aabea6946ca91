//! What the tests of machines stand on: a disk in memory and a Context around it.

#![allow(dead_code, unused_imports, reason = "each test binary uses its own part of it")]

mod bench;
mod cluster;
mod disk;
mod laws;
mod server;

#[allow(unused_imports, reason = "each test binary uses its own part of it")]
pub use bench::Bench;
#[allow(unused_imports, reason = "each test binary uses its own part of it")]
pub use cluster::Cluster;
#[allow(unused_imports, reason = "each test binary uses its own part of it")]
pub use disk::MemoryDisk;
pub use laws::cases;
pub use server::Server;
