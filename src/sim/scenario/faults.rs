//! Reads `[[faults]]`: when something goes wrong, what, and how it ends.
//!
//! Invariant: what must end (a pause, cut, loss, delay, duplication, drift) ends within the run, or says that it never does.

use super::disk_faults::{disk, lose_file};
use super::document::{Item, Table};
use super::fault_model::{FaultAction, FaultSpec, Target, When};
use super::fault_tables::{DRIFT, DRIFT_MAX, FAULT, JUMP};
use super::links::{cut, delay, share};
use super::mistake::{Mistake, Read};
use super::stage::Stage;
use super::target::{Wanted, side, side_text, target};
use super::trigger::trigger;
use crate::event::CrashKind;
use crate::time::{Duration, Instant};

/// What a fault may do, and the keys that say how it ends.
const ACTIONS: [(&str, Ending); 15] = [
    ("crash", Ending::Restart),
    ("power-off", Ending::Restart),
    ("replace-disk", Ending::Restart),
    ("shutdown", Ending::Restart),
    ("rolling-restart", Ending::None),
    ("restart", Ending::None),
    ("pause", Ending::Resume),
    ("cut", Ending::Heal),
    ("loss", Ending::Heal),
    ("delay", Ending::Heal),
    ("duplicate", Ending::Heal),
    ("clock-jump", Ending::None),
    ("clock-drift", Ending::Heal),
    ("disk", Ending::Heal),
    ("lose-file", Ending::None),
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
    let between = pause_between(table, &action_item)?;
    let (action, what) = read_action(&action_item, is_one_way, between, stage)?;
    let from = match when {
        When::At(at) => at,
        When::After(_, wait) => Instant::ZERO.plus(wait),
    };
    let ends_itself = matches!(action, FaultAction::Disk { times: Some(_), .. });
    let (lasts, end_text) = end(table, &action_item, ending, ends_itself, from, stage)?;
    table.close();
    let text = format!("{when_text} {what}{end_text}");
    Ok(FaultSpec { when, action, lasts, text, line: table.source.line(&table.span) })
}

fn when(table: &Table<'_>, stage: &Stage) -> Read<(When, String)> {
    let wait = table.get("delay-after");
    match (table.get("at"), table.get("after")) {
        (Some(_), Some(item)) => Err(item.bad("a fault strikes either `at` a time or `after` something, not both")),
        (None, None) => Err(table.bad("a fault needs `at` or `after`").help("at = \"1.2s\", or after = \"p1 ack 2\"")),
        (Some(item), None) => match wait {
            Some(wait) => Err(wait.bad("`delay-after` goes with `after`, not with `at`")),
            None => Ok((When::At(stage.moment(&item)?), item.written().to_owned())),
        },
        (None, Some(item)) => {
            let span = wait.as_ref().map_or(Ok(Duration::ZERO), |item| stage.lasting(item, Instant::ZERO))?;
            let text = wait.map(|item| format!("{} ", item.written())).unwrap_or_default();
            Ok((When::After(trigger(&item, stage)?, span), format!("{text}after {}:", item.written())))
        }
    }
}

/// How long a rolling restart waits between two servers.
fn pause_between(table: &Table<'_>, action: &Item<'_>) -> Read<Duration> {
    match table.get("pause-between") {
        Some(item) if action.key != "rolling-restart" => {
            Err(item.bad(format!("`pause-between` belongs to a rolling restart, not to `{}`", action.key)))
        }
        Some(item) => item.time(),
        None => Ok(Duration::ZERO),
    }
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

fn read_action(item: &Item<'_>, one_way: bool, between: Duration, stage: &Stage) -> Read<(FaultAction, String)> {
    let several = |wanted| side(stage, item, wanted);
    let crash = |kind, wanted| Ok(FaultAction::Crash { targets: several(wanted)?, kind });
    let named = |verb: &str| side_text(item).map(|word| format!("{verb} {word}"));
    Ok(match item.key {
        "crash" => (crash(CrashKind::Process, Wanted::Anybody)?, named("crash")?),
        "power-off" => (crash(CrashKind::Power, Wanted::Server)?, named("power off")?),
        "replace-disk" => (crash(CrashKind::DiskReplaced, Wanted::Server)?, named("replace the disk of")?),
        "shutdown" => (FaultAction::ShutDown { targets: several(Wanted::Closable)? }, named("shut down")?),
        "rolling-restart" => rolling_restart(item, between, stage)?,
        "restart" => (FaultAction::Restart { targets: several(Wanted::Down)? }, named("restart")?),
        "pause" => (FaultAction::Pause { targets: several(Wanted::Anybody)? }, named("pause")?),
        "cut" => cut(item, one_way, stage)?,
        "loss" | "duplicate" => share(item, stage)?,
        "delay" => delay(item, stage)?,
        "clock-jump" => clock_jump(item, stage)?,
        "clock-drift" => clock_drift(item, stage)?,
        "disk" => disk(item, stage)?,
        _ => lose_file(item, stage)?,
    })
}

/// Every server, brokers first: so the controllers serve while the brokers come and go.
fn rolling_restart(item: &Item<'_>, between: Duration, stage: &Stage) -> Read<(FaultAction, String)> {
    if !item.truth()? {
        return Err(item.bad("`rolling-restart = false` does nothing"));
    }
    let targets = stage.servers().map(Target::Process).collect();
    let text = if between == Duration::ZERO { String::new() } else { format!(", pause {between} between two") };
    Ok((FaultAction::RollingRestart { targets, between }, format!("restart all servers in turn{text}")))
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
fn end(
    table: &Table<'_>,
    action: &Item<'_>,
    ending: Ending,
    ends_itself: bool,
    from: Instant,
    stage: &Stage,
) -> Read<(Option<Duration>, String)> {
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
        (None, None) if ends_itself || matches!(ending, Ending::None | Ending::Restart) => Ok((None, String::new())),
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
        None if action.key == "rolling-restart" => wrong.help("it is over when every server is back"),
        None => wrong.help(format!("`{}` is over at once", action.key)),
    }
}
