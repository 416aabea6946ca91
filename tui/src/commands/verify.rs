//! `tribunal verify`: one seed must give one run, whichever host turns the crank and whichever process it runs in.

use std::process::Command;

use clap::Args;
use tribunal::sim::host::HostKind;
use tribunal::sim::scenario::Scenario;
use tribunal::sim::trial::{self, TrialOptions};

use super::problem::Problem;
use super::source::{Changes, find, seeds};
use super::{Verdict, diff, output};

/// Determinism: hosts and processes compared.
#[derive(Args, Debug)]
pub(crate) struct Verify {
    /// A file, or the name of an embedded scenario.
    scenario: String,
    #[command(flatten)]
    changes: Changes,
    /// Which seeds, B excluded.
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    seeds: std::ops::Range<u64>,
}

impl Verify {
    pub(crate) fn execute(&self) -> Result<Verdict, Problem> {
        let scenario = self.changes.apply(find(&self.scenario)?)?;
        let hosts: Vec<HostKind> =
            [HostKind::Plain, HostKind::Inline, HostKind::Nodes].into_iter().filter(|host| host.available().is_ok()).collect();
        for seed in self.seeds.clone() {
            let expected = hash(&scenario, HostKind::Plain, seed);
            for host in hosts.iter().copied().filter(|host| *host != HostKind::Plain) {
                if hash(&scenario, host, seed) != expected {
                    output::line(&format!("seed {seed:#x}: hosts plain and {} differ", host.name()))?;
                    let traces = [HostKind::Plain, host].map(|host| trial::hold(&scenario, &options(host, seed, true)).trace);
                    if let [Some(left), Some(right)] = &traces {
                        diff::tell(left, right)?;
                    }
                    return Ok(Verdict::NotMet);
                }
            }
            let elsewhere = self.hash_in_another_process(seed)?;
            if elsewhere != format!("{expected:016x}") {
                output::line(&format!("seed {seed:#x}: this process says {expected:016x}, another one {elsewhere}"))?;
                return Ok(Verdict::NotMet);
            }
        }
        let count = self.seeds.end - self.seeds.start;
        let names: Vec<_> = hosts.iter().map(|host| host.name()).collect();
        output::line(&format!(
            "{}: {}, hosts {} and a second process agree on every hash",
            scenario.name,
            output::count(count, "seed"),
            names.join(", ")
        ))?;
        Ok(Verdict::Met)
    }

    fn hash_in_another_process(&self, seed: u64) -> Result<String, Problem> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["run", &self.scenario, "--json", "--quiet", "--seed", &seed.to_string()]);
        for (key, value) in &self.changes.settings {
            command.arg("--set").arg(format!("{key}={value}"));
        }
        for fault in &self.changes.faults {
            command.args(["--fault", fault]);
        }
        for choice in &self.changes.choices {
            command.args(["--choose", choice]);
        }
        if let Some(fortune) = self.changes.luck {
            command.args(["--luck", fortune.word()]);
        }
        let told = command.output()?;
        let told: serde_json::Value = serde_json::from_slice(&told.stdout)
            .map_err(|error| Problem::new(format!("the second process told no JSON: {error}")))?;
        Ok(told.get("hash").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned())
    }
}

fn options(host: HostKind, seed: u64, keep_trace: bool) -> TrialOptions {
    TrialOptions { host, seed, keep_trace }
}

fn hash(scenario: &Scenario, host: HostKind, seed: u64) -> u64 {
    trial::hold(scenario, &options(host, seed, false)).hash
}
