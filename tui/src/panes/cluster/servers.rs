//! The servers: the quorum, then the brokers, then the clients, one row each.

use ratatui::style::Style;
use tribunal::event::QuorumRole;
use tribunal::ids::{BrokerId, ProcessId};
use tribunal::trace::view::{Belief, ProcessState, ProcessView, Role, Standing};
use tribunal::trace::{Names, View};

use super::super::put::{Pane, shortened};
use super::{Piece, first_shown, has_focus, is_peer, network, row};
use crate::screen::model::Focus;
use crate::screen::{Model, theme};

/// Columns from which votes and whole words have room, and from which remarks have.
const ROOMY: i32 = 46;
const SPACIOUS: i32 = 60;

/// A part of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Quorum,
    Brokers,
    Clients,
}

/// A process in its part of the list. In combined mode a server stands in two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Server {
    pub section: Section,
    pub process: ProcessId,
}

/// A row of the list: a heading, or the server at that place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub section: Section,
    pub place: Option<usize>,
}

/// Everybody, in the order of the list.
pub(super) fn all(view: &View) -> Vec<Server> {
    let of = |section: Section| move |known: &ProcessView| Server { section, process: known.process };
    let mut all: Vec<Server> = view.quorum().map(of(Section::Quorum)).collect();
    let others = || view.processes().iter().filter(|known| is_peer(known.process));
    all.extend(others().filter(|known| matches!(known.process, ProcessId::Broker(_))).map(of(Section::Brokers)));
    all.extend(others().filter(|known| matches!(known.process, ProcessId::Client(_))).map(of(Section::Clients)));
    all
}

/// The rows of the list, with a heading before each part.
pub(super) fn lines(all: &[Server]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::with_capacity(all.len() + 3);
    for (place, server) in all.iter().enumerate() {
        if lines.last().is_none_or(|line| line.section != server.section) {
            lines.push(Line { section: server.section, place: None });
        }
        lines.push(Line { section: server.section, place: Some(place) });
    }
    lines
}

pub(super) fn draw(model: &Model, all: &[Server], lines: &[Line], pane: &mut Pane<'_>) {
    let left = network::left(pane.width());
    let columns = network::Columns::choose(model, all, pane.width() - left);
    let rows = usize::try_from(pane.height()).unwrap_or(0);
    let chosen = lines.iter().position(|line| line.place == Some(model.server)).unwrap_or(0);
    let first = if lines.len() > rows { first_shown(chosen, lines.len(), rows) } else { 0 };
    let before = Census::of(&model.before);
    let now = Census::of(&model.view);
    for (y, line) in (0..).zip(lines.iter().skip(first).take(rows)) {
        let Some(server) = line.place.and_then(|place| all.get(place)) else {
            heading(model, line.section, pane, y);
            if y == 0 {
                columns.heading(model, pane, left);
            }
            continue;
        };
        if y == 0 {
            // The heading was scrolled away: its columns are still needed.
            columns.heading(model, pane, left);
        }
        let pieces = |view: &View, census: &Census| pieces(&model.recording.names, view, census, *server, left);
        row(pane, y, &pieces(&model.view, &now), &pieces(&model.before, &before));
        columns.row(model, pane, y, left, server.process);
        if line.place == Some(model.server) && has_focus(model, Focus::Servers) {
            pane.glyph(0, y, '▶', theme::leader());
        }
    }
    // Where the list goes on, out of sight.
    if first > 0 {
        pane.glyph(0, 0, '↑', theme::dim());
    }
    if lines.len() > first + rows {
        pane.glyph(0, pane.height() - 1, '↓', theme::dim());
    }
}

fn heading(model: &Model, section: Section, pane: &mut Pane<'_>, y: i32) {
    let names = &model.recording.names;
    let (title, words) = match section {
        Section::Quorum => ("Quorum", quorum_words(&model.view, names)),
        Section::Brokers => ("Brokers", format!("committed below {}", model.view.metadata_end())),
        Section::Clients => ("Clients", String::new()),
    };
    pane.heading(y, title, "");
    let x = 2 + i32::try_from(title.len()).unwrap_or(0);
    if !words.is_empty() {
        let room = network::left(pane.width()) - x - 9;
        pane.put(x + 1, y, &format!(" {} ", shortened(&words, room)), theme::dim());
    }
    let weather = weather(model);
    if section == Section::Brokers && !weather.is_empty() {
        let x = network::left(pane.width()) - 5;
        let room = pane.width() - x - 3;
        pane.put(x, y, &format!(" {} ", shortened(&weather, room)), theme::fault());
    }
}

/// The faults in force that no server's own state shows: `cut k1+b1 | k2+k3`, `loss …`, `disk …`.
fn weather(model: &Model) -> String {
    let names = &model.recording.names;
    let texts = model.view.faults().iter().map(|fault| names.fault(*fault));
    let mut shown = texts.filter_map(|text| {
        let (_, what) = text.split_once("s ")?;
        let what = what.split(", heal").next().unwrap_or(what);
        let is_shown = ["cut", "loss", "delay", "duplicate", "disk"].iter().any(|word| what.starts_with(word));
        is_shown.then(|| what.to_owned())
    });
    let Some(first) = shown.next() else { return String::new() };
    match shown.count() {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// `k2 leads e2 · voters k1 k2 k3`.
fn quorum_words(view: &View, names: &Names) -> String {
    let mut words = match view.quorum_leader() {
        Some((leader, epoch)) if view.process(leader).is_some_and(ProcessView::is_dead) => {
            format!("{} led {epoch} and is down", names.process(leader))
        }
        Some((leader, epoch)) => format!("{} leads {epoch}", names.process(leader)),
        None => "nobody leads".to_owned(),
    };
    if let Some(set) = view.voters() {
        let voters: Vec<String> = set.voters.iter().map(|voter| names.process(voter.voter).into_owned()).collect();
        words.push_str(&format!(" · {} {}", if voters.len() == 1 { "voter" } else { "voters" }, voters.join(" ")));
    }
    words
}

/// How many partitions each broker leads, as committed and as it believes, and how many of its replicas are offline; by
/// broker id.
pub(super) struct Census(Vec<Count>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub leads: u32,
    pub believes: u32,
    pub offline: u32,
    pub is_wrong: bool,
}

impl Census {
    pub(super) fn of(view: &View) -> Self {
        let mut census = Self(Vec::new());
        for partition in view.partitions().filter(|partition| !partition.is_deleted) {
            if let Some(leader) = partition.leader_id() {
                census.count_mut(leader).leads += 1;
            }
            for replica in &partition.replicas {
                let belief = partition.belief(replica);
                let count = census.count_mut(replica.broker);
                count.believes += u32::from(replica.leads());
                count.offline += u32::from(replica.role == Role::Offline);
                count.is_wrong |= matches!(belief, Belief::StillLeads { .. } | Belief::NotYetLeader);
            }
        }
        census
    }

    pub(super) fn get(&self, broker: BrokerId) -> Count {
        self.0.get(usize::from(broker.0)).copied().unwrap_or_default()
    }

    fn count_mut(&mut self, broker: BrokerId) -> &mut Count {
        let place = usize::from(broker.0);
        if self.0.len() <= place {
            self.0.resize(place + 1, Count::default());
        }
        self.0.get_mut(place).expect("the list was made long enough")
    }
}

fn pieces(names: &Names, view: &View, census: &Census, server: Server, left: i32) -> Vec<Piece> {
    let Some(known) = view.process(server.process) else { return Vec::new() };
    let (mark, mark_style) = mark(view, census, known);
    let name = if known.is_dead() { theme::dim() } else { theme::strong() };
    let columns = if server.section == Section::Clients { 14 } else { 5 };
    let mut all = vec![
        Piece::new(1, 1, mark.to_string(), mark_style),
        Piece::new(3, columns, names.process(server.process).into_owned(), name),
    ];
    match server.section {
        Section::Quorum => quorum_pieces(names, view, known, left, &mut all),
        Section::Brokers => broker_pieces(names, view, census, known, left, &mut all),
        Section::Clients => all.push(Piece::new(18, left - 19, state_words(known.state), state_style(known.state))),
    }
    all
}

fn mark(view: &View, census: &Census, known: &ProcessView) -> (char, Style) {
    let is_leader = view.quorum_leader().is_some_and(|(leader, _)| leader == known.process);
    match known.state {
        ProcessState::Down(_) | ProcessState::Halted => ('✖', theme::fault()),
        ProcessState::Stopped => ('✖', theme::dim()),
        ProcessState::Paused => ('‖', theme::fault()),
        ProcessState::NotStarted => (' ', theme::dim()),
        ProcessState::Up if network::is_cut_off(view, known.process) => ('≠', theme::fault()),
        ProcessState::Up if has_offline(census, known.process) => ('✗', theme::fault()),
        ProcessState::Up if is_leader => ('★', theme::leader()),
        ProcessState::Up if known.clock_offset_us != 0 || known.clock_drift_ppm != 0 => ('◷', theme::client()),
        ProcessState::Up => (' ', theme::text()),
    }
}

fn has_offline(census: &Census, process: ProcessId) -> bool {
    matches!(process, ProcessId::Broker(broker) if census.get(broker).offline > 0)
}

pub(super) fn state_words(state: ProcessState) -> &'static str {
    match state {
        ProcessState::NotStarted => "not started",
        ProcessState::Up => "up",
        ProcessState::Paused => "stands still",
        ProcessState::Down(_) => "down",
        ProcessState::Halted => "halted",
        ProcessState::Stopped => "shut down",
    }
}

fn state_style(state: ProcessState) -> Style {
    match state {
        ProcessState::Up => theme::text(),
        ProcessState::NotStarted | ProcessState::Stopped => theme::dim(),
        ProcessState::Paused | ProcessState::Down(_) | ProcessState::Halted => theme::fault(),
    }
}

/// Whether a server of the quorum takes somebody for the leader who is not: itself, or an earlier one.
pub(super) fn is_misled(view: &View, known: &ProcessView) -> bool {
    if !known.is_up() {
        return false;
    }
    match (known.quorum.leader, view.quorum_leader()) {
        (Some(believed), Some((leader, _))) => believed != leader,
        (Some(believed), None) => believed == known.process,
        (None, _) => false,
    }
}

/// `leads e2`, `follows k2 e2`, `candidate e3`.
pub(super) fn role_words(names: &Names, view: &View, known: &ProcessView) -> String {
    let quorum = &known.quorum;
    let (epoch, observer) = (quorum.epoch, view.voters().is_some() && !view.is_voter(known.process));
    let words = match quorum.role {
        None => state_words(known.state).to_owned(),
        Some(QuorumRole::Leader) => format!("leads {epoch}"),
        Some(QuorumRole::Follower) => {
            let whom = quorum.leader.map_or_else(|| "?".to_owned(), |leader| names.process(leader).into_owned());
            let verb = if observer { "observes" } else { "follows" };
            format!("{verb} {whom} {epoch}")
        }
        Some(QuorumRole::Candidate) => format!("candidate {epoch}"),
        Some(QuorumRole::Prospective) => format!("would stand {epoch}"),
        Some(QuorumRole::Unattached) => format!("no leader {epoch}"),
        Some(QuorumRole::Resigned) => format!("resigned {epoch}"),
    };
    if is_misled(view, known) { format!("{words} ≠") } else { words }
}

fn quorum_pieces(names: &Names, view: &View, known: &ProcessView, left: i32, all: &mut Vec<Piece>) {
    let is_wrong = is_misled(view, known);
    let style = match known.quorum.role {
        _ if is_wrong => theme::fault(),
        Some(QuorumRole::Leader) => theme::leader(),
        Some(QuorumRole::Candidate | QuorumRole::Prospective | QuorumRole::Resigned | QuorumRole::Unattached) => theme::client(),
        Some(QuorumRole::Follower) => theme::text(),
        None => state_style(known.state),
    };
    all.push(Piece::new(9, 16, role_words(names, view, known), style));
    let (_, end) = known.metadata_log;
    let lag = view.metadata_end().since(end);
    let behind = if lag > 0 && end.0 > 0 { format!("end {end} −{lag}") } else { format!("end {end}") };
    all.push(Piece::new(26, 11, behind, theme::dim()));
    let vote = known.quorum.vote.map(|(epoch, vote)| format!("vote {} {epoch}", names.process(vote.voter)));
    if left >= ROOMY {
        all.push(Piece::new(37, 11, vote.unwrap_or_default(), theme::dim()));
    }
    let mut remarks = Vec::new();
    if known.quorum.active.is_some() {
        remarks.push("active controller".to_owned());
    }
    if let Some(snapshot) = known.quorum.snapshot {
        remarks.push(format!("snapshot {snapshot}"));
    }
    common_remarks(known, &mut remarks);
    if left >= SPACIOUS {
        all.push(Piece::new(49, left - 50, remarks.join(" · "), theme::dim()));
    }
}

fn broker_pieces(names: &Names, view: &View, census: &Census, known: &ProcessView, left: i32, all: &mut Vec<Piece>) {
    let ProcessId::Broker(broker) = known.process else { return };
    let (words, style) = standing(known);
    let (wide, at) = if left >= ROOMY { (20, 29) } else { (15, 25) };
    all.push(Piece::new(9, wide, words, style));
    let (image, style) = match known.applied {
        _ if known.is_dead() => (String::new(), theme::dim()),
        None => ("no image".to_owned(), theme::dim()),
        Some(end) => match view.metadata_end().since(end) {
            0 => ("image ✓".to_owned(), theme::dim()),
            lag => (format!("image −{lag}"), theme::leader()),
        },
    };
    all.push(Piece::new(at, 9, image, style));
    let count = census.get(broker);
    let verb = if left >= ROOMY { "leads " } else { "★" };
    let (leads, style) = if count.is_wrong {
        (format!("{verb}{}≠{}", count.leads, count.believes), theme::fault())
    } else {
        (format!("{verb}{}", count.leads), if count.leads > 0 { theme::text() } else { theme::dim() })
    };
    all.push(Piece::new(at + 9, left - at - 10, leads, style));
    if left < SPACIOUS {
        return;
    }
    let mut remarks = Vec::new();
    if is_misled(view, known) {
        let whom = known.quorum.leader.map(|leader| names.process(leader).into_owned()).unwrap_or_default();
        remarks.push(format!("obeys {whom} ≠"));
    }
    if count.offline > 0 {
        remarks.push(format!("{} offline", count.offline));
    }
    common_remarks(known, &mut remarks);
    if let Some(registration) = &known.registration {
        if let Some(rack) = &registration.rack {
            remarks.push(format!("rack {rack}"));
        }
        remarks.push(format!("epoch {}", registration.epoch));
    }
    let style = if is_misled(view, known) || count.offline > 0 { theme::fault() } else { theme::dim() };
    all.push(Piece::new(49, left - 50, remarks.join(" · "), style));
}

/// What may be said of every server: its disk, its clock, its life.
pub(super) fn common_remarks(known: &ProcessView, remarks: &mut Vec<String>) {
    if known.disk.faults > 0 {
        remarks.push(format!("{} disk {}", known.disk.faults, if known.disk.faults == 1 { "fault" } else { "faults" }));
    }
    if known.clock_offset_us != 0 || known.clock_drift_ppm != 0 {
        let sign = if known.clock_offset_us < 0 { '−' } else { '+' };
        remarks.push(format!("◷ {sign}{}", tribunal::time::Duration(known.clock_offset_us.unsigned_abs())));
    }
    if known.incarnation.0 > 1 {
        remarks.push(format!("life {}", known.incarnation));
    }
}

/// What a broker is, and what the metadata takes it for.
pub(super) fn standing(known: &ProcessView) -> (String, Style) {
    let counts = known.registration.as_ref().map(|registration| registration.standing);
    let is_old = known.registration.as_ref().is_some_and(|registration| registration.incarnation != known.incarnation);
    let state = state_words(known.state);
    match (known.state, counts) {
        (ProcessState::NotStarted, _) => (state.to_owned(), theme::dim()),
        (ProcessState::Up, None) => ("up, unregistered".to_owned(), theme::client()),
        (ProcessState::Up, Some(_)) if is_old => ("back, unregistered ≠".to_owned(), theme::fault()),
        (ProcessState::Up, Some(Standing::Alive)) if known.is_leaving => ("asked to shut down".to_owned(), theme::client()),
        (ProcessState::Up, Some(Standing::Alive)) => ("alive".to_owned(), theme::text()),
        (ProcessState::Up, Some(Standing::Fenced)) => ("up, fenced".to_owned(), theme::client()),
        (ProcessState::Up, Some(Standing::ShuttingDown)) => ("shutting down".to_owned(), theme::client()),
        (ProcessState::Paused, Some(Standing::Alive | Standing::ShuttingDown)) => (state.to_owned(), theme::fault()),
        (ProcessState::Paused, _) => (format!("{state}, fenced"), theme::fault()),
        (_, Some(Standing::Alive)) => (format!("{state}, held alive ≠"), theme::fault()),
        (ProcessState::Stopped, _) => (state.to_owned(), theme::dim()),
        (_, Some(Standing::Fenced | Standing::ShuttingDown)) => (format!("{state}, fenced"), theme::fault()),
        (_, None) => (state.to_owned(), theme::fault()),
    }
}
