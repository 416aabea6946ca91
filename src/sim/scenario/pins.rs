//! Pinned choices as text: `loss b2->b3 fetch-response #17 = drop`.
//!
//! The form is `KIND WHO[->WHOM] [ABOUT] [#N] = ANSWER`. N counts from 0 and is 0 unless written. ABOUT is a message for
//! the kinds that decide about messages, and a number otherwise. ANSWER is a word, a time or a number, as the kind has it.
//!
//! Called by: the reader for `[[choices]]`, the command line for `--choose`, and whoever prints a pin.

use super::document::{Item, Table};
use super::fault_tables::CHOICE;
use super::messages::{MESSAGE_WORDS, MESSAGES, api_of};
use super::mistake::{Mistake, Read, Source};
use super::model::Scenario;
use super::stage::Stage;
use crate::choice::{ChoiceKind, Pin, Subject};
use crate::config::nearest;
use crate::ids::{BrokerId, ProcessId};

/// The world's own name in a pin.
const WORLD: &str = "world";

impl Scenario {
    /// Reads a pinned choice as `--choose` takes it. Errors: what is wrong with it.
    pub fn pin(&self, text: &str) -> Result<Pin, Mistake> {
        let whole = 0..text.len();
        parse(&Stage::of(self), text).map_err(|(message, help)| {
            let mistake = Source::new("--choose", text).mistake(&whole, message);
            Mistake { help: Some(help), ..mistake }
        })
    }

    /// Writes a pinned choice as [`Scenario::pin`] reads it.
    #[must_use]
    pub fn pin_text(&self, pin: &Pin) -> String {
        let stage = Stage::of(self);
        let name = |number: u32| process(number).map_or_else(|| format!("{number}"), |process| stage.named(process));
        let mut text = format!("{} {}", pin.kind.name(), name(pin.subject.who));
        if is_about_messages(pin.kind) {
            let (message, suffix) = (pin.subject.what / 2, if pin.subject.what % 2 == 1 { "-response" } else { "" });
            let word = MESSAGES.iter().find(|(_, api)| u64::from(*api as u8) == message).map(|(word, _)| *word);
            let about = word.map_or_else(|| format!("{}", pin.subject.what), |word| format!("{word}{suffix}"));
            text = format!("{text}->{} {about}", name(pin.subject.whom));
        } else {
            if pin.subject.whom != 0 {
                text = format!("{text}->{}", name(pin.subject.whom));
            }
            if pin.subject.what != 0 {
                text = format!("{text} {}", pin.subject.what);
            }
        }
        format!("{text} #{} = {}", pin.nth, answer_text(pin))
    }
}

/// Reads `[[choices]]`.
pub(super) fn choices(root: &Table<'_>, stage: &Stage) -> Read<Vec<Pin>> {
    let mut pins: Vec<Pin> = Vec::new();
    for table in root.tables("choices", &CHOICE)? {
        let item = table.need("pin");
        let pin = pin(&item, stage)?;
        if pins.iter().any(|other| (other.kind, other.subject, other.nth) == (pin.kind, pin.subject, pin.nth)) {
            return Err(item.bad("this choice is pinned twice"));
        }
        pins.push(pin);
        table.close();
    }
    Ok(pins)
}

fn pin(item: &Item<'_>, stage: &Stage) -> Read<Pin> {
    parse(stage, item.text()?).map_err(|(message, help)| item.bad(message).help(help))
}

/// What is wrong, and what to do about it.
type Wrong = (String, String);

fn parse(stage: &Stage, text: &str) -> Result<Pin, Wrong> {
    let form = || "write KIND WHO->WHOM MESSAGE #N = ANSWER, such as `loss b2->b3 fetch-response #17 = drop`".to_owned();
    let Some((left, answer)) = text.split_once('=') else {
        return Err((format!("`{text}` pins no answer"), form()));
    };
    let mut words = left.split_whitespace();
    let Some(word) = words.next() else { return Err(("no kind of choice is named".to_owned(), form())) };
    let kind = kind(word)?;
    let Some(who) = words.next() else { return Err((format!("`{word}`: whose choice is missing"), form())) };
    let (who, whom) = match who.split_once("->") {
        Some((who, whom)) => (number(stage, who)?, Some(number(stage, whom)?)),
        None => (number(stage, who)?, None),
    };
    if is_about_messages(kind) && whom.is_none() {
        return Err((format!("`{word}` is decided on a way from one process to another"), form()));
    }
    let (mut what, mut nth) = (None, None);
    for word in words {
        let slot = if let Some(count) = word.strip_prefix('#') {
            let count = count.parse::<u32>().map_err(|_| (format!("`{word}` is no count: `#0` is the first"), form()))?;
            nth.replace(count).map(u64::from)
        } else {
            what.replace(about(kind, word)?)
        };
        if slot.is_some() {
            return Err((format!("`{word}` is one word too many"), form()));
        }
    }
    if is_about_messages(kind) && what.is_none() {
        return Err((format!("`{word}` needs a message"), form()));
    }
    let subject = Subject { who, whom: whom.unwrap_or(0), what: what.unwrap_or(0) };
    Ok(Pin { kind, subject, nth: nth.unwrap_or(0), answer: answer_of(kind, answer.trim())? })
}

fn kind(word: &str) -> Result<ChoiceKind, Wrong> {
    let names = || ChoiceKind::ALL.iter().map(|kind| kind.name());
    ChoiceKind::ALL.iter().copied().find(|kind| kind.name() == word).ok_or_else(|| {
        let help = match nearest(word, names()) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("kinds are {}", names().collect::<Vec<_>>().join(", ")),
        };
        (format!("there is no kind of choice `{word}`"), help)
    })
}

fn number(stage: &Stage, name: &str) -> Result<u32, Wrong> {
    if name == WORLD {
        return Ok(Subject::number(ProcessId::World));
    }
    let process = stage.process_named(name).ok_or_else(|| (format!("there is no process `{name}`"), stage.cast(name)))?;
    Ok(Subject::number(process))
}

/// The other way round than [`Subject::number`].
fn process(number: u32) -> Option<ProcessId> {
    let id = u16::try_from(number & 0xFFFF).ok()?;
    match number >> 16 {
        0 => (id == 0).then_some(ProcessId::World),
        1 => Some(ProcessId::Broker(BrokerId(id))),
        2 => Some(ProcessId::Controller(id)),
        3 => Some(ProcessId::Client(id)),
        _ => None,
    }
}

impl Stage {
    fn named(&self, process: ProcessId) -> String {
        if process == ProcessId::World { WORLD.to_owned() } else { self.name_of(process) }
    }
}

fn is_about_messages(kind: ChoiceKind) -> bool {
    matches!(kind, ChoiceKind::Latency | ChoiceKind::Loss | ChoiceKind::Duplicate | ChoiceKind::Delay)
}

fn about(kind: ChoiceKind, word: &str) -> Result<u64, Wrong> {
    if let Ok(number) = word.parse::<u64>() {
        return Ok(number);
    }
    if !is_about_messages(kind) {
        return Err((format!("`{word}` is no number"), format!("what a choice of kind `{}` is about is a number", kind.name())));
    }
    let (request, is_response) = match word.strip_suffix("-response") {
        Some(request) => (request, true),
        None => (word.strip_suffix("-request").unwrap_or(word), false),
    };
    let message = api_of(request).map(|api| api as u8).ok_or_else(|| {
        let near = nearest(request, MESSAGE_WORDS.iter().copied()).map(|name| format!("did you mean `{name}`?"));
        (
            format!("there is no message `{word}`"),
            near.unwrap_or_else(|| format!("messages are {}, each also with `-response`", MESSAGE_WORDS.join(", "))),
        )
    })?;
    Ok(Subject::message(ProcessId::World, ProcessId::World, message, is_response).what)
}

/// The words for 0 and 1, for kinds that are a yes or no.
fn words_of(kind: ChoiceKind) -> Option<[&'static str; 2]> {
    match kind {
        ChoiceKind::Loss => Some(["keep", "drop"]),
        ChoiceKind::Duplicate => Some(["once", "twice"]),
        ChoiceKind::Reset => Some(["silence", "reset"]),
        ChoiceKind::SurvivingEntry => Some(["lost", "survives"]),
        ChoiceKind::Latency
        | ChoiceKind::Delay
        | ChoiceKind::Tie
        | ChoiceKind::SurvivingBytes
        | ChoiceKind::DiskLatency
        | ChoiceKind::Backoff
        | ChoiceKind::FaultTime
        | ChoiceKind::FaultTarget
        | ChoiceKind::FaultKind
        | ChoiceKind::FaultSpan
        | ChoiceKind::CrashPoint
        | ChoiceKind::WorkloadKey
        | ChoiceKind::WorkloadTime
        | ChoiceKind::StickyPartition
        | ChoiceKind::Bootstrap
        | ChoiceKind::Placement
        | ChoiceKind::QuorumJitter
        | ChoiceKind::Clock
        | ChoiceKind::TornSector
        | ChoiceKind::DiskFault
        | ChoiceKind::WorkloadTombstone
        | ChoiceKind::WorkloadTimestamp => None,
    }
}

fn answer_of(kind: ChoiceKind, text: &str) -> Result<u64, Wrong> {
    if let Some([no, yes]) = words_of(kind) {
        return match text {
            _ if text == no || text == "0" => Ok(0),
            _ if text == yes || text == "1" => Ok(1),
            _ => Err((format!("`{}` cannot be `{text}`", kind.name()), format!("it is `{no}` or `{yes}`"))),
        };
    }
    if let Ok(number) = text.parse::<u64>() {
        return Ok(number);
    }
    super::amount::time(text)
        .map(|span| span.0)
        .map_err(|_| (format!("`{}` cannot be `{text}`", kind.name()), "it is a number, or a time such as `5ms`".to_owned()))
}

fn answer_text(pin: &Pin) -> String {
    let word = words_of(pin.kind).and_then(|words| words.get(usize::from(pin.answer != 0)).copied());
    match word {
        Some(word) => word.to_owned(),
        None if matches!(pin.kind, ChoiceKind::Latency | ChoiceKind::Delay | ChoiceKind::DiskLatency | ChoiceKind::Backoff) => {
            format!("{}us", pin.answer)
        }
        None => pin.answer.to_string(),
    }
}
