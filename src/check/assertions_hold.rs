//! `assertions-hold`: no machine's own assertion failed.
//!
//! Promises: the program is right about itself. An assertion that fails is a bug here, never Kafka's behaviour.
//!
//! Violated: at `AssertionFailed`, which ends the run. Always exercised.

use super::finding::{Finding, Promise, Scene};
use super::promises::Promises;
use super::{CheckResult, Claim};

/// The claim.
pub(super) const CLAIM: Claim =
    Claim { name: "assertions-hold", sentence: "No machine's own assertion failed.", needs: "processes started", advisory: false };

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct AssertionsHold(Finding);

impl AssertionsHold {
    /// After `ProcessStarted`.
    pub(super) fn start(&mut self) {
        self.0.judge();
    }

    /// After `AssertionFailed`.
    pub(super) fn fail(&mut self, scene: Scene<'_>, message: &str) {
        let detail = format!("{}: {message}", scene.names.process(scene.event.process));
        self.0.violate(scene, None, detail);
    }

    /// At the end of the run.
    pub(super) fn finish(self, promises: &Promises) -> CheckResult {
        self.0.result(&CLAIM, Promise::MADE, promises.named.contains(CLAIM.name))
    }
}
