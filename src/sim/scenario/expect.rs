//! What must come of a run: `[expect]` for the file as it stands, `[[rules]]` for the same under other settings.

use super::counts::counts;
use super::document::{Item, Table};
use super::mistake::Read;
use super::model::{Expectation, RuleBlock, Scenario};
use super::settings::Given;
use super::tables::{EXPECT, RULE};

/// The checks that an expectation may name, in the order of ARCHITECTURE section 6.
///
/// The one list of the scenario format: what `check::CLAIMS` holds must be among these (the format may be ahead of it).
pub const CHECKS: &[&str] = &[
    "acks-all-durable",
    "any-ack-durable",
    "log-matching",
    "strong-isr",
    "weak-isr",
    "committed-kept",
    "high-watermark-monotone",
    "offset-bounds",
    "replication-quorum-superset",
    "ack-on-min-isr",
    "single-leader-per-epoch",
    "leader-completeness",
    "epoch-cache",
    "epochs-monotone",
    "fenced-not-in-isr",
    "offset-order",
    "no-duplicates",
    "no-foreign-values",
    "poll-order",
    "no-poll-skip",
    "no-stale-commit",
    "processed-at-least-once",
    "processed-at-most-once",
    "one-owner-per-partition",
    "read-committed",
    "atomic-transactions",
    "election-safety",
    "single-vote-per-epoch",
    "one-voter-change",
    "metadata-log-matching",
    "retention-contract",
    "compaction-contract",
    "reader-up-to-date",
    "recovery-prefix",
    "index-matches-scan",
    "assertions-hold",
    "converges",
];

impl Scenario {
    /// The expectation that judges a run under these settings: the file's own without any, a rule block's when they equal
    /// its `set` (in any order), and none otherwise.
    #[must_use]
    pub fn judged_by(&self, settings: &[(String, String)]) -> Option<&Expectation> {
        if settings.is_empty() {
            return Some(&self.expect);
        }
        self.rule_of(settings).map(|rule| &rule.expect)
    }

    /// The rule block in force: the one whose `set` is what was set over the text.
    #[must_use]
    pub fn rule(&self) -> Option<&RuleBlock> {
        self.rule_of(&self.settings)
    }

    /// No rule block sets nothing, so no settings have none.
    fn rule_of(&self, settings: &[(String, String)]) -> Option<&RuleBlock> {
        let settings = sorted(settings);
        self.rules.iter().find(|rule| sorted(&rule.set) == settings)
    }
}

fn sorted(settings: &[(String, String)]) -> Vec<&(String, String)> {
    let mut sorted: Vec<_> = settings.iter().collect();
    sorted.sort();
    sorted
}

/// Reads `[expect]`.
pub(super) fn expectation(item: Option<&Item<'_>>) -> Read<Expectation> {
    let Some(item) = item else { return Ok(Expectation::default()) };
    let table = item.table(&EXPECT)?;
    let expectation = names(&table)?;
    table.close();
    Ok(expectation)
}

/// A rule block, and where its settings stand in the file.
pub(super) struct PlacedRule<'a> {
    pub block: RuleBlock,
    pub set: Vec<Given<'a>>,
}

/// Reads `[[rules]]`. Whether the settings make a scenario is for the caller to see.
pub(super) fn rules<'a>(root: &Table<'a>) -> Read<Vec<PlacedRule<'a>>> {
    let mut rules: Vec<PlacedRule<'a>> = Vec::new();
    for table in root.tables("rules", &RULE)? {
        let name = table.need("name");
        if rules.iter().any(|rule| rule.block.name == name.written()) {
            return Err(name.bad(format!("there are two rules named \"{}\"", name.written())));
        }
        let item = table.need("set");
        let set: Vec<Given<'a>> = item.entries()?.into_iter().map(Given::from_entry).collect::<Read<_>>()?;
        if set.is_empty() {
            return Err(item.bad("a rule must set something").help("[expect] judges the settings written in the file"));
        }
        let pairs: Vec<_> = set.iter().map(Given::pair).collect();
        if let Some(other) = rules.iter().find(|rule| sorted(&rule.block.set) == sorted(&pairs)) {
            return Err(item.bad(format!("the rule \"{}\" sets the same", other.block.name)));
        }
        let block = RuleBlock { name: name.written().to_owned(), set: pairs, expect: names(&table)? };
        table.close();
        rules.push(PlacedRule { block, set });
    }
    Ok(rules)
}

fn names(table: &Table<'_>) -> Read<Expectation> {
    let list = |key: &str| table.or(key, Vec::new(), Item::items);
    let violated = list("violated")?;
    let may_violate = list("may-violate")?;
    let holds = list("holds")?;
    for item in &may_violate {
        if violated.iter().any(|other| other.written() == item.written()) {
            return Err(item.bad(format!("\"{}\" cannot be both violated and only perhaps violated", item.written())));
        }
    }
    for item in &holds {
        if violated.iter().chain(&may_violate).any(|other| other.written() == item.written()) {
            return Err(item.bad(format!("\"{}\" cannot both hold and be violated", item.written())));
        }
    }
    let texts = |items: Vec<Item<'_>>| items.iter().map(|item| item.written().to_owned()).collect();
    let (violated, may_violate, holds) = (texts(violated), texts(may_violate), texts(holds));
    Ok(Expectation { violated, may_violate, holds, counts: counts(table)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_claim_that_is_checked_may_be_named_in_a_scenario() {
        let named: Vec<_> = crate::check::CLAIMS.iter().map(|claim| claim.name).filter(|name| !CHECKS.contains(name)).collect();
        assert!(named.is_empty(), "{named:?}");
    }
}
