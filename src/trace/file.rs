//! Trace files: what `--trace` writes and `watch`, `explain`, `check` and `diff` read.
//!
//! The file: magic, format, version of the program, length of the body, the body (source lines, events with the place of
//! their line), checksum of the body. It is written under a temporary name and renamed, so a trace file is whole or absent.
//!
//! Invariant: reading never panics, whatever the bytes; nothing is believed before the checksum agrees.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;
use xxhash_rust::xxh64::{Xxh64, xxh64};

use super::recorder::CHECKPOINT_EVENTS;
use super::trace::{Source, Trace};
use super::{FORMAT, PROGRAM};
use crate::error::Fault;
use crate::event::Event;
use crate::event::canonical::{Field, take_bytes};

const MAGIC: &[u8; 8] = b"TRIBUNAL";

/// Why a trace cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TraceError {
    /// The file cannot be read at all.
    #[error("{path}: cannot be read: {why}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system said.
        why: String,
    },
    /// The file does not begin as a trace does.
    #[error("{path}: not a trace: it does not begin with `TRIBUNAL`")]
    NotATrace {
        /// The file.
        path: String,
    },
    /// The file is a trace of another format.
    #[error(
        "{path}: a trace of format {format}, written by tribunal {written_by}; this is tribunal {PROGRAM}, which reads format {FORMAT}"
    )]
    OtherFormat {
        /// The file.
        path: String,
        /// Its format.
        format: u32,
        /// The program that wrote it.
        written_by: String,
    },
    /// The file ends before the trace does.
    #[error("{path}: truncated: {has} bytes of {wants}")]
    Truncated {
        /// The file.
        path: String,
        /// How long it is.
        has: u64,
        /// How long it should be.
        wants: u64,
    },
    /// The run was not recorded to its end.
    #[error("{path}: truncated: after {events} events there is no RunEnded")]
    Unfinished {
        /// The file.
        path: String,
        /// How many events it holds.
        events: usize,
    },
    /// The bytes are not what was written.
    #[error("{path}: damaged: {why}")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// The file cannot be written; nothing was left behind.
    #[error("{path}: cannot be written: {why}")]
    Unwritable {
        /// The file.
        path: String,
        /// What the system said.
        why: String,
    },
}

impl Trace {
    /// Writes the trace, first under a temporary name. Behind a link its target is written; what is no plain file (a device,
    /// a pipe) is refused, since a rename would put a file in its place. Errors: [`TraceError::Unwritable`].
    pub fn write(&self, path: &Path) -> Result<(), TraceError> {
        let unwritable = |why: String| TraceError::Unwritable { path: path.display().to_string(), why };
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if fs::metadata(&target).is_ok_and(|there| !there.is_file()) {
            return Err(unwritable("it is no plain file".to_owned()));
        }
        let temporary = temporary_name(&target);
        let written = self.write_to(&temporary).and_then(|()| fs::rename(&temporary, &target));
        written.map_err(|why| {
            // The name may never have existed; what matters is that nothing half-written stays.
            drop(fs::remove_file(&temporary));
            unwritable(why.to_string())
        })
    }

    /// Reads a trace back. Errors: any [`TraceError`] but `Unwritable`.
    pub fn read(path: &Path) -> Result<Self, TraceError> {
        let shown = path.display().to_string();
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|mut file| file.read_to_end(&mut bytes))
            .map_err(|why| TraceError::Unreadable { path: shown.clone(), why: why.to_string() })?;
        Self::from_bytes(&bytes, &shown)
    }

    /// Reads a trace from the bytes of a file called `path`. Errors: as [`Trace::read`].
    pub fn from_bytes(bytes: &[u8], path: &str) -> Result<Self, TraceError> {
        let mut input = bytes;
        if take_bytes(&mut input, MAGIC.len()).ok() != Some(MAGIC) {
            return Err(TraceError::NotATrace { path: path.to_owned() });
        }
        let too_short = || TraceError::Truncated { path: path.to_owned(), has: bytes.len() as u64, wants: bytes.len() as u64 + 1 };
        let format = u32::take(&mut input).map_err(|_| too_short())?;
        let written_by = String::take(&mut input).map_err(|_| too_short())?;
        if format != FORMAT {
            return Err(TraceError::OtherFormat { path: path.to_owned(), format, written_by });
        }
        let length = u64::take(&mut input).map_err(|_| too_short())?;
        let head = (bytes.len() - input.len()) as u64;
        let wants = head.saturating_add(length).saturating_add(8);
        let has = bytes.len() as u64;
        if has < wants {
            return Err(TraceError::Truncated { path: path.to_owned(), has, wants });
        }
        let damaged = |why: String| TraceError::Damaged { path: path.to_owned(), why };
        if has > wants {
            return Err(damaged(format!("{} bytes after its end", has - wants)));
        }
        let body = usize::try_from(length).ok().and_then(|length| take_bytes(&mut input, length).ok()).ok_or_else(too_short)?;
        let checksum = u64::take(&mut input).map_err(|_| too_short())?;
        if xxh64(body, 0) != checksum {
            return Err(damaged("its checksum does not agree".to_owned()));
        }
        let trace = Self::from_body(body, written_by).map_err(|(at, why)| damaged(format!("event {at}: {why}")))?;
        if trace.is_whole() { Ok(trace) } else { Err(TraceError::Unfinished { path: path.to_owned(), events: trace.events.len() }) }
    }

    fn write_to(&self, path: &Path) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(1 << 18, File::create(path)?);
        let mut head = MAGIC.to_vec();
        FORMAT.put(&mut head);
        self.written_by.put(&mut head);
        out.write_all(&head)?;
        out.write_all(&0_u64.to_le_bytes())?;

        let (mut length, mut checksum) = (0_u64, Xxh64::new(0));
        let mut bytes = Vec::new();
        let mut flush = |bytes: &mut Vec<u8>| {
            length += bytes.len() as u64;
            checksum.update(bytes);
            out.write_all(bytes)?;
            bytes.clear();
            io::Result::Ok(())
        };
        let table: Vec<(String, u32)> = self.sources.iter().map(|source| (source.file.clone(), source.line)).collect();
        table.put(&mut bytes);
        (self.events.len() as u64).put(&mut bytes);
        for (event, source) in self.events.iter().zip(self.source_of.iter().chain(std::iter::repeat(&u16::MAX))) {
            event.put(&mut bytes);
            source.put(&mut bytes);
            if bytes.len() >= 1 << 16 {
                flush(&mut bytes)?;
            }
        }
        flush(&mut bytes)?;
        out.write_all(&checksum.digest().to_le_bytes())?;
        out.seek(SeekFrom::Start(head.len() as u64))?;
        out.write_all(&length.to_le_bytes())?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    }

    /// Reads what stands between head and checksum. Errors: the number of the event, and why it is none.
    fn from_body(mut body: &[u8], written_by: String) -> Result<Self, (usize, Fault)> {
        let head = |fault: Fault| (0, fault);
        let table: Vec<(String, u32)> = Vec::take(&mut body).map_err(head)?;
        let count = u64::take(&mut body).map_err(head)?;
        let sources = table.into_iter().map(|(file, line)| Source { file, line }).collect();
        let (mut events, mut source_of, mut checkpoints) = (Vec::new(), Vec::new(), Vec::new());
        let mut hasher = Xxh64::new(0);
        for place in 0..count {
            let at = events.len();
            let before = body;
            let event = Event::take(&mut body).map_err(|fault| (at, fault))?;
            let used = before.len() - body.len();
            hasher.update(before.get(..used).unwrap_or_default());
            if u64::from(event.step.0) != place {
                let why = format!("it says step {}", event.step.0);
                return Err((at, Fault::Corrupt { what: "step", why }));
            }
            events.push(event);
            source_of.push(u16::take(&mut body).map_err(|fault| (at, fault))?);
            if (place + 1).is_multiple_of(CHECKPOINT_EVENTS) {
                checkpoints.push(hasher.digest());
            }
        }
        if !body.is_empty() {
            return Err((events.len(), Fault::Corrupt { what: "body", why: format!("{} bytes after the last event", body.len()) }));
        }
        Ok(Self { events, sources, source_of, checkpoints, hash: hasher.digest(), written_by })
    }
}

fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    path.with_file_name(name)
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::trace::testing;

    fn written() -> (Trace, Vec<u8>, PathBuf) {
        let trace = testing::recorded(&testing::lost_acknowledgement());
        let folder = std::env::temp_dir().join(format!("tribunal-trace-{}-{:?}", std::process::id(), std::thread::current().id()));
        fs::create_dir_all(&folder).expect("a temporary folder can be made");
        let path = folder.join("run.trace");
        trace.write(&path).expect("it can be written");
        let bytes = fs::read(&path).expect("it was written");
        (trace, bytes, folder)
    }

    #[test]
    fn what_is_written_is_read_back_and_no_temporary_name_stays() {
        let (trace, _, folder) = written();
        assert_eq!(Trace::read(&folder.join("run.trace")), Ok(trace));
        assert_eq!(fs::read_dir(&folder).expect("the folder is there").count(), 1);
        fs::remove_dir_all(folder).expect("and can be removed");
    }

    #[test]
    fn every_wrong_file_is_told_apart() {
        let (trace, bytes, folder) = written();
        let read = |bytes: &[u8]| Trace::from_bytes(bytes, "x.trace").expect_err("it is wrong");
        assert!(matches!(Trace::read(&folder), Err(TraceError::Unreadable { .. })), "a directory");
        assert!(matches!(Trace::read(&folder.join("absent")), Err(TraceError::Unreadable { .. })));
        assert!(matches!(trace.write(&folder.join("no/such/folder.trace")), Err(TraceError::Unwritable { .. })));
        assert!(matches!(read(b""), TraceError::NotATrace { .. }));
        assert!(matches!(read(b"name = \"lost-ack\""), TraceError::NotATrace { .. }));
        for end in 8..bytes.len() {
            assert!(matches!(read(&bytes[..end]), TraceError::Truncated { .. }), "cut at {end}");
        }
        let mut other = bytes.clone();
        other[8] = 77;
        assert!(read(&other).to_string().contains("format 77"), "{}", read(&other));
        let mut flipped = bytes.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 1;
        assert!(matches!(read(&flipped), TraceError::Damaged { .. }));
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(matches!(read(&longer), TraceError::Damaged { .. }));
        fs::remove_dir_all(folder).expect("the folder is there");
    }

    #[test]
    fn a_run_without_its_end_is_truncated() {
        let mut events = testing::lost_acknowledgement();
        events.pop();
        let path = std::env::temp_dir().join(format!("tribunal-unfinished-{}.trace", std::process::id()));
        testing::recorded(&events).write(&path).expect("it can be written");
        assert!(matches!(Trace::read(&path), Err(TraceError::Unfinished { .. })));
        fs::remove_file(path).expect("it is there");
    }

    proptest! {
        #[test]
        fn garbage_is_an_error_and_never_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), sealed in any::<bool>()) {
            let mut file = MAGIC.to_vec();
            if sealed {
                FORMAT.put(&mut file);
                PROGRAM.to_owned().put(&mut file);
                (bytes.len() as u64).put(&mut file);
                file.extend_from_slice(&bytes);
                xxh64(&bytes, 0).put(&mut file);
            } else {
                file.extend_from_slice(&bytes);
            }
            prop_assert!(Trace::from_bytes(&file, "garbage").is_err());
        }
    }
}
