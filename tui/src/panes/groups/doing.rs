//! What a group is doing, in one sentence: what is wrong before what is on its way, and that before what is well.

use ratatui::style::Style;
use tribunal::event::GroupState;

use super::members::Row;
use super::{Stage, is_dead};
use crate::screen::theme;

/// The sentence, and how loud it is.
pub(super) fn sentence(stage: &Stage<'_>, rows: &[Row]) -> (String, Style) {
    let wrong = coordination(stage).or_else(|| two_owners(stage));
    if let Some(words) = wrong {
        return (words, theme::fault());
    }
    let (words, is_calm) = match stage.group.state {
        Some(GroupState::PreparingRebalance) => ("A rebalance: everybody is to join again, and is waited for.", false),
        Some(GroupState::CompletingRebalance) => ("All who came have joined; one makes the plan, the others wait for it.", false),
        Some(GroupState::Assigning) => ("Something has changed: the coordinator is to make a new plan.", false),
        Some(GroupState::Reconciling) => ("A new plan: each gives back what others are to have, then takes its own.", false),
        Some(GroupState::Stable) if rows.iter().any(|row| !row.is_as_planned()) => {
            ("The coordinator holds it stable, but not every consumer is as it believes.", false)
        }
        Some(GroupState::Stable) => ("Every member has what the plan gives it.", true),
        Some(GroupState::Empty) => ("It has no members; what it has committed is kept.", true),
        Some(GroupState::Dead) => ("It is gone, and what it had committed with it.", true),
        None => ("Its coordinator has not decided anything yet.", true),
    };
    (words.to_owned(), if is_calm { theme::dim() } else { theme::leader() })
}

fn coordination(stage: &Stage<'_>) -> Option<String> {
    let names = &stage.model.recording.names;
    let Some(process) = stage.group.coordinator else {
        return stage.group.kind.map(|_| "Nobody coordinates it: no broker leads its part of __consumer_offsets.".to_owned());
    };
    let name = names.process(process);
    if is_dead(&stage.model.view, process) {
        return Some(format!("{name} is down: nobody answers until another broker takes the group over."));
    }
    stage.group.is_loading.then(|| format!("{name} reads the group back from __consumer_offsets; members have to wait."))
}

/// The first partition that more than one consumer believes to own.
fn two_owners(stage: &Stage<'_>) -> Option<String> {
    let names = &stage.model.recording.names;
    let owned = stage.group.owned.iter().find(|owned| owned.owners().count() > 1)?;
    let who: Vec<String> = owned.owners().map(|owner| names.process(owner).into_owned()).collect();
    Some(format!("{} both believe that they own {}: it may be read twice.", who.join(" and "), names.partition(owned.partition)))
}
