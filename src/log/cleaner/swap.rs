//! Finishing what a crash left of a swap.
//!
//! ```text
//!   *.cleaned                    being written: it counts for nothing, and goes
//!   *.swap     + the old ones    announced: the swap is completed, and the old ones go
//!   *.swap                       likewise, but for the names
//!   *.deleted                    set aside: it goes
//! ```
//!
//! A new segment was synced before it was announced. If it is damaged all the same (a disk that lied) while the old one of its name
//! is still there, the swap is undone.
//!
//! Kafka differs: it cuts such a segment at the first damaged batch and puts it in place as far as it goes, which loses what the old
//! ones still have. It undoes another case, a segment that was split into several of which some are not announced yet (KAFKA-6264);
//! a cleaning makes one segment at a time.
//!
//! Invariant: afterwards every offset that was in the log before or after the swap is in one segment, and a second start finds
//! nothing to do.
//!
//! Source: `LogLoader.removeTempFilesAndCollectSwapFiles`, `LogLoader.load`.
//!
//! Called by: `log/scan`, before anything is read.

use crate::context::{Context, Disk};
use crate::error::Fault;
use crate::event::LogFact;
use crate::files::{FileName, Part};
use crate::ids::Offset;
use crate::log::place::LogPlace;
use crate::log::segment::{Segment, complete_swap};
use crate::record::{batches_of, verify};

/// Completes or undoes the swaps that a start finds, and removes what was only being written or set aside.
/// Errors: as the disk's calls.
pub(in crate::log) fn finish_swaps(place: LogPlace, cx: &mut Context<'_>) -> Result<(), Fault> {
    let names = cx.list(place.folder());
    let swaps: Vec<Offset> =
        names.iter().filter_map(|name| if let FileName::Swap(Part::Batches, base) = name { Some(*base) } else { None }).collect();
    for base in &swaps {
        finish(place, *base, &names, cx)?;
    }
    let is_unannounced = |name: &FileName| matches!(name, FileName::Swap(_, base) if !swaps.contains(base));
    let is_stray = |name: &FileName| matches!(name, FileName::Cleaned(..) | FileName::Removed(..)) || is_unannounced(name);
    let strays: Vec<FileName> = names.into_iter().filter(is_stray).collect();
    for name in &strays {
        cx.delete(place.file(*name))?;
    }
    if swaps.is_empty() && strays.is_empty() { Ok(()) } else { place.sync_folder(cx) }
}

fn finish(place: LogPlace, base: Offset, names: &[FileName], cx: &mut Context<'_>) -> Result<(), Fault> {
    let folder = place.folder();
    let end = end_of(place, base, cx)?;
    let are_old_there = names.contains(&FileName::Segment(base));
    let was_completed = end.is_some() || !are_old_there;
    if was_completed {
        // The old ones lie exactly between the same two offsets.
        let is_old = |old: &Offset| *old >= base && end.is_none_or(|end| *old == base || *old < end);
        let old = names.iter().filter_map(|name| name.segment_base()).filter(|old| end.is_some() && is_old(old));
        for old in old {
            Segment::new(folder, old, cx.wall()).delete(cx)?;
        }
        place.sync_folder(cx)?;
        complete_swap(folder, base, cx)?;
    } else {
        for part in Part::ALL.into_iter().rev() {
            cx.delete(place.file(FileName::Swap(part, base)))?;
        }
    }
    cx.emit(LogFact::SwapRecovered { partition: place.partition, base, was_completed });
    Ok(())
}

/// Where an announced segment ends; `None` when it is damaged.
fn end_of(place: LogPlace, base: Offset, cx: &mut Context<'_>) -> Result<Option<Offset>, Fault> {
    let file = place.file(FileName::Swap(Part::Batches, base));
    let length = cx.len(file).unwrap_or(0);
    let bytes = cx.read(file, 0, length)?;
    let mut end = base;
    for batch in batches_of(bytes) {
        let Ok(header) = batch.and_then(|batch| verify(&batch)) else { return Ok(None) };
        if header.base_offset < end {
            return Ok(None);
        }
        end = header.last_offset().next();
    }
    Ok(Some(end))
}
