//! Reading the files of a log at a start: what is trusted, what is cut off, what is refused.
//!
//! * A segment that lies wholly below the recovery point was on the device, and so was everything after a clean stop: its
//!   batches are followed from header to header, and their checksums are not looked at. If its indexes are not what the
//!   batches make them, they are made anew, and then the checksums are verified too.
//! * The others are scanned: at the first batch that is not whole and sound the log ends, and later segments go.
//! * Refused is what no power failure can explain: a trusted segment that does not lead from batch to batch to its end, a
//!   hole before or at the recovery point, a segment whose first batch is another than its name says.
//!
//! Source: `LogLoader.loadSegmentFiles`, `recoverLog`, `LogSegment.recover`, `sanityCheck`. Called by: `recovery`.
//!
//! Kafka differs: of a trusted segment it reads nothing but the indexes, and learns of a hole, a stray segment or a broken
//! header when somebody reads there; here the place of every batch is kept in memory and so is read. It also keeps a segment
//! behind one that lost its unsynced end just between two batches; here that hole ends the log.

use std::sync::Arc;

use bytes::Bytes;

use super::place::LogPlace;
use super::recovery::{Known, LoadError};
use super::segment::Segment;
use crate::context::{Context, Disk};
use crate::error::Fault;
use crate::event::{BatchFacts, LogFact, RecordFacts};
use crate::files::FileName;
use crate::ids::{Digest, Offset};
use crate::record::{BatchHeader, HEADER_BYTES, facts_of, verify_body};

/// What reading a folder finds.
pub(super) struct Scan {
    place: LogPlace,
    interval_bytes: u64,
    /// Below this everything was on the device.
    trusted: Offset,
    pub(super) segments: Vec<Segment>,
    pub(super) batches: Vec<Arc<BatchFacts>>,
    pub(super) torn_bytes: u64,
}

/// What lies where a batch should begin.
enum Next {
    Batch(BatchHeader, BatchFacts),
    /// A sound batch that belongs elsewhere.
    Stray(Offset),
    /// No batch, or a damaged one.
    Nothing(Fault),
}

impl Scan {
    pub(super) fn new(place: LogPlace, interval_bytes: u64, known: &Known) -> Self {
        let trusted = if known.was_clean { Offset(u64::MAX) } else { known.recovery_point };
        Self { place, interval_bytes, trusted, segments: Vec::new(), batches: Vec::new(), torn_bytes: 0 }
    }

    /// Where the log ends; `None` when there is none.
    pub(super) fn end(&self) -> Option<Offset> {
        self.segments.last().map(Segment::end)
    }

    /// Reads the segments in order, cuts the tail that cannot be read, and puts the indexes right.
    pub(super) fn read_folder(&mut self, cx: &mut Context<'_>) -> Result<(), LoadError> {
        let names = cx.list(self.place.folder());
        let bases: Vec<Offset> = names.iter().filter_map(|name| name.segment_base()).collect();
        let was_clean = self.trusted == Offset(u64::MAX);
        let mut is_whole = true;
        for (nth, base) in bases.iter().enumerate() {
            let segment = Segment::new(self.place.folder(), *base);
            let length = cx.len(segment.file()).unwrap_or(0);
            if is_whole {
                is_whole = self.follows(*base)?;
            }
            if !is_whole {
                self.torn_bytes += length;
                segment.delete(cx)?;
                continue;
            }
            let is_trusted = was_clean || bases.get(nth + 1).is_some_and(|next| *next <= self.trusted);
            is_whole = self.read_segment(segment, length, is_trusted, cx)?;
        }
        self.repair_indexes(cx)?;
        self.remove_strays(&names, cx)?;
        Ok(())
    }

    /// Removes every segment that was read.
    pub(super) fn drop_all(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        self.batches.clear();
        for segment in self.segments.drain(..).rev() {
            segment.delete(cx)?;
        }
        Ok(())
    }

    /// Whether a segment with this base continues the log. Errors: refused, when all of it should have been durable.
    fn follows(&self, base: Offset) -> Result<bool, LoadError> {
        match self.end() {
            Some(end) if end != base && base <= self.trusted => {
                Err(refused(format!("a segment ends at {end} and the next begins at {base}, and all that was durable")))
            }
            Some(end) => Ok(end == base),
            None => Ok(true),
        }
    }

    /// Reads one segment up to its end or to what cannot be read, which is cut off. Returns whether it was whole.
    fn read_segment(
        &mut self,
        mut segment: Segment,
        length: u64,
        is_trusted: bool,
        cx: &mut Context<'_>,
    ) -> Result<bool, LoadError> {
        while u64::from(segment.size()) < length {
            match next_batch(&segment, length, is_trusted, cx)? {
                Next::Batch(header, facts) => {
                    segment.add(&header, self.interval_bytes);
                    self.batches.push(Arc::new(facts));
                }
                Next::Stray(first) => {
                    return Err(refused(format!("{} begins with offset {first}", segment.file())));
                }
                Next::Nothing(why) if is_trusted => {
                    let at = segment.size();
                    return Err(refused(format!("{} was durable, and at byte {at} is no batch: {why}", segment.file())));
                }
                Next::Nothing(_) => break,
            }
        }
        let torn = length - u64::from(segment.size());
        if torn > 0 {
            cx.truncate(segment.file(), u64::from(segment.size()))?;
            self.torn_bytes += torn;
        }
        self.segments.push(segment);
        Ok(torn == 0)
    }

    /// Makes the index files what the batches make them. Where a trusted segment needed that, its batches are verified too.
    fn repair_indexes(&mut self, cx: &mut Context<'_>) -> Result<(), LoadError> {
        let last = self.segments.len().saturating_sub(1);
        for (nth, segment) in self.segments.iter_mut().enumerate() {
            if nth < last {
                segment.note_closed();
            }
            if !segment.repair_indexes(cx)? {
                continue;
            }
            cx.emit(LogFact::IndexesRebuilt { partition: self.place.partition, base: segment.base() });
            if segment.end() <= self.trusted {
                verify_all(segment, cx)?;
            }
        }
        Ok(())
    }

    /// Removes indexes without a segment and checkpoints that were never renamed into place.
    fn remove_strays(&self, names: &[FileName], cx: &mut Context<'_>) -> Result<(), Fault> {
        for name in names {
            let is_orphan = |base| self.segments.binary_search_by_key(&base, Segment::base).is_err();
            if name.index_base().is_some_and(is_orphan) || matches!(name, FileName::Temporary(_)) {
                cx.delete(self.place.file(*name))?;
            }
        }
        Ok(())
    }
}

/// Reads what lies at the end of what was read of `segment` so far. Errors: as [`Disk::read`].
fn next_batch(segment: &Segment, length: u64, is_trusted: bool, cx: &mut Context<'_>) -> Result<Next, Fault> {
    let at = u64::from(segment.size());
    let header_bytes = u64::try_from(HEADER_BYTES).expect("61 fits");
    if length - at < header_bytes {
        return Ok(Next::Nothing(Fault::Truncated("batch header")));
    }
    let header = match BatchHeader::parse(&cx.read(segment.file(), at, header_bytes)?) {
        Ok(header) => header,
        Err(why) => return Ok(Next::Nothing(why)),
    };
    let end = at + u64::from(header.size);
    if end > length || u32::try_from(end).is_err() {
        return Ok(Next::Nothing(Fault::Truncated("batch")));
    }
    let bytes = cx.read(segment.file(), at, u64::from(header.size))?;
    let damage = verify_body(&header, &bytes).err();
    if header.base_offset != segment.end() || header.leader_epoch.is_none() {
        let is_first = at == 0 && damage.is_none();
        let why = Fault::Corrupt { what: "batch", why: format!("offset {} for {}", header.base_offset, segment.end()) };
        return Ok(if is_first { Next::Stray(header.base_offset) } else { Next::Nothing(why) });
    }
    match damage {
        Some(why) if !is_trusted => Ok(Next::Nothing(why)),
        Some(why) if u64::from(header.last_offset_delta) > bytes.len() as u64 => Ok(Next::Nothing(why)),
        Some(_) => Ok(Next::Batch(header, read_damaged(&header, &bytes))),
        None => match facts_of(&header, &bytes) {
            Ok(facts) => Ok(Next::Batch(header, facts)),
            Err(why) => Ok(Next::Nothing(why)),
        },
    }
}

/// What can be said of a batch whose checksum is wrong: its records if they can be read, else one without a digest for each
/// of its offsets.
fn read_damaged(header: &BatchHeader, bytes: &Bytes) -> BatchFacts {
    let offsets = (0..=u64::from(header.last_offset_delta)).map(|delta| header.base_offset.plus(delta));
    if let Ok(facts) = facts_of(header, bytes)
        && facts.records.iter().map(|record| record.offset).eq(offsets.clone())
    {
        return facts;
    }
    let unreadable = |offset| RecordFacts { offset, timestamp: header.base_timestamp, key: None, digest: Digest::default() };
    BatchFacts {
        base: header.base_offset,
        last: header.last_offset(),
        leader_epoch: header.leader_epoch.unwrap_or_default(),
        crc: header.crc,
        size: header.size,
        producer: header.producer(),
        records: offsets.map(unreadable).collect(),
    }
}

/// Verifies the checksums of a trusted segment. Errors: refused, at the first that is wrong.
fn verify_all(segment: &Segment, cx: &mut Context<'_>) -> Result<(), LoadError> {
    for place in segment.batches() {
        let bytes = segment.read(place, cx)?;
        let sound = BatchHeader::parse(&bytes).and_then(|header| verify_body(&header, &bytes));
        if let Err(why) = sound {
            let (file, at) = (segment.file(), place.position);
            return Err(refused(format!("{file} was durable, and its batch at byte {at} is damaged: {why}")));
        }
    }
    Ok(())
}

fn refused(why: String) -> LoadError {
    LoadError::Refused(Arc::new(why))
}
