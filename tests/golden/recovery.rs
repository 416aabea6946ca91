//! Scripts about a log on a disk that fails: what the disk did, and what a start makes of it. What each command does stands
//! at its variant.

#[path = "recovery_print.rs"]
mod print;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;

use tribunal::config::{Profile, Switch, TopicConfig};
use tribunal::context::{Context, Disk, DiskView};
use tribunal::event::{DiskFault, FaultIndex};
use tribunal::files::{FileName, FilePath, Folder};
use tribunal::ids::{BrokerId, LeaderEpoch, LogDirectory, Offset, PartitionIndex, TopicId, TopicPartition};
use tribunal::log::{Known, LoadError, LogPlace, PartitionLog, checkpoint, finish_deletion};
use tribunal::record::{BatchBuilder, RecordBatch};
use tribunal::sim::disk::{DiskRule, Place, PowerLuck, SimDisk};
use tribunal::time::Duration;

use crate::scripts::scripts;
use crate::support::Bench;
use print::{dump, files, words, write_fact};

const PARTITION: TopicPartition = TopicPartition { topic: TopicId(1), partition: PartitionIndex(0) };
const ROOT: Folder = Folder::Root(LogDirectory::FIRST);

#[derive(goldenscript::Command)]
enum Command {
    /// Makes the log, with these settings of its topic; `folder-sync=off` lets it sync files only.
    Create(#[arg(key, many, optional)] BTreeMap<String, String>),
    /// Appends a batch with a record for each word as the leader; `bytes` makes the first value so long.
    Append {
        #[arg(many)]
        words: Vec<String>,
        #[arg(key, optional)]
        epoch: u32,
        #[arg(key, optional)]
        bytes: usize,
    },
    /// Begins an epoch as its leader.
    StartEpoch(u32),
    /// Makes all of it durable.
    Flush,
    /// Makes the closed segments durable.
    FlushClosed,
    /// Moves its beginning.
    StartAt(u64),
    /// Deletes it; the process may be killed after so many effects of that, and starts again.
    Delete {
        #[arg(key)]
        killed: Option<u32>,
    },
    /// As a broker does at a start: removes what is left of deleted logs.
    FinishDeletion,
    /// Writes down its recovery point and its start, as a broker does by the clock.
    Checkpoint,
    /// Lays a fault on the disk: `times` often, on the files of this name (of any, if it is not said).
    Fault {
        kind: String,
        #[arg(key)]
        times: Option<u32>,
        #[arg(key)]
        file: Option<String>,
        #[arg(key, optional)]
        luck: u64,
    },
    /// Takes all faults from the disk.
    Heal,
    /// Leaves the disk room for so many bytes more.
    Room(u64),
    /// The process dies; its disk loses nothing; it starts again.
    Crash,
    /// The process stops in order and starts again.
    Restart,
    /// The power fails and the process starts again. Of each file `keep` unsynced bytes happen to be there, but not its
    /// `torn`-th sector of those, if that is said; `names` says whether unsynced names are.
    PowerOff {
        #[arg(key, optional)]
        keep: u64,
        #[arg(key)]
        torn: Option<u64>,
        #[arg(key, optional)]
        names: bool,
    },
    /// Flips all bits of a byte of a file.
    Damage { file: String, at: u64 },
    /// Puts another text into a file.
    Rewrite { file: String, text: String },
    /// Removes a file.
    Lose { file: String },
    /// Gives a file another name.
    Misname { from: String, to: String },
    /// Reads all batches from here on, as they lie there; says which are damaged.
    Read(u64),
    /// Lets a follower, b2, append what a read from here on gives.
    Copy(u64),
    /// Dumps the log: segments, batches, indexes, epochs, and which bytes are not durable.
    Dump,
    /// Lists the files.
    Files,
}

struct Runner {
    bench: Bench<SimDisk>,
    place: LogPlace,
    config: TopicConfig,
    log: Option<PartitionLog>,
}

/// What a power failure leaves.
struct Luck {
    keep: u64,
    torn: Option<u64>,
    names: bool,
}

impl PowerLuck for Luck {
    fn folder_survives(&mut self, _: Folder) -> bool {
        self.names
    }
    fn entry_survives(&mut self, _: FilePath) -> bool {
        self.names
    }
    fn bytes_kept(&mut self, _: FilePath, unsynced: u64) -> u64 {
        unsynced.min(self.keep)
    }
    fn torn_sector(&mut self, _: FilePath, _: u64) -> Option<u64> {
        self.torn
    }
}

impl Runner {
    fn new() -> Self {
        let mut bench = Bench::<SimDisk>::new();
        bench.disk.sync_folder(ROOT).expect("nothing is wrong yet");
        Self { bench, place: PARTITION.into(), config: TopicConfig::of(Profile::Fast), log: None }
    }

    fn turn<T, E: std::fmt::Display>(
        &mut self,
        act: impl FnOnce(&mut PartitionLog, &mut Context<'_>) -> Result<T, E>,
        out: &mut String,
    ) -> Result<Option<T>, Box<dyn Error>> {
        let log = self.log.as_mut().ok_or("there is no log")?;
        let (done, failures) = self.bench.turn(|cx| (act(log, cx), cx.take_disk_failures()));
        for (directory, fault) in failures {
            writeln!(out, "directory {} failed: {fault}", directory.0)?;
        }
        match done {
            Ok(done) => Ok(Some(done)),
            Err(error) => {
                writeln!(out, "refused: {error}")?;
                Ok(None)
            }
        }
    }

    /// What the checkpoints say, as a broker reads them.
    fn known(&mut self, was_clean: bool) -> Known {
        let mut offset = |name| {
            let found = checkpoint::read(ROOT.file(name), &mut self.bench.disk).unwrap_or_default();
            found.first().map_or(Offset::ZERO, |(_, offset)| *offset)
        };
        Known {
            high_watermark: Offset::ZERO,
            recovery_point: offset(FileName::RecoveryPointCheckpoint),
            log_start: offset(FileName::LogStartCheckpoint),
            cleaned: None,
            was_clean,
        }
    }

    fn start(&mut self, was_clean: bool, out: &mut String) -> Result<(), Box<dyn Error>> {
        let (place, config, known) = (self.place, self.config.clone(), self.known(was_clean));
        if DiskView::files(&self.bench.disk, place.folder()).is_empty() {
            self.log = None;
            writeln!(out, "there is no log")?;
            return Ok(());
        }
        self.log = match self.bench.turn(|cx| PartitionLog::load(place, config, known, cx)) {
            Ok(log) => Some(log),
            Err(LoadError::Refused(_)) => None, // the event says why
            Err(LoadError::Failed(fault)) => {
                writeln!(out, "failed: {fault}")?;
                None
            }
        };
        Ok(())
    }

    fn path(&self, name: &str) -> Result<FilePath, Box<dyn Error>> {
        let disk = &self.bench.disk;
        let all = DiskView::folders(disk)
            .into_iter()
            .flat_map(|folder| DiskView::files(disk, folder).into_iter().map(move |name| folder.file(name)));
        all.into_iter().find(|path| path.name.to_string() == name).ok_or_else(|| format!("no file {name}").into())
    }

    fn overwrite(&mut self, file: FilePath, change: impl FnOnce(&mut Vec<u8>)) -> Result<(), Box<dyn Error>> {
        let mut bytes = self.bench.disk.content(file).ok_or("gone")?.to_vec();
        change(&mut bytes);
        self.bench.disk.truncate(file, 0)?;
        self.bench.disk.append(file, bytes.into())?;
        self.bench.disk.sync(file)?;
        Ok(())
    }

    fn checkpoint(&mut self) -> Result<(), Box<dyn Error>> {
        let log = self.log.as_ref().ok_or("there is no log")?;
        let (flushed, start) = (log.flushed_offset(), log.start_offset());
        let disk = &mut self.bench.disk;
        checkpoint::write(ROOT.file(FileName::RecoveryPointCheckpoint), &[(PARTITION, flushed)], Switch::On, disk)?;
        checkpoint::write(ROOT.file(FileName::LogStartCheckpoint), &[(PARTITION, start)], Switch::On, disk)?;
        Ok(())
    }

    fn lay(&mut self, kind: &str, times: Option<u32>, file: Option<&str>, luck: u64) -> Result<(), Box<dyn Error>> {
        let kind = match kind {
            "write-fails" => DiskFault::WriteFailed,
            "read-fails" => DiskFault::ReadFailed,
            "sync-fails" => DiskFault::SyncFailed,
            "sync-lies" => DiskFault::SyncLied,
            "short-read" => DiskFault::ShortRead,
            "bit-rot" => DiskFault::BitRot,
            "misdirected-write" => DiskFault::MisdirectedWrite,
            "full" => DiskFault::Full,
            other => return Err(format!("no such fault: {other}").into()),
        };
        let only = match file {
            None => None,
            Some("log") => Some(Place::Segments(PARTITION)),
            Some(name) => Some(Place::Name(self.path(name)?.name)),
        };
        self.bench.disk.add_rule(DiskRule { kind, only, left: times, id: FaultIndex(0), luck, stall: Duration::ZERO });
        Ok(())
    }

    fn read(&mut self, from: u64, out: &mut String) -> Result<(), Box<dyn Error>> {
        let read = self.turn(|log, cx| log.read(Offset(from), Offset(u64::MAX), u32::MAX, cx), out)?;
        for bytes in read.unwrap_or_default() {
            match RecordBatch::decode(bytes) {
                Ok(batch) => writeln!(out, "{}", words(&batch))?,
                Err(why) => writeln!(out, "damaged: {why}")?,
            }
        }
        Ok(())
    }

    fn copy(&mut self, from: u64, out: &mut String) -> Result<(), Box<dyn Error>> {
        let read = self.turn(|log, cx| log.read(Offset(from), Offset(u64::MAX), u32::MAX, cx), out)?;
        let Some(batches) = read else { return Ok(()) };
        let mut follower = Bench::<SimDisk>::new();
        let config = self.config.clone();
        let mut copy = follower.turn(|cx| PartitionLog::create(PARTITION, config, cx))?;
        if let Err(fault) = follower.turn(|cx| copy.restart_at(Offset(from), cx)) {
            return Err(fault.to_string().into());
        }
        match follower.turn(|cx| copy.append_as_follower(&batches, BrokerId(1), cx)) {
            Ok(()) => writeln!(out, "b2 holds all below {}", copy.end_offset())?,
            Err(code) => writeln!(out, "b2 holds all below {} and refused the next: {code}", copy.end_offset())?,
        }
        Ok(())
    }

    fn append(&mut self, words: &[String], epoch: u32, bytes: usize, out: &mut String) -> Result<(), Box<dyn Error>> {
        let mut builder = BatchBuilder::new(self.bench.wall);
        for (nth, word) in words.iter().enumerate() {
            let value = if nth == 0 { vec![b'v'; bytes] } else { Vec::new() };
            builder.append(self.bench.wall, Some(word.as_bytes()), Some(&value), &[]);
        }
        let batch = builder.build();
        self.turn(|log, cx| log.append_as_leader(&batch, LeaderEpoch(epoch), cx), out)?;
        Ok(())
    }

    fn act(&mut self, command: &Command, out: &mut String) -> Result<(), Box<dyn Error>> {
        match command {
            Command::Create(settings) => {
                for (key, value) in settings {
                    match key.as_str() {
                        "folder-sync" => self.place.folder_sync = if value == "off" { Switch::Off } else { Switch::On },
                        key => self.config.set(key, value)?,
                    }
                }
                let (place, config) = (self.place, self.config.clone());
                self.log = Some(self.bench.turn(|cx| PartitionLog::create(place, config, cx))?);
            }
            Command::Append { words, epoch, bytes } => self.append(words, *epoch, *bytes, out)?,
            Command::StartEpoch(epoch) => drop(self.turn(|log, cx| log.start_epoch(LeaderEpoch(*epoch), cx), out)?),
            Command::Flush => drop(self.turn(PartitionLog::flush, out)?),
            Command::FlushClosed => drop(self.turn(PartitionLog::flush_closed, out)?),
            Command::StartAt(start) => drop(self.turn(|log, cx| log.advance_start(Offset(*start), cx), out)?),
            Command::Delete { killed: None } => {
                let log = self.log.take().ok_or("there is no log")?;
                if let Err(fault) = self.bench.turn(|cx| log.delete(cx)) {
                    writeln!(out, "failed: {fault}")?;
                }
            }
            Command::Delete { killed: Some(effects) } => {
                let log = self.log.take().ok_or("there is no log")?;
                self.bench.killed_turn(*effects, |cx| log.delete(cx));
                self.start(false, out)?;
            }
            Command::FinishDeletion => finish_deletion(self.place, &mut self.bench.disk)?,
            Command::Checkpoint => self.checkpoint()?,
            Command::Fault { kind, times, file, luck } => self.lay(kind, *times, file.as_deref(), *luck)?,
            Command::Heal => {
                self.bench.disk.remove_rule(FaultIndex(0));
                self.bench.disk.set_capacity(None);
            }
            Command::Room(bytes) => {
                let used = self.bench.disk.bytes();
                self.bench.disk.set_capacity(Some(used + bytes));
            }
            Command::Crash => self.start(false, out)?,
            Command::Restart => {
                self.turn(PartitionLog::flush, out)?;
                self.start(true, out)?;
            }
            Command::PowerOff { keep, torn, names } => {
                let luck = &mut Luck { keep: *keep, torn: *torn, names: *names };
                for loss in self.bench.disk.lose_power(luck) {
                    writeln!(out, "lost {} bytes of {}", loss.bytes, loss.file)?;
                }
                self.start(false, out)?;
            }
            Command::Damage { file, at } => {
                let (path, at) = (self.path(file)?, usize::try_from(*at)?);
                self.overwrite(path, |bytes| bytes[at] ^= 0xff)?;
            }
            Command::Rewrite { file, text } => {
                let path = self.path(file)?;
                self.overwrite(path, |bytes| *bytes = text.replace("\\n", "\n").into_bytes())?;
            }
            Command::Lose { file } => {
                let path = self.path(file)?;
                self.bench.disk.lose_file(path).ok_or("gone")?;
            }
            Command::Misname { from, to } => {
                let path = self.path(from)?;
                let base = to.trim_end_matches(".log").parse()?;
                self.bench.disk.rename(path, path.folder.file(FileName::Segment(Offset(base))))?;
                self.bench.disk.sync_folder(path.folder)?;
            }
            Command::Read(from) => self.read(*from, out)?,
            Command::Copy(from) => self.copy(*from, out)?,
            Command::Dump => dump(&self.bench.disk, out)?,
            Command::Files => files(&self.bench.disk, out)?,
        }
        for faulted in self.bench.disk.take_faulted() {
            let at = faulted.corrupted_at.map_or(String::new(), |at| format!(" at byte {at}"));
            writeln!(out, "disk: {:?} {}{at}", faulted.fault, faulted.file)?;
        }
        Ok(())
    }
}

impl goldenscript::Runner for Runner {
    type Command = Command;

    fn run(&mut self, command: &Command, _: &goldenscript::Context) -> Result<String, Box<dyn Error>> {
        let mut answer = String::new();
        self.act(command, &mut answer)?;
        let mut out = String::new();
        for fact in self.bench.facts() {
            write_fact(&fact, &mut out)?;
        }
        Ok(out + &answer)
    }
}

scripts!("recovery", Runner::new() =>
    a_batch_is_torn_inside_a_sector,
    a_bit_rots_above_the_recovery_point,
    a_bit_rots_below_the_recovery_point,
    a_bit_rots_where_no_checksum_looks,
    a_failed_append_fences_the_log,
    a_folder_was_not_synced,
    a_full_disk_loses_nothing_acknowledged,
    a_log_is_deleted_as_one,
    a_sector_in_the_middle_is_missing,
    a_segment_has_another_name,
    a_sync_failed_and_the_page_cache_lied,
    a_sync_lied,
    a_write_lands_elsewhere,
    indexes_are_lost_below_the_recovery_point,
    the_epoch_checkpoint_is_stale,
    there_is_a_hole_below_the_recovery_point,
    what_the_recovery_point_spares,
);
