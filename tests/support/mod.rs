//! What the tests of machines stand on: a disk in memory and a Context around it.

#![allow(dead_code, unused_imports, reason = "each test binary uses its own part of it")]

mod bench;
pub mod desk;
mod disk;
mod laws;

pub use bench::Bench;
pub use disk::MemoryDisk;
pub use laws::cases;
