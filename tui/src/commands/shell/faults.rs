//! What goes wrong at a word, and right again.

use tribunal::error::ErrorCode;
use tribunal::ids::{BrokerId, ProcessId};
use tribunal::sim::live::Live;

use super::command::FaultCommand;
use super::refusal::Refusal;

/// A fault that lasts until somebody ends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lasting {
    number: usize,
    /// Whom it holds: one process, or the two sides of links.
    whom: Vec<String>,
    /// What to call it.
    what: String,
}

/// Carries out a fault, and keeps in `lasting` what can be ended.
pub(super) fn strike(live: &mut Live, lasting: &mut Vec<Lasting>, command: &FaultCommand) -> Result<String, Refusal> {
    match command {
        FaultCommand::Process(what, whom) => process(live, lasting, what, whom),
        FaultCommand::Resume(whom) => end(live, lasting, |fault| fault.whom == *whom && fault.what.starts_with("pause")),
        FaultCommand::Cut { sides: [one, other], one_way } => {
            let (word, arrow) = if *one_way { ("\none-way = true", "->") } else { ("", "|") };
            let text = format!("cut = [{}, {}]{word}", side(one), side(other));
            last(live, lasting, &text, vec![one.clone(), other.clone()], format!("cut {one} {arrow} {other}"))
        }
        FaultCommand::Loss { from, to, percent } => {
            if percent.is_empty() || !percent.chars().all(|letter| letter.is_ascii_digit() || letter == '.') {
                return Err(Refusal::malformed(format!("`{percent}` is not how many of a hundred messages are lost: write 10%")));
            }
            let text = format!("loss = {{ from = {}, to = {}, percent = {percent} }}", side(from), side(to));
            last(live, lasting, &text, vec![from.clone(), to.clone()], format!("loss {from} -> {to} {percent}%"))
        }
        FaultCommand::Delay { from, to, by } => {
            let text = format!("delay = {{ from = {}, to = {}, by = {} }}", side(from), side(to), quoted(by));
            last(live, lasting, &text, vec![from.clone(), to.clone()], format!("delay {from} -> {to} {by}"))
        }
        FaultCommand::Skew { process, by } => {
            fault(live, &format!("clock-jump = {{ process = {}, by = {} }}", quoted(process), quoted(by)), None)?;
            Ok(format!("{}  the wall clock of {process} jumps by {by}", live.now()))
        }
        FaultCommand::Drift { process, ppm } => {
            let rate: i64 = ppm.parse().map_err(|_| Refusal::malformed(format!("`{ppm}` is no rate: write 20000 for 2 %")))?;
            let text = format!("clock-drift = {{ process = {}, ppm = {rate} }}", quoted(process));
            last(live, lasting, &text, vec![process.clone()], format!("drift {process} {rate} ppm"))
        }
        FaultCommand::Heal(None) => end(live, lasting, |_| true),
        FaultCommand::Heal(Some(sides)) => {
            let [one, other] = sides;
            let is_meant = |fault: &Lasting| fault.whom == *sides || fault.whom == [other.clone(), one.clone()];
            end(live, lasting, is_meant)
        }
    }
}

/// What holds still.
pub(super) fn open(lasting: &[Lasting]) -> String {
    lasting.iter().map(|fault| format!("{}\n", fault.what)).collect()
}

fn process(live: &mut Live, lasting: &mut Vec<Lasting>, what: &'static str, whom: &[String]) -> Result<String, Refusal> {
    let list = whom.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
    let text = if whom.len() == 1 { format!("{what} = {list}") } else { format!("{what} = [{list}]") };
    let names = whom.join(", ");
    if what == "pause" {
        return last(live, lasting, &text, whom.to_vec(), format!("pause {names}"));
    }
    let already =
        |live: &Live| whom.iter().all(|name| server(name).is_some_and(|process| live.is_up(process) == (what == "restart")));
    if already(live) && whom.iter().all(|name| is_there(live, name)) {
        return Ok(format!("{names}: {} already", if what == "restart" { "up" } else { "down" }));
    }
    fault(live, &text, None)?;
    let told = match what {
        "crash" => "down: the process was killed, its files are as they were",
        "power-off" => "down: the machine lost its power, and what was never synced is gone",
        _ => "started again: it reads its log",
    };
    Ok(format!("{}  {names}: {told}", live.now()))
}

/// A server by its name; the others are for the reader to find.
fn server(name: &str) -> Option<ProcessId> {
    let number = name.get(1..)?.parse().ok()?;
    match name.get(..1)? {
        "b" => Some(ProcessId::Broker(BrokerId(number))),
        "k" => Some(ProcessId::Controller(number)),
        _ => None,
    }
}

fn is_there(live: &Live, name: &str) -> bool {
    server(name).is_some_and(|process| live.servers().any(|(there, _)| there == process))
}

/// Something that lasts.
fn last(live: &mut Live, lasting: &mut Vec<Lasting>, text: &str, whom: Vec<String>, what: String) -> Result<String, Refusal> {
    let ends_by = if what.starts_with("pause") { "resume-after" } else { "heal-after" };
    let number = fault(live, text, Some(ends_by))?;
    let word = if what.starts_with("pause") { "resume" } else { "heal" };
    let told = format!("{}  {what}, until `{word}`", live.now());
    lasting.push(Lasting { number, whom, what });
    Ok(told)
}

fn end(live: &mut Live, lasting: &mut Vec<Lasting>, is_meant: impl Fn(&Lasting) -> bool) -> Result<String, Refusal> {
    let over: Vec<Lasting> = lasting.extract_if(.., |fault| is_meant(fault)).collect();
    if over.is_empty() {
        let there = if lasting.is_empty() {
            "nothing holds".to_owned()
        } else {
            format!("there are: {}", open(lasting).trim_end().replace('\n', "; "))
        };
        return Err(Refusal::malformed(format!("there is nothing of that kind to end: {there}")));
    }
    let mut text = String::new();
    for fault in over {
        live.end_fault(fault.number);
        text += &format!("{}  over: {}\n", live.now(), fault.what);
    }
    Ok(text)
}

fn fault(live: &mut Live, text: &str, ends_by: Option<&'static str>) -> Result<usize, Refusal> {
    let struck = live.fault(text, ends_by).map_err(|mistake| Refusal::unread(ErrorCode::InvalidRequest, &mistake))?;
    if struck.was_missed {
        return Err(Refusal::malformed("nobody is that now: nothing happened"));
    }
    Ok(struck.number)
}

/// One side of a link: `b1`, or `b1,b2`.
fn side(text: &str) -> String {
    let names: Vec<_> = if text.contains('(') { vec![text] } else { text.split(',').collect() };
    match names[..] {
        [only] => quoted(only),
        _ => format!("[{}]", names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")),
    }
}

/// A word in quotation marks; no name has any within.
fn quoted(text: &str) -> String {
    let kept: String = text.chars().filter(|letter| !letter.is_control() && !matches!(letter, '"' | '\\')).collect();
    format!("\"{kept}\"")
}
