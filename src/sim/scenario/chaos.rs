//! Reads `[chaos]`: random faults.

use super::document::Table;
use super::fault_model::{Chaos, ChaosKind};
use super::fault_tables::CHAOS;
use super::laws::pair;
use super::mistake::Read;
use super::stage::Stage;
use crate::config::nearest;
use crate::time::{Duration, Instant};

/// The words for the kinds, in the order of [`KINDS`].
pub(super) const CHAOS_KINDS: &[&str] = &[
    "crash",
    "power-off",
    "replace-disk",
    "pause",
    "cut",
    "cut-one-way",
    "loss",
    "delay",
    "duplicate",
    "clock-jump",
    "clock-drift",
    "shutdown",
    "write-fails",
    "read-fails",
    "sync-fails",
    "sync-lies",
    "short-read",
    "bit-rot",
    "misdirected-write",
    "full",
    "stalls",
    "reassign",
    "elect",
    "voter",
    "client-crash",
    "client-pause",
    "client-close",
];

/// The kinds themselves.
const KINDS: [ChaosKind; 27] = [
    ChaosKind::Crash,
    ChaosKind::Power,
    ChaosKind::DiskReplaced,
    ChaosKind::Pause,
    ChaosKind::Cut,
    ChaosKind::CutOneWay,
    ChaosKind::Loss,
    ChaosKind::Delay,
    ChaosKind::Duplicate,
    ChaosKind::ClockJump,
    ChaosKind::ClockDrift,
    ChaosKind::ShutDown,
    ChaosKind::WriteFails,
    ChaosKind::ReadFails,
    ChaosKind::SyncFails,
    ChaosKind::SyncLies,
    ChaosKind::ShortRead,
    ChaosKind::BitRot,
    ChaosKind::MisdirectedWrite,
    ChaosKind::Full,
    ChaosKind::Stalls,
    ChaosKind::Reassign,
    ChaosKind::Elect,
    ChaosKind::Voter,
    ChaosKind::ClientCrash,
    ChaosKind::ClientPause,
    ChaosKind::ClientClose,
];

impl ChaosKind {
    /// The word for it in `[chaos] kinds`.
    #[must_use]
    pub fn word(self) -> &'static str {
        let words = KINDS.iter().zip(CHAOS_KINDS);
        words.into_iter().find(|(kind, _)| **kind == self).map(|(_, word)| *word).expect("every kind has its word")
    }
}

/// Reads `[chaos]`.
pub(super) fn chaos(root: &Table<'_>, stage: &Stage) -> Read<Option<Chaos>> {
    let Some(item) = root.get("chaos") else { return Ok(None) };
    let table = item.table(&CHAOS)?;
    let from = table.or("from", Instant::ZERO, |item| stage.moment(item))?;
    let until = stage.until(&table.need("until"))?;
    if from >= until {
        return Err(table.need("until").bad("the chaos ends before it begins"));
    }
    let item = table.need("every");
    let every = item.time()?;
    if every == Duration::ZERO {
        return Err(item.bad("`every` must be longer than no time"));
    }
    let (lasts_min, lasts_max) = pair(&table.need("lasts"))?;
    let item = table.need("kinds");
    let mut kinds = Vec::new();
    for word in item.items()? {
        let place = CHAOS_KINDS.iter().position(|kind| *kind == word.written());
        let kind = place.and_then(|place| KINDS.get(place).copied());
        let near = nearest(word.written(), CHAOS_KINDS.iter().copied()).unwrap_or_default();
        kinds.push(kind.ok_or_else(|| word.bad(format!("there is no kind `{}` (`{near}`?)", word.written())))?);
    }
    if kinds.is_empty() {
        return Err(item.bad("`kinds` names no kind of fault"));
    }
    table.close();
    Ok(Some(Chaos { from, until, every, lasts_min, lasts_max, kinds }))
}
