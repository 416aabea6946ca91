//! The JSON objects that `run`, `explore` and `check` print. Their keys stay.

use serde_json::{Map, Value, json};
use tribunal::check::counts::Counts;
use tribunal::check::{CheckResult, IdleTime};
use tribunal::sim::scenario::Scenario;
use tribunal::sim::trial::Outcome;
use tribunal::trace::Trace;

/// One run.
pub(crate) fn of_run(scenario: &Scenario, outcome: &Outcome, wall_us: u64) -> Value {
    let faults: Vec<_> =
        outcome.summary.faults.iter().map(|fault| json!({ "fault": fault.text, "effect": fault.effect.to_string() })).collect();
    json!({
        "scenario": scenario.name,
        "seed": outcome.seed,
        "version": env!("CARGO_PKG_VERSION"),
        "events": outcome.summary.events,
        "turns": outcome.summary.turns,
        "simulated_us": outcome.summary.simulated.0,
        "wall_us": wall_us,
        "hash": format!("{:016x}", outcome.hash),
        "met": outcome.met,
        "checks": of_checks(&outcome.checks),
        "faults": faults,
        "warnings": outcome.warnings,
        "counts": of_counts(&outcome.counts),
        "idle": of_idle_times(&outcome.idle_times),
    })
}

/// A saved trace, judged again.
pub(crate) fn of_judgement(scenario: &Scenario, trace: &Trace, checks: &[CheckResult], met: Option<bool>) -> Value {
    json!({
        "scenario": scenario.name,
        "seed": trace.run().map(|run| run.seed),
        "version": trace.written_by,
        "events": trace.events.len(),
        "hash": format!("{:016x}", trace.hash),
        "met": met,
        "checks": of_checks(checks),
    })
}

/// The table of checks.
pub(crate) fn of_checks(checks: &[CheckResult]) -> Value {
    let rows = checks.iter().map(|check| {
        json!({
            "name": check.name,
            "status": check.status.word(),
            "decides": check.decides,
            "step": check.step.map(|step| step.0),
            "detail": check.detail,
        })
    });
    rows.collect()
}

/// For how long partitions of each group belonged to nobody.
fn of_idle_times(times: &[IdleTime]) -> Value {
    let rows = times.iter().map(|time| {
        json!({
            "group": time.group.as_str(),
            "rebalancing": time.rebalancing.word(),
            "gaps": time.gaps,
            "total_us": time.total.0,
            "longest_us": time.longest.0,
        })
    });
    rows.collect()
}

/// What happened how often.
pub(crate) fn of_counts(counts: &Counts) -> Value {
    let map: Map<String, Value> = counts.iter().map(|(name, count)| (name.to_owned(), json!(count))).collect();
    Value::Object(map)
}
