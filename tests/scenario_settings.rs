//! What is laid over a scenario: `--set`, rule blocks, `--fault`, `--choose`; and files that are no text at all.

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use tribunal::choice::{ChoiceKind, Pin, Subject};
use tribunal::config::Truncation;
use tribunal::event::{Acks, CrashKind};
use tribunal::ids::{BrokerId, PartitionIndex, ProcessId};
use tribunal::sim::scenario::{FaultAction, Mistake, Role, Scenario, Target, When, stories};
use tribunal::time::{Duration, Instant};

fn lost_ack() -> Scenario {
    Scenario::embedded("lost-ack").expect("it is embedded").expect("it is sound")
}

fn set(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn the_lost_ack_is_read_as_it_is_written() {
    let scenario = lost_ack();
    assert_eq!((scenario.seed, scenario.duration), (0x2A17, Duration::from_secs(4)));
    assert_eq!(scenario.heal_time, Duration::from_secs(15));
    let names: Vec<_> = scenario.processes().into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["b1", "b2", "b3", "k1", "p1", "c1", "admin"]);
    let [producer] = &scenario.producers[..] else { panic!("one producer") };
    assert_eq!(producer.setup.process, ProcessId::Client(1));
    assert_eq!(producer.setup.config.acks, Acks::Leader);
    assert_eq!(producer.sends.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [Instant(1_000_000), Instant(1_190_000)]);
    let texts: Vec<_> = scenario.faults.iter().map(|fault| (fault.line, fault.text.as_str())).collect();
    assert_eq!(
        texts,
        [
            (31, "1.180s cut leader(orders-0) | followers(orders-0), heal after 400ms"),
            (36, "1.284s crash leader(orders-0), restart after 1200ms"),
        ]
    );
    let leader = Target::Role(Role::Leader("orders".to_owned(), PartitionIndex(0)));
    let crash = FaultAction::Crash { targets: vec![leader], kind: CrashKind::Process };
    assert_eq!(scenario.faults.last().map(|fault| &fault.action), Some(&crash));
    assert_eq!(scenario.faults.last().and_then(|fault| fault.lasts), Some(Duration::from_millis(1_200)));
}

#[test]
fn settings_reach_the_part_they_name() {
    let settings = set(&[
        ("truncation", "high-watermark"),
        ("producer.p1.acks", "all"),
        ("topic.orders.min.insync.replicas", "2"),
        ("topic.orders.remote.storage.enable", "true"),
        ("consumer.c1.max.poll.records", "7"),
        ("replica.lag.time.max.ms", "4000"),
        ("log.roll.hours", "2"),
        ("producer.id.expiration.ms", "5"),
    ]);
    let scenario = lost_ack().with_settings(&settings).expect("all are settings");
    assert_eq!(scenario.variants.truncation, Truncation::HighWatermark);
    assert_eq!(scenario.producers.first().map(|producer| producer.setup.config.acks), Some(Acks::All));
    assert_eq!(scenario.topics.first().map(|topic| topic.config.clone()), Some(set(&[("min.insync.replicas", "2")])));
    assert_eq!(scenario.consumers.first().map(|consumer| consumer.setup.config.max_poll_records), Some(7));
    assert_eq!(scenario.cluster.config.replica_lag_time_max, Duration::from_secs(4));
    assert_eq!(scenario.cluster.topic_defaults.segment_ms, Duration::from_secs(7_200));
    assert_eq!(scenario.no_effect, ["producer.id.expiration.ms", "topic.orders.remote.storage.enable"]);
    assert_eq!(scenario.settings, settings);
}

#[test]
fn a_topics_size_and_a_producers_load_are_set_too() {
    let settings = set(&[
        ("topic.orders.partitions", "4"),
        ("topic.orders.replication-factor", "2"),
        ("producer.p1.start", "300ms"),
        ("producer.p1.load.rate", "20"),
        ("producer.p1.load.from", "2.5s"),
    ]);
    let scenario = lost_ack().with_settings(&settings).expect("all are settings");
    let topic = scenario.topics.first().expect("one is listed");
    assert_eq!((topic.partitions, topic.replication_factor), (4, 2));
    let producer = scenario.producers.first().expect("one is listed");
    assert_eq!(producer.start, Instant(300_000));
    let load = producer.load.as_ref().expect("it has one now");
    assert_eq!((load.rate, load.from, load.until, load.keys), (20, Instant(2_500_000), Instant(4_000_000), 16));
    let told = |key: &str, value: &str| match lost_ack().with_settings(&set(&[(key, value)])) {
        Ok(_) => panic!("{key}={value} is taken"),
        Err(Mistake { message, help, .. }) => format!("{message} ({})", help.unwrap_or_default()),
    };
    assert_eq!(told("producer.p1.load.keys", "3"), "a load needs a rate (set `load.rate` as well)");
    assert_eq!(told("producer.p1.load", "3"), "`load` is not set by that name (write `producer.NAME.load.KEY`)");
    assert_eq!(
        told("producer.p1.topic", "bills"),
        "`topic` is written in the file and not set over it (of a producer `start`, `load.KEY` and Kafka's keys are set)"
    );
    assert_eq!(
        told("topic.orders.replication-factor", "4"),
        "4 replicas need 4 brokers, and there are 3 (a broker holds one replica of a partition at most)"
    );
}

#[test]
fn the_written_expectation_and_the_rules_judge_only_their_own_settings() {
    let scenario = lost_ack();
    let violated = |settings: &[(&str, &str)]| scenario.judged_by(&set(settings)).map(|expect| expect.violated.clone());
    assert_eq!(violated(&[]), Some(vec!["any-ack-durable".to_owned()]));
    assert_eq!(violated(&[("producer.p1.acks", "all")]), Some(Vec::new()));
    assert_eq!(violated(&[("producer.p1.acks", "0")]), None);
    assert_eq!(violated(&[("producer.p1.acks", "all"), ("truncation", "kip-279")]), None);
}

#[test]
fn a_wrong_setting_is_pointed_at_where_it_was_typed() {
    let told = |key: &str, value: &str| match lost_ack().with_settings(&set(&[(key, value)])) {
        Ok(_) => panic!("{key}={value} is taken"),
        Err(Mistake { file, source_text, span, message, help, .. }) => {
            let meant = source_text.get(span.0..span.1).unwrap_or_default().to_owned();
            format!("{file} {source_text} [{meant}] {message} ({})", help.unwrap_or_default())
        }
    };
    assert_eq!(
        told("producer.p1.acsk", "all"),
        "--set producer.p1.acsk=all [producer.p1.acsk] Kafka has no producer key `acsk` (did you mean `acks`?)"
    );
    assert_eq!(
        told("topic.order.min.insync.replicas", "2"),
        "--set topic.order.min.insync.replicas=2 [topic.order.min.insync.replicas] there is no topic `order` to set something \
         for (did you mean `orders`?)"
    );
    assert_eq!(
        told("producer.p1.linger.ms", "-4"),
        "--set producer.p1.linger.ms=-4 [-4] `linger.ms` cannot be `-4`: it must be at least 0 ()"
    );
    assert_eq!(told("", ""), "--set = [] Kafka has no broker key `` ()");
    assert_eq!(
        told("producer.p1.enable.idempotence", "true"),
        "--set producer.p1.enable.idempotence=true [true] `enable.idempotence` cannot be `true`: idempotent producers are not built yet ()"
    );
}

#[test]
fn an_added_fault_is_part_of_the_text_and_is_read_again_with_it() {
    let settings = set(&[("producer.p1.acks", "all")]);
    let before = lost_ack().with_settings(&settings).expect("a setting");
    let scenario = before.with_fault(r#"at = "1.5s", power-off = "b2", restart-after = "1s""#).expect("a fault");
    let added = scenario.faults.last().expect("it is there");
    assert_eq!(added.text, "1.5s power off b2, restart after 1s");
    assert_eq!(added.when, When::At(Instant(1_500_000)));
    let b2 = Target::Process(ProcessId::Broker(BrokerId(2)));
    assert_eq!(added.action, FaultAction::Crash { targets: vec![b2], kind: CrashKind::Power });
    assert_eq!(scenario.settings, settings);
    let again = Scenario::read(&scenario.text, "again.toml")
        .expect("the text alone makes the run")
        .with_settings(&settings)
        .expect("settings");
    assert_eq!(again.faults, scenario.faults);
    let nested =
        before.with_fault(r#" after = "p1 ack 1", loss = { from = ["b1", "b2"], to = "p1", percent = 12.5 }, heal = "never" "#);
    let nested = nested.expect("tables and lists are copied as written");
    assert_eq!(
        nested.faults.last().map(|fault| fault.text.as_str()),
        Some("after p1 ack 1: lose 12.5% of b1+b2 -> p1, never healed")
    );
}

#[test]
fn a_wrong_added_fault_is_pointed_at_where_it_was_typed() {
    let told = |text: &str| match lost_ack().with_fault(text) {
        Ok(_) => panic!("{text} is taken"),
        Err(mistake) => {
            assert_eq!(mistake.source_text, text);
            let (from, to) = mistake.span;
            format!("{mistake} [{}]", text.get(from..to).unwrap_or_default())
        }
    };
    assert_eq!(
        told(r#"at = "1s", crash = "b7""#),
        "--fault:1:20: there is no process `b7` (there are b1 to b3, k1, p1, c1, admin) [\"b7\"]"
    );
    assert_eq!(
        told(r#"at = "1s", crush = "b1""#),
        "--fault:1:12: unknown key `crush` in [[faults]] (did you mean `crash`?) [crush]"
    );
    assert_eq!(
        told(r#"at = "1s" crash = "b1""#),
        "--fault:1:11: this is not TOML: missing comma between key-value pairs, expected `,` []"
    );
    assert_eq!(told(""), "--fault: a fault needs `at` or `after` (at = \"1.2s\", or after = \"p1 ack 2\") []");
}

#[test]
fn a_fault_cannot_be_added_to_a_list_and_that_is_said() {
    let text = "name = \"x\"\nduration = \"4s\"\nfaults = [{ at = \"1s\", crash = \"b1\" }]\n[cluster]\nbrokers = 1\n";
    let scenario = Scenario::read(text, "x.toml").expect("a list is a list of tables");
    let mistake = scenario.with_fault(r#"at = "2s", restart = "b1""#).expect_err("TOML does not extend lists");
    assert_eq!(mistake.help.as_deref(), Some("to add to them, write them as [[faults]] tables and not as a list"));
}

#[test]
fn pins_are_read_and_written_alike() {
    let scenario = lost_ack();
    let broker = |id| ProcessId::Broker(BrokerId(id));
    let pin = scenario.pin("loss b2->b3 fetch-response #17 = drop").expect("a pin");
    let subject = Subject::message(broker(2), broker(3), 1, true);
    assert_eq!(pin, Pin { kind: ChoiceKind::Loss, subject, nth: 17, answer: 1 });
    for text in [
        "loss b2->b3 fetch-response #17 = drop",
        "latency p1->b1 produce #0 = 5000us",
        "duplicate p1->b1 metadata #3 = twice",
        "reset b1->p1 #0 = silence",
        "backoff p1 3 #2 = 40us",
        "fault-time world #1 = 77",
        "sticky-partition p1 #0 = 2",
        "latency b1->p1 12345678 #0 = 1us",
    ] {
        let pin = scenario.pin(text).unwrap_or_else(|mistake| panic!("{mistake}"));
        assert_eq!(scenario.pin_text(&pin), text);
    }
    let pinned = scenario.with_pin("loss b2->b3 fetch-response #17 = drop").expect("a pin");
    assert_eq!(pinned.pins, [pin]);
    for (wrong, told) in [
        ("", "`` pins no answer"),
        ("= drop", "no kind of choice is named"),
        ("loss = drop", "`loss`: whose choice is missing"),
        ("loss b1 fetch = drop", "`loss` is decided on a way from one process to another"),
        ("loss b1->b2 = drop", "`loss` needs a message"),
        ("loss b1->b2 fetch fetch = drop", "`fetch` is one word too many"),
        ("loss b1->b2 fetsh = drop", "there is no message `fetsh`"),
        ("loss b1->b2 fetch #x = drop", "`#x` is no count: `#0` is the first"),
        ("latency b1->b2 fetch = soon", "`latency` cannot be `soon`"),
    ] {
        assert_eq!(scenario.pin(wrong).map_err(|mistake| mistake.message), Err(told.to_owned()));
    }
}

#[test]
fn what_is_no_scenario_file_is_refused_in_plain_words() {
    let folder = std::env::temp_dir().join(format!("tribunal-scenario-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder for the test");
    let told = |name: &str, bytes: Option<&[u8]>| {
        let path: PathBuf = folder.join(name);
        if let Some(bytes) = bytes {
            fs::write(&path, bytes).expect("a file for the test");
        }
        let mistake = Scenario::load(&path).expect_err("it is no scenario").to_string();
        mistake.replace(&path.display().to_string(), name)
    };
    let empty = "empty.toml: is empty (a scenario has at least a `name`, a `duration` and a [cluster])";
    assert_eq!(told("empty.toml", Some(b"")), empty);
    assert_eq!(told("empty.toml", Some(b" \n\n")), empty);
    assert_eq!(told("missing.toml", None), "missing.toml: there is no such file");
    let directory = Scenario::load(&folder).expect_err("a directory").message;
    assert_eq!(directory, "is a directory, and a scenario is a TOML file");
    assert_eq!(told("large.toml", Some(&vec![b'#'; 50 << 20])), "large.toml: is larger than 1 MiB, and no scenario is");
    assert_eq!(
        told("binary.toml", Some(b"name = \"\xff\"")),
        "binary.toml: is not UTF-8 text: byte 8 cannot be read as part of a letter"
    );
    fs::remove_dir_all(&folder).expect("the test's own folder");
}

fn mutated() -> impl Strategy<Value = String> {
    let text = stories().next().map(|(_, text)| text).expect("one scenario is embedded").to_owned();
    let piece = prop_oneof![
        "\\PC{0,8}",
        Just("[[faults]]".to_owned()),
        Just("\"".to_owned()),
        Just("= [".to_owned()),
        Just("99999999999999999999".to_owned()),
        Just("-1".to_owned()),
        Just("\"9999999999h\"".to_owned()),
        Just("leader(".to_owned()),
        Just("é\n".to_owned()),
    ];
    (any::<prop::sample::Index>(), 0_usize..24, piece).prop_map(move |(at, cut, piece)| {
        let letters: Vec<char> = text.chars().collect();
        let at = at.index(letters.len());
        let head = letters.iter().take(at);
        let tail = letters.iter().skip(at + cut);
        head.chain(piece.chars().collect::<Vec<_>>().iter()).chain(tail).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,200}") {
        let _ = Scenario::read(&text, "s.toml");
    }

    #[test]
    fn no_damage_to_a_file_makes_the_reader_panic(text in mutated()) {
        if let Err(mistake) = Scenario::read(&text, "s.toml") {
            let (from, to) = mistake.span;
            prop_assert!(mistake.source_text.get(from..to).is_some() || mistake.source_text.is_empty());
        }
    }

    #[test]
    fn no_setting_fault_or_pin_makes_the_reader_panic(key in "[a-z.]{0,12}", text in "\\PC{0,60}") {
        let scenario = lost_ack();
        let _ = scenario.with_settings(&[(key, text.clone())]);
        let _ = scenario.with_fault(&text);
        let _ = scenario.with_fault(&format!("at = \"1s\", {text}"));
        let _ = scenario.pin(&text);
        let _ = scenario.pin(&format!("loss {text} = drop"));
    }
}
