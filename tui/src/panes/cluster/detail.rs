//! The selected partition or server in sentences, what disagrees first.

use ratatui::style::Style;
use tribunal::ids::ProcessId;
use tribunal::trace::view::{Belief, PartitionView, ProcessView, ReplicaView, Role};

use super::super::put::Pane;
use super::servers::{self, Server};
use crate::screen::model::Focus;
use crate::screen::recording::{Shown, broker_name};
use crate::screen::{Model, theme};

/// The most sentences.
const SENTENCES: usize = 6;

/// How many rows the sentences would like.
pub(super) fn wanted(model: &Model) -> usize {
    let partition = model.shown().and_then(|shown| shown.id).and_then(|id| model.view.partition(id));
    partition.map_or(2, |partition| partition.replicas.len() + 1).clamp(2, SENTENCES)
}

pub(super) fn draw(model: &Model, all: &[Server], pane: &mut Pane<'_>) {
    let (title, sentences) = match model.focus {
        Focus::Partitions => match model.shown() {
            Some(shown) => (shown.name.clone(), partition(model, shown)),
            None => return,
        },
        Focus::Servers => {
            let known = super::selected(model, all).and_then(|server| model.view.process(server.process));
            let Some(known) = known else { return };
            (model.recording.names.process(known.process).into_owned(), server(model, known))
        }
    };
    pane.heading(0, &title, "Tab the other list · ↑↓ select · Enter its logs");
    for (y, (sentence, style)) in (1..pane.height()).zip(sentences) {
        let room = pane.width() - 4;
        pane.put_within(3, y, room, &sentence, style);
    }
}

fn partition(model: &Model, shown: &Shown) -> Vec<(String, Style)> {
    let Some(partition) = shown.id.and_then(|id| model.view.partition(id)) else {
        return vec![("It is not created yet.".to_owned(), theme::dim())];
    };
    let Some(truth) = &partition.committed else { return vec![("Its topic is being created.".to_owned(), theme::dim())] };
    if partition.is_deleted {
        return vec![("Its topic was deleted; its replicas delete their logs.".to_owned(), theme::dim())];
    }
    let leader = truth.leader.map_or_else(|| "nobody".to_owned(), |leader| broker_name(&model.recording.names, leader));
    let mut said = vec![(
        format!(
            "Committed: {leader} leads in {}, ISR {}, partition epoch {}.{}",
            truth.epoch,
            truth.isr,
            truth.partition_epoch,
            moves(partition)
        ),
        theme::text(),
    )];
    let mut replicas: Vec<&ReplicaView> = partition.replicas.iter().filter(|replica| !replica.is_deleted).collect();
    replicas.sort_by_key(|replica| !partition.belief(replica).is_wrong());
    said.extend(replicas.into_iter().map(|replica| believes(model, partition, replica)));
    said
}

fn moves(partition: &PartitionView) -> String {
    let Some(truth) = &partition.committed else { return String::new() };
    let mut words = String::new();
    if !truth.adding.is_empty() || !truth.removing.is_empty() {
        words.push_str(&format!(" It is moving: {} to come, {} to go.", truth.adding, truth.removing));
    }
    if !truth.elr.is_empty() {
        words.push_str(&format!(" {} may still lead, out of the ISR (ELR).", truth.elr));
    }
    words
}

/// What a replica believes, as a sentence.
fn believes(model: &Model, partition: &PartitionView, replica: &ReplicaView) -> (String, Style) {
    let names = &model.recording.names;
    let name = broker_name(names, replica.broker);
    let ends = format!("LEO {} · HW {}", replica.end, replica.high_watermark);
    let whom =
        |leader: Option<tribunal::ids::BrokerId>| leader.map_or_else(|| "nobody".to_owned(), |leader| broker_name(names, leader));
    let truth = whom(partition.leader_id());
    let belief = partition.belief(replica);
    let text = match belief {
        Belief::Dead => format!("{name} is down; its disk holds what was written below {}.", replica.end),
        Belief::StillLeads { epoch } => {
            let isr = replica.isr.map_or_else(String::new, |(isr, _)| format!(" with the ISR {isr}"));
            format!("≠ {name} still believes that it leads in {epoch}{isr}. {ends}")
        }
        Belief::NotYetLeader => format!("≠ {name} leads by the metadata and does not know it yet. {ends}"),
        Belief::FollowsOther { leader, epoch } => {
            format!("≠ {name} follows {} in {epoch}, not {truth}: it has not heard of the change. {ends}", whom(leader))
        }
        Belief::OtherIsr { isr } => format!("≠ {name} leads, but counts on the ISR {isr}. {ends}"),
        Belief::Offline => {
            let why = replica.trouble.as_ref().map_or_else(String::new, |why| format!(": {why}"));
            format!("≠ {name}'s replica is offline{why}.")
        }
        Belief::Stray => format!("≠ {name} follows, though it is no replica any more. {ends}"),
        Belief::Idle => format!("{name} plays no role yet. {ends}"),
        Belief::True => match (replica.role, replica.isr) {
            (Role::Leader { epoch }, Some((isr, maximal))) if isr != maximal => {
                format!("{name} leads in {epoch}; it asked for the ISR {maximal} and has {isr}. {ends}")
            }
            (Role::Leader { epoch }, _) => format!("{name} leads in {epoch}. {ends}"),
            (Role::Follower { epoch, leader }, _) => format!("{name} follows {} in {epoch}. {ends}", whom(leader)),
            (Role::None | Role::Offline, _) => format!("{name} is no replica any more."),
        },
    };
    let style = if belief.is_wrong() {
        theme::fault()
    } else if belief == Belief::Dead {
        theme::dim()
    } else {
        theme::text()
    };
    (text, style)
}

fn server(model: &Model, known: &ProcessView) -> Vec<(String, Style)> {
    let names = &model.recording.names;
    let mut said = Vec::new();
    let life = format!("life {}", known.incarnation);
    match &known.registration {
        Some(registration) => {
            let (words, style) = servers::standing(known);
            let rack = registration.rack.as_ref().map_or_else(String::new, |rack| format!(" · rack {rack}"));
            said.push((format!("{words} · {life} · broker epoch {}{rack}", registration.epoch), style));
        }
        None => said.push((format!("{} · {life}", servers::state_words(known.state)), theme::text())),
    }
    let quorum = &known.quorum;
    if quorum.role.is_some() {
        let vote =
            quorum.vote.map_or_else(String::new, |(epoch, vote)| format!(" · voted {} in {epoch}", names.process(vote.voter)));
        let style = if servers::is_misled(&model.view, known) { theme::fault() } else { theme::text() };
        said.push((format!("in the quorum: {}{vote}", servers::role_words(names, &model.view, known)), style));
    }
    let (start, end) = known.metadata_log;
    if let Some(applied) = known.applied {
        let committed = model.view.metadata_end();
        said.push((format!("knows the metadata below {applied} of {committed} committed"), theme::text()));
    }
    if end.0 > 0 {
        let snapshot = quorum.snapshot.map_or_else(String::new, |end| format!(" · newest snapshot below {end}"));
        said.push((format!("its copy of the metadata log: {start} to {end}{snapshot}"), theme::dim()));
    }
    let mut remarks = Vec::new();
    servers::common_remarks(known, &mut remarks);
    if !known.disk.failed.is_empty() {
        remarks.push("a log directory failed".to_owned());
    }
    if let ProcessId::Broker(broker) = known.process {
        let offline = model.view.partitions().filter(|partition| {
            !partition.is_deleted && partition.replica(broker).is_some_and(|replica| replica.role == Role::Offline)
        });
        remarks.extend(offline.take(3).map(|partition| format!("{} offline", names.partition(partition.partition))));
    }
    if !remarks.is_empty() {
        said.push((remarks.join(" · "), theme::client()));
    }
    said
}
