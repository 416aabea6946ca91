//! The format as it is told: every example of scenarios/README.md is read, and the JSON Schema agrees with the reader.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tribunal::sim::scenario::{CHECKS, Scenario, schema, stories};

/// What a snippet stands on.
const HEAD: &str = "name = \"snippet\"\nduration = \"4s\"\n[cluster]\nbrokers = 3\n";

/// The examples of the page, as whole files.
fn examples() -> Vec<(String, String)> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/README.md")).expect("the page is there");
    let mut examples = Vec::new();
    for (number, block) in page.split("```toml").skip(1).enumerate() {
        let (kind, rest) = block.split_once('\n').expect("a block has lines");
        let (text, _) = rest.split_once("```").expect("a block ends");
        let head = if kind.trim() == "snippet" { HEAD } else { "" };
        examples.push((format!("example {number}"), format!("{head}{text}")));
    }
    examples
}

fn schema_value() -> Value {
    serde_json::from_str(&schema()).expect("the schema is JSON")
}

#[test]
fn every_example_of_the_page_is_a_scenario() {
    let examples = examples();
    assert!(examples.len() > 8, "the page has examples");
    for (name, text) in examples {
        if let Err(mistake) = Scenario::read(&text, &name) {
            panic!("{mistake}\n{text}");
        }
    }
}

#[test]
fn the_examples_show_every_key_of_the_format() {
    let texts: String = examples().into_iter().map(|(_, text)| text).collect();
    let mut keys = Vec::new();
    keys_of(&schema_value(), &mut keys);
    for key in keys {
        let is_shown = texts.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-').any(|word| word == key);
        assert!(is_shown, "no example shows `{key}`");
    }
}

/// The format's own keys: not Kafka's, which all stand under `config`.
fn keys_of(schema: &Value, keys: &mut Vec<String>) {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        for (name, below) in properties {
            keys.push(name.clone());
            if name != "config" {
                keys_of(below, keys);
            }
        }
    }
    for below in ["items", "additionalProperties"] {
        schema.get(below).into_iter().for_each(|below| keys_of(below, keys));
    }
    schema.get("anyOf").and_then(Value::as_array).into_iter().flatten().for_each(|below| keys_of(below, keys));
}

#[test]
fn the_schema_accepts_whatever_the_reader_accepts() {
    let schema = schema_value();
    let embedded = stories().map(|(name, text)| (name.to_owned(), text.to_owned()));
    for (name, text) in examples().into_iter().chain(embedded) {
        let value: Value = toml::from_str(&text).expect("it is TOML");
        if let Err(why) = accepts(&schema, &value, "") {
            panic!("{name}: {why}\n{text}");
        }
    }
}

#[test]
fn the_schema_refuses_unknown_keys_wrong_types_and_missing_keys() {
    let schema = schema_value();
    for wrong in [
        "name = \"x\"\nduration = \"1s\"\n",
        "name = \"x\"\nduration = 1\n[cluster]\nbrokers = 1\n",
        "name = \"x\"\nduration = \"1 year\"\n[cluster]\nbrokers = 1\n",
        "name = \"x\"\nduration = \"1s\"\nextra = 1\n[cluster]\nbrokers = 1\n",
        "name = \"x\"\nduration = \"1s\"\n[cluster]\nbrokers = 64\n",
        "name = \"x\"\nduration = \"1s\"\n[cluster]\nbrokers = 1\nconfig = { acks = 1 }\n",
        "name = \"x\"\nduration = \"1s\"\n[cluster]\nbrokers = 1\n[expect]\nviolated = [\"all\"]\n",
        "name = \"x\"\nduration = \"1s\"\n[cluster]\nbrokers = 1\nkafka = \"5.0\"\n",
        "name = \"x\"\nduration = \"1s\"\n[cluster]\nbrokers = 1\n[expect]\ncounts = { elections = \"two\" }\n",
        "name = \"x\"\nduration = \"1s\"\n[cluster]\nbrokers = 1\n[expect]\ncounts = { everything = \"> 1\" }\n",
    ] {
        let value: Value = toml::from_str(wrong).expect("it is TOML");
        assert!(accepts(&schema, &value, "").is_err(), "{wrong}");
        assert!(Scenario::read(wrong, "wrong").is_err(), "{wrong}");
    }
}

#[test]
fn every_modelled_key_of_kafkas_is_in_the_schema_with_its_sentence() {
    let schema = schema_value();
    let find = |list: &str, key: &str| {
        let below = schema.pointer(&format!("/properties/{list}/items/properties/config/properties/{key}/description"));
        below.and_then(Value::as_str).map(str::to_owned)
    };
    for key in tribunal::config::ProducerConfig::KEYS {
        let doc = find("producers", key.name).unwrap_or_else(|| panic!("{} is missing", key.name));
        assert!(doc.starts_with(key.doc.trim()), "{doc}");
    }
    assert_eq!(find("topics", "remote.storage.enable").as_deref(), Some("Kafka's own; it has no effect here."));
    let mut names = CHECKS.to_vec();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), CHECKS.len(), "no check stands twice");
}

/// A consumer of each kind, to be set otherwise.
const SETTABLE: &str = "[[topics]]\nname = \"orders\"\n[[consumers]]\nid = \"c1\"\ngroup = \"g\"\ntopics = [\"orders\"]\n\
                        processing = { writes = { topic = \"orders\" } }\n[[consumers]]\nid = \"c2\"\nassign = [\"orders-0\"]\n";

/// What comes of one setting: nothing wrong, or the message with its advice.
fn told(key: &str, value: &str) -> Result<Scenario, String> {
    let scenario = Scenario::read(&format!("{HEAD}{SETTABLE}"), "s.toml").expect("it is one");
    let set = scenario.with_settings(&[(key.to_owned(), value.to_owned())]);
    set.map_err(|mistake| format!("{} ({})", mistake.message, mistake.help.unwrap_or_default()))
}

/// What each of a consumer's own keys may be set to, or how it is refused. A key that is new to the format is missing here.
const OWN_KEYS: &[(&str, Result<&str, &str>)] = &[
    ("id", Err("`id` is written in the file and not set over it")),
    ("count", Err("`count` is written in the file and not set over it")),
    ("number", Err("`number` is written in the file and not set over it")),
    ("group", Err("`group` is not set by that name (write `consumer.NAME.group.id`)")),
    ("instance", Err("`instance` is not set by that name (write `consumer.NAME.group.instance.id`)")),
    ("topics", Err("`topics` is written in the file and not set over it")),
    ("pattern", Err("`pattern` is written in the file and not set over it")),
    ("assign", Err("`assign` is written in the file and not set over it")),
    ("from", Ok("end")),
    ("start", Ok("1s")),
    ("start-every", Ok("20ms")),
    ("stop", Ok("3s")),
    ("config", Err("`config` is not set by that name (write `consumer.NAME.KEY`)")),
    ("processing", Err("`processing` is not set by that name (write `consumer.NAME.processing.KEY`)")),
    ("do", Err("`do` is written in the file and not set over it")),
    ("processing.per-record", Ok("3ms")),
    ("processing.per-poll", Ok("3ms")),
    ("processing.commit", Ok("each")),
    ("processing.hands-over", Ok("true")),
    ("processing.promise", Ok("none")),
    (
        "processing.writes",
        Err(
            "`processing.writes` is a table, and its keys are set one by one (`processing.writes.topic`, `processing.writes.above`)",
        ),
    ),
    ("processing.writes.topic", Ok("orders-0")),
    ("processing.writes.above", Ok("-7")),
    (
        "processing.writes.config",
        Err(
            "`processing.writes.config` is a table, and its keys are set one by one (Kafka's keys are set without it: `processing.writes.KEY`)",
        ),
    ),
];

#[test]
fn every_key_of_a_consumer_is_set_or_refused_with_what_is_meant() {
    let schema = schema_value();
    let mut keys = Vec::new();
    let consumer = schema.pointer("/properties/consumers/items/properties").expect("the schema has consumers");
    let names = |table: &Value| table.as_object().map(|keys| keys.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    keys.extend(names(consumer));
    for (table, prefix) in
        [("/processing/properties", "processing"), ("/processing/properties/writes/properties", "processing.writes")]
    {
        let inner = consumer.pointer(table).unwrap_or_else(|| panic!("the schema has no {table}"));
        keys.extend(names(inner).into_iter().map(|key| format!("{prefix}.{key}")));
    }
    for key in &keys {
        let (_, outcome) = OWN_KEYS.iter().find(|(own, _)| own == key).unwrap_or_else(|| panic!("may `{key}` be set?"));
        let name = if key == "from" { "c2" } else { "c1" };
        let told = told(&format!("consumer.{name}.{key}"), outcome.unwrap_or("1"));
        match (outcome, told) {
            (Ok(_), Ok(_)) => {}
            (Err(wanted), Err(message)) => assert!(message.starts_with(wanted), "{key}: {message}"),
            (Ok(_), Err(message)) => panic!("{key}: {message}"),
            (Err(_), Ok(_)) => panic!("{key} is set"),
        }
    }
    assert_eq!(keys.len(), OWN_KEYS.len(), "each stands there once");
}

#[test]
fn every_modelled_key_of_kafkas_is_set() {
    use tribunal::config::{BrokerConfig, ConsumerConfig, ProducerConfig, TopicConfig};
    for (prefix, keys) in [
        ("", BrokerConfig::KEYS),
        ("topic.orders.", TopicConfig::KEYS),
        ("consumer.c1.", ConsumerConfig::KEYS),
        ("consumer.c1.processing.writes.", ProducerConfig::KEYS),
    ] {
        for key in keys {
            let name = format!("{prefix}{}", key.name);
            let value = if key.name == "group.id" { "g" } else { key.fast };
            if let Err(message) = told(&name, value) {
                panic!("{name}={value}: {message}");
            }
        }
    }
}

#[test]
fn what_an_application_writes_is_set_and_what_is_wrong_of_it_is_named() {
    let written = told("consumer.c1.processing.writes.acks", "1").expect("a key of a producer");
    let writes =
        |scenario: &Scenario, place: usize| scenario.consumers.get(place).and_then(|one| one.setup.application.writes.clone());
    assert_eq!(writes(&written, 0).map(|writes| writes.config.acks), Some(tribunal::event::Acks::Leader));
    let anew = told("consumer.c2.processing.writes.topic", "orders-0").expect("one that wrote nothing writes");
    assert_eq!(writes(&anew, 1).map(|writes| (writes.topic, writes.partition.is_some())), Some(("orders".to_owned(), true)));
    let later = told("consumer.c1.start", "1s").expect("a time");
    assert_eq!(later.consumers.first().map(|one| one.start.0), Some(1_000_000));
    for (key, value, wanted) in [
        (
            "c2.processing.writes.above",
            "3",
            "an application that writes needs a topic to write to (set `processing.writes.topic` as well)",
        ),
        (
            "c1.processing.writes.above",
            "much",
            "`processing.writes.above` must be a whole number from -9223372036854775808 on, not the text \"much\" ()",
        ),
        ("c1.processing.writes.topic", "order", "there is no topic `order` (did you mean `orders`?)"),
        ("c1.processing.writes.topics", "orders", "`writes` has no `topics` to set (did you mean `processing.writes.topic`?)"),
        ("c1.processing.writes.acsk", "1", "Kafka has no producer key `acsk` (did you mean `acks`?)"),
        ("c1.processing.writes.linger.ms", "-4", "`linger.ms` cannot be `-4`: it must be at least 0 ()"),
        ("c1.processing.comit", "each", "`processing` has no `comit` to set (did you mean `processing.commit`?)"),
        ("c1.processing.commit", "aftr", "`processing.commit` cannot be \"aftr\" (did you mean \"after\"?)"),
        ("c1.processing.hands-over", "maybe", "`processing.hands-over` must be true or false, not the text \"maybe\" ()"),
        ("c1.start", "9s", "`start` is 9s, and the run is over at 4s (make `duration` longer, or this earlier)"),
        ("c1.stop", "0s", "`c1` stops before it starts ()"),
        (
            "c1.from",
            "end",
            "`from` goes with `assign`: a member begins where its group has committed (`auto.offset.reset` decides where nothing is committed)",
        ),
        ("c2.from", "middle", "`from` cannot be \"middle\" (it is one of \"beginning\", \"end\")"),
        (
            "c1.config.max.poll.records",
            "3",
            "`config.max.poll.records` is not set by that name (write `consumer.NAME.max.poll.records`)",
        ),
    ] {
        assert_eq!(told(&format!("consumer.{key}"), value).err().as_deref(), Some(wanted), "{key}={value}");
    }
}

/// As much of JSON Schema as ours uses.
fn accepts(schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("{place}: {why}: {value}"));
    if let Some(kinds) = schema.get("type") {
        let kinds: Vec<&str> = kinds
            .as_array()
            .map_or_else(|| vec![kinds], |kinds| kinds.iter().collect())
            .into_iter()
            .filter_map(Value::as_str)
            .collect();
        if !kinds.iter().any(|kind| is_of_type(value, kind)) {
            return wrong("wrong type");
        }
    }
    if schema.get("enum").and_then(Value::as_array).is_some_and(|words| !words.contains(value)) {
        return wrong("not one of the words");
    }
    let choices = schema.get("anyOf").and_then(Value::as_array);
    if choices.is_some_and(|choices| !choices.iter().any(|choice| accepts(choice, value, place).is_ok())) {
        return wrong("none of the shapes");
    }
    let number = |name: &str| schema.get(name).and_then(Value::as_f64);
    let is_out =
        |given: f64| number("minimum").is_some_and(|low| given < low) || number("maximum").is_some_and(|high| given > high);
    if value.as_f64().is_some_and(is_out) {
        return wrong("out of bounds");
    }
    let pattern = schema.get("pattern").and_then(Value::as_str);
    if value.as_str().zip(pattern).is_some_and(|(text, pattern)| !is_of_pattern(text, pattern)) {
        return wrong("not of the pattern");
    }
    if let Some(members) = value.as_array() {
        let count = |name: &str| schema.get(name).and_then(Value::as_u64);
        let length = members.len() as u64;
        if count("minItems").is_some_and(|low| length < low) || count("maxItems").is_some_and(|high| length > high) {
            return wrong("wrong length");
        }
        let items = schema.get("items").unwrap_or(&Value::Bool(true));
        return members.iter().try_for_each(|member| accepts(items, member, place));
    }
    value.as_object().map_or(Ok(()), |members| accepts_members(schema, members, place))
}

fn accepts_members(schema: &Value, members: &serde_json::Map<String, Value>, place: &str) -> Result<(), String> {
    for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        if !members.contains_key(name) {
            return Err(format!("{place}: `{name}` is missing"));
        }
    }
    for (name, member) in members {
        let place = format!("{place}/{name}");
        let names = schema.pointer("/propertyNames/enum").and_then(Value::as_array);
        if names.is_some_and(|names| !names.iter().any(|known| known.as_str() == Some(name))) {
            return Err(format!("{place}: unknown key"));
        }
        match schema.get("properties").and_then(|properties| properties.get(name)).or_else(|| schema.get("additionalProperties")) {
            Some(Value::Bool(false)) => return Err(format!("{place}: unknown key")),
            Some(below) => accepts(below, member, &place)?,
            None => {}
        }
    }
    Ok(())
}

/// The two kinds of patterns in the schema: times, and comparisons with a number.
fn is_of_pattern(text: &str, pattern: &str) -> bool {
    if pattern.starts_with("^(<=") {
        let number = text.trim_start_matches(['<', '>', '=', '!']);
        return number != text && number.trim().parse::<u64>().is_ok();
    }
    is_time(text)
}

fn is_time(text: &str) -> bool {
    let is_number = |letter: char| letter.is_ascii_digit() || letter == '.';
    let unit = text.trim_start_matches(['-', '+']).trim_start_matches(is_number).trim();
    ["us", "ms", "s", "min", "h", "d"].contains(&unit)
}

fn is_of_type(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        _ => false,
    }
}
