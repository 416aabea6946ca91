//! The shell as a script meets it: lines from a pipe, what is printed, and that it goes on after every refusal.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// What the shell prints for these lines.
fn shell(arguments: &[&str], lines: &str) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tribunal"))
        .arg("shell")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary was built");
    child.stdin.take().expect("its input is a pipe").write_all(lines.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "it ends well, whatever its lines say");
    String::from_utf8(output.stdout).expect("it prints UTF-8")
}

const PAYMENTS: &str = "topics create payments --partitions 3 --replication-factor 3\n\
    produce payments --key Alice \"Made a payment of $200 to Bob\"\n\
    produce payments --key Bob 'said \"thanks\"'\n";

#[test]
fn a_record_is_produced_and_consumed_in_two_lines() {
    let lines = "produce payments --key Alice \"Made a payment of $200 to Bob\"\nconsume payments --from-beginning\n";
    for seed in ["1", "2", "3"] {
        let told = shell(&["--seed", seed], lines);
        let wanted = "note: there was no topic payments; the brokers made it with 1 partition of 1 replica (auto.create.topics.enable)\n\
            payments-0 at offset 0\npayments-0 @0  Alice: Made a payment of $200 to Bob\nc1 read 1 record, to the end\n";
        assert_eq!(told, wanted, "seed {seed}");
    }
}

#[test]
fn a_console_producer_needs_no_topic_either() {
    let told = shell(
        &[],
        "kafka-console-producer.sh --topic events --bootstrap-server localhost:9092\none\ntwo\n\n\
         kafka-console-consumer.sh --topic events --from-beginning --bootstrap-server localhost:9092\n\
         kafka-topics.sh --list --bootstrap-server localhost:9092\ntopics alter events --partitions 2\n\
         produce events --partition 1 three\nconsume events --from-beginning\n",
    );
    assert_eq!(told.matches("note: there was no topic events").count(), 1, "{told}");
    assert!(told.contains("2 records sent to events\n"), "{told}");
    assert!(told.contains("one\ntwo\nProcessed a total of 2 messages"), "{told}");
    assert!(told.contains("\nevents\n"), "{told}");
    assert!(told.contains("events-1 at offset 0\n") && told.contains("read 3 records"), "{told}");
}

#[test]
fn a_record_is_produced_and_consumed_in_three_lines() {
    let told = shell(&[], &format!("{PAYMENTS}consume payments --from-beginning\n"));
    assert!(told.contains("Alice: Made a payment of $200 to Bob\n"), "{told}");
    assert!(told.contains("Bob: said \"thanks\"\n"), "{told}");
    assert!(told.contains("read 2 records, to the end"), "{told}");
    assert!(!told.contains("topics create"), "lines from a pipe are not echoed: {told}");
}

#[test]
fn the_same_lines_with_the_same_seed_print_the_same() {
    let lines =
        format!("{PAYMENTS}crash b1\nproduce payments more\nwait 1s\nstatus\nconsume payments --from-beginning --group g\n");
    assert_eq!(shell(&["--seed", "7"], &lines), shell(&["--seed", "7"], &lines));
    assert_ne!(shell(&["--seed", "7"], &lines), shell(&["--seed", "8"], &lines), "times at least differ");
}

#[test]
fn kafkas_own_quickstart_works_as_it_is_pasted() {
    let told = shell(
        &[],
        "$ bin/kafka-topics.sh --create --topic quickstart-events --bootstrap-server localhost:9092\n\
         bin/kafka-topics.sh --describe --topic quickstart-events \\\n    --bootstrap-server localhost:9092\n\
         bin/kafka-console-producer.sh --topic quickstart-events --bootstrap-server localhost:9092\n\
         >This is my first event\n>This is my second event\n\
         bin/kafka-console-consumer.sh --topic quickstart-events --from-beginning --bootstrap-server localhost:9092\n",
    );
    assert!(told.contains("Created topic quickstart-events."), "{told}");
    assert!(told.contains("PartitionCount: 1\tReplicationFactor: 1\t"), "{told}");
    assert!(told.contains("This is my first event\nThis is my second event\nProcessed a total of 2 messages"), "{told}");
    assert!(told.contains("note: --bootstrap-server has no effect here"), "{told}");
}

/// The text blocks of a page of the book, in order.
fn blocks(page: &str) -> Vec<&str> {
    page.split("```text\n").skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn the_session_of_the_quickstart_page_prints_what_the_page_shows() {
    let page = include_str!("../../book/src/quickstart.md");
    let [first, typed, printed] = blocks(page)[..] else { panic!("two sessions are typed, and one is shown") };
    assert!(shell(&[], first).contains("Alice: Made a payment of $200 to Bob\nc1 read 1 record, to the end"));
    let told = shell(&[], typed).replace('\t', "    ");
    let lines = |text: &str| text.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    assert_eq!(lines(&told), lines(printed));
}

#[test]
fn a_group_is_described_in_kafkas_columns_and_its_reset_is_clamped() {
    let lines = format!(
        "{PAYMENTS}consume payments --from-beginning --group g\nconsume payments --from-beginning --group g\n\
         kafka-consumer-groups.sh --describe --group g\noffsets reset g payments --to-offset 99\n\
         kafka-consumer-groups.sh --reset-offsets --group g --topic payments --to-earliest\n\
         consume payments --group g\noffsets reset g payments --to-earliest\nconsume payments --group g\n"
    );
    let told = shell(&[], &lines);
    let counts: Vec<&str> = told.lines().filter(|line| line.contains(" read ")).collect();
    let wanted = ["read 2 records", "read 0 records", "read 0 records", "read 2 records"];
    assert_eq!(counts.len(), wanted.len(), "{told}");
    assert!(counts.iter().zip(wanted).all(|(line, wanted)| line.contains(wanted)), "{told}");
    assert!(told.contains("CURRENT-OFFSET  LOG-END-OFFSET  LAG"), "{told}");
    assert!(told.contains("WARN offset 99 is higher than the latest offset of payments-"), "{told}");
    assert!(told.contains("--execute is missing"), "a reset of Kafka's tool only shows unless told to do it: {told}");
}

#[test]
fn a_group_that_is_shown_two_records_has_read_two() {
    let produced = "topics create t\nproduce t a\nproduce t b\nproduce t c\nproduce t d\n";
    for read in ["consume t --from-beginning --group g", "kafka-console-consumer.sh --topic t --group g --from-beginning"] {
        let told = shell(&[], &format!("{produced}{read} --max-messages 2\ngroups describe g\nconsume t --group g\n"));
        let lag = told.lines().find(|line| line.starts_with("g  ")).map(|line| line.split_whitespace().collect::<Vec<_>>());
        assert_eq!(lag.as_deref().and_then(|columns| columns.get(3..6)), Some(["2", "4", "2"].as_slice()), "{told}");
        assert!(told.ends_with("t-0 @2  c\nt-0 @3  d\nc2 read 2 records, to the end\n"), "{told}");
    }
}

#[test]
fn a_reset_beyond_either_end_is_clamped_with_a_warning() {
    let lines = "topics create t\nproduce t a\nproduce t b\nconsume t --from-beginning --group g\n\
                 offsets reset g t --shift-by -50\noffsets reset g t --to-offset -5\noffsets reset g t --shift-by 50\n";
    let told = shell(&[], lines);
    for warned in ["-48 is lower", "-5 is lower", "50 is higher"] {
        assert!(told.contains(&format!("WARN offset {warned} than the ")), "{warned}: {told}");
    }
    let twice = "kafka-consumer-groups.sh --delete --group g --group h\n";
    assert!(shell(&[], twice).contains("ERROR INVALID_REQUEST: --group is taken once here"));
}

#[test]
fn a_group_reads_on_from_a_time() {
    let reset = "kafka-consumer-groups.sh --reset-offsets --group g --topic t --execute";
    let lines = format!(
        "topics create t\nproduce t old\nwait 10s\nproduce t young\nconsume t --from-beginning --group g\n\
         {reset} --by-duration PT5S\n{reset} --to-datetime 2026-01-01T00:00:05.000\n{reset} --to-datetime 2026-01-01T02:00:00+02:00\n\
         {reset} --to-datetime 2027-01-01T00:00:00Z\noffsets reset g t --by-duration P1D\n\
         kafka-get-offsets.sh --topic t --time 1767225605000\nkafka-get-offsets.sh --topic t --time 1798761600000\n\
         {reset} --to-datetime yesterday\n{reset} --by-duration 1h\n{reset} --by-duration PT5S --to-latest\n"
    );
    let told = shell(&[], &lines);
    let reached: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix("g ")?.split_whitespace().last()).collect();
    assert_eq!(reached, ["1", "1", "0", "2", "0"], "{told}");
    let listed: Vec<&str> = told.lines().filter(|line| line.starts_with("t:")).collect();
    assert_eq!(listed, ["t:0:1"], "no record is as young as that: {told}");
    for said in ["`yesterday` is no time", "`1h` is no duration", "a reset has one aim"] {
        assert!(told.contains(&format!("ERROR INVALID_REQUEST: {said}")), "{said}: {told}");
    }
}

#[test]
fn what_cannot_be_done_has_kafkas_name_and_the_shell_goes_on() {
    for (line, name) in [
        ("produce nowhere --partition 1 x", "UNKNOWN_TOPIC_OR_PARTITION"),
        ("produce payments-7 x", "UNKNOWN_TOPIC_OR_PARTITION"),
        ("produce no/where x", "INVALID_TOPIC_EXCEPTION"),
        ("consume nowhere --from-beginning", "UNKNOWN_TOPIC_OR_PARTITION"),
        ("consume payments --partition 9 --from-beginning", "UNKNOWN_TOPIC_OR_PARTITION"),
        ("topics create payments", "TOPIC_ALREADY_EXISTS"),
        ("topics create a/b", "INVALID_TOPIC_EXCEPTION"),
        ("topics create x --replication-factor 4", "INVALID_REPLICATION_FACTOR"),
        ("topics create x --partitions none", "INVALID_PARTITIONS"),
        ("topics alter payments --partitions 2", "INVALID_PARTITIONS"),
        ("topics create x --config retention.sm=1", "INVALID_CONFIG"),
        ("configs set topic payments retention.ms=soon", "INVALID_CONFIG"),
        ("groups describe nobody", "GROUP_ID_NOT_FOUND"),
        ("crash b9", "INVALID_REQUEST"),
        ("produce payments \"unclosed", "INVALID_REQUEST"),
        ("wait soon", "INVALID_REQUEST"),
        ("topix list", "INVALID_REQUEST"),
        ("kafka-topics.sh --create --list", "INVALID_REQUEST"),
    ] {
        let told = shell(&[], &format!("{PAYMENTS}{line}\nproduce payments last\n"));
        assert!(told.contains(&format!("ERROR {name}: ")), "{line}: {told}");
        let last = told.lines().last().unwrap_or_default();
        assert!(last.starts_with("payments-") && last.contains(" at offset "), "{line}: {told}");
    }
}

#[test]
fn a_saved_session_runs_as_a_scenario_and_shows_its_story() {
    let file = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("shell-session.toml");
    let name = file.display().to_string();
    let lines = format!(
        "{PAYMENTS}crash leader(payments-0)\ncut b2 b3\nskew b3 +2h\nwait 2s\nheal\nconsume payments --from-beginning --group g\n\
         save {name}\n"
    );
    let told = shell(&["--seed", "0x2a"], &lines);
    assert!(told.contains("holds the session"), "{told}");
    let run = Command::new(env!("CARGO_BIN_EXE_tribunal")).args(["run", &name]).output().expect("the binary was built");
    let text = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{text}");
    assert!(text.contains("seed 0x2a") && text.contains("crash leader(payments-0)"), "{text}");
}

#[test]
fn a_session_that_breaks_a_promise_says_so_when_it_is_saved() {
    let file = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("shell-lost.toml");
    let name = file.display().to_string();
    let lines = format!(
        "topics create t\nproduce t one\nproduce t two\nproduce t three\nsave {name}\n\
         power-off leader(t-0)\nrestart b1 b2 b3\nwait 15s\nsave {name}\n"
    );
    let told = shell(&["--seed", "3"], &lines);
    assert_eq!(told.matches("holds the session").count(), 2, "{told}");
    assert_eq!(told.matches("note: it breaks acks-all-durable").count(), 1, "it does when the power has failed: {told}");
    let run = Command::new(env!("CARGO_BIN_EXE_tribunal")).args(["run", &name]).output().expect("the binary was built");
    assert_eq!(run.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&run.stdout).contains("NOT MET"));
}

#[test]
fn acknowledgements_stop_when_too_few_replicas_are_in_sync() {
    let told = shell(
        &[],
        "topics create t --replication-factor 3 --config min.insync.replicas=2\nproduce t a\ncrash b2 b3\nwait 10s\nproduce t b\n\
         restart b2 b3\nwait 5s\nproduce t c\n",
    );
    assert!(told.contains("ERROR NOT_ENOUGH_REPLICAS") || told.contains("ERROR REQUEST_TIMED_OUT"), "{told}");
    assert!(told.lines().last().is_some_and(|line| line.starts_with("t-0 at offset ")), "{told}");
}

#[test]
fn what_guides_ask_of_all_groups_topics_and_partitions_is_answered() {
    let told = shell(
        &[],
        "topics create t --partitions 2 --replication-factor 3 --config cleanup.policy=compact\nproduce t nokey\nproduce t --key k v\n\
         topics create u\nproduce u --key k v\nconsume t --from-beginning --group g1\nconsume u --from-beginning --group g1\n\
         consume u --from-beginning --group g2\nkafka-consumer-groups.sh --describe --all-groups\n\
         kafka-consumer-groups.sh --group g1 --reset-offsets --to-earliest --all-topics --execute\n\
         kafka-get-offsets.sh --topic t\nkafka-get-offsets.sh --topic t --time earliest\ncrash b3\nwait 3s\n\
         kafka-topics.sh --describe --topic t --under-replicated-partitions\n\
         kafka-topics.sh --describe --topic t --unavailable-partitions\n\
         configs set topic t retention.ms=foo\nconfigs set broker b1 broker.session.timeout.ms=5\n",
    );
    assert!(told.contains("ERROR INVALID_RECORD: t is compacted: it takes no record without a key\n"), "{told}");
    assert_eq!(told.matches("has no active members").count(), 2, "{told}");
    assert_eq!(told.lines().filter(|line| line.starts_with("g1  ") && line.ends_with(" 0")).count(), 3, "{told}");
    assert!(told.contains("\nt:0:1\nt:1:0\nt:0:0\nt:1:0\n"), "{told}");
    assert_eq!(told.matches("\tTopic: t\tPartition:").count(), 2, "both lack b3, and both are led: {told}");
    assert!(told.contains("ERROR INVALID_CONFIG: `retention.ms` cannot be `foo`: a time in whole ms is wanted\n"), "{told}");
    assert!(told.contains("ERROR INVALID_REQUEST: `broker.session.timeout.ms` is read when a broker starts"), "{told}");
}

#[test]
fn what_a_console_tool_is_told_of_a_line_has_an_effect_or_a_note() {
    let told = shell(
        &[],
        "kafka-console-producer.sh --topic t --property parse.key=true --property key.separator=: --property null.marker=NIL\n\
         a:1\nb:NIL\nNIL:3\nplain\n\n\
         kafka-console-consumer.sh --topic t --from-beginning --property print.key=true --property print.value=false\n\
         kafka-console-consumer.sh --topic t --from-beginning --property print.key=true --property key.separator=| \
         --property null.literal=- --property print.headers=true --consumer-property group.id=g\n\
         kafka-consumer-groups.sh --list --state\nkafka-consumer-groups.sh --list\n\
         topics alter t --partitions 2\nconfigs set topic t message.timestamp.type=LogAppendTime\nproduce t --partition 1 late\n\
         kafka-console-consumer.sh --topic t --partition 1 --offset earliest --property print.timestamp=true\n",
    );
    assert!(told.contains("ERROR INVALID_REQUEST: no key separator `:` is in this line\n3 records sent to t\n"), "{told}");
    assert!(told.contains("\na\nb\nnull\nProcessed a total of 3 messages\n"), "{told}");
    assert!(told.contains("note: print.headers has no effect here\na|1\nb|-\n-|3\n"), "{told}");
    assert!(told.contains("GROUP                     STATE\ng                         Empty\ng\n"), "{told}");
    assert!(told.contains("\nLogAppendTime:17672256"), "{told}");
}

#[test]
fn headers_are_read_from_a_line_and_sent() {
    let file = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("shell-headers.toml");
    let name = file.display().to_string();
    let lines = format!(
        "kafka-console-producer.sh --topic t --property parse.headers=true --property headers.delimiter=|\ntrace:7,from:me|paid\n\n\
         save {name}\n"
    );
    assert!(shell(&[], &lines).contains("1 record sent to t"));
    let saved = std::fs::read_to_string(&file).expect("it was saved");
    let header = "headers = [{ key = \"trace\", value = \"7\" }, { key = \"from\", value = \"me\" }]";
    assert!(saved.contains(header) && saved.contains("value = \"paid\""), "{saved}");
}

#[test]
fn records_are_deleted_as_a_file_of_kafkas_says() {
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let (file, wrong) = (folder.join("shell-offsets.json"), folder.join("shell-no-offsets.json"));
    let partition = |topic: &str, offset: i64| format!(r#"{{"topic": "{topic}", "partition": 0, "offset": {offset}}}"#);
    let all = [partition("t", 2), partition("u", -1), partition("t", 9), partition("v", 1)].join(", ");
    std::fs::write(&file, format!(r#"{{"partitions": [{all}], "version": 1}}"#)).expect("the folder is there");
    std::fs::write(&wrong, r#"{"partitions": [{"topic": "t", "offset": 1}]}"#).expect("the folder is there");
    let (file, wrong) = (file.display(), wrong.display());
    let told = shell(
        &[],
        &format!(
            "topics create t\nproduce t a\nproduce t b\nproduce t c\ntopics create u\nproduce u a\n\
             topics create v --config cleanup.policy=compact\nproduce v --key k 1\n\
             kafka-delete-records.sh --bootstrap-server localhost:9092 --offset-json-file {file}\n\
             consume t --from-beginning\nkafka-get-offsets.sh --time earliest --exclude-internal-topics\n\
             kafka-delete-records.sh --offset-json-file {wrong}\nkafka-delete-records.sh --offset-json-file nowhere.json\n"
        ),
    );
    assert!(told.contains("partition: t-0\tlow_watermark: 2\npartition: u-0\tlow_watermark: 1\n"), "{told}");
    assert!(told.contains("partition: t-0\terror: OFFSET_OUT_OF_RANGE: "), "beyond the end: {told}");
    assert!(told.contains("partition: v-0\terror: POLICY_VIOLATION: "), "it is compacted: {told}");
    assert!(told.contains("t-0 @2  c\nc1 read 1 record, to the end\nt:0:2\nu:0:1\nv:0:0\n"), "{told}");
    assert!(told.contains("wants a topic, a partition and an offset") && told.contains("nowhere.json cannot be read"), "{told}");
}

#[test]
fn what_guides_ask_of_topics_and_brokers_is_answered() {
    let told = shell(
        &[],
        "topics create t --partitions 2 --replication-factor 3 --config min.insync.replicas=2\ntopics create u\nproduce u a\n\
         consume u --from-beginning --group g\nkafka-topics.sh --list --exclude-internal\n\
         kafka-topics.sh --describe --topics-with-overrides --exclude-internal\n\
         bin\\windows\\kafka-get-offsets.bat --topic-partitions u:0,t:1-2\n\
         kafka-get-offsets.sh --topic t --partitions 7\n\
         kafka-configs.sh --describe --entity-type topics --entity-name t\n\
         kafka-configs.sh --alter --entity-type brokers --entity-default --add-config log.retention.ms=5000\n\
         kafka-configs.sh --describe --entity-type brokers\n\
         crash b3\nwait 3s\nkafka-topics.sh --describe --at-min-isr-partitions --topic t\n\
         kafka-consumer-groups.sh --group g --topic u --reset-offsets --to-earliest --dry-run --execute\n",
    );
    assert!(told.contains("\nt\nu\nTopic: t\tTopicId:"), "{told}");
    assert!(told.contains("Configs: min.insync.replicas=2\nt:1:0\nu:0:1\n"), "{told}");
    assert!(told.contains("ERROR INVALID_REQUEST: no topic and partition there is matches that\n"), "{told}");
    assert!(told.contains("Dynamic configs for broker b1 are:\n"), "{told}");
    assert!(told.contains("Default configs for brokers in the cluster are:\n  log.retention.ms=5000 "), "{told}");
    assert_eq!(told.matches("\tTopic: t\tPartition:").count(), 2, "two of three are in sync, and two are wanted: {told}");
    assert!(told.contains("ERROR INVALID_REQUEST: --reset-offsets takes one of --dry-run and --execute"), "{told}");
}
