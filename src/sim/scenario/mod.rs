//! Scenario files: what a run is made of, read strictly from TOML.

mod model;

pub use model::{
    Chaos, ChaosKind, ClockSpec, Cluster, ConsumerSpec, DiskLaw, Expectation, FaultAction, FaultSpec, Load, NetworkLaw,
    ProducerSpec, Role, RuleBlock, Scenario, ScenarioKind, Target, Trigger, When,
};
