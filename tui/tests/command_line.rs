//! The binary as a person meets it: exit statuses, messages, other processes.

#![allow(clippy::indexing_slicing, reason = "a test that panics has failed, which is what it is for")]

use std::path::PathBuf;
use std::process::{Command, Output};

fn tribunal(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tribunal")).args(arguments).env("NO_COLOR", "1").output().expect("the binary was built")
}

fn status(output: &Output) -> i32 {
    output.status.code().expect("it exits by itself")
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn scratch(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).expect("the target folder can be written");
    folder
}

/// Runs a scenario text and answers with status and message.
fn run_text(name: &str, text: impl AsRef<[u8]>) -> (i32, String) {
    let path = scratch("bad").join(name);
    std::fs::write(&path, text).expect("the scratch folder can be written");
    let output = tribunal(&["run", &path.to_string_lossy()]);
    (status(&output), told(&output))
}

const GOOD: &str = r#"
name = "good"
kind = "story"
story = "Nothing happens."
seed = 1
duration = "2s"

[cluster]
brokers = 3

[[topics]]
name = "orders"
partitions = 1
replication-factor = 3

[[producers]]
id = "p1"
topic = "orders"
send = [ { at = "1s", key = "a", value = "1" } ]
"#;

#[test]
fn the_lost_ack_is_shown_and_its_rule_keeps_the_record() {
    let output = tribunal(&["run", "06-lost-ack", "--rules"]);
    assert_eq!(status(&output), 0, "{}", told(&output));
    let text = told(&output);
    assert!(text.contains("any-ack-durable"), "{text}");
    assert!(text.contains("met: lost-ack does what it expects"), "{text}");
    assert!(text.contains("acks=all"), "{text}");
}

#[test]
fn bad_input_is_status_2_with_file_line_and_what_was_meant() {
    let cases: &[(&str, String, &str)] = &[
        ("unknown.toml", GOOD.replace("brokers = 3", "brokerz = 3"), "brokers"),
        (
            "unknown-config.toml",
            GOOD.replace("brokers = 3", "brokers = 3\nconfig = { \"broker.heartbeat.intervall.ms\" = 5 }"),
            "broker.heartbeat.interval.ms",
        ),
        ("type.toml", GOOD.replace("seed = 1", "seed = \"one\""), "seed"),
        ("factor.toml", GOOD.replace("replication-factor = 3", "replication-factor = 4"), "4"),
        ("who.toml", format!("{GOOD}\n[[faults]]\nat = \"1s\"\ncrash = \"b9\"\n"), "b9"),
        ("role.toml", format!("{GOOD}\n[[faults]]\nat = \"1s\"\ncrash = \"leader(payments-0)\"\n"), "payments"),
        ("unhealed.toml", format!("{GOOD}\n[[faults]]\nat = \"1s\"\ncut = [\"b1\", \"b2\"]\n"), "heal"),
        ("late.toml", format!("{GOOD}\n[[faults]]\nat = \"9s\"\ncrash = \"b1\"\n"), "9"),
        ("empty.toml", String::new(), "empty"),
    ];
    for (name, text, word) in cases {
        let (status, told) = run_text(name, text);
        assert_eq!(status, 2, "{name}: {told}");
        assert!(told.contains(word), "{name} should speak of {word}: {told}");
        assert!(told.contains(name), "{name} should be named: {told}");
        assert!(!told.contains("panicked"), "{name}: {told}");
    }
}

#[test]
fn what_is_no_scenario_at_all_is_told_too() {
    let folder = scratch("a-directory");
    let output = tribunal(&["run", &folder.to_string_lossy()]);
    assert_eq!(status(&output), 2, "{}", told(&output));
    let (code, text) = run_text("binary.toml", [0xff, 0xfe, 0x00, 0x81]);
    assert_eq!(code, 2, "{text}");
    let (code, text) = run_text("huge.toml", vec![b'#'; 50 * 1024 * 1024]);
    assert_eq!(code, 2, "{}", &text[..text.len().min(400)]);
    let output = tribunal(&["run", "no-such-story"]);
    assert_eq!(status(&output), 2);
    assert!(told(&output).contains("06-lost-ack"), "{}", told(&output));
    let output = tribunal(&["run", "06-lost-ack", "--set", "producer.p1.ackz=all"]);
    assert_eq!(status(&output), 2);
    assert!(told(&output).contains("acks"), "{}", told(&output));
}

#[test]
fn a_role_that_nobody_holds_is_an_error_in_a_scripted_fault() {
    let text = format!("{GOOD}\n[[faults]]\nat = \"1ms\"\ncrash = \"leader(orders-0)\"\n");
    let (status, told) = run_text("nobody.toml", text);
    assert_eq!(status, 2, "{told}");
    assert!(told.contains("leader(orders-0)"), "{told}");
}

#[test]
fn a_trace_is_saved_judged_compared_and_explained() {
    let folder = scratch("traces");
    let (one, two, cut) = (folder.join("one.trace"), folder.join("two.trace"), folder.join("cut.trace"));
    let path = |path: &PathBuf| path.to_string_lossy().into_owned();
    assert_eq!(status(&tribunal(&["run", "06-lost-ack", "--quiet", "--trace", &path(&one)])), 0);
    assert_eq!(status(&tribunal(&["run", "06-lost-ack", "--quiet", "--seed", "7", "--trace", &path(&two)])), 0);

    let judged = tribunal(&["check", &path(&one)]);
    assert_eq!(status(&judged), 0, "{}", told(&judged));
    assert_eq!(status(&tribunal(&["diff", &path(&one), &path(&one)])), 0);
    let differing = tribunal(&["diff", &path(&one), &path(&two)]);
    assert_eq!(status(&differing), 1);
    let explained = tribunal(&["explain", &path(&one), "--step", "1.284s"]);
    assert_eq!(status(&explained), 0, "{}", told(&explained));

    let bytes = std::fs::read(&one).expect("it was written");
    std::fs::write(&cut, &bytes[..bytes.len() / 2]).expect("the scratch folder can be written");
    let truncated = tribunal(&["check", &path(&cut)]);
    assert_eq!(status(&truncated), 2, "{}", told(&truncated));
    assert!(told(&truncated).contains("truncated"), "{}", told(&truncated));
    let unreadable = tribunal(&["check", &path(&folder)]);
    assert_eq!(status(&unreadable), 2, "{}", told(&unreadable));
    let nowhere = tribunal(&["run", "06-lost-ack", "--quiet", "--trace", "/no/such/folder/x.trace"]);
    assert_eq!(status(&nowhere), 2, "{}", told(&nowhere));
}

#[test]
fn json_has_the_keys_that_stay() {
    let output = tribunal(&["run", "06-lost-ack", "--json"]);
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    for key in [
        "scenario",
        "seed",
        "version",
        "events",
        "turns",
        "simulated_us",
        "wall_us",
        "hash",
        "met",
        "checks",
        "faults",
        "warnings",
        "counts",
    ] {
        assert!(object.get(key).is_some(), "{key} is missing: {object}");
    }
    assert_eq!(object["hash"].as_str().map(str::len), Some(16));
    let output = tribunal(&["explore", "06-lost-ack", "--seeds", "0..3", "--json"]);
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    for key in ["seeds", "failed", "failures", "events", "turns", "events_per_second", "turns_per_second", "counts"] {
        assert!(object.get(key).is_some(), "{key} is missing: {object}");
    }
}

#[test]
fn an_unjudged_setting_is_reported_and_not_condemned() {
    let output = tribunal(&["run", "06-lost-ack", "--json", "--set", "topic.orders.min.insync.replicas=2"]);
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(object["met"], serde_json::Value::Null);
    assert_eq!(status(&output), 0);
}

#[test]
fn hosts_and_processes_agree() {
    let output = tribunal(&["verify", "06-lost-ack", "--seeds", "0..2"]);
    assert_eq!(status(&output), 0, "{}", told(&output));
}

#[test]
fn alone_it_says_what_to_try_first() {
    let output = tribunal(&[]);
    assert_eq!(status(&output), 0);
    assert!(told(&output).contains("tribunal run 06-lost-ack"), "{}", told(&output));
}

#[test]
fn a_snapshot_is_the_same_frame_twice() {
    let frame = || tribunal(&["watch", "06-lost-ack", "--at", "1.284s", "--snapshot", "80x24", "--format", "text"]);
    let (one, two) = (frame(), frame());
    assert_eq!(status(&one), 0, "{}", told(&one));
    assert_eq!(one.stdout, two.stdout);
    assert!(told(&one).contains("orders-0"), "{}", told(&one));
}

#[test]
fn every_reader_is_seen_or_counted() {
    let frame = |size| told(&tribunal(&["watch", "12-late-reader", "--at", "25s", "--snapshot", size]));
    let small = frame("80x24");
    for reader in ["ward reads", "screen reads", "nurse reads"] {
        assert!(small.contains(reader), "{small}");
    }
    assert!(frame("60x20").contains("+3 readers"), "{}", frame("60x20"));
}

#[test]
fn where_a_claim_breaks_the_logs_show_the_offset_it_is_about() {
    let output = tribunal(&["watch", "s16-epoch-cleaned-away", "--at", "4743", "--snapshot", "80x24"]);
    let frame = told(&output);
    assert!(frame.contains("✗1 ") && frame.contains("✗ log-matching is violated"), "{frame}");
}

#[test]
fn the_records_of_groups_are_told_in_words_everywhere() {
    let run = told(&tribunal(&["run", "03-commit-crash"]));
    assert!(run.contains("append __consumer_offsets-3 record 3 e0 (packers orders-0)"), "{run}");
    let dump = told(&tribunal(&["dump", "03-commit-crash", "--at", "10s", "--log", "__consumer_offsets-3@b2"]));
    assert!(dump.contains(" key: packers orders-0 payload: StoredOffset { offset: 10,"), "{dump}");
}

#[test]
fn a_trace_is_written_to_plain_files_only_and_read_as_what_it_is() {
    let folder = scratch("targets");
    let file = folder.join("run.trace").to_string_lossy().into_owned();
    assert_eq!(status(&tribunal(&["run", "06", "--quiet", "--trace", &file])), 0);
    let mistaken = tribunal(&["run", &file]);
    assert_eq!(status(&mistaken), 2);
    assert!(told(&mistaken).contains("is a trace"), "{}", told(&mistaken));
    let directory = tribunal(&["run", "06", "--quiet", "--trace", &folder.to_string_lossy()]);
    assert_eq!(status(&directory), 2, "{}", told(&directory));
    if cfg!(unix) {
        let device = tribunal(&["run", "06", "--quiet", "--trace", "/dev/null"]);
        assert_eq!(status(&device), 2, "{}", told(&device));
        assert!(told(&device).contains("no plain file"), "{}", told(&device));
    }
}

#[test]
fn absurd_numbers_of_jobs_are_taken_calmly() {
    let output = tribunal(&["explore", "06", "--seeds", "0..2", "--jobs", "100000"]);
    assert_eq!(status(&output), 0, "{}", told(&output));
}

#[test]
fn a_disk_is_dumped_as_it_lies_there_at_a_step() {
    let dumped = tribunal(&["dump", "06-lost-ack", "--at", "1.284s", "--log", "orders-0@b3"]);
    assert_eq!(status(&dumped), 0, "{}", told(&dumped));
    let text = told(&dumped);
    for expected in [
        "orders-0 on b3 at step",
        "is down",
        "Dumping orders-0/00000000000000000000.log  (not synced yet: bytes 0 to 139)",
        "baseOffset: 1 lastOffset: 1 count: 1",
        "isvalid: true",
        "| offset: 1 CreateTime: 1767225601190 keySize: 1 valueSize: 1 headerKeys: [] key: E payload: 5",
        "epoch: 0 startOffset: 0",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    // The other replicas never had record 1.
    let other = tribunal(&["dump", "06-lost-ack", "--at", "1.284s", "--log", "orders-0@b1"]);
    assert!(!told(&other).contains("offset: 1 "), "{}", told(&other));
    // What was truncated is gone from the disk at the end, and what the new leader has lies there.
    let later = tribunal(&["dump", "06-lost-ack", "--at", "3.9s", "--log", "orders-0@b3"]);
    assert!(!told(&later).contains("key: E payload: 5"), "{}", told(&later));
}

#[test]
fn the_metadata_log_is_dumped_with_its_records_decoded() {
    let dumped = tribunal(&["dump", "06-lost-ack", "--at", "1.284s", "--log", "__cluster_metadata-0@k1"]);
    let text = told(&dumped);
    assert_eq!(status(&dumped), 0, "{text}");
    assert!(text.contains("isControl: true"), "{text}");
    assert!(text.contains("payload: LeaderChange { leader: 3001"), "{text}");
    assert!(text.contains("payload: Topic { name: \"orders\""), "{text}");
    assert!(text.contains("isr: {1,2,3}"), "{text}");
}

#[test]
fn what_cannot_be_dumped_is_told_with_what_there_is() {
    for (at, log, expected) in [
        ("100", "orders-0@b9", "there is no server `b9`"),
        ("100", "orders-0@p1", "only servers"),
        ("858", "orders-7@b1", "b1 has no log of orders-7"),
        ("858", "orders-0@k1", "k1 has no log of orders-0"),
        ("100", "orders-0@b1", "no partition `orders-0`"),
        ("99999", "orders-0@b1", "the last one is"),
        ("soon", "orders-0@b1", "no step and no time"),
    ] {
        let output = tribunal(&["dump", "06-lost-ack", "--at", at, "--log", log]);
        assert_eq!(status(&output), 2, "{log}: {}", told(&output));
        assert!(told(&output).contains(expected), "{log}: {}", told(&output));
    }
}

#[test]
fn the_museum_behaves_and_tells_one_exhibit_at_length() {
    let all = tribunal(&["museum"]);
    assert_eq!(status(&all), 0, "{}", told(&all));
    for expected in ["r1-truncate-hw", "as written", "violated: acks-all-durable at step", "under truncation=kip-279", "holds"] {
        assert!(told(&all).contains(expected), "{expected}\n{}", told(&all));
    }
    let one = tribunal(&["museum", "r1", "--seeds", "0..3"]);
    assert_eq!(status(&one), 0, "{}", told(&one));
    for expected in ["What goes wrong", "What ends it", "Read more", "KIP-101", "tribunal watch r1-truncate-hw"] {
        assert!(told(&one).contains(expected), "{expected}\n{}", told(&one));
    }
    let none = tribunal(&["museum", "r1-truncate-h"]);
    assert_eq!(status(&none), 2, "{}", told(&none));
    assert!(told(&none).contains("did you mean `r1-truncate-hw`?"), "{}", told(&none));
    let object = tribunal(&["museum", "r12", "--json"]);
    let object: serde_json::Value = serde_json::from_slice(&object.stdout).expect("one JSON object");
    assert_eq!(object["behave"], true);
    assert_eq!(object["exhibits"].as_array().map(Vec::len), Some(3), "{object}");
}

#[test]
fn a_misspelt_scenario_is_guessed_and_luck_can_be_given() {
    let output = tribunal(&["run", "06-lost-akc"]);
    assert_eq!(status(&output), 2);
    assert!(told(&output).contains("did you mean `06-lost-ack`?"), "{}", told(&output));
    let hash = |luck: &str| {
        let output = tribunal(&["run", "r1", "--json", "--luck", luck, "--set", "truncation=kip-279"]);
        let object: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        assert_eq!(object["met"], true, "a rule holds with any luck: {object}");
        object["hash"].clone()
    };
    assert_ne!(hash("seeded"), hash("none"));
}
