//! Reads what goes wrong between processes: `cut`, `loss`, `delay` and `duplicate` of `[[faults]]`.

use super::document::{Item, Table};
use super::fault_model::{FaultAction, MessageSpec, Target};
use super::fault_tables::{SHARE, SLOW};
use super::messages::api_of;
use super::mistake::Read;
use super::stage::Stage;
use super::target::{Wanted, side, side_text};
use crate::time::Duration;

/// Two sides, each as targets and as text.
struct Sides {
    from: Vec<Target>,
    to: Vec<Target>,
    from_text: String,
    to_text: String,
}

fn sides(whole: &Item<'_>, from: &Item<'_>, to: &Item<'_>, stage: &Stage) -> Read<Sides> {
    let read = |item| side(stage, item, Wanted::Anybody);
    let read = Sides { from: read(from)?, to: read(to)?, from_text: side_text(from)?, to_text: side_text(to)? };
    let both = read.from.iter().find(|target| read.to.contains(target));
    match both {
        Some(Target::Process(process)) => {
            Err(whole.bad(format!("`{}` stands on both sides of `{}`", stage.name_of(*process), whole.key)))
        }
        Some(Target::Role(_)) => Err(whole.bad(format!("the same role stands on both sides of `{}`", whole.key))),
        None => Ok(read),
    }
}

/// Reads a cut.
pub(super) fn cut(item: &Item<'_>, one_way: bool, stage: &Stage) -> Read<(FaultAction, String)> {
    let items = item.items()?;
    let [from, to] = &items[..] else { return Err(item.bad("`cut` must be a list of two sides")) };
    let Sides { from, to, from_text, to_text } = sides(item, from, to, stage)?;
    let sign = if one_way { "->" } else { "|" };
    Ok((FaultAction::Cut { from, to, one_way }, format!("cut {from_text} {sign} {to_text}")))
}

/// Reads a loss or a duplication.
pub(super) fn share(item: &Item<'_>, stage: &Stage) -> Read<(FaultAction, String)> {
    let table = item.table(&SHARE)?;
    let Sides { from, to, from_text, to_text } = sides(item, &table.need("from"), &table.need("to"), stage)?;
    let percent = table.need("percent");
    let ppm = percent.percent()?;
    let (only, only_text) = only(&table)?;
    table.close();
    if ppm == 0 {
        return Err(percent.bad(format!("a {} of 0 percent does nothing", item.key)));
    }
    if item.key == "duplicate" && only.is_some_and(|only| only.is_response) {
        return Err(item.bad("only requests arrive twice, and `responses` is true"));
    }
    let percent = percent.written();
    Ok(match item.key {
        "loss" => (FaultAction::Loss { from, to, ppm, only }, format!("lose {percent}%{only_text} of {from_text} -> {to_text}")),
        _ => {
            (FaultAction::Duplicate { from, to, ppm, only }, format!("duplicate {percent}%{only_text} of {from_text} -> {to_text}"))
        }
    })
}

/// Reads a delay.
pub(super) fn delay(item: &Item<'_>, stage: &Stage) -> Read<(FaultAction, String)> {
    let table = item.table(&SLOW)?;
    let Sides { from, to, from_text, to_text } = sides(item, &table.need("from"), &table.need("to"), stage)?;
    let by = table.need("by");
    let (only, only_text) = only(&table)?;
    let text = format!("delay{only_text} {from_text} -> {to_text} by {}", by.written());
    let by = by.time()?;
    table.close();
    if by == Duration::ZERO {
        return Err(item.bad("a delay by no time does nothing"));
    }
    Ok((FaultAction::Delay { from, to, by, only }, text))
}

/// The one kind of message that is meant, if there is one, and the words for it.
fn only(table: &Table<'_>) -> Read<(Option<MessageSpec>, String)> {
    let responses = table.get("responses");
    let Some(item) = table.get("api") else {
        return match responses {
            Some(item) => Err(item.bad("`responses` goes with `api`").help("api = \"alter-partition\", responses = true")),
            None => Ok((None, String::new())),
        };
    };
    let is_response = responses.map_or(Ok(false), |item| item.truth())?;
    let api = api_of(item.written()).expect("the shape allows these words alone");
    let suffix = if is_response { "-response" } else { "" };
    Ok((Some(MessageSpec { api, is_response }), format!(" {}{suffix}", item.written())))
}
