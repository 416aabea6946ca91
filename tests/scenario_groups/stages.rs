//! Applications that write what they make of what they read: when such a record is done with, and what is written twice or left out.

use tribunal::check::Status;
use tribunal::event::{ClientFact, Fact};
use tribunal::sim::trial::Outcome;

use crate::{of, run};

/// What a test's application makes of `orders` goes to `alarms`, which `c2` reads.
fn stages(processing: &str, rest: &str) -> Outcome {
    run(&format!(
        "[[topics]]\nname = \"alarms\"\nreplication-factor = 3\n[[consumers]]\nid = \"c1\"\ngroup = \"g1\"\ntopics = [\"orders\"]\n\
         config = {{ \"auto.offset.reset\" = \"earliest\", \"max.poll.records\" = 5 }}\nprocessing = {{ {processing} }}\n\
         [[consumers]]\nid = \"c2\"\nassign = [\"alarms-0\"]\nfrom = \"beginning\"\n{rest}"
    ))
}

#[test]
fn an_application_that_writes_is_done_with_a_record_when_its_output_is_acknowledged_and_commits_no_sooner() {
    for commit in ["after", "after-async", "each"] {
        let outcome = stages(&format!("commit = \"{commit}\", writes = {{ topic = \"alarms\" }}"), "");
        assert!(outcome.checks.iter().all(|check| check.status != Status::Violated), "{commit}");
        let (mut sent, mut acknowledged, mut processed, mut committed) = (0_u64, 0_u64, 0_u64, 0_u64);
        for event in of(&outcome, 2) {
            match &event.fact {
                Fact::Client(ClientFact::SendInvoked { record, .. }) => {
                    let value = record.value.as_deref().map(String::from_utf8_lossy).expect("no tombstone was read");
                    assert!(value.starts_with("p1-") && value.contains(" from orders-"), "{value}");
                    sent += 1;
                }
                Fact::Client(ClientFact::SendAcknowledged { .. }) => acknowledged += 1,
                Fact::Client(ClientFact::RecordProcessed { .. }) => {
                    processed += 1;
                    assert!(processed <= acknowledged, "{commit}: a record is processed before its output is acknowledged");
                }
                Fact::Client(ClientFact::CommitInvoked { .. }) => {
                    committed += 1;
                    assert_eq!(sent, processed, "{commit}: a commit before all outputs have ended");
                }
                _ => {}
            }
        }
        assert!(processed > 100 && committed > 20, "{commit}: {processed} records, {committed} commits");
        let read = of(&outcome, 3).filter(|event| matches!(event.fact, Fact::Client(ClientFact::PollReturned { .. }))).count();
        assert!(read > 20, "{commit}: what was written is read by others, in {read} polls");
    }
}

#[test]
fn an_application_that_writes_may_leave_records_out_and_is_done_with_those_at_once() {
    let sends = "[[producers]]\nid = \"p2\"\ntopic = \"orders\"\nsend = [{ at = \"5s\", key = \"s1\", value = \"71\" },\n\
                 { at = \"5.1s\", key = \"s1\", value = \"98\" }, { at = \"5.2s\", key = \"s1\" }]\n";
    let outcome = stages("commit = \"after\", writes = { topic = \"alarms\", above = 90 }", sends);
    let outputs: Vec<_> = of(&outcome, 3)
        .filter_map(|event| match &event.fact {
            Fact::Client(ClientFact::SendInvoked { record, .. }) => Some(record.value.clone()),
            _ => None,
        })
        .collect();
    let [Some(value)] = outputs.as_slice() else { panic!("{outputs:?}") };
    assert!(value.starts_with(b"98 from orders-"), "{value:?}");
    assert_eq!(outcome.counts.processed, outcome.counts.acked - 1, "all that was read is processed");
}

#[test]
fn an_application_that_dies_between_its_output_and_its_commit_writes_the_same_again() {
    let fault = "[[faults]]\nafter = \"c1 processed 8\"\ncrash = \"c1\"\nrestart-after = \"500ms\"\n";
    let outcome = stages("commit = \"after\", writes = { topic = \"alarms\" }", fault);
    let mut values: Vec<_> = of(&outcome, 2)
        .filter_map(|event| match &event.fact {
            Fact::Client(ClientFact::SendInvoked { record, .. }) => record.value.clone(),
            _ => None,
        })
        .collect();
    let all = values.len();
    values.sort();
    values.dedup();
    assert!(values.len() < all, "{all} outputs, and none of them twice");
    let held = |name: &str| outcome.checks.iter().any(|check| check.name == name && check.status == Status::Ok);
    assert!(held("processed-at-least-once") && held("no-duplicates"), "it sent them itself");
}

/// That nothing is lost as long as it lives cannot be known; once it is dead, and its group reads on elsewhere, it is.
#[test]
fn an_application_that_cannot_write_goes_on_without_having_processed() {
    let cannot =
        "commit = \"after\", promise = \"at-least-once\", writes = { topic = \"alarms\", config = { \"max.request.size\" = 60 } }";
    let fault = "[[faults]]\nat = \"3s\"\ncrash = \"c1\"\nrestart-after = \"500ms\"\n";
    let outcome = stages(cannot, fault);
    assert_eq!(outcome.counts.processed, 0);
    assert!(outcome.counts.failed > 50, "{}", outcome.counts.failed);
    let violated: Vec<_> = outcome.checks.iter().filter(|check| check.status == Status::Violated).map(|check| check.name).collect();
    assert_eq!(violated, ["processed-at-least-once"]);
}

/// `alarms` takes nothing while b3 is down, and an output is waited for no longer than 400 ms.
fn stages_that_cannot_write(commit: &str, rest: &str) -> Outcome {
    run(&format!(
        "[[topics]]\nname = \"alarms\"\nreplication-factor = 3\nconfig = {{ \"min.insync.replicas\" = 3 }}\n[[consumers]]\n\
         id = \"c1\"\ngroup = \"g1\"\ntopics = [\"orders\"]\nconfig = {{ \"auto.offset.reset\" = \"earliest\" }}\n\
         processing = {{ commit = \"{commit}\", writes = {{ topic = \"alarms\", config = {{ \"request.timeout.ms\" = 300, \
         \"delivery.timeout.ms\" = 400 }} }} }}\n[[faults]]\nat = \"2s\"\ncrash = \"b3\"\nrestart-after = \"3s\"\n{rest}"
    ))
}

#[test]
fn an_application_that_cannot_write_and_commits_all_the_same_leaves_records_out_although_it_lives() {
    for commit in ["after", "each", "after-async"] {
        let outcome = stages_that_cannot_write(commit, "");
        let check = outcome.checks.iter().find(|check| check.name == "processed-at-least-once").expect("it has a line");
        assert!(outcome.counts.processed < outcome.counts.reads, "{commit}: {:?}", outcome.counts);
        assert_eq!(check.status, Status::Violated, "{commit}: {check:?}");
    }
}
