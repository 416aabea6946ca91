//! One replica's lane: its records, its log end, its own high watermark, and its state in words.

use ratatui::style::{Modifier, Style};
use tribunal::event::PartitionFacts;
use tribunal::ids::{BrokerSet, Offset, ProcessId};
use tribunal::trace::view::{Cell, ProcessState, ReplicaView, Role};

use super::super::put::{Pane, width};
use super::{RIGHT, Stage};
use crate::screen::recording::broker_name;
use crate::screen::theme;

/// How a record stands, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Committed,
    NotYet,
    Diverged,
    /// It was there at the beat before, and is gone.
    Gone,
}

/// Draws a lane of `rows` rows (1, 2 or 3; the third stays free).
pub(super) fn draw(stage: &Stage<'_>, pane: &mut Pane<'_>, y: i32, rows: i32, replica: &ReplicaView) {
    name(stage, pane, y, replica);
    if stage.scale.pitch == 1 {
        narrow_cells(stage, pane, y, replica);
    } else {
        cells(stage, pane, y, replica);
    }
    ghosts(stage, pane, y, replica);
    let_go(stage, pane, y, replica);
    boundaries(stage, pane, y, replica);
    numbers(pane, y, rows, replica);
    if rows >= 2 {
        let words = state_words(stage, replica);
        let style = if is_well(stage, replica) { theme::dim() } else { theme::fault() };
        pane.put_within(3, y + 1, pane.width() - RIGHT - 3, &words, style);
        knowledge(stage, pane, y + 1, replica);
    }
}

fn is_leader(stage: &Stage<'_>, replica: &ReplicaView) -> bool {
    stage.partition.leader_id() == Some(replica.broker)
}

fn name(stage: &Stage<'_>, pane: &mut Pane<'_>, y: i32, replica: &ReplicaView) {
    let (mark, style) = mark(stage, replica);
    pane.glyph(1, y, mark, style);
    let name = broker_name(&stage.model.recording.names, replica.broker);
    let x = pane.put(3, y, &name, if is_leader(stage, replica) { theme::leader() } else { theme::strong() });
    let role = match replica.role {
        _ if replica.is_deleted => "deleted",
        Role::Offline => "offline",
        _ if is_leader(stage, replica) => "leader",
        _ if stage.partition.committed.is_none() => "replica",
        _ if is_among(stage, replica, |truth| truth.adding) => "joining",
        _ if is_among(stage, replica, |truth| truth.removing) => "leaving",
        _ if replica.has_led => "ex-leader",
        Role::None | Role::Leader { .. } | Role::Follower { .. } => "follower",
    };
    pane.put_within(x + 1, y, stage.left - x - 1, role, theme::dim());
}

/// Whether the committed metadata counts a replica in one of its sets.
fn is_among(stage: &Stage<'_>, replica: &ReplicaView, set: impl Fn(&PartitionFacts) -> BrokerSet) -> bool {
    let truth = stage.partition.committed.as_deref();
    replica.broker.0 <= BrokerSet::MAX && truth.is_some_and(|truth| set(truth).contains(replica.broker))
}

fn mark(stage: &Stage<'_>, replica: &ReplicaView) -> (char, Style) {
    let process = ProcessId::Broker(replica.broker);
    let known = stage.model.view.process(process);
    match known.map(|known| known.state).unwrap_or_default() {
        ProcessState::Down(_) | ProcessState::Halted | ProcessState::Stopped => ('✖', theme::fault()),
        ProcessState::Paused => ('‖', theme::fault()),
        _ if replica.role == Role::Offline || replica.is_deleted => ('✗', theme::fault()),
        _ if is_cut_off(stage, replica) => ('≠', theme::fault()),
        _ if known.is_some_and(|known| known.clock_offset_us != 0 || known.clock_drift_ppm != 0) => ('◷', theme::client()),
        _ if is_leader(stage, replica) => ('★', theme::leader()),
        ProcessState::NotStarted | ProcessState::Up => (' ', theme::text()),
    }
}

fn is_well(stage: &Stage<'_>, replica: &ReplicaView) -> bool {
    let process = ProcessId::Broker(replica.broker);
    let lives =
        stage.model.view.process(process).is_none_or(|known| matches!(known.state, ProcessState::Up | ProcessState::NotStarted));
    let believes = replica.leads() && !is_leader(stage, replica);
    let is_broken = replica.role == Role::Offline || replica.is_deleted || replica.trouble.is_some();
    lives && !believes && !is_broken && stage.model.view.cut_from(process).is_empty()
}

/// Whether nothing gets through between it and any other replica.
fn is_cut_off(stage: &Stage<'_>, replica: &ReplicaView) -> bool {
    let peers = stage.model.view.cut_from(ProcessId::Broker(replica.broker));
    let mut others = stage.partition.replicas.iter().filter(|other| other.broker != replica.broker);
    !peers.is_empty() && others.all(|other| peers.contains(&ProcessId::Broker(other.broker)))
}

/// `up · in ISR`, `cut off · out of ISR`, `cut b3 · in ISR` (from b3), `down`; and what it wrongly takes itself for.
fn state_words(stage: &Stage<'_>, replica: &ReplicaView) -> String {
    let process = ProcessId::Broker(replica.broker);
    let known = stage.model.view.process(process);
    let mut words = match known.map(|known| known.state).unwrap_or_default() {
        ProcessState::NotStarted => return "not started".to_owned(),
        ProcessState::Down(_) => "down".to_owned(),
        ProcessState::Halted => "ended itself".to_owned(),
        ProcessState::Stopped => "shut down".to_owned(),
        ProcessState::Paused => "stands still".to_owned(),
        ProcessState::Up if is_cut_off(stage, replica) => "cut off".to_owned(),
        ProcessState::Up => match stage.model.view.cut_from(process).as_slice() {
            [] => "up".to_owned(),
            peers => {
                let names = &stage.model.recording.names;
                let peers: Vec<String> = peers.iter().map(|peer| names.process(*peer).into_owned()).collect();
                format!("cut {}", peers.join(" "))
            }
        },
    };
    if replica.is_deleted {
        return format!("{words} · its log was deleted");
    }
    if stage.partition.committed.is_some() {
        words.push_str(match () {
            () if stage.partition.is_in_sync(replica.broker) => " · in ISR",
            () if is_among(stage, replica, |truth| truth.elr) => " · in ELR",
            () => " · out of ISR",
        });
    }
    if replica.is_uncleanable {
        words.push_str(" · its cleaner gave up");
    }
    if let Some(trouble) = &replica.trouble {
        words.push_str(&format!(" · {trouble}"));
    }
    match replica.role {
        Role::Leader { epoch } if !is_leader(stage, replica) => words.push_str(&format!(" · thinks it leads {epoch}")),
        Role::None | Role::Follower { .. } if is_leader(stage, replica) && stage.model.view.is_up(replica.broker) => {
            words.push_str(" · does not know yet that it leads");
        }
        Role::None | Role::Leader { .. } | Role::Follower { .. } | Role::Offline => {}
    }
    words
}

fn state(stage: &Stage<'_>, replica: &ReplicaView, cell: &Cell<'_>) -> State {
    if stage.partition.is_diverged(replica.broker, cell) {
        State::Diverged
    } else if cell.offset < replica.high_watermark {
        State::Committed
    } else {
        State::NotYet
    }
}

/// Whether a record in the window is one that will be truncated.
pub(super) fn has_diverged(stage: &Stage<'_>) -> bool {
    let (partition, scale) = (stage.partition, &stage.scale);
    partition
        .replicas
        .iter()
        .any(|replica| replica.cells(scale.from, scale.end).any(|cell| partition.is_diverged(replica.broker, &cell)))
}

fn style(state: State, epoch: u32) -> Style {
    match state {
        State::Committed => Style::new().fg(theme::INK).bg(theme::epoch(epoch)),
        State::NotYet => Style::new().fg(theme::epoch(epoch)).bg(theme::BAR),
        State::Diverged => theme::fault().bg(theme::BAR).add_modifier(Modifier::BOLD | Modifier::CROSSED_OUT),
        State::Gone => theme::fault().add_modifier(Modifier::DIM | Modifier::CROSSED_OUT),
    }
}

fn cells(stage: &Stage<'_>, pane: &mut Pane<'_>, y: i32, replica: &ReplicaView) {
    let scale = &stage.scale;
    let mut last_epoch = replica.epoch_before(scale.from);
    let mut last_style = None;
    for cell in replica.cells(scale.from, scale.end) {
        let state = state(stage, replica, &cell);
        let style = style(state, cell.epoch.0);
        let x = stage.left + scale.cell(cell.offset);
        if scale.has_keys() {
            pane.put(x, y, &with_key(stage, state, &cell), style);
        } else {
            // Of the first record that compaction left nobody knows whether its epoch began there, but of epoch 0.
            let is_first = last_epoch.is_some() || cell.offset == replica.start || cell.epoch.0 > 0;
            let is_free = cell.offset != replica.high_watermark && (cell.offset != replica.start || replica.start == scale.from);
            let begins = last_epoch != Some(cell.epoch) && is_first && is_free && cell.epoch.0 < 10;
            if begins {
                pane.put(x - 1, y, &format!("e{}", cell.epoch.0), style);
            } else {
                // Neighbours of one kind stand on one ground.
                if last_style == Some(style) {
                    pane.glyph(x - 1, y, ' ', style);
                }
                pane.glyph(x, y, if cell.is_tombstone { '†' } else { glyph(state) }, style);
            }
        }
        (last_epoch, last_style) = (Some(cell.epoch), Some(style));
    }
}

/// A record with its key: `[k]`, `(k)`, `/k/`, `·k·`; a tombstone is `[k†`.
fn with_key(stage: &Stage<'_>, state: State, cell: &Cell<'_>) -> String {
    let columns = stage.scale.key_columns();
    let key = cell.key.map_or_else(|| "·".to_owned(), |key| stage.words(key, usize::try_from(columns).unwrap_or(1)));
    let free = columns - width(&key);
    let blanks = |count: i32| " ".repeat(usize::try_from(count).unwrap_or(0));
    let (open, close) = match state {
        State::Committed => ('[', ']'),
        State::NotYet => ('(', ')'),
        State::Diverged => ('/', '/'),
        State::Gone => ('·', '·'),
    };
    let close = if cell.is_tombstone { '†' } else { close };
    format!("{open}{}{key}{}{close}", blanks(free / 2), blanks(free - free / 2))
}

/// What this replica held at the beat before and does not hold any more, where nothing else stands now.
fn ghosts(stage: &Stage<'_>, pane: &mut Pane<'_>, y: i32, replica: &ReplicaView) {
    let scale = &stage.scale;
    let Some(before) = stage.before.and_then(|before| before.replica(replica.broker)) else { return };
    let style = style(State::Gone, 0);
    if scale.per_column > 1 {
        return;
    }
    for cell in before.cells(scale.from, scale.end).filter(|cell| replica.cell(cell.offset).is_none()) {
        let x = stage.left + scale.cell(cell.offset);
        if scale.has_keys() {
            pane.put(x, y, &with_key(stage, State::Gone, &cell), style);
        } else {
            pane.glyph_if_blank(x, y, glyph(State::Gone), style);
        }
    }
}

/// What the rules let go of: compacted away between two records, or expired before the log start.
fn let_go(stage: &Stage<'_>, pane: &mut Pane<'_>, y: i32, replica: &ReplicaView) {
    let scale = &stage.scale;
    if scale.per_column > 1 {
        return;
    }
    for offset in replica.compacted(scale.from, scale.end) {
        pane.glyph_if_blank(stage.left + scale.centre(offset), y, '·', theme::dim());
    }
    for x in stage.left..stage.left + scale.boundary(replica.start.clamp(scale.from, scale.end)) {
        pane.glyph_if_blank(x, y, '╌', theme::faint());
    }
    if let Some(cleaned) =
        replica.cleaned.filter(|cleaned| scale.pitch > 1 && *cleaned > replica.start && scale.shows_boundary(*cleaned))
    {
        pane.glyph_if_blank(stage.left + scale.boundary(cleaned), y, '¦', theme::dim());
    }
}

/// One column for a record, or for several: then the worst of them shows.
fn narrow_cells(stage: &Stage<'_>, pane: &mut Pane<'_>, y: i32, replica: &ReplicaView) {
    let scale = &stage.scale;
    let mut worst: Option<(i32, State, u32)> = None;
    for cell in replica.cells(scale.from, scale.end.min(replica.end)) {
        let x = scale.cell(cell.offset);
        let state = state(stage, replica, &cell);
        let shown = match worst {
            Some((column, before, epoch)) if column == x && before >= state => (x, before, epoch),
            _ => (x, state, cell.epoch.0),
        };
        let sign = if cell.is_tombstone && scale.per_column == 1 { '†' } else { glyph(shown.1) };
        pane.glyph(stage.left + x, y, sign, style(shown.1, shown.2));
        worst = Some(shown);
    }
}

fn glyph(state: State) -> char {
    match state {
        State::Committed => '▪',
        State::NotYet => '▫',
        State::Diverged => 'x',
        State::Gone => '·',
    }
}

/// Log end, and with keys the replica's own high watermark, in the gutters between records.
fn boundaries(stage: &Stage<'_>, pane: &mut Pane<'_>, y: i32, replica: &ReplicaView) {
    let scale = &stage.scale;
    let lead = if is_leader(stage, replica) { theme::leader() } else { theme::text() };
    let is_level = replica.high_watermark == replica.end;
    if replica.start > scale.from && replica.start < replica.end && scale.pitch > 1 && scale.shows_boundary(replica.start) {
        pane.glyph(stage.left + scale.boundary(replica.start), y, '├', theme::text());
    }
    if scale.shows_boundary(replica.end) {
        let x = stage.left + scale.boundary(replica.end);
        if scale.has_keys() {
            let (glyph, style) = if is_level { ('╣', lead) } else { ('┤', theme::text()) };
            pane.glyph(x, y, glyph, style);
        } else {
            pane.glyph(x + i32::from(scale.pitch > 1), y, '◂', theme::text());
        }
    }
    if scale.has_keys() && !is_level && scale.shows_boundary(replica.high_watermark) {
        pane.glyph(stage.left + scale.boundary(replica.high_watermark), y, '║', lead);
    }
}

fn numbers(pane: &mut Pane<'_>, y: i32, rows: i32, replica: &ReplicaView) {
    let x = pane.width() - RIGHT + 2;
    if rows >= 2 {
        pane.put(x, y, "LEO", theme::dim());
        pane.put_left_of(pane.width() - 1, y, &replica.end.to_string(), theme::strong());
        pane.put(x, y + 1, "HW", theme::dim());
        pane.put_left_of(pane.width() - 1, y + 1, &replica.high_watermark.to_string(), theme::text());
        if rows >= 3 && replica.start > Offset::ZERO {
            pane.put(x, y + 2, "start", theme::dim());
            pane.put_left_of(pane.width() - 1, y + 2, &replica.start.to_string(), theme::text());
        }
    } else {
        let words = format!("{} · {}", replica.end, replica.high_watermark);
        pane.put_left_of(pane.width() - 1, y, &words, theme::strong());
    }
}

/// Under the records: that something was cut off at this step, and where the log begins now.
fn gone(stage: &Stage<'_>, pane: &mut Pane<'_>, y: i32, replica: &ReplicaView) {
    let Some(before) = stage.before.and_then(|before| before.replica(replica.broker)) else { return };
    let mut words_at = |offset: Offset, words: &str, style: Style| {
        let x = stage.left + stage.scale.cell(offset);
        if stage.scale.shows(offset) && pane.is_blank(x, x + width(words), y) {
            pane.put(x, y, words, style);
        }
    };
    if before.end > replica.end && !replica.is_deleted {
        words_at(replica.end, "└ cut off", theme::fault());
    }
    if before.cleaned < replica.cleaned {
        let first = before.cells(stage.scale.from, stage.scale.end).find(|cell| replica.cell(cell.offset).is_none());
        first.into_iter().for_each(|cell| words_at(cell.offset, "└ compacted", theme::text()));
    }
    if replica.start > Offset::ZERO {
        let style = if before.start < replica.start { theme::text() } else { theme::dim() };
        words_at(replica.start, &format!("└ log start {}", replica.start), style);
    }
}

/// Under the records: what this replica knows of the high watermark, and where its log contradicts the leader's.
fn knowledge(stage: &Stage<'_>, pane: &mut Pane<'_>, y: i32, replica: &ReplicaView) {
    let (scale, high_watermark) = (&stage.scale, replica.high_watermark);
    gone(stage, pane, y, replica);
    let diverged = replica.cells(scale.from.max(high_watermark.min(scale.end)), scale.end);
    let first = diverged.into_iter().find(|cell| stage.partition.is_diverged(replica.broker, cell));
    if let Some(cell) = first {
        let (x, words) = (stage.left + scale.cell(cell.offset), "└ diverged");
        if pane.is_blank(x, x + width(words) + 1, y) {
            pane.put(x, y, words, theme::fault());
        }
    }
    if !scale.shows_boundary(high_watermark) || high_watermark == Offset::ZERO {
        return;
    }
    let x = stage.left + scale.boundary(high_watermark);
    if is_leader(stage, replica) {
        let (before, after) = ("committed ", " not yet");
        if replica.end == high_watermark {
            return;
        }
        if scale.pitch > 1 && pane.is_blank(x - width(before) - 1, x, y) {
            pane.put_left_of(x, y, before, theme::dim());
        }
        let end = stage.left + scale.boundary(replica.end);
        if end - x >= 2 && x + 1 + width(after) < pane.width() - RIGHT + 2 && pane.is_blank(x + 1, x + 1 + width(after), y) {
            pane.put(x + 1, y, after, theme::dim());
        }
        return;
    }
    let words = format!("knows HW {high_watermark} ");
    if pane.is_blank(x - width(&words) - 1, x + 1, y) {
        pane.put_left_of(x, y, &words, theme::dim());
        pane.glyph(x, y, '▴', theme::text());
    } else if pane.is_blank(x, x + width(&words) + 1, y) {
        pane.glyph(x, y, '▴', theme::text());
        pane.put(x + 1, y, &format!(" {}", words.trim_end()), theme::dim());
    } else {
        pane.glyph_if_blank(x, y, '▴', theme::text());
    }
}
