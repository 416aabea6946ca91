//! The rows above and below the lanes, on the same ruler: offsets, epochs, promises, readers, what is at risk, the legend.

use ratatui::style::Style;
use tribunal::ids::{BrokerId, LeaderEpoch, Offset};
use tribunal::trace::view::{Acked, PartitionView, ReplicaView};

use super::super::put::{Pane, width};
use super::scale::Scale;
use super::{RIGHT, Stage};
use crate::screen::recording::broker_name;
use crate::screen::theme;

/// How far back promises are looked through for what is at risk.
const LOOKED_BACK: u64 = 4_096;

/// The offsets; one that a claim found broken is about stands out, with `✗` before it.
pub(super) fn ruler(stage: &Stage<'_>, pane: &mut Pane<'_>, y: i32) {
    let (scale, left) = (&stage.scale, stage.left);
    pane.put(3, y, "offset", theme::dim());
    let hidden = scale.from.since(stage.partition.start());
    if hidden > 0 {
        pane.put_left_of(left - 1, y, &format!("‹{hidden}"), theme::faint());
    }
    let later = stage.partition.end().since(scale.end);
    if later > 0 {
        pane.put(pane.width() - RIGHT + 2, y, &format!("{later}›"), theme::faint());
    }
    // Columns that are taken, with a blank on each side.
    let mut taken: Vec<(i32, i32)> = Vec::new();
    let mut put = |x: i32, text: &str, style: Style| {
        let end = x + width(text);
        let is_free = taken.iter().all(|(from, to)| end < *from || x > *to);
        if is_free && left + end <= pane.width() - RIGHT + 1 - i32::from(later > 0) {
            pane.put(left + x, y, text, style);
            taken.push((x, end));
        }
    };
    for offset in stage.verdicts.iter().filter(|offset| scale.shows(**offset)) {
        let number = offset.to_string();
        put((scale.centre(*offset) - 1 - (width(&number) - 1) / 2).max(0), &format!("✗{number}"), theme::fault());
    }
    let longest = width(&scale.end.to_string()) + 1;
    // The least round step whose numbers do not run into each other.
    let steps = [1_u64, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 100_000, 1_000_000];
    let room = |step: u64| {
        let columns = step / scale.per_column.max(1) * u64::try_from(scale.pitch).unwrap_or(1);
        columns >= u64::try_from(longest.max(4)).unwrap_or(4)
    };
    let step = steps.into_iter().find(|step| room(*step)).unwrap_or(10_000_000);
    let mut offset = scale.from.0.div_ceil(step).saturating_mul(step);
    // The first number is pushed right when it would begin left of the lanes; it must not push into the next.
    while offset < scale.end.0 {
        let text = offset.to_string();
        put((scale.centre(Offset(offset)) - (width(&text) - 1) / 2).max(0), &text, theme::dim());
        offset = offset.saturating_add(step);
    }
}

/// A run of offsets of one epoch; of compacted ones that may have been of an earlier epoch, none is known.
struct Run {
    epoch: Option<u32>,
    from: Offset,
    end: Offset,
}

/// The epochs of what a log holds and held in the window. Between two records of an epoch everything was of that epoch, and
/// nothing is older than epoch 0.
fn runs(scale: &Scale, replica: &ReplicaView) -> Vec<Run> {
    let (from, end) = (scale.from.max(replica.start), scale.end.min(replica.end));
    let mut runs: Vec<Run> = Vec::new();
    let mut add = |epoch: Option<u32>, from: Offset, end: Offset| match runs.last_mut() {
        _ if from >= end => {}
        Some(run) if run.epoch == epoch => run.end = end,
        _ => runs.push(Run { epoch, from, end }),
    };
    let mut before = replica.epoch_before(from);
    let mut at = from;
    for cell in replica.cells(from, end) {
        let is_known = before == Some(cell.epoch) || cell.epoch == LeaderEpoch::ZERO;
        add(is_known.then_some(cell.epoch.0), at, cell.offset);
        add(Some(cell.epoch.0), cell.offset, cell.offset.next());
        (before, at) = (Some(cell.epoch), cell.offset.next());
    }
    // What ends in the window's gap may go on behind it.
    let after = replica.cells(end, replica.end).next().map(|cell| cell.epoch);
    let is_known = after.is_some() && (after == before || after == Some(LeaderEpoch::ZERO));
    add(after.filter(|_| is_known).map(|epoch| epoch.0), at, end);
    runs
}

pub(super) fn epochs(stage: &Stage<'_>, pane: &mut Pane<'_>, y: i32) {
    let (scale, partition) = (&stage.scale, stage.partition);
    pane.put(3, y, "epoch", theme::dim());
    let longest = partition.replicas.iter().max_by_key(|replica| replica.end);
    let Some(replica) = partition.authority().or(longest).filter(|replica| replica.end > replica.start) else { return };
    let is_narrow = scale.pitch == 1;
    for (place, run) in runs(scale, replica).iter().enumerate() {
        let (left, right) = (stage.left + scale.boundary(run.from), stage.left + scale.boundary(run.end) - i32::from(is_narrow));
        let style = run.epoch.map_or_else(theme::faint, |epoch| Style::new().fg(theme::epoch(epoch)));
        for x in left..=right {
            pane.glyph(x, y, if run.epoch.is_some() { '─' } else { '╌' }, style);
        }
        pane.glyph(left, y, if place == 0 || is_narrow { '├' } else { '┼' }, style);
        pane.glyph(right, y, '┤', style);
        let Some(epoch) = run.epoch else { continue };
        let room = right - left - 1;
        let label = format!(" e{epoch} ");
        if room > width(&label) {
            pane.put(left + 2, y, &label, style);
        } else if room >= width(label.trim()) {
            pane.put(left + 1 + (room - width(label.trim())) / 2, y, label.trim(), style);
        }
    }
}

pub(super) fn acked(stage: &Stage<'_>, pane: &mut Pane<'_>, y: i32) {
    let (scale, partition) = (&stage.scale, stage.partition);
    pane.put(3, y, "acked", theme::dim());
    let mut put = |offset: Offset, is_kept: bool| {
        let (glyph, style) = match is_kept {
            // A promise does not outlast what the rules let go.
            true if is_let_go(partition, offset) => ('·', theme::dim()),
            true => ('✓', theme::text().fg(theme::GOOD)),
            false => ('✗', theme::fault()),
        };
        pane.glyph(stage.left + scale.centre(offset), y, glyph, style);
    };
    let mut broken_column = None;
    for (offset, acked) in partition.acked.range(scale.from, scale.end) {
        let is_kept = partition.is_kept(offset, acked.digest);
        let column = scale.centre(offset);
        if broken_column == Some(column) {
            continue;
        }
        put(offset, is_kept);
        broken_column = (!is_kept).then_some(column);
    }
    for (offset, _) in partition.overwritten.iter().filter(|(offset, _)| scale.shows(*offset)) {
        put(*offset, false);
    }
}

/// Whether the log that decides has let a record go by the rules: compacted it away, or begins later.
fn is_let_go(partition: &PartitionView, offset: Offset) -> bool {
    partition.authority().map_or_else(|| partition.is_forgotten(offset), |leader| leader.cell(offset).is_none())
}

/// A promise that stands on too little.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Risk {
    offset: Offset,
    acked: Acked,
    is_lost: bool,
    /// Copies are left, but the leader's history goes on without it.
    is_doomed: bool,
    holders: Vec<BrokerId>,
}

/// The promises that are lost or could be: those no log holds, and those that some member of the ISR lacks, so that an
/// election may lose them. The worst first.
pub(super) fn risks(partition: &PartitionView) -> Vec<Risk> {
    let start = partition.leader().map_or_else(|| partition.start(), |leader| leader.start);
    let last = partition.acked.last().map_or(Offset::ZERO, |(offset, _)| offset);
    let from = Offset(last.0.saturating_sub(LOOKED_BACK)).max(start);
    let later = partition.acked.range(from, last.next());
    let all = partition.overwritten.iter().map(|(offset, acked)| (*offset, acked)).chain(later);
    let in_sync = partition.isr();
    let mut risks: Vec<Risk> = all
        .map(|(offset, acked)| {
            let holders: Vec<BrokerId> = partition.holders(offset, acked.digest).map(|replica| replica.broker).collect();
            let is_doomed = !holders.is_empty() && !partition.is_kept(offset, acked.digest);
            Risk { offset, acked: acked.clone(), is_lost: holders.is_empty(), is_doomed, holders }
        })
        // Whoever of the ISR is elected will have it.
        .filter(|risk| !partition.is_forgotten(risk.offset))
        .filter(|risk| risk.is_lost || !in_sync.iter().all(|member| risk.holders.contains(&member)) || in_sync.is_empty())
        .collect();
    risks.sort_by_key(|risk| (!risk.is_lost, risk.holders.len(), risk.offset));
    risks
}

pub(super) fn risk(stage: &Stage<'_>, pane: &mut Pane<'_>, y: i32, risk: &Risk) {
    let names = &stage.model.recording.names;
    let key = risk.acked.key.as_ref().map_or_else(String::new, |key| format!(" ({})", stage.keys.words(key, 12)));
    let who = names.process(risk.acked.producer);
    let record = format!("record {}{key}, acked to {who} at {}", risk.offset, risk.acked.step);
    let where_it_is = match risk.holders.as_slice() {
        [] => "no copy left".to_owned(),
        holders => {
            let list: Vec<String> = holders.iter().map(|broker| broker_name(names, *broker)).collect();
            let only = if holders.len() == 1 { " only" } else { "" };
            let all_down = holders.iter().all(|broker| !stage.model.view.is_up(*broker));
            let down = match (all_down, holders.len()) {
                (false, _) => "",
                (true, 1) => ", which is down",
                (true, _) => ", which are down",
            };
            format!("on {}{only}{down}", list.join(", "))
        }
    };
    let label = match (risk.is_lost, risk.is_doomed) {
        (true, _) => "lost",
        (false, true) => "doomed",
        (false, false) => "at risk",
    };
    pane.put(3, y, label, theme::fault());
    let room = pane.width() - stage.left - 2;
    pane.put_within(
        stage.left + 1,
        y,
        room,
        &format!("{record}: {where_it_is}"),
        if risk.is_lost { theme::fault() } else { theme::text() },
    );
}

pub(super) fn legend(stage: &Stage<'_>, pane: &mut Pane<'_>, y: i32) {
    let epoch = theme::EPOCHS.first().copied().unwrap_or(theme::TEXT);
    let (filled, open) = (Style::new().fg(theme::INK).bg(epoch), Style::new().fg(epoch).bg(theme::BAR));
    let keys = stage.scale.has_keys();
    let mut entries: Vec<(&str, Style, &str)> = if keys {
        vec![("[k]", filled, "committed"), ("(k)", open, "not yet")]
    } else {
        vec![("▪", filled, "committed"), ("▫", open, "not yet")]
    };
    if super::lane::has_diverged(stage) {
        entries.push((if keys { "/k/" } else { "x" }, theme::fault(), "diverged"));
    }
    let wall = Style::new().fg(theme::LEADER);
    if stage.scale.pitch > 1 {
        entries.push(("┃", wall, "leader's HW"));
    }
    if keys {
        entries.extend([("║", theme::text(), "HW known here"), ("┤", theme::text(), "log end")]);
    } else {
        entries.extend([("▴", theme::text(), "HW known here"), ("◂", theme::text(), "log end")]);
    }
    // What is rare and there is explained first.
    let mut entries = [super::readers::legend(stage), entries].concat();
    entries.dedup();
    let mut x = 3;
    for (glyph, style, word) in entries {
        if x + width(glyph) + 1 + width(word) >= pane.width() {
            continue;
        }
        x = pane.put(x, y, glyph, style);
        x = pane.put(x + 1, y, word, theme::dim()) + 2;
    }
}
