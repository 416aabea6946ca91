//! How laws are tried: always with the same random inputs, so that a suite that was green stays so.

use proptest::test_runner::{Config, RngSeed};

/// So many inputs, drawn from a fixed seed. A failing input is kept as a test of its own, not in a file of seeds.
pub fn cases(cases: u32) -> Config {
    Config { cases, rng_seed: RngSeed::Fixed(0x07b1_b07a), failure_persistence: None, ..Config::default() }
}
