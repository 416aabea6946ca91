//! What a scenario can have done to a cluster: shutdowns, restarts in turn, racks, triggers, failing disks, orders, counts,
//! releases, and two roles in one process. Each test is a small scenario, run and looked at by its events.
#![allow(clippy::expect_used, reason = "a test that finds nothing there fails, as it should")]

use tribunal::config::{IsrEligibility, Switch};
use tribunal::event::{ClientFact, ControllerFact, DiskFault, Event, Fact, FaultFact, NetworkFact, Purpose, RaftFact, WorldFact};
use tribunal::ids::{BrokerId, ProcessId};
use tribunal::sim::host::HostKind;
use tribunal::sim::scenario::Scenario;
use tribunal::sim::trial::{self, Outcome, TrialOptions};
use tribunal::time::{Duration, Instant};

const B1: ProcessId = ProcessId::Broker(BrokerId(1));
const K2: ProcessId = ProcessId::Controller(2);

/// Three brokers, and what a test adds.
fn run(head: &str, body: &str) -> Outcome {
    let text = format!(
        "name = \"ability\"\nduration = \"8s\"\nluck = \"none\"\n[cluster]\nbrokers = 3\n{head}\n[[topics]]\nname = \"orders\"\n\
         assignment = [[1, 2, 3]]\nconfig = {{ \"min.insync.replicas\" = 2 }}\n[[producers]]\nid = \"p1\"\ntopic = \"orders\"\n\
         load = {{ from = \"1s\", until = \"4s\", rate = 50 }}\n{body}"
    );
    let scenario = Scenario::read(&text, "ability.toml").unwrap_or_else(|mistake| panic!("{mistake}\n{text}"));
    trial::hold(&scenario, &TrialOptions { host: HostKind::Plain, seed: 1, keep_trace: true })
}

fn events(outcome: &Outcome) -> &[Event] {
    &outcome.trace.as_ref().expect("it was kept").events
}

fn times(outcome: &Outcome, is_meant: impl Fn(&Event) -> bool) -> Vec<Instant> {
    events(outcome).iter().filter(|event| is_meant(event)).map(|event| event.at).collect()
}

fn first(outcome: &Outcome, is_meant: impl Fn(&Event) -> bool) -> Instant {
    *times(outcome, is_meant).first().expect("it happened")
}

fn is_world(event: &Event, process: ProcessId, is_meant: impl Fn(&WorldFact) -> bool) -> bool {
    event.process == process && matches!(&event.fact, Fact::World(fact) if is_meant(fact))
}

#[test]
fn a_shutdown_ends_in_order_and_is_followed_by_a_restart_counted_from_its_end() {
    let outcome = run("", "[[faults]]\nat = \"2s\"\nshutdown = \"leader(orders-0)\"\nrestart-after = \"700ms\"\n");
    let asked = first(&outcome, |event| is_world(event, B1, |fact| matches!(fact, WorldFact::ShutdownRequested {})));
    let ended = first(&outcome, |event| is_world(event, B1, |fact| matches!(fact, WorldFact::ProcessStopped { .. })));
    let back = times(&outcome, |event| is_world(event, B1, |fact| matches!(fact, WorldFact::ProcessStarted { .. })));
    assert_eq!(asked, Instant(2_000_000));
    assert!(ended > asked, "it hands its leadership over first");
    assert_eq!(back.get(1), Some(&ended.plus(Duration::from_millis(700))));
    assert_eq!((outcome.counts.shutdowns, outcome.counts.unclean_elections, outcome.counts.failed), (1, 0, 0));
    assert_eq!(outcome.summary.faults.first().map(|fault| fault.effect.asked), Some(1));
}

#[test]
fn a_rolling_restart_asks_the_next_server_only_when_the_one_before_is_back() {
    let outcome = run("controllers = 3", "[[faults]]\nat = \"2s\"\nrolling-restart = true\npause-between = \"100ms\"\n");
    let mut down: Option<ProcessId> = None;
    let mut order = Vec::new();
    for event in events(&outcome) {
        match &event.fact {
            Fact::World(WorldFact::ShutdownRequested {}) => {
                assert_eq!(down, None, "{} is asked while another is away", event.process);
                down = Some(event.process);
                order.push(event.process.to_string());
            }
            Fact::World(WorldFact::ProcessStarted { incarnation }) if incarnation.0 == 2 => {
                assert_eq!(down.take(), Some(event.process), "who was asked comes back");
            }
            _ => {}
        }
    }
    assert_eq!(order, ["b1", "b2", "b3", "k1", "k2", "k3"]);
    assert!(times(&outcome, |event| matches!(event.fact, Fact::Fault(FaultFact::FaultHealed { .. }))).len() == 1, "it is over");
}

#[test]
fn a_fault_strikes_after_what_it_waits_for() {
    let outcome = run(
        "controllers = 3",
        "[[faults]]\nafter = \"k2 leads the quorum\"\ndelay-after = \"5ms\"\npause = \"k2\"\nresume-after = \"300ms\"\n\
         [[faults]]\nat = \"1.5s\"\ncrash = \"controller\"\n\
         [[faults]]\nafter = \"isr of orders-0 is 1,3\"\nrestart = \"b2\"\n[[faults]]\nat = \"2s\"\ncrash = \"b2\"\n",
    );
    let shrunk = first(&outcome, |event| {
        matches!(&event.fact, Fact::Controller(ControllerFact::PartitionChanged { now, .. })
            if now.isr.contains(BrokerId(3)) && !now.isr.contains(BrokerId(2)))
    });
    let b2 = ProcessId::Broker(BrokerId(2));
    let back = times(&outcome, |event| is_world(event, b2, |fact| matches!(fact, WorldFact::ProcessStarted { .. })));
    assert_eq!(back.get(1), Some(&shrunk.plus(Duration(1))));
    let led =
        times(&outcome, |event| event.process == K2 && matches!(event.fact, Fact::Raft(RaftFact::QuorumLeaderElected { .. })));
    let paused = times(&outcome, |event| is_world(event, K2, |fact| matches!(fact, WorldFact::ProcessPaused {})));
    let expected: Vec<_> = led.first().map(|at| at.plus(Duration::from_millis(5))).into_iter().collect();
    assert_eq!(paused, expected, "it strikes once, and only if k2 ever leads");
}

#[test]
fn messages_take_as_long_as_their_racks_are_apart() {
    let network = "[network]\nlatency = [\"1ms\", \"1ms\"]\nbetween = [{ racks = [\"A\", \"B\"], latency = [\"7ms\", \"7ms\"] }]\n";
    let outcome = run("racks = [\"A\", \"B\", \"B\"]", network);
    let travel = |from: u16, to: u16| {
        let sent = events(&outcome).iter().find(|event| {
            let to = ProcessId::Broker(BrokerId(to));
            event.process == ProcessId::Broker(BrokerId(from))
                && matches!(&event.fact, Fact::Network(NetworkFact::MessageSent { to: whom, message }) if *whom == to && message.purpose == Purpose::Fetcher)
        });
        let sent = sent.expect("they follow each other");
        let delivered = first(
            &outcome,
            |event| matches!(event.fact, Fact::Network(NetworkFact::MessageDelivered { sent: of, .. }) if of == sent.step),
        );
        delivered.since(sent.at)
    };
    assert!(travel(2, 1) >= Duration::from_millis(7), "b2 and b1 stand in different racks");
    let by_default = first(&outcome, |event| matches!(event.fact, Fact::Client(ClientFact::SendAcknowledged { .. })));
    assert!(by_default.since(Instant(1_000_000)) >= Duration::from_millis(14), "an acknowledgement waits for both followers");
}

#[test]
fn a_whole_rack_goes_down_at_once() {
    let outcome = run(
        "controllers = 3\nracks = [\"A\", \"A\", \"B\"]\ncontroller-racks = [\"A\", \"B\", \"B\"]",
        "[[faults]]\nat = \"2s\"\npower-off = \"rack(A)\"\nrestart-after = \"1s\"\n",
    );
    let mut died: Vec<_> = events(&outcome)
        .iter()
        .filter(|event| matches!(event.fact, Fact::World(WorldFact::ProcessCrashed { .. })))
        .map(|event| (event.at, event.process.to_string()))
        .collect();
    died.sort();
    let expected = ["b1", "b2", "k1"].map(|name| (Instant(2_000_000), name.to_owned()));
    assert_eq!(died, expected);
}

#[test]
fn a_failing_disk_is_told_and_is_proof_of_its_fault() {
    let outcome =
        run("", "[[faults]]\nat = \"2s\"\ndisk = { of = \"b2\", fault = \"write-fails\", file = \"orders-0\", times = 1 }\n");
    let failed = events(&outcome)
        .iter()
        .filter(|event| matches!(event.fact, Fact::World(WorldFact::DiskFaulted { fault: DiskFault::WriteFailed, .. })));
    assert_eq!(failed.map(|event| event.process).collect::<Vec<_>>(), [ProcessId::Broker(BrokerId(2))]);
    assert_eq!(outcome.summary.faults.first().map(|fault| fault.effect.disk_calls), Some(1));
    assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
}

#[test]
fn files_are_lost_only_while_their_server_is_down() {
    let lose = "lose-file = { of = \"b2\", file = \"orders-0/log\" }\n";
    let outcome = run(
        "",
        &format!(
            "[[faults]]\nat = \"1.8s\"\n{lose}[[faults]]\nat = \"2s\"\ncrash = \"b2\"\nrestart-after = \"500ms\"\n\
             [[faults]]\nat = \"2.2s\"\n{lose}"
        ),
    );
    let lost = times(&outcome, |event| matches!(event.fact, Fact::World(WorldFact::DiskLost { .. })));
    assert!(!lost.is_empty() && lost.iter().all(|at| *at == Instant(2_200_000)), "{lost:?}");
    let effects: Vec<_> = outcome.summary.faults.iter().map(|fault| fault.effect.files_lost > 0).collect();
    assert_eq!(effects, [false, false, true]);
}

#[test]
fn what_an_operator_asks_is_answered_with_kafkas_own_codes() {
    let order = |at: &str, what: &str| format!("[[admin]]\nat = \"{at}\"\ndo = \"{what}\"\n");
    let body = [
        order("1s", "create-partitions orders 3"),
        order("1.5s", "create-partitions orders 2"),
        order("2s", "delete-topic nothing"),
        order("2.5s", "reassign orders-0 to 2,9"),
        order("3s", "remove-voter k1"),
    ];
    let outcome = run("", &body.concat());
    let answers = events(&outcome).iter().filter_map(|event| match &event.fact {
        Fact::Client(ClientFact::AdminAnswered { code, .. }) => {
            Some(code.map_or_else(|| "done".to_owned(), |code| code.to_string()))
        }
        _ => None,
    });
    let expected =
        ["done", "done", "INVALID_PARTITIONS", "UNKNOWN_TOPIC_OR_PARTITION", "INVALID_REPLICA_ASSIGNMENT", "VOTER_NOT_FOUND"];
    assert_eq!(answers.collect::<Vec<_>>(), expected);
}

#[test]
fn a_release_sets_rules_and_defaults_and_the_file_wins_over_it() {
    let text = "name = \"old\"\nduration = \"1s\"\n[cluster]\nbrokers = 1\nkafka = \"3.2\"\n[variants]\nprevote = \"on\"\n\
                [[topics]]\nname = \"orders\"\n[[producers]]\nid = \"p1\"\ntopic = \"orders\"\n[[producers]]\nid = \"p2\"\n\
                topic = \"orders\"\nconfig = { \"linger.ms\" = 3 }\n";
    let scenario = Scenario::read(text, "old.toml").expect("it is sound");
    let variants = scenario.variants;
    assert_eq!((variants.isr_eligibility, variants.elr, variants.check_quorum), (IsrEligibility::Any, Switch::Off, Switch::Off));
    assert_eq!(variants.prevote, Switch::On);
    let lingers: Vec<_> = scenario.producers.iter().map(|producer| producer.setup.config.linger).collect();
    assert_eq!(lingers, [Duration::ZERO, Duration::from_millis(3)]);
    assert_eq!(scenario.cluster.topic_defaults.message_timestamp_after_max, Duration::MAX);
}

#[test]
fn counts_decide_a_run_as_checks_do() {
    let crash = "[[faults]]\nat = \"2s\"\ncrash = \"b1\"\n[expect]\ncounts = { crashes = ";
    let right = run("", &format!("{crash}\"= 1\" }}\n"));
    assert_eq!((right.met, right.miscounts.len()), (Some(true), 0));
    let wrong = run("", &format!("{crash}\"> 1\", elections = \">= 1\" }}\n"));
    assert_eq!(wrong.met, Some(false));
    assert_eq!(wrong.miscounts, ["crashes is 1, and > 1 is expected"]);
}

#[test]
fn broker_and_controller_in_one_process_serve_and_go_down_together() {
    let outcome = run(
        "controllers = 3\ncombined = true",
        "[[faults]]\nat = \"2s\"\ncrash = \"controller\"\nrestart-after = \"1s\"\n\
         [[faults]]\nat = \"4.5s\"\nshutdown = \"b2\"\nrestart-after = \"300ms\"\n",
    );
    assert!(outcome.counts.quorum_elections >= 2, "a new one leads after the first is gone");
    assert_eq!((outcome.counts.sends, outcome.counts.acked + outcome.counts.unknown), (150, 150));
    assert_eq!((outcome.counts.shutdowns, outcome.counts.unclean_elections), (1, 0));
    let violated: Vec<_> = trial::failures(
        &Scenario::read("name = \"x\"\nduration = \"1s\"\n[cluster]\nbrokers = 1\n", "x").expect("sound"),
        &outcome.checks,
    )
    .map(|check| (check.name, check.detail.clone()))
    .collect();
    assert!(violated.is_empty(), "{violated:?}");
}
