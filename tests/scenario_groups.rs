//! What a scenario can have consumers and their applications do, and have done to them. Each test is a small scenario, read, or
//! run and looked at by its events.
#![allow(clippy::expect_used, reason = "a test that finds nothing there fails, as it should")]

#[path = "scenario_groups/stages.rs"]
mod stages;

use tribunal::client::application::CommitMode;
use tribunal::client::consumer::StartFrom;
use tribunal::event::{ClientFact, Event, Fact, GroupFact, GroupState, NetworkFact, PositionReason, WorldFact};
use tribunal::ids::{BrokerId, Offset, ProcessId};
use tribunal::sim::host::HostKind;
use tribunal::sim::scenario::Scenario;
use tribunal::sim::trial::{self, Outcome, TrialOptions};
use tribunal::time::{Duration, Instant, Timestamp};

/// What a test's scenario begins with.
const HEAD: &str = "name = \"group\"\nduration = \"8s\"\nluck = \"none\"\n[cluster]\nbrokers = 3\n[[topics]]\nname = \"orders\"\n\
                    partitions = 2\nreplication-factor = 3\n[[producers]]\nid = \"p1\"\ntopic = \"orders\"\n\
                    load = { from = \"1s\", until = \"4s\", rate = 50 }\n";

fn read(body: &str) -> Scenario {
    let text = format!("{HEAD}{body}");
    Scenario::read(&text, "group.toml").unwrap_or_else(|mistake| panic!("{mistake}\n{text}"))
}

fn run(body: &str) -> Outcome {
    trial::hold(&read(body), &TrialOptions { host: HostKind::Plain, seed: 1, keep_trace: true })
}

fn events(outcome: &Outcome) -> &[Event] {
    &outcome.trace.as_ref().expect("it was kept").events
}

fn of(outcome: &Outcome, client: u16) -> impl Iterator<Item = &Event> {
    events(outcome).iter().filter(move |event| event.process == ProcessId::Client(client))
}

fn first(outcome: &Outcome, is_meant: impl Fn(&Event) -> bool) -> &Event {
    events(outcome).iter().find(|event| is_meant(event)).expect("it happened")
}

fn at_ms(ms: u64) -> Instant {
    Instant::ZERO.plus(Duration::from_millis(ms))
}

#[test]
fn a_table_with_a_count_makes_several_each_with_names_of_its_own() {
    let scenario = read(
        "[[consumers]]\nid = \"c\"\ncount = 3\nstart = \"1s\"\nstart-every = \"200ms\"\ngroup = \"g1\"\ninstance = \"till\"\n\
         topics = [\"orders\"]\n[[consumers]]\nid = \"d\"\ngroup = \"g1\"\npattern = \"ord.*\"\n",
    );
    let settings = [("consumer.c.max.poll.records", "7"), ("consumer.c-2.max.poll.records", "9")];
    let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let scenario = scenario.with_settings(&settings).expect("both name somebody");
    let told: Vec<_> = scenario
        .consumers
        .iter()
        .map(|consumer| {
            let setup = &consumer.setup;
            let instance = setup.config.group_instance_id.as_deref().map_or("", String::as_str);
            (setup.name.as_str(), instance, consumer.start, setup.config.max_poll_records)
        })
        .collect();
    let expected = [
        ("c-1", "till-1", at_ms(1_000), 7),
        ("c-2", "till-2", at_ms(1_200), 9),
        ("c-3", "till-3", at_ms(1_400), 7),
        ("d", "", at_ms(0), 500),
    ];
    assert_eq!(told, expected);
    assert!(scenario.consumers.iter().all(|consumer| consumer.setup.from == StartFrom::Configured));
    assert!(scenario.with_settings(&[("consumer.c-4.max.poll.records".to_owned(), "1".to_owned())]).is_err());
}

#[test]
fn when_an_application_commits_decides_whether_its_consumer_does_and_what_its_group_promises() {
    let consumer = |id: &str, group: &str, rest: &str| {
        format!(
            "[[consumers]]\nid = \"{id}\"\ngroup = \"{group}\"\ntopics = [\"orders\"]\n\
             config = {{ \"auto.offset.reset\" = \"earliest\" }}\n{rest}\n"
        )
    };
    let body = [
        consumer("c1", "g1", ""),
        consumer("c2", "g2", "processing = { commit = \"before\" }"),
        consumer("c3", "g3", "processing = { commit = \"after\", per-record = \"3ms\" }"),
        consumer("c4", "g3", "processing = { commit = \"before\" }"),
        consumer("c5", "g4", "processing = { hands-over = true }"),
        consumer("c6", "g5", "do = [{ at = \"2s\", seek = { to = \"end\" } }]"),
        "[[consumers]]\nid = \"c7\"\ngroup = \"g6\"\ntopics = [\"orders\"]\n".to_owned(),
    ];
    let scenario = read(&body.concat());
    let auto: Vec<_> = scenario.consumers.iter().map(|consumer| consumer.setup.config.enable_auto_commit).collect();
    assert_eq!(auto, [true, false, false, false, true, true, true]);
    let promises = scenario.promises();
    let promised: Vec<_> = promises.processing.values().map(|all| (all.group, all.at_least_once, all.at_most_once)).collect();
    let expected = [
        (0, true, false),
        (1, false, true),
        (2, false, false),
        (2, false, false),
        (3, false, false),
        (4, false, false),
        (5, false, false),
    ];
    assert_eq!(promised, expected);
    let later = scenario.with_settings(&[("consumer.c4.processing.commit".to_owned(), "each".to_owned())]).expect("it is one");
    assert_eq!(later.consumers.get(3).map(|consumer| consumer.setup.application.commit), Some(CommitMode::EachRecord));
    assert!(later.promises().processing.values().nth(3).is_some_and(|all| all.at_least_once), "now all of g3 promise it");
}

#[test]
fn a_load_of_old_records_is_sent() {
    let outcome = run("[[producers]]\nid = \"p2\"\ntopic = \"orders\"\n\
                       load = { from = \"1s\", until = \"4s\", rate = 50, keys = 4, timestamps = \"-2h\" }\n");
    let sent: Vec<_> = of(&outcome, 2)
        .filter_map(|event| match &event.fact {
            Fact::Client(ClientFact::SendInvoked { record, .. }) => Some((event.at, record.timestamp)),
            _ => None,
        })
        .collect();
    assert!(sent.len() > 100);
    for (at, timestamp) in &sent {
        let now = Timestamp::RUN_START.0 + i64::try_from(at.0 / 1_000).expect("a short run");
        assert!((7_199_000..=7_200_010).contains(&(now - timestamp.0)), "{} ms old", now - timestamp.0);
    }
}

#[test]
fn an_application_pauses_resumes_and_seeks_when_it_is_told_to() {
    let outcome = run("[[consumers]]\nid = \"c1\"\nassign = [\"orders-0\", \"orders-1\"]\nfrom = \"beginning\"\n\
                       do = [{ at = \"2s\", pause = [\"orders-0\"] }, { at = \"3s\", resume = true },\n\
                       { at = \"5s\", seek = { partition = \"orders-1\", to = { offset = 2 } } }]\n");
    let told: Vec<_> = of(&outcome, 2)
        .filter_map(|event| match &event.fact {
            Fact::Client(ClientFact::PartitionsPaused { partitions }) => Some((event.at, "paused", partitions.len())),
            Fact::Client(ClientFact::PartitionsResumed { partitions }) => Some((event.at, "resumed", partitions.len())),
            Fact::Client(ClientFact::PositionSet { why: PositionReason::Seek, offset: Offset(2), .. }) => {
                Some((event.at, "sought", 1))
            }
            _ => None,
        })
        .collect();
    let near = |at: Instant, ms: u64| at >= at_ms(ms) && at < at_ms(ms + 100);
    let expected = [(2_000, "paused", 1), (3_000, "resumed", 1), (5_000, "sought", 1)];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for ((at, what, count), (ms, wanted, many)) in told.iter().zip(expected) {
        assert!(near(*at, ms) && *what == wanted && *count == many, "{what} {count} at {at}");
    }
}

#[test]
fn a_fault_waits_for_a_poll_and_for_a_record_that_is_done_with() {
    let outcome = run(
        "[[consumers]]\nid = \"c1\"\nassign = [\"orders-0\", \"orders-1\"]\nfrom = \"beginning\"\nprocessing = { per-record = \"1ms\" }\n\
         [[faults]]\nafter = \"c1 poll 2\"\npause = \"b1\"\nresume-after = \"50ms\"\n\
         [[faults]]\nafter = \"c1 processed 10\"\ncrash = \"c1\"\nrestart-after = \"500ms\"\n",
    );
    let polls: Vec<_> = of(&outcome, 2)
        .filter(|event| matches!(event.fact, Fact::Client(ClientFact::PollReturned { .. })))
        .map(|event| event.at)
        .collect();
    let done: Vec<_> = of(&outcome, 2)
        .filter(|event| matches!(event.fact, Fact::Client(ClientFact::RecordProcessed { .. })))
        .map(|event| event.at)
        .collect();
    let paused = first(&outcome, |event| matches!(event.fact, Fact::World(WorldFact::ProcessPaused {})));
    let crashed = first(&outcome, |event| matches!(event.fact, Fact::World(WorldFact::ProcessCrashed { .. })));
    assert_eq!(Some(paused.at), polls.get(1).map(|at| at.plus(Duration(1))));
    assert_eq!(Some(crashed.at), done.get(9).map(|at| at.plus(Duration(1))));
    assert_eq!(crashed.process, ProcessId::Client(2));
}

#[test]
fn a_consumer_that_is_shut_down_closes_and_comes_back() {
    let outcome = run("[[consumers]]\nid = \"c\"\ncount = 2\nassign = [\"orders-0\"]\nfrom = \"beginning\"\n\
         [[faults]]\nat = \"2s\"\nshutdown = \"c\"\nrestart-after = \"300ms\"\n\
         [[consumers]]\nid = \"d\"\nassign = [\"orders-1\"]\nstop = \"3s\"\n");
    for client in [2, 3] {
        let lives: Vec<_> = of(&outcome, client)
            .filter_map(|event| match &event.fact {
                Fact::World(WorldFact::ProcessStarted { .. }) => Some(("started", event.at)),
                Fact::World(WorldFact::ProcessStopped { .. }) => Some(("stopped", event.at)),
                _ => None,
            })
            .collect();
        let [("started", _), ("stopped", ended), ("started", back)] = lives[..] else { panic!("{lives:?}") };
        assert!(ended >= at_ms(2_000) && back == ended.plus(Duration::from_millis(300)), "{lives:?}");
    }
    let stopped = of(&outcome, 4).filter(|event| matches!(event.fact, Fact::World(WorldFact::ProcessStopped { .. })));
    assert!(stopped.map(|event| event.at).all(|at| at >= at_ms(3_000) && at < at_ms(3_100)));
    assert_eq!(outcome.summary.faults.first().map(|fault| fault.effect.asked), Some(2));
}

/// Whatever had ended just before, a record is processed because it was polled, and polled because an answer brought it.
#[test]
fn a_record_is_processed_because_of_the_poll_that_has_it() {
    let outcome = run("[[consumers]]\nid = \"c1\"\ngroup = \"g1\"\ntopics = [\"orders\"]\n\
                       config = { \"auto.offset.reset\" = \"earliest\", \"max.poll.records\" = 7 }\n\
                       processing = { per-record = \"3ms\", commit = \"after\" }\n");
    let cause = |event: &Event| events(&outcome).iter().find(|other| other.step == event.trail.cause).expect("it has a cause");
    let mut processed = 0;
    for event in of(&outcome, 2) {
        let Fact::Client(ClientFact::RecordProcessed { partition, offset, .. }) = &event.fact else { continue };
        let Fact::Client(ClientFact::PollReturned { poll }) = &cause(event).fact else { panic!("{event:?}") };
        assert_eq!(poll.partition, *partition);
        assert!(poll.records.iter().any(|record| record.offset == *offset), "{offset} was not in that poll");
        let Fact::Network(NetworkFact::MessageDelivered { .. }) = &cause(cause(event)).fact else { panic!("{event:?}") };
        processed += 1;
    }
    assert!(processed > 100, "{processed} records");
}

/// Two members in `g1`, one in each of the protocols' groups, that take no time.
const MEMBERS: &str = "[[consumers]]\nid = \"c\"\ncount = 2\ngroup = \"g1\"\ntopics = [\"orders\"]\n\
                       config = { \"auto.offset.reset\" = \"earliest\" }\n[[consumers]]\nid = \"d\"\ngroup = \"g2\"\n\
                       topics = [\"orders\"]\nconfig = { \"auto.offset.reset\" = \"earliest\", \"group.protocol\" = \"consumer\" }\n";

fn crashes(outcome: &Outcome) -> Vec<(Instant, ProcessId)> {
    let crashed = events(outcome).iter().filter(|event| matches!(event.fact, Fact::World(WorldFact::ProcessCrashed { .. })));
    crashed.map(|event| (event.at, event.process)).collect()
}

#[test]
fn a_groups_coordinator_and_the_owner_of_a_partition_can_be_struck() {
    let outcome = run(&format!(
        "{MEMBERS}[[faults]]\nat = \"4s\"\ncrash = \"coordinator(g1)\"\nrestart-after = \"1s\"\n\
         [[faults]]\nat = \"4s\"\ncrash = \"owner(g1 orders-1)\"\nrestart-after = \"1s\"\n"
    ));
    let before = events(&outcome).iter().filter(|event| event.at < at_ms(4_000));
    let mut owner = None;
    let mut coordinator = None;
    for event in before {
        match &event.fact {
            Fact::Client(ClientFact::PartitionsAssigned { group, partitions, .. }) if group.as_str() == "g1" => {
                owner = if partitions.iter().any(|given| given.partition.0 == 1) { Some(event.process) } else { owner };
            }
            Fact::Group(GroupFact::OffsetCommitted { group, .. }) if group.as_str() == "g1" => coordinator = Some(event.process),
            _ => {}
        }
    }
    let mut struck: Vec<_> = crashes(&outcome).into_iter().map(|(_, process)| Some(process)).collect();
    struck.sort();
    let mut expected = vec![coordinator, owner];
    expected.sort();
    assert_eq!(struck, expected);
    let loaded = events(&outcome).iter().filter(|event| event.at > at_ms(4_000));
    let successors = loaded.filter(|event| matches!(event.fact, Fact::Group(GroupFact::CoordinatorLoaded { .. }))).count();
    assert!(successors > 0, "somebody takes the groups over");
    assert_eq!(outcome.met, Some(true));
}

#[test]
fn a_fault_waits_for_a_group_at_rest_for_a_generation_and_for_a_partition_that_changes_hands() {
    let pause = |after: &str, whom: &str| format!("[[faults]]\nafter = \"{after}\"\npause = \"{whom}\"\nresume-after = \"1ms\"\n");
    let body = [
        MEMBERS.to_owned(),
        "[[consumers]]\nid = \"late\"\ngroup = \"g1\"\ntopics = [\"orders\"]\nstart = \"3s\"\n".to_owned(),
        pause("g1 stable", "b1"),
        pause("g1 generation 2", "b2"),
        pause("g2 stable", "b3"),
        pause("d assigned orders-1", "d"),
        pause("c-1 revoked orders-0", "c-1"),
        pause("d commit 1", "p1"),
    ];
    let outcome = run(&body.concat());
    let when = |is_meant: &dyn Fn(&Event) -> bool| first(&outcome, is_meant).at.plus(Duration(1));
    let paused = |process: ProcessId| {
        first(&outcome, |event| event.process == process && matches!(event.fact, Fact::World(WorldFact::ProcessPaused {}))).at
    };
    let state = |name: &'static str, epoch: i32| {
        move |event: &Event| match &event.fact {
            Fact::Group(GroupFact::GroupStateChanged { group, state, epoch: now, .. }) => {
                group.as_str() == name && (epoch > 0 || *state == GroupState::Stable) && *now >= epoch
            }
            _ => false,
        }
    };
    let broker = |number| ProcessId::Broker(BrokerId(number));
    assert_eq!(paused(broker(1)), when(&state("g1", 0)));
    assert_eq!(paused(broker(2)), when(&state("g1", 2)));
    assert_eq!(paused(broker(3)), when(&state("g2", 0)));
    let (c1, d) = (ProcessId::Client(2), ProcessId::Client(4));
    let assigned = |event: &Event| event.process == d && matches!(event.fact, Fact::Client(ClientFact::PartitionsAssigned { .. }));
    assert_eq!(paused(d), when(&assigned));
    let revoked = |event: &Event| event.process == c1 && matches!(event.fact, Fact::Client(ClientFact::PartitionsRevoked { .. }));
    assert_eq!(paused(c1), when(&revoked));
    let stored =
        |event: &Event| event.process == d && matches!(event.fact, Fact::Client(ClientFact::CommitAnswered { code: None, .. }));
    assert_eq!(paused(ProcessId::Client(1)), when(&stored));
}

#[test]
fn an_operator_asks_about_groups_and_resets_them_once_nobody_is_in_them() {
    let order = |at: &str, what: &str| format!("[[admin]]\nat = \"{at}\"\ndo = \"{what}\"\n");
    let body = [
        "[[consumers]]\nid = \"c\"\ngroup = \"g1\"\ntopics = [\"orders\"]\nstop = \"5s\"\n\
         config = { \"auto.offset.reset\" = \"earliest\" }\n\
         [[consumers]]\nid = \"d\"\ngroup = \"g2\"\ntopics = [\"orders\"]\nconfig = { \"group.protocol\" = \"consumer\" }\n"
            .to_owned(),
        order("3s", "list-groups"),
        order("3.1s", "describe-group g1"),
        order("3.2s", "describe-group g2"),
        order("3.3s", "describe-group g9"),
        order("3.4s", "delete-group g1"),
        order("3.5s", "reset-offsets g1 orders to-earliest"),
        order("6s", "reset-offsets g1 orders to-offset 1000000"),
        order("6.2s", "reset-offsets g1 orders-1 to-earliest"),
        order("6.4s", "reset-offsets g1 nothing to-earliest"),
        order("6.6s", "delete-offsets g1 orders-0"),
        order("6.8s", "delete-group g1"),
    ];
    let outcome = run(&body.concat());
    let answers = events(&outcome).iter().filter_map(|event| match &event.fact {
        Fact::Client(ClientFact::AdminAnswered { code, .. }) => {
            Some(code.map_or_else(|| "done".to_owned(), |code| code.to_string()))
        }
        _ => None,
    });
    let expected = [
        "done", // create the topic
        "done",
        "done",
        "done",
        "GROUP_ID_NOT_FOUND",
        "NON_EMPTY_GROUP",
        "UNKNOWN_MEMBER_ID",
        "done",
        "done",
        "UNKNOWN_TOPIC_OR_PARTITION",
        "done",
        "done",
    ];
    assert_eq!(answers.collect::<Vec<_>>(), expected);
    let stored = events(&outcome).iter().filter(|event| event.at > at_ms(5_900)).filter_map(|event| match &event.fact {
        Fact::Group(GroupFact::OffsetCommitted { group, partition, offset, .. }) if group.as_str() == "g1" => {
            Some((partition.partition.0, *offset))
        }
        _ => None,
    });
    let stored: Vec<_> = stored.collect();
    let total: u64 = stored.iter().take(2).map(|(_, offset)| offset.0).sum();
    assert_eq!(total, outcome.counts.acked, "both ends: an offset beyond the end is brought within the log");
    assert_eq!(stored.get(2..), Some([(1, Offset::ZERO)].as_slice()));
}
