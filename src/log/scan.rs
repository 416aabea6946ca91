//! Reading the files of a log at a start: what is trusted, what is cut off, what is refused.
//!
//! * A segment that lies wholly below the recovery point was on the device, and so was everything after a clean stop: its
//!   batches are followed from header to header, and their checksums are not looked at. If its indexes are not what the
//!   batches make them, they are made anew, and then the checksums are verified too.
//! * The others are scanned: at the first batch that is not whole and sound the log ends, and later segments go.
//! * Refused is what no power failure can explain: a trusted segment that does not lead from batch to batch to its end, a
//!   hole before or at the recovery point, a segment whose first batch is another than its name says.
//!
//! Segments follow one another without a gap in every log. Within a segment offsets are missing only where a cleaner was at work,
//! and then the folder says so (`sparse`), so that a lost batch or a damaged offset is not taken for a cleaned one.
//!
//! Source: `LogLoader.loadSegmentFiles`, `recoverLog`, `LogSegment.recover`, `sanityCheck`. Called by: `recovery`.
//!
//! Kafka differs: of a trusted segment it reads nothing but the indexes, and learns of a hole, a stray segment or a broken
//! header when somebody reads there; here the place of every batch is kept in memory and so is read. It also keeps a segment
//! behind one that lost its unsynced end just between two batches; here that hole ends the log. It takes missing offsets for
//! granted in every log.

use std::sync::Arc;

use bytes::Bytes;

use super::cleaner::finish_swaps;
use super::known::{Known, LoadError};
use super::place::LogPlace;
use super::segment::Segment;
use crate::context::{Context, Disk};
use crate::error::Fault;
use crate::event::{BatchFacts, LogFact, RecordFacts};
use crate::files::FileName;
use crate::ids::{Digest, Offset};
use crate::record::{BatchHeader, HEADER_BYTES, facts_of, verify_body};

/// Below this lies all of a log.
const EVERYTHING: Offset = Offset(u64::MAX);

/// What reading a folder finds.
pub(super) struct Scan {
    place: LogPlace,
    interval_bytes: u64,
    /// Below this everything was on the device.
    trusted: Offset,
    /// Whether offsets may be missing within a segment.
    pub(super) is_sparse: bool,
    pub(super) segments: Vec<Segment>,
    pub(super) batches: Vec<Arc<BatchFacts>>,
    pub(super) torn_bytes: u64,
}

/// How a segment's file is looked at.
#[derive(Clone, Copy)]
struct Sight {
    length: u64,
    is_trusted: bool,
    is_sparse: bool,
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
        let trusted = if known.was_clean { EVERYTHING } else { known.recovery_point };
        Self { place, interval_bytes, trusted, is_sparse: false, segments: Vec::new(), batches: Vec::new(), torn_bytes: 0 }
    }

    /// Where the log ends; `None` when there is none.
    pub(super) fn end(&self) -> Option<Offset> {
        self.segments.last().map(Segment::end)
    }

    /// Reads the segments in order; then, if nothing is to be refused, cuts the tail that cannot be read and puts the indexes
    /// right.
    pub(super) fn read_folder(&mut self, cx: &mut Context<'_>) -> Result<(), LoadError> {
        finish_swaps(self.place, cx)?;
        let names = cx.list(self.place.folder());
        self.is_sparse = names.contains(&FileName::Sparse);
        let bases: Vec<Offset> = names.iter().filter_map(|name| name.segment_base()).collect();
        let mut beyond = Vec::new();
        let mut torn = 0;
        for (nth, base) in bases.iter().enumerate() {
            let segment = Segment::new(self.place.folder(), *base, cx.wall());
            let length = cx.len(segment.file()).unwrap_or(0);
            let is_over = torn > 0 || !beyond.is_empty();
            if is_over || !self.follows(*base)? {
                refuse_stray(&segment, length, cx)?;
                self.torn_bytes += length;
                beyond.push(segment);
                continue;
            }
            let is_trusted = self.trusted == EVERYTHING || bases.get(nth + 1).is_some_and(|next| *next <= self.trusted);
            torn = self.read_segment(segment, length, is_trusted, cx)?;
        }
        self.torn_bytes += torn;
        let stale = self.find_stale_indexes(cx)?;

        if let Some(last) = self.segments.last().filter(|_| torn > 0) {
            cx.truncate(last.file(), u64::from(last.size()))?;
        }
        for segment in beyond {
            segment.delete(cx)?;
        }
        for segment in self.segments.iter().filter(|segment| stale.contains(&segment.base())) {
            segment.rebuild_indexes(cx)?;
            cx.emit(LogFact::IndexesRebuilt { partition: self.place.partition, base: segment.base() });
        }
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

    /// Reads one segment up to its end or to what cannot be read. Returns how many bytes that is.
    fn read_segment(
        &mut self,
        mut segment: Segment,
        length: u64,
        is_trusted: bool,
        cx: &mut Context<'_>,
    ) -> Result<u64, LoadError> {
        while u64::from(segment.size()) < length {
            match next_batch(&segment, Sight { length, is_trusted, is_sparse: self.is_sparse }, cx)? {
                Next::Batch(header, facts) => {
                    segment.add(&header, self.interval_bytes);
                    self.batches.push(Arc::new(facts));
                }
                Next::Stray(first) => return Err(stray(&segment, first)),
                Next::Nothing(why) if is_trusted => {
                    let at = segment.size();
                    return Err(refused(format!("{} was durable, and at byte {at} is no batch: {why}", segment.file())));
                }
                Next::Nothing(_) => break,
            }
        }
        let torn = length - u64::from(segment.size());
        self.segments.push(segment);
        Ok(torn)
    }

    /// The segments whose index files are not what the batches make them. Of those that are trusted, the batches are verified.
    fn find_stale_indexes(&mut self, cx: &mut Context<'_>) -> Result<Vec<Offset>, LoadError> {
        let last = self.segments.len().saturating_sub(1);
        let mut stale = Vec::new();
        for (nth, segment) in self.segments.iter_mut().enumerate() {
            if nth < last {
                segment.note_closed();
            }
            if !segment.has_stale_index(cx)? {
                continue;
            }
            stale.push(segment.base());
            if segment.end() <= self.trusted {
                verify_all(segment, cx)?;
            }
        }
        Ok(stale)
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
fn next_batch(segment: &Segment, sight: Sight, cx: &mut Context<'_>) -> Result<Next, Fault> {
    let Sight { length, is_trusted, is_sparse } = sight;
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
    let is_next = header.base_offset == segment.end() || is_sparse && header.base_offset > segment.end();
    if !is_next || header.leader_epoch.is_none() {
        let is_first = at == 0 && damage.is_none();
        let why = Fault::Corrupt { what: "batch", why: format!("offset {} for {}", header.base_offset, segment.end()) };
        return Ok(if is_first { Next::Stray(header.base_offset) } else { Next::Nothing(why) });
    }
    match damage {
        Some(why) if !is_trusted => Ok(Next::Nothing(why)),
        Some(why) if u64::from(header.last_offset_delta) > bytes.len() as u64 => Ok(Next::Nothing(why)),
        Some(_) => Ok(Next::Batch(header, read_damaged(&header, &bytes, is_sparse))),
        None => match facts_of(&header, &bytes) {
            Ok(facts) => Ok(Next::Batch(header, facts)),
            Err(why) => Ok(Next::Nothing(why)),
        },
    }
}

/// What can be said of a batch whose checksum is wrong: its records if they can be read, else one without a digest for each
/// of its offsets.
fn read_damaged(header: &BatchHeader, bytes: &Bytes, is_sparse: bool) -> BatchFacts {
    let offsets = (0..=u64::from(header.last_offset_delta)).map(|delta| header.base_offset.plus(delta));
    if let Ok(facts) = facts_of(header, bytes)
        && (is_sparse || facts.records.iter().map(|record| record.offset).eq(offsets.clone()))
    {
        return facts;
    }
    let unreadable = |offset| RecordFacts {
        offset,
        timestamp: header.base_timestamp,
        key: None,
        is_tombstone: false,
        digest: Digest::default(),
    };
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

/// Of a segment that is to be dropped only this is asked. Errors: refused, if it begins with a sound batch that is another than
/// its name says.
fn refuse_stray(segment: &Segment, length: u64, cx: &mut Context<'_>) -> Result<(), LoadError> {
    match next_batch(segment, Sight { length, is_trusted: false, is_sparse: false }, cx)? {
        Next::Stray(first) => Err(stray(segment, first)),
        Next::Batch(..) | Next::Nothing(_) => Ok(()),
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

fn stray(segment: &Segment, first: Offset) -> LoadError {
    refused(format!("{} begins with offset {first}", segment.file()))
}

fn refused(why: String) -> LoadError {
    LoadError::Refused(Arc::new(why))
}
