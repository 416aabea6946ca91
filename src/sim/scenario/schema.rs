//! The JSON Schema (draft 2020-12) of the format, for editors: written from the tables that the reader reads by, and from
//! the lists of Kafka's keys.
//!
//! Called by: the command `schema`.

use std::fmt::Write as _;

use super::shape::{Shape, TableSpec};
use super::tables::SCENARIO;
use crate::config::{Key, Owner};

/// The JSON Schema of scenario files.
#[must_use]
pub fn schema() -> String {
    let Json::Object(mut members) = table(&SCENARIO) else { unreachable!("a table is an object") };
    members.insert(0, ("$schema".to_owned(), text("https://json-schema.org/draft/2020-12/schema")));
    members.insert(1, ("title".to_owned(), text("Scenario of Tribunal")));
    let mut out = String::new();
    Json::Object(members).write(&mut out, 0);
    out.push('\n');
    out
}

/// As much of JSON as a schema needs.
enum Json {
    Text(String),
    Whole(i64),
    Seed(u64),
    Truth(bool),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    fn write(&self, out: &mut String, depth: usize) {
        match self {
            Self::Text(value) => write_text(out, value),
            Self::Whole(number) => write!(out, "{number}").expect(FITS),
            Self::Seed(number) => write!(out, "{number}").expect(FITS),
            Self::Truth(truth) => write!(out, "{truth}").expect(FITS),
            Self::List(members) => {
                out.push('[');
                for (place, member) in members.iter().enumerate() {
                    out.push_str(if place == 0 { "" } else { ", " });
                    member.write(out, depth + 1);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (place, (name, member)) in members.iter().enumerate() {
                    out.push_str(if place == 0 { "\n" } else { ",\n" });
                    out.push_str(&"  ".repeat(depth + 1));
                    write_text(out, name);
                    out.push_str(": ");
                    member.write(out, depth + 1);
                }
                out.push('\n');
                out.push_str(&"  ".repeat(depth));
                out.push('}');
            }
        }
    }
}

const FITS: &str = "a String takes every text";

fn write_text(out: &mut String, value: &str) {
    out.push('"');
    for letter in value.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            letter if letter.is_control() => write!(out, "\\u{:04x}", u32::from(letter)).expect(FITS),
            letter => out.push(letter),
        }
    }
    out.push('"');
}

fn text(value: &str) -> Json {
    Json::Text(value.to_owned())
}

fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Object(members.into_iter().map(|(name, member)| (name.to_owned(), member)).collect())
}

fn kind(name: &str) -> Json {
    object([("type", text(name))])
}

fn table(spec: &TableSpec) -> Json {
    let property = |key: &super::shape::KeySpec| (key.name.to_owned(), described(key.doc, value(key.shape)));
    let required = spec.keys.iter().filter(|key| key.is_required).map(|key| text(key.name));
    object([
        ("description", text(spec.doc)),
        ("type", text("object")),
        ("additionalProperties", Json::Truth(false)),
        ("required", Json::List(required.collect())),
        ("properties", Json::Object(spec.keys.iter().map(property).collect())),
    ])
}

/// A schema under a sentence; its own sentence, if it has one, gives way.
fn described(doc: &str, schema: Json) -> Json {
    let Json::Object(mut members) = schema else { return schema };
    members.retain(|(name, _)| name != "description");
    members.insert(0, ("description".to_owned(), text(doc)));
    Json::Object(members)
}

fn value(shape: Shape) -> Json {
    match shape {
        Shape::Text | Shape::Target => kind("string"),
        Shape::Side => object([("anyOf", Json::List(vec![kind("string"), value(Shape::List(&Shape::Target))]))]),
        Shape::Words(words) => object([("enum", Json::List(words.iter().map(|word| text(word)).collect()))]),
        Shape::Whole(low, i64::MAX) => object([("type", text("integer")), ("minimum", Json::Whole(low))]),
        Shape::Whole(low, high) => {
            object([("type", text("integer")), ("minimum", Json::Whole(low)), ("maximum", Json::Whole(high))])
        }
        Shape::Seed => object([("type", text("integer")), ("minimum", Json::Whole(0)), ("maximum", Json::Seed(u64::MAX))]),
        Shape::Percent => object([("type", text("number")), ("minimum", Json::Whole(0)), ("maximum", Json::Whole(100))]),
        Shape::Truth => kind("boolean"),
        Shape::Time => object([("type", text("string")), ("pattern", text("^[0-9]+(\\.[0-9]+)? *(us|ms|s|min|h|d)$"))]),
        Shape::Shift => object([("type", text("string")), ("pattern", text("^[-+]?[0-9]+(\\.[0-9]+)? *(us|ms|s|min|h|d)$"))]),
        Shape::List(of) => object([("type", text("array")), ("items", value(*of))]),
        Shape::Pair(of) => {
            object([("type", text("array")), ("items", value(*of)), ("minItems", Json::Whole(2)), ("maxItems", Json::Whole(2))])
        }
        Shape::Table(spec) => table(spec),
        Shape::Tables(spec) => object([("type", text("array")), ("items", table(spec))]),
        Shape::Either(shapes) => object([("anyOf", Json::List(shapes.iter().map(|shape| value(*shape)).collect()))]),
        Shape::Config(owner) => config(owner),
        Shape::Counts => {
            let names = super::counts::names().iter().map(|name| text(name)).collect();
            object([
                ("type", text("object")),
                ("propertyNames", object([("enum", Json::List(names))])),
                ("additionalProperties", object([("type", text("string")), ("pattern", text("^(<=|>=|!=|<|>|=) *[0-9]+$"))])),
            ])
        }
        Shape::Settings => {
            object([("type", text("object")), ("additionalProperties", scalar()), ("minProperties", Json::Whole(1))])
        }
    }
}

/// Kafka's keys of one owner: the modelled with their sentences and defaults, the others as what they are.
fn config(owner: Owner) -> Json {
    let modelled = owner.keys().iter().map(|key| (key.name.to_owned(), described(&sentence(key), scalar())));
    let synonyms = owner.synonyms().iter().map(|synonym| {
        let doc = format!("The topics' default of {}.", synonym.topic);
        (synonym.server.to_owned(), described(&doc, scalar()))
    });
    let known = owner.known().iter().map(|name| ((*name).to_owned(), described("Kafka's own; it has no effect here.", scalar())));
    object([
        ("type", text("object")),
        ("additionalProperties", Json::Truth(false)),
        ("properties", Json::Object(modelled.chain(synonyms).chain(known).collect())),
    ])
}

fn sentence(key: &Key) -> String {
    let doc = key.doc.trim();
    if key.kafka == key.fast {
        return format!("{doc} Default: {}.", key.kafka);
    }
    format!("{doc} Default: {} (fast: {}).", key.kafka, key.fast)
}

fn scalar() -> Json {
    object([("type", Json::List(vec![text("string"), text("integer"), text("number"), text("boolean")]))])
}
