//! Making a log of what a start finds on the disk.
//!
//! What the files hold is found out by [`super::scan`]. The epoch cache loses what lies outside the log and gains what the
//! batches say; a checkpoint that contradicts the batches is made anew from them. The flushed offset is what the
//! recovery-point checkpoint says, as far as the log reaches.
//!
//! Invariant: what memory holds afterwards is what the disk holds, and a second recovery finds the same. A log that is refused
//! is left as it is.
//!
//! Source: `LogLoader`, `UnifiedLog.create`. Called by: broker and raft, when a process starts and finds the folder of a log.

use std::sync::Arc;

use super::checkpoint;
use super::epochs::EpochCache;
use super::known::{Known, LoadError};
use super::partition_log::PartitionLog;
use super::place::LogPlace;
use super::scan::Scan;
use crate::config::TopicConfig;
use crate::context::Context;
use crate::error::Fault;
use crate::event::{BatchFacts, LogFact, RecoveryFacts};
use crate::files::FileName;
use crate::ids::Offset;

impl PartitionLog {
    /// Reads the log of `place` back, trusting nothing of it unless `was_clean`; makes a new one when there is nothing to read.
    ///
    /// Errors: as the disk's calls; [`Fault::Corrupt`] for a log that is refused.
    pub fn recover(
        place: impl Into<LogPlace>,
        config: TopicConfig,
        high_watermark: Offset,
        was_clean: bool,
        cx: &mut Context<'_>,
    ) -> Result<Self, Fault> {
        let known = Known { high_watermark, was_clean, ..Known::default() };
        Self::load(place, config, known, cx).map_err(|error| match error {
            LoadError::Refused(why) => Fault::Corrupt { what: "log", why: why.to_string() },
            LoadError::Failed(fault) => fault,
        })
    }

    /// Reads the log of `place` back; makes a new one when there is nothing to read. Damaged bytes beyond the recovery point
    /// are no error: they are cut off.
    ///
    /// Errors: see [`LoadError`].
    pub fn load(place: impl Into<LogPlace>, config: TopicConfig, known: Known, cx: &mut Context<'_>) -> Result<Self, LoadError> {
        let place = place.into();
        let loaded = Self::try_load(place, config, known, cx);
        if let Err(LoadError::Refused(why)) = &loaded {
            cx.emit(LogFact::LogRefused { partition: place.partition, why: Arc::clone(why) });
        }
        loaded
    }

    fn try_load(place: LogPlace, config: TopicConfig, known: Known, cx: &mut Context<'_>) -> Result<Self, LoadError> {
        let mut scan = Scan::new(place, config.index_interval_bytes, &known);
        scan.read_folder(cx)?;
        if scan.end().is_some_and(|end| end < known.log_start) {
            scan.drop_all(cx)?; // all of it was given up before
        }
        let is_whole = known.was_clean && scan.torn_bytes == 0;
        if !is_whole {
            // What was removed here, or in the turn that was cut short, must not come back behind new records.
            place.sync_folder(cx)?;
        }
        let (batches, torn_bytes) = (std::mem::take(&mut scan.batches), scan.torn_bytes);
        let mut log = match scan.segments.pop() {
            None => Self::begin(place, config, known.log_start, cx)?,
            Some(active) => {
                let (base, end) = (scan.segments.first().unwrap_or(&active).base(), active.end());
                Self {
                    place,
                    config,
                    start: known.log_start.max(base),
                    closed: Arc::new(scan.segments.into_iter().map(Arc::new).collect()),
                    active: Arc::new(active),
                    epochs: EpochCache::default(),
                    flushed: if is_whole { end } else { known.recovery_point.max(base).min(end) },
                    flushed_at: cx.mono(),
                    is_folder_unsynced: false,
                    is_folder_new: !is_whole,
                    fenced_by: None,
                    first_dirty: known.cleaned,
                    removed: Vec::new(),
                    cuts: 0,
                    is_sparse: scan.is_sparse,
                }
            }
        };
        log.recover_epochs(&batches, cx)?;
        let recovery = RecoveryFacts {
            partition: place.partition,
            start: log.start_offset(),
            end: log.end_offset(),
            high_watermark: known.high_watermark.clamp(log.start_offset(), log.end_offset()),
            was_clean: known.was_clean,
            torn_bytes,
            epochs: log.epochs.entries().iter().map(|entry| (entry.epoch, entry.start)).collect(),
            batches,
        };
        cx.emit(LogFact::LogRecovered { recovery: Arc::new(recovery) });
        log.active.probe_indexes(place.partition, cx);
        Ok(log)
    }

    /// Takes the epochs from the checkpoint, as far as the log reaches, and from the batches what the checkpoint lacks. A
    /// checkpoint that is damaged, or says otherwise than the batches, is as good as none.
    fn recover_epochs(&mut self, batches: &[Arc<BatchFacts>], cx: &mut Context<'_>) -> Result<(), Fault> {
        let stored = match checkpoint::read_epochs(self.place.file(FileName::LeaderEpochCheckpoint), cx) {
            Ok(stored) => stored,
            Err(Fault::Corrupt { .. }) => Vec::new(),
            Err(fault) => return Err(fault),
        };
        let mut epochs = EpochCache::default();
        for entry in &stored {
            epochs.assign(entry.epoch, entry.start);
        }
        self.complete(&mut epochs, batches);
        let is_told = |batch: &Arc<BatchFacts>| epochs.epoch_at(batch.base) == Some(batch.leader_epoch);
        if !batches.iter().filter(|batch| batch.base >= self.start).all(is_told) {
            epochs = EpochCache::default();
            self.complete(&mut epochs, batches);
        }
        if epochs.entries() != stored {
            return self.write_epochs(epochs, cx);
        }
        self.epochs = epochs;
        Ok(())
    }

    /// Fits a cache to the log: nothing outside of it, and every epoch of the batches.
    fn complete(&self, epochs: &mut EpochCache, batches: &[Arc<BatchFacts>]) {
        epochs.truncate_from_end(self.end_offset());
        for batch in batches {
            if epochs.latest().is_none_or(|latest| batch.leader_epoch > latest) {
                epochs.assign(batch.leader_epoch, batch.base);
            }
        }
        epochs.truncate_from_start(self.start);
    }
}
