//! The members of a group, one row each: what the consumer believes beside what the coordinator has decided.

use ratatui::style::Style;
use tribunal::event::GroupState;
use tribunal::ids::{ProcessId, TopicPartition};
use tribunal::trace::view::{ConsumerView, MemberView, ProcessState};
use tribunal::trace::{Names, View};

use super::super::cluster::{Piece, row};
use super::super::put::{Pane, width};
use super::{Stage, is_dead};
use crate::screen::theme;

/// A member's row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    sign: (char, Style),
    name: String,
    epoch: (String, Style),
    current: String,
    target: String,
    state: (String, Style),
}

impl Row {
    /// Whether it does what its group's coordinator believes of it.
    pub(super) fn is_as_planned(&self) -> bool {
        self.is_quiet() || matches!(self.state.0.as_str(), "revoking" | "waiting" | "behind" | "syncs" | "joins again")
    }

    fn is_quiet(&self) -> bool {
        matches!(self.state.0.as_str(), "stable" | "no member" | "not started" | "shut down")
    }
}

/// The rows of a group: its consumers in the order of their letters, then members of whom no consumer knows.
pub(super) fn rows(stage: &Stage<'_>, view: &View) -> Vec<Row> {
    let names = &stage.model.recording.names;
    let mut left: Vec<&MemberView> = stage.group.members.iter().collect();
    let mut take = |fits: &dyn Fn(&MemberView) -> bool| {
        let place = left.iter().position(|member| fits(member))?;
        Some(left.remove(place))
    };
    let known: Vec<Option<&MemberView>> =
        stage.group.consumers.iter().map(|consumer| take(&|member| consumer.member.as_ref() == Some(&member.member))).collect();
    let mut all = Vec::new();
    for (consumer, member) in stage.group.consumers.iter().zip(known) {
        let name = names.process(consumer.process);
        // One that does not know yet that it is a member.
        let member = member.or_else(|| {
            let is_none = consumer.member.is_none();
            take(&|member| is_none && client_of(member) == name)
        });
        all.push(consumer_row(stage, view, consumer, member));
    }
    all.extend(left.into_iter().map(|member| member_row(stage, member)));
    all
}

/// The name of a member's client: told when it joined, else the head of its id.
fn client_of(member: &MemberView) -> &str {
    let id = member.member.as_str();
    member.client.as_ref().map_or_else(|| id.rsplit_once('-').map_or(id, |(client, _)| client), |client| client.as_str())
}

fn consumer_row(stage: &Stage<'_>, view: &View, consumer: &ConsumerView, member: Option<&MemberView>) -> Row {
    let names = &stage.model.recording.names;
    let id = member.map(|member| &member.member).or(consumer.member.as_ref());
    let is_behind = consumer.member.is_some() && member.is_some() && consumer.epoch != stage.group.epoch;
    let epoch = match (&consumer.member, is_behind) {
        (None, _) => ("—".to_owned(), theme::dim()),
        (Some(_), false) => (consumer.epoch.to_string(), theme::text()),
        (Some(_), true) => (format!("{}≠{}", consumer.epoch, stage.group.epoch), theme::fault()),
    };
    Row {
        sign: stage.sign(consumer.process),
        name: id.map_or_else(|| names.process(consumer.process).into_owned(), |id| shown_id(id, member)),
        epoch,
        current: partitions_words(&consumer.owns, names),
        target: member.map_or_else(|| "—".to_owned(), |member| partitions_words(&member.target, names)),
        state: state(stage, view, consumer, member),
    }
}

/// A member that no living consumer takes itself for.
fn member_row(stage: &Stage<'_>, member: &MemberView) -> Row {
    let names = &stage.model.recording.names;
    let process = names.processes().find(|(_, name)| *name == client_of(member)).map(|(process, _)| process);
    Row {
        sign: process.map_or((' ', theme::text()), |process| stage.sign(process)),
        name: shown_id(&member.member, Some(member)),
        epoch: ("—".to_owned(), theme::dim()),
        current: "—".to_owned(),
        target: partitions_words(&member.target, names),
        state: ("nobody's ≠".to_owned(), theme::fault()),
    }
}

fn shown_id(id: &str, member: Option<&MemberView>) -> String {
    let instance = member.and_then(|member| member.instance.as_ref());
    // The name that lasts comes first: where there is no room for both, it is the one that is seen.
    instance.map_or_else(|| id.to_owned(), |instance| format!("{instance}: {id}"))
}

/// What a member is doing: what keeps it from acting first, then what is missing for it to be at rest.
fn state(stage: &Stage<'_>, view: &View, consumer: &ConsumerView, member: Option<&MemberView>) -> (String, Style) {
    let (fault, text) = (theme::fault(), theme::text());
    let told = |words: &str, style: Style| (words.to_owned(), style);
    let process = view.process(consumer.process).map(|known| known.state).unwrap_or_default();
    match process {
        ProcessState::Stopped => return told("shut down", theme::dim()),
        _ if is_dead(view, consumer.process) && member.is_some() => return told("✖ down, not missed", fault),
        _ if is_dead(view, consumer.process) => return told("✖ down", fault),
        ProcessState::Paused => return told("‖ stands still", fault),
        ProcessState::NotStarted => return told("not started", theme::dim()),
        ProcessState::Up | ProcessState::Down(_) | ProcessState::Halted => {}
    }
    if stage.group.coordinator.is_some_and(|coordinator| is_cut(view, consumer.process, coordinator)) {
        return told("cut off", fault);
    }
    let Some(member) = member else {
        return if consumer.is_in() { told("no member ≠", fault) } else { told("no member", theme::dim()) };
    };
    let gives = consumer.owns.iter().any(|owned| !member.target.contains(owned));
    let waits = member.target.iter().any(|wanted| !consumer.owns.contains(wanted));
    match stage.group.state {
        _ if consumer.member.is_none() => told("joining", text),
        Some(GroupState::PreparingRebalance) => told("joins again", text),
        Some(GroupState::CompletingRebalance) => told("syncs", text),
        _ if gives => told("revoking", theme::leader()),
        _ if waits => told("waiting", theme::leader()),
        _ if consumer.epoch != stage.group.epoch => told("behind", theme::leader()),
        _ => told("stable", theme::dim()),
    }
}

fn is_cut(view: &View, one: ProcessId, other: ProcessId) -> bool {
    view.is_cut(one, other) || view.is_cut(other, one)
}

/// Partitions, each topic once: `orders-0,2 payments-1`; `—` for none.
pub(super) fn partitions_words(partitions: &[TopicPartition], names: &Names) -> String {
    let mut words = String::new();
    let mut topic = None;
    for partition in partitions {
        if topic == Some(partition.topic) {
            words.push_str(&format!(",{}", partition.partition));
        } else {
            let space = if words.is_empty() { "" } else { " " };
            words.push_str(&format!("{space}{}", names.partition(*partition)));
        }
        topic = Some(partition.topic);
    }
    if words.is_empty() { "—".to_owned() } else { words }
}

/// Where the columns stand.
struct Grid {
    epoch: i32,
    current: i32,
    target: i32,
    state: i32,
}

impl Grid {
    fn of(columns: i32) -> Self {
        let name = match columns {
            ..72 => 15,
            72..100 => 17,
            _ => 24,
        };
        let (epoch, state) = (name + 4, columns - if columns < 72 { 14 } else { 20 });
        let current = epoch + 8;
        Self { epoch, current, target: current + (state - current) / 2, state }
    }
}

/// Draws the header and as many rows as there is room for; when they are more, the last row tells what the others do. What has
/// changed since the beat before stands on its own ground.
pub(super) fn draw(now: &[Row], before: &[Row], rows: usize, pane: &mut Pane<'_>) {
    let grid = Grid::of(pane.width());
    let (current, target) = if pane.width() < 90 { ("current", "target") } else { ("current assignment", "target assignment") };
    let header = [(3, "member"), (grid.epoch + 1, "epoch"), (grid.current, current), (grid.target, target), (grid.state, "state")];
    for (x, words) in header {
        pane.put(x, 0, words, theme::dim());
    }
    let own = if now.len() > rows { rows.saturating_sub(1) } else { now.len() };
    for (place, (y, shown)) in (1..).zip(now).take(own).enumerate() {
        let earlier = before.get(place).map(|earlier| pieces(earlier, &grid, pane.width())).unwrap_or_default();
        row(pane, y, &pieces(shown, &grid, pane.width()), &earlier);
    }
    if let Some(rest) = now.get(own..).filter(|rest| !rest.is_empty() && rows > 0) {
        let y = i32::try_from(own).unwrap_or(0) + 1;
        pane.put_within(3, y, pane.width() - 4, &others(rest), theme::text());
    }
}

/// `+9 members: 6 stable, 3 joining`: those that are not at rest come first.
fn others(rest: &[Row]) -> String {
    let mut counts: Vec<(&Row, usize)> = Vec::new();
    for shown in rest {
        match counts.iter_mut().find(|(known, _)| known.state.0 == shown.state.0) {
            Some((_, count)) => *count += 1,
            None => counts.push((shown, 1)),
        }
    }
    counts.sort_by_key(|(shown, count)| (shown.is_quiet(), std::cmp::Reverse(*count)));
    let told: Vec<String> = counts.iter().map(|(shown, count)| format!("{count} {}", shown.state.0)).collect();
    format!("+{} members: {}", rest.len(), told.join(", "))
}

fn pieces(shown: &Row, grid: &Grid, columns: i32) -> Vec<Piece> {
    let is_moving = shown.current != shown.target;
    let (current, target) = (grid.target - grid.current - 1, grid.state - grid.target - 1);
    let quiet = |is_loud: bool| if is_loud { theme::text() } else { theme::dim() };
    vec![
        Piece::new(1, 1, shown.sign.0, shown.sign.1),
        Piece::new(3, grid.epoch - 4, shown.name.as_str(), theme::strong()),
        Piece::new(grid.epoch, 7, format!("{:>6}", shown.epoch.0), shown.epoch.1),
        Piece::new(grid.current, current, ending(&shown.current, current), theme::text()),
        Piece::new(grid.target, target, ending(&shown.target, target), quiet(is_moving)),
        Piece::new(grid.state, columns - grid.state, shown.state.0.as_str(), shown.state.1),
    ]
}

/// The end of a text where it is too long: of `account-events-0,1` the numbers are the news.
fn ending(text: &str, most: i32) -> String {
    let over = usize::try_from(width(text) - most).unwrap_or(0);
    if over == 0 { text.to_owned() } else { format!("…{}", text.chars().skip(over + 1).collect::<String>()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_is_too_long_the_end_is_seen() {
        assert_eq!(ending("orders-0,1", 10), "orders-0,1");
        assert_eq!(ending("account-events-0,1", 10), "…vents-0,1");
        assert_eq!(ending("x", 0), "…");
    }

    #[test]
    fn members_without_a_row_are_counted_by_what_they_do() {
        let row = |state: &str| Row {
            sign: ('A', theme::text()),
            name: "c1".to_owned(),
            epoch: ("1".to_owned(), theme::text()),
            current: "—".to_owned(),
            target: "—".to_owned(),
            state: (state.to_owned(), theme::text()),
        };
        let rest = ["stable", "stable", "joining", "✖ down", "joining"].map(row);
        assert_eq!(others(&rest), "+5 members: 2 joining, 1 ✖ down, 2 stable");
    }
}
