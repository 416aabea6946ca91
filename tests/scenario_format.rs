//! The format as it is told: every example of scenarios/README.md is read, and the JSON Schema agrees with the reader.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tribunal::sim::scenario::{CHECKS, EMBEDDED, Scenario, schema};

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
    let embedded = EMBEDDED.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
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
