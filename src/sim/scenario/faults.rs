//! Reads `[[faults]]`: when something goes wrong, what, and how it ends.
//!
//! Invariant: what must end (a pause, cut, loss, delay, duplication, drift) ends within the run, or says that it never does.

use super::document::{Item, Table};
use super::mistake::{Mistake, Read};
use super::model::{FaultAction, FaultSpec, Target, Trigger, When};
use super::stage::Stage;
use super::tables::{DRIFT, DRIFT_MAX, FAULT, JUMP, SHARE, SLOW};
use super::target::{Wanted, side, target};
use crate::event::CrashKind;
use crate::time::{Duration, Instant};

/// What a fault may do, and the keys that say how it ends.
const ACTIONS: [(&str, Ending); 11] = [
    ("crash", Ending::Restart),
    ("power-off", Ending::Restart),
    ("replace-disk", Ending::Restart),
    ("restart", Ending::None),
    ("pause", Ending::Resume),
    ("cut", Ending::Heal),
    ("loss", Ending::Heal),
    ("delay", Ending::Heal),
    ("duplicate", Ending::Heal),
    ("clock-jump", Ending::None),
    ("clock-drift", Ending::Heal),
];

/// How a fault ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// At once.
    None,
    /// By `restart-after`, or not at all.
    Restart,
    /// By `resume-after`, or expressly never.
    Resume,
    /// By `heal-after`, or expressly never.
    Heal,
}

impl Ending {
    fn key(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Restart => Some("restart-after"),
            Self::Resume => Some("resume-after"),
            Self::Heal => Some("heal-after"),
        }
    }

    /// The word for its end in a fault's line.
    fn verb(self) -> &'static str {
        match self {
            Self::None | Self::Restart => "restart",
            Self::Resume => "resume",
            Self::Heal => "heal",
        }
    }
}

/// Reads all of `[[faults]]`.
pub(super) fn faults(root: &Table<'_>, stage: &Stage) -> Read<Vec<FaultSpec>> {
    root.tables("faults", &FAULT)?.iter().map(|table| fault(table, stage)).collect()
}

/// Reads one fault.
pub(super) fn fault(table: &Table<'_>, stage: &Stage) -> Read<FaultSpec> {
    let (when, when_text) = when(table, stage)?;
    let (action_item, ending) = action(table)?;
    let one_way = table.get("one-way");
    if let Some(item) = one_way.as_ref().filter(|_| action_item.key != "cut") {
        return Err(item.bad(format!("`one-way` belongs to a cut, not to `{}`", action_item.key)));
    }
    let is_one_way = one_way.map_or(Ok(false), |item| item.truth())?;
    let (action, what) = read_action(&action_item, is_one_way, stage)?;
    let from = match when {
        When::At(at) => at,
        When::After(_) => Instant::ZERO,
    };
    let (lasts, end_text) = end(table, &action_item, ending, from, stage)?;
    table.close();
    let text = format!("{when_text} {what}{end_text}");
    Ok(FaultSpec { when, action, lasts, text, line: table.source.line(&table.span) })
}

fn when(table: &Table<'_>, stage: &Stage) -> Read<(When, String)> {
    match (table.get("at"), table.get("after")) {
        (Some(item), None) => Ok((When::At(stage.moment(&item)?), item.written().to_owned())),
        (None, Some(item)) => Ok((When::After(trigger(&item, stage)?), format!("after {}:", item.written()))),
        (Some(_), Some(item)) => Err(item.bad("a fault strikes either `at` a time or `after` something, not both")),
        (None, None) => Err(table.bad("a fault needs `at` or `after`").help("at = \"1.2s\", or after = \"p1 ack 2\"")),
    }
}

/// `p1 ack 2`
fn trigger(item: &Item<'_>, stage: &Stage) -> Read<Trigger> {
    let words: Vec<&str> = item.text()?.split_whitespace().collect();
    let [name, "ack", count] = words[..] else {
        let wrong = item.bad(format!("`{}` is nothing that can be waited for", item.written()));
        return Err(wrong.help("write \"p1 ack 2\" for the second acknowledgement that p1 gets"));
    };
    let Some(producer) = stage.process_named(name) else {
        return Err(item.bad(format!("there is no process `{name}`")).help(stage.cast(name)));
    };
    if !stage.producers.contains(&producer) {
        return Err(item.bad(format!("`{name}` is no producer and gets no acknowledgements")));
    }
    let nth = count.parse::<u32>().ok().filter(|count| *count > 0);
    let nth = nth.ok_or_else(|| item.bad(format!("`{count}` is no count: the first acknowledgement is 1")))?;
    Ok(Trigger::Ack { producer, nth })
}

/// The one action of a fault.
fn action<'a>(table: &Table<'a>) -> Read<(Item<'a>, Ending)> {
    let mut found: Option<(Item<'a>, Ending)> = None;
    for (key, ending) in ACTIONS {
        let Some(item) = table.get(key) else { continue };
        if let Some((first, _)) = &found {
            return Err(item.bad(format!("a fault does one thing, and this one already has `{}`", first.key)));
        }
        found = Some((item, ending));
    }
    found.ok_or_else(|| {
        let names: Vec<_> = ACTIONS.iter().map(|(key, _)| format!("`{key}`")).collect();
        table.bad("this fault does nothing").help(format!("it needs one of {}", names.join(", ")))
    })
}

fn read_action(item: &Item<'_>, one_way: bool, stage: &Stage) -> Read<(FaultAction, String)> {
    let one = |wanted| target(stage, item, wanted);
    let word = item.written();
    let crash = |kind, wanted| Ok(FaultAction::Crash { target: one(wanted)?, kind });
    Ok(match item.key {
        "crash" => (crash(CrashKind::Process, Wanted::One)?, format!("crash {word}")),
        "power-off" => (crash(CrashKind::Power, Wanted::Server)?, format!("power off {word}")),
        "replace-disk" => (crash(CrashKind::DiskReplaced, Wanted::Server)?, format!("replace the disk of {word}")),
        "restart" => (FaultAction::Restart { target: one(Wanted::Named)? }, format!("restart {word}")),
        "pause" => (FaultAction::Pause { target: one(Wanted::One)? }, format!("pause {word}")),
        "cut" => cut(item, one_way, stage)?,
        "loss" | "duplicate" => share(item, stage)?,
        "delay" => delay(item, stage)?,
        "clock-jump" => clock_jump(item, stage)?,
        _ => clock_drift(item, stage)?,
    })
}

/// Two sides, each as targets and as text.
struct Sides {
    from: Vec<Target>,
    to: Vec<Target>,
    from_text: String,
    to_text: String,
}

fn sides(whole: &Item<'_>, from: &Item<'_>, to: &Item<'_>, stage: &Stage) -> Read<Sides> {
    let read = Sides { from: side(stage, from)?, to: side(stage, to)?, from_text: side_text(from)?, to_text: side_text(to)? };
    let both = read.from.iter().find(|target| read.to.contains(target));
    match both {
        Some(Target::Process(process)) => {
            Err(whole.bad(format!("`{}` stands on both sides of `{}`", stage.name_of(*process), whole.key)))
        }
        Some(Target::Role(_)) => Err(whole.bad(format!("the same role stands on both sides of `{}`", whole.key))),
        None => Ok(read),
    }
}

fn side_text(item: &Item<'_>) -> Read<String> {
    if item.text().is_ok() {
        return Ok(item.written().to_owned());
    }
    let names: Vec<_> = item.items()?.iter().map(Item::written).collect();
    Ok(names.join("+"))
}

fn cut(item: &Item<'_>, one_way: bool, stage: &Stage) -> Read<(FaultAction, String)> {
    let items = item.items()?;
    let [from, to] = &items[..] else { return Err(item.bad("`cut` must be a list of two sides")) };
    let Sides { from, to, from_text, to_text } = sides(item, from, to, stage)?;
    let sign = if one_way { "->" } else { "|" };
    Ok((FaultAction::Cut { from, to, one_way }, format!("cut {from_text} {sign} {to_text}")))
}

fn share(item: &Item<'_>, stage: &Stage) -> Read<(FaultAction, String)> {
    let table = item.table(&SHARE)?;
    let Sides { from, to, from_text, to_text } = sides(item, &table.need("from"), &table.need("to"), stage)?;
    let percent = table.need("percent");
    let ppm = percent.percent()?;
    table.close();
    if ppm == 0 {
        return Err(percent.bad(format!("a {} of 0 percent does nothing", item.key)));
    }
    let percent = percent.written();
    Ok(match item.key {
        "loss" => (FaultAction::Loss { from, to, ppm }, format!("lose {percent}% of {from_text} -> {to_text}")),
        _ => (FaultAction::Duplicate { from, to, ppm }, format!("duplicate {percent}% of {from_text} -> {to_text}")),
    })
}

fn delay(item: &Item<'_>, stage: &Stage) -> Read<(FaultAction, String)> {
    let table = item.table(&SLOW)?;
    let Sides { from, to, from_text, to_text } = sides(item, &table.need("from"), &table.need("to"), stage)?;
    let by = table.need("by");
    let text = format!("delay {from_text} -> {to_text} by {}", by.written());
    let by = by.time()?;
    table.close();
    if by == Duration::ZERO {
        return Err(item.bad("a delay by no time does nothing"));
    }
    Ok((FaultAction::Delay { from, to, by }, text))
}

fn clock_jump(item: &Item<'_>, stage: &Stage) -> Read<(FaultAction, String)> {
    let table = item.table(&JUMP)?;
    let process = table.need("process");
    let by = table.need("by");
    let by_us = by.shift()?;
    table.close();
    if by_us == 0 {
        return Err(by.bad("a jump by no time does nothing"));
    }
    let target = target(stage, &process, Wanted::One)?;
    Ok((FaultAction::ClockJump { target, by_us }, format!("jump the clock of {} by {}", process.written(), by.written())))
}

fn clock_drift(item: &Item<'_>, stage: &Stage) -> Read<(FaultAction, String)> {
    let table = item.table(&DRIFT)?;
    let process = table.need("process");
    let rate = table.need("ppm");
    let ppm = rate.number(-DRIFT_MAX, DRIFT_MAX)?;
    table.close();
    let target = target(stage, &process, Wanted::One)?;
    Ok((FaultAction::ClockDrift { target, ppm }, format!("drift the clocks of {} by {} ppm", process.written(), rate.written())))
}

/// How long the fault lasts (`None`: never ends), and the words for it.
fn end(table: &Table<'_>, action: &Item<'_>, ending: Ending, from: Instant, stage: &Stage) -> Read<(Option<Duration>, String)> {
    for other in [Ending::Restart, Ending::Resume, Ending::Heal] {
        let key = other.key().expect("these three have keys");
        if let Some(item) = table.get(key).filter(|_| other != ending) {
            return Err(misplaced(&item, action, ending));
        }
    }
    let never = table.get("heal");
    if let Some(item) = never.as_ref().filter(|_| matches!(ending, Ending::None | Ending::Restart)) {
        return Err(misplaced(item, action, ending));
    }
    let after = ending.key().and_then(|key| table.get(key));
    match (after, never) {
        (Some(_), Some(item)) => {
            Err(item.bad(format!("`heal = \"never\"` and `{}` exclude each other", ending.key().unwrap_or_default())))
        }
        (Some(item), None) => {
            let lasts = stage.lasting(&item, from)?;
            Ok((Some(lasts), format!(", {} after {}", ending.verb(), item.written())))
        }
        (None, Some(_)) => Ok((None, format!(", never {}", if ending == Ending::Resume { "resumed" } else { "healed" }))),
        (None, None) if matches!(ending, Ending::None | Ending::Restart) => Ok((None, String::new())),
        (None, None) => {
            let key = ending.key().unwrap_or_default();
            let wrong = table.bad(format!("this `{}` never ends", action.key));
            Err(wrong.help(format!("write `{key} = \"400ms\"`, or `heal = \"never\"` if that is meant")))
        }
    }
}

fn misplaced(item: &Item<'_>, action: &Item<'_>, ending: Ending) -> Mistake {
    let wrong = item.bad(format!("`{}` does not go with `{}`", item.key, action.key));
    match ending.key() {
        Some(key) => wrong.help(format!("`{}` ends by `{key}`", action.key)),
        None => wrong.help(format!("`{}` is over at once", action.key)),
    }
}
