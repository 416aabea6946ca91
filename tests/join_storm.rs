//! Everybody comes at once: two hundred members of one group, four hundred partitions. In both protocols the group comes to rest, with
//! two partitions for each.

use tribunal::event::{Fact, GroupFact, GroupState};
use tribunal::sim::host::HostKind;
use tribunal::sim::scenario::Scenario;
use tribunal::sim::trial::{self, TrialOptions};

const MEMBERS: usize = 200;
const PARTITIONS: usize = 400;

/// The group's last plan, after which it was stable, if it ever was; and how many it made on the way.
fn storm(config: &str) -> (Vec<usize>, usize) {
    let text = format!(
        "name = \"join-storm\"\nduration = \"12s\"\nprofile = \"fast\"\nluck = \"none\"\n[cluster]\nbrokers = 3\n[[topics]]\nname = \"orders\"\n\
         partitions = {PARTITIONS}\nreplication-factor = 1\n[[consumers]]\nid = \"c\"\ncount = {MEMBERS}\nstart = \"3s\"\n\
         group = \"g1\"\ntopics = [\"orders\"]\nconfig = {{ {config} }}\n"
    );
    let scenario = Scenario::read(&text, "join-storm.toml").unwrap_or_else(|mistake| panic!("{mistake}"));
    let outcome = trial::hold(&scenario, &TrialOptions { host: HostKind::Plain, seed: 1, keep_trace: true });
    assert_ne!(outcome.met, Some(false), "{:?}", outcome.miscounts);
    let (mut plan, mut plans, mut is_stable) = (Vec::new(), 0, false);
    for event in &outcome.trace.as_ref().expect("it was kept").events {
        match &event.fact {
            Fact::Group(GroupFact::AssignmentDecided { assignment, .. }) => {
                plan = assignment.members.iter().map(|(_, share)| share.len()).collect();
                plans += 1;
            }
            Fact::Group(GroupFact::GroupStateChanged { state, .. }) => is_stable = *state == GroupState::Stable,
            _ => {}
        }
    }
    assert!(is_stable, "the group is at rest in the end");
    (plan, plans)
}

#[test]
fn a_join_storm_of_the_classic_protocol_converges() {
    let (plan, plans) = storm("");
    assert_eq!(plan, vec![PARTITIONS / MEMBERS; MEMBERS]);
    assert!(plans <= 6, "{plans} plans for one storm");
}

#[test]
fn a_cooperative_join_storm_converges() {
    let (plan, plans) = storm("\"partition.assignment.strategy\" = \"cooperative-sticky\"");
    assert_eq!(plan, vec![PARTITIONS / MEMBERS; MEMBERS]);
    assert!(plans <= 8, "{plans} plans for one storm");
}

#[test]
fn a_join_storm_of_the_consumer_protocol_converges() {
    let (plan, _) = storm("\"group.protocol\" = \"consumer\"");
    assert_eq!(plan, vec![PARTITIONS / MEMBERS; MEMBERS]);
}
