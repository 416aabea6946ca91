use super::*;
use crate::commands::shell::command::{
    ConfigsOf, GroupShows, OffsetsAt, PartitionsOf, Reading, RecordPart, RecordShows, TopicsShown, Trouble,
};
use crate::commands::shell::record_line::{HeaderMarks, LineMarks};

fn line(text: &str) -> Result<(Command, Vec<String>), Refusal> {
    let (tool, rest) = called(text).ok_or_else(|| Refusal::malformed("no tool"))?;
    read(tool, &super::super::words::split(rest)?)
}

fn command(text: &str) -> Command {
    line(text).expect("it is read").0
}

#[test]
fn a_tool_is_called_by_any_path() {
    for call in [
        "kafka-topics.sh --list",
        "kafka-topics --list",
        "$ bin/kafka-topics.sh --list",
        "./bin/kafka-topics.sh   --list",
        "bin\\windows\\kafka-topics.bat --list",
        ".\\bin\\windows\\kafka-topics.bat\t--list",
        "C:\\kafka\\bin\\windows\\kafka-topics --list",
    ] {
        assert_eq!(command(call), Command::ListTopics { hides_internal: false }, "{call}");
    }
    assert!(called("kafka-storage.sh format").is_none());
    assert!(called("topics list").is_none());
}

#[test]
fn the_quickstart_of_kafka_is_read_as_it_stands() {
    let (made, notes) =
        line("bin/kafka-topics.sh --create --topic quickstart-events --bootstrap-server localhost:9092").expect("it is read");
    assert_eq!(notes.len(), 1);
    assert!(matches!(made, Command::CreateTopic { partitions, factor, .. } if partitions == "1" && factor == "1"));
    assert!(line("kafka-topics.sh --create --describe --topic t").is_err());
    assert!(line("kafka-topics.sh --create t").is_err());
    let described = TopicsShown { only: Some(Trouble::UnderReplicated), ..TopicsShown::default() };
    assert_eq!(command("kafka-topics.sh --describe --under-replicated-partitions"), Command::DescribeTopics(described));
}

#[test]
fn a_console_producer_is_told_how_its_lines_are_parted() {
    let marks = |text: &str| match command(&format!("kafka-console-producer --topic t {text}")) {
        Command::ProduceLines { marks, .. } => marks,
        other => panic!("{other:?}"),
    };
    assert_eq!(marks(""), LineMarks::default());
    let parted = LineMarks { key: Some(":".to_owned()), ..LineMarks::default() };
    assert_eq!(marks("--property parse.key=true --property key.separator=:"), parted);
    assert_eq!(marks("--reader-property parse.key=true --reader-property key.separator=:"), parted);
    assert_eq!(marks("--property key.separator=:"), LineMarks::default(), "without parse.key there is no key");
    let headers = HeaderMarks { behind: "|".to_owned(), between: ",".to_owned(), within: ":".to_owned() };
    let all = LineMarks { headers: Some(headers), null: Some("NIL".to_owned()), is_lenient: true, key: None };
    let told =
        "--property parse.headers=true --property headers.delimiter=| --property null.marker=NIL --property ignore.error=true";
    assert_eq!(marks(told), all);
}

#[test]
fn a_console_consumer_prints_what_its_properties_ask_for() {
    let reading = |text: &str| match line(&format!("kafka-console-consumer.sh --topic t {text}")).expect("it is read") {
        (Command::Consume(reading), notes) => (reading, notes),
        other => panic!("{other:?}"),
    };
    let parts = |reading: &Reading| match &reading.shows {
        RecordShows::Console { parts, .. } => parts.clone(),
        RecordShows::Place => panic!("it is Kafka's tool"),
    };
    assert_eq!(parts(&reading("").0), [RecordPart::Value]);
    let (told, notes) = reading("--property print.value=false --property print.key=true --property print.offset=TRUE");
    assert_eq!((parts(&told), notes.len()), (vec![RecordPart::Offset, RecordPart::Key], 0));
    let (told, notes) = reading("--property print.headers=true --consumer-property fetch.min.bytes=9");
    assert_eq!((parts(&told).len(), notes.len()), (1, 2), "what changes nothing is noted: {notes:?}");
    let (told, notes) = reading("--consumer-property group.id=g --consumer-property auto.offset.reset=earliest");
    assert_eq!((told.group.as_deref(), told.from_beginning, notes.len()), (Some("g"), true, 0));
    assert!(line("kafka-console-consumer.sh --topic t --property print.key").is_err());
}

#[test]
fn groups_are_listed_described_and_reset() {
    assert_eq!(command("kafka-consumer-groups.sh --list --state"), Command::ListGroups { with_states: true });
    let all = Command::DescribeGroup { group: None, shows: GroupShows::Offsets };
    assert_eq!(command("kafka-consumer-groups.sh --describe --all-groups"), all);
    let members = GroupShows::Members { with_assignments: true };
    let shown = Command::DescribeGroup { group: Some("g".to_owned()), shows: members };
    assert_eq!(command("kafka-consumer-groups.sh --describe --group g --members --verbose"), shown);
    let reset = "kafka-consumer-groups.sh --group g --reset-offsets --to-earliest --all-topics --execute";
    assert!(matches!(command(reset), Command::ResetOffsets(reset) if reset.topic.is_none() && reset.is_executed));
    assert!(line(&format!("{reset} --dry-run")).is_err());
}

#[test]
fn offsets_are_asked_of_all_partitions_or_of_some() {
    let only = |text: &str| match command(&format!("kafka-get-offsets.sh {text}")) {
        Command::GetOffsets { only, at, .. } => (only, at),
        other => panic!("{other:?}"),
    };
    let of = |topic: Option<&str>, from: u32, until: u32| PartitionsOf { topic: topic.map(str::to_owned), numbers: (from, until) };
    assert_eq!(only("--topic t --time -2"), (vec![of(Some("t"), 0, u32::MAX)], OffsetsAt::Start));
    assert_eq!(only(""), (vec![of(None, 0, u32::MAX)], OffsetsAt::End));
    assert_eq!(only("--topic t --partitions 0,3").0, [of(Some("t"), 0, 1), of(Some("t"), 3, 4)]);
    let list = "--topic-partitions t:1,u,v:0-2,w:2-,:0";
    let wanted = [of(Some("t"), 1, 2), of(Some("u"), 0, u32::MAX), of(Some("v"), 0, 2), of(Some("w"), 2, u32::MAX), of(None, 0, 1)];
    assert_eq!(only(list).0, wanted);
    for wrong in
        ["--topic t --topic-partitions t:1", "--topic-partitions t:x", "--topic t --partitions one", "--time soon --topic t"]
    {
        assert!(line(&format!("kafka-get-offsets.sh {wrong}")).is_err(), "{wrong}");
    }
}

#[test]
fn configurations_of_one_or_of_all_are_described() {
    let of = |text: &str| match command(&format!("kafka-configs.sh --describe {text}")) {
        Command::DescribeConfigs { of, .. } => of,
        other => panic!("{other:?}"),
    };
    let one = |what: &str| ConfigsOf::One(what.to_owned());
    assert_eq!(of("--entity-type topics --entity-name t"), one("topic t"));
    assert_eq!(of("--topic t"), one("topic t"));
    assert_eq!(of("--entity-type topics"), ConfigsOf::Topics);
    assert_eq!(of("--entity-type brokers"), ConfigsOf::Brokers);
    assert_eq!(of("--entity-type brokers --entity-default"), one("cluster"));
    assert!(line("kafka-configs.sh --alter --entity-type topics --add-config a=b").is_err());
}

#[test]
fn a_tool_says_what_it_takes() {
    let Command::HelpOnTool { options, .. } = command("kafka-topics.sh --help") else { panic!("it was asked for") };
    assert!(options.iter().any(|option| option == "--topic VALUE") && options.iter().any(|option| option == "--create"));
    assert_eq!(command("kafka-configs.sh --version"), Command::Version);
}
