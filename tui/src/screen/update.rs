//! How a message changes the model. There is no other way to change it.

use tribunal::ids::Step;
use tribunal::time::Duration;
use tribunal::trace::find::{self, Kind};

use super::message::Message;
use super::model::{Focus, Hand, Model, Overlay, Shows};

/// How long a beat stays at speed x1.
const BEAT: Duration = Duration::from_millis(700);
const SLOWEST: i8 = -2;
const FASTEST: i8 = 6;
/// The longest text at the prompt.
const PROMPT_CHARS: usize = 24;
/// How many widths the ribbon of ownership has.
const SPANS: u32 = 5;

/// Carries out a message.
#[allow(clippy::needless_pass_by_value, reason = "a message is used up by being carried out")]
pub fn update(model: &mut Model, message: Message) {
    if !matches!(message, Message::Passed(_)) {
        model.notice = None;
    }
    match message {
        Message::BeatForward => forward(model, model.recording.beat_after(model.cursor())),
        Message::BeatBack => back(model, model.recording.beat_before(model.cursor())),
        Message::EventForward => forward(model, Some(Step(model.cursor().0.saturating_add(1)))),
        Message::EventBack => back(model, model.cursor().0.checked_sub(1).map(Step)),
        Message::Start => pause_and_move(model, Step(0)),
        Message::End => pause_and_move(model, model.recording.last()),
        Message::KindForward => kind(model, find::next(model.recording.events(), model.cursor(), of(model.kind)), "after"),
        Message::KindBack => kind(model, find::previous(model.recording.events(), model.cursor(), of(model.kind)), "before"),
        Message::VerdictForward => {
            let next = model.recording.broken().map(|(step, _)| step).filter(|step| *step > model.cursor()).min();
            verdict(model, next, "after");
        }
        Message::VerdictBack => {
            let before = model.recording.broken().map(|(step, _)| step).filter(|step| *step < model.cursor()).max();
            verdict(model, before, "before");
        }
        Message::PlayOrPause => play_or_pause(model),
        Message::Faster => model.speed = model.speed.saturating_add(1).min(FASTEST),
        Message::Slower => model.speed = model.speed.saturating_sub(1).max(SLOWEST),
        Message::Passed(span) => passed(model, span),
        Message::ShowCluster => model.shows = Shows::Cluster,
        Message::ShowLogs => model.shows = Shows::Logs,
        Message::ShowGroups => model.shows = Shows::Groups,
        Message::NextView => model.shows = model.shows.next(),
        Message::NextPane => next_pane(model, 1),
        Message::PreviousPane => next_pane(model, panes(model).saturating_sub(1)),
        Message::SelectNext => select(model, 1),
        Message::SelectPrevious => select(model, -1),
        Message::Open => open(model),
        Message::Zoom if model.shows == Shows::Groups => {
            model.span = (model.span + 1) % SPANS;
            model.notice = (model.span == 0).then(|| "the whole run".to_owned());
        }
        Message::Zoom => {
            (model.zoom, model.hand) = (model.zoom.next(), None);
            model.notice = Some(format!("records: {}", model.zoom.name()));
        }
        Message::ScrollLeft => scroll(model, -5),
        Message::ScrollRight => scroll(model, 5),
        Message::Why => model.tells_why = !model.tells_why,
        Message::Help => {
            model.overlay = match model.overlay {
                Overlay::Help => Overlay::Shapes,
                Overlay::Shapes => Overlay::None,
                Overlay::None | Overlay::Kinds(_) | Overlay::Where(_) => Overlay::Help,
            };
        }
        Message::ChooseKind => {
            let chosen = Kind::ALL.iter().position(|kind| *kind == model.kind).unwrap_or(0);
            model.overlay = Overlay::Kinds(chosen);
        }
        Message::AskWhere => model.overlay = Overlay::Where(String::new()),
        Message::Up => choose(model, Kind::ALL.len() - 1),
        Message::Down => choose(model, 1),
        Message::Typed(letter) => typed(model, letter),
        Message::Erase => {
            if let Overlay::Where(text) = &mut model.overlay {
                text.pop();
            }
        }
        Message::Accept => accept(model),
        Message::Close => model.overlay = Overlay::None,
        Message::Quit => model.is_done = true,
    }
}

fn of(kind: Kind) -> impl Fn(&tribunal::event::Event) -> bool {
    move |event| kind.matches(event)
}

fn pause_and_move(model: &mut Model, step: Step) {
    model.is_playing = false;
    model.move_to(step);
}

fn forward(model: &mut Model, step: Option<Step>) {
    model.is_playing = false;
    match step.filter(|step| *step <= model.recording.last()) {
        Some(step) => model.move_to(step),
        None => model.notice = Some("this is the end of the run".to_owned()),
    }
}

fn back(model: &mut Model, step: Option<Step>) {
    model.is_playing = false;
    match step {
        Some(step) => model.move_to(step),
        None => model.notice = Some("this is the beginning of the run".to_owned()),
    }
}

fn kind(model: &mut Model, step: Option<Step>, way: &str) {
    model.is_playing = false;
    match step {
        Some(step) => model.move_to(step),
        None => model.notice = Some(format!("no {} {way} this step (e chooses another kind)", model.kind.name())),
    }
}

fn verdict(model: &mut Model, step: Option<Step>, way: &str) {
    model.is_playing = false;
    match step {
        Some(step) => model.move_to(step),
        None => model.notice = Some(format!("no claim is found broken {way} this step")),
    }
}

/// Moves the window of offsets by hand, no farther than there are any.
fn scroll(model: &mut Model, by: i64) {
    let (around, moved) = model.hand.map_or_else(|| (model.around(), 0), |hand| (hand.around, hand.by));
    let Some(shown) = model.shown() else { return };
    let most = i64::try_from(model.partition_view(shown).end().0).unwrap_or(i64::MAX);
    let by = moved.saturating_add(by).clamp(-most, if around.is_some() { most } else { 0 });
    model.hand = (around.is_some() || by != 0).then_some(Hand { around, by });
}

fn play_or_pause(model: &mut Model) {
    if !model.is_playing && model.recording.beat_after(model.cursor()).is_none() {
        model.move_to(Step(0));
    }
    (model.is_playing, model.waited) = (!model.is_playing, Duration::ZERO);
}

fn passed(model: &mut Model, span: Duration) {
    if !model.is_playing {
        return;
    }
    model.waited = model.waited.plus(span);
    let beat = beat_length(model.speed);
    let due = model.waited.0 / beat.0;
    model.waited = Duration(model.waited.0 % beat.0);
    let mut step = model.cursor();
    for _ in 0..due {
        match model.recording.beat_after(step) {
            Some(next) => step = next,
            None => {
                model.is_playing = false;
                break;
            }
        }
    }
    if step != model.cursor() {
        model.move_to(step);
    }
}

/// How long a beat stays at a speed.
#[must_use]
pub fn beat_length(speed: i8) -> Duration {
    let by = u32::from(speed.unsigned_abs());
    Duration(if speed < 0 { BEAT.0 << by } else { BEAT.0 >> by })
}

/// A speed in words: `x1/2`, `x4`.
#[must_use]
pub fn speed_words(speed: i8) -> String {
    let times = 1_u32 << u32::from(speed.unsigned_abs()).min(16);
    if speed < 0 { format!("x1/{times}") } else { format!("x{times}") }
}

fn next_pane(model: &mut Model, by: usize) {
    match (model.shows, model.focus) {
        (Shows::Cluster, Focus::Partitions) => model.focus = Focus::Servers,
        (Shows::Cluster, Focus::Servers) => model.focus = Focus::Partitions,
        (Shows::Logs, _) => turn(model, by),
        (Shows::Groups, _) => {
            (model.group, model.row) = ((model.group + by) % panes(model).max(1), 0);
        }
    }
}

/// Selects another row, without going round: the ends of a list are felt.
fn select(model: &mut Model, by: isize) {
    let moved = |place: usize, count: usize| place.saturating_add_signed(by).min(count.saturating_sub(1));
    match (model.shows, model.focus) {
        (Shows::Cluster, Focus::Servers) => {
            model.server = moved(model.server, crate::panes::cluster::server_count(&model.view));
        }
        (Shows::Groups, _) => {
            let rows = model.recording.groups.get(model.group).map_or(0, |group| group.owned.len());
            model.row = moved(model.row, rows);
        }
        (Shows::Cluster, Focus::Partitions) | (Shows::Logs, _) => {
            (model.chosen, model.hand) = (Some(moved(model.partition(), model.recording.partitions.len())), None);
        }
    }
}

/// How many panes `Tab` goes through.
fn panes(model: &Model) -> usize {
    match model.shows {
        Shows::Groups => model.recording.groups.len(),
        Shows::Cluster | Shows::Logs => model.recording.partitions.len(),
    }
}

/// Looks into the logs of what is selected.
fn open(model: &mut Model) {
    if model.shows == Shows::Groups {
        let wanted = crate::panes::groups::selected(model);
        let place = model.recording.partitions.iter().position(|shown| shown.id.is_some() && shown.id == wanted);
        (model.chosen, model.hand) = (Some(place.unwrap_or(model.partition())), None);
    }
    model.shows = Shows::Logs;
}

fn turn(model: &mut Model, by: usize) {
    let count = model.recording.partitions.len();
    if count > 1 {
        (model.chosen, model.hand) = (Some((model.partition() + by) % count), None);
    }
}

fn choose(model: &mut Model, by: usize) {
    if let Overlay::Kinds(chosen) = &mut model.overlay {
        *chosen = (*chosen + by) % Kind::ALL.len();
    }
}

fn typed(model: &mut Model, letter: char) {
    if let Overlay::Where(text) = &mut model.overlay
        && text.chars().count() < PROMPT_CHARS
        && !letter.is_control()
    {
        text.push(letter);
    }
}

fn accept(model: &mut Model) {
    match std::mem::take(&mut model.overlay) {
        Overlay::Kinds(chosen) => {
            model.kind = Kind::ALL.get(chosen).copied().unwrap_or(model.kind);
            model.notice = Some(format!("[ and ] now jump to: {}", model.kind.name()));
        }
        Overlay::Where(text) => {
            model.is_playing = false;
            if !model.move_to_written(&text) {
                model.notice = Some(format!("`{text}` is neither a step (412) nor a time (1.284s)"));
            }
        }
        Overlay::None | Overlay::Help | Overlay::Shapes => {}
    }
}
