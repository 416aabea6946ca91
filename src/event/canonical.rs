//! The canonical form of events: fixed little-endian binary of their fields, which is what the trace hash is taken of
//! and what a trace file holds.
//!
//! Invariant: the form depends on values only: every kind has a fixed numeric tag (never an enum's position), lengths
//! are u64, and what is read back is equal to what was written.

use std::sync::Arc;

use bytes::Bytes;

use crate::error::{ErrorCode, Fault};
use crate::files::{FileName, FilePath, Folder, Part};
use crate::ids::{
    BrokerEpoch, BrokerId, BrokerSet, CorrelationId, Digest, DirectoryId, Incarnation, LeaderEpoch, LogDirectory, Offset,
    PartitionEpoch, PartitionIndex, ProcessId, ProducerEpoch, ProducerId, SendId, Sequence, Step, TopicId, TopicPartition,
    VoterKey,
};
use crate::time::{Duration, Instant, Timestamp};

/// A value with a canonical form.
pub trait Field: Sized {
    /// Appends the canonical form.
    fn put(&self, out: &mut Vec<u8>);

    /// Reads it back. Errors: [`Fault::Truncated`] when the bytes end early, [`Fault::Corrupt`] when they say nothing known.
    fn take(input: &mut &[u8]) -> Result<Self, Fault>;
}

/// Takes exactly `count` bytes off the front.
pub fn take_bytes<'a>(input: &mut &'a [u8], count: usize) -> Result<&'a [u8], Fault> {
    let (head, tail) = input.split_at_checked(count).ok_or(Fault::Truncated("event"))?;
    *input = tail;
    Ok(head)
}

/// The fault of a tag that no kind has.
pub fn unknown(what: &'static str, tag: impl std::fmt::Display) -> Fault {
    Fault::Corrupt { what, why: format!("unknown tag {tag}") }
}

macro_rules! integers {
    ($($type:ty),*) => {
        $(impl Field for $type {
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
            fn take(input: &mut &[u8]) -> Result<Self, Fault> {
                let bytes = take_bytes(input, size_of::<Self>())?;
                Ok(Self::from_le_bytes(bytes.try_into().expect("as many bytes were taken as the integer has")))
            }
        })*
    };
}

integers!(u8, u16, u32, u64, i32, i64);

macro_rules! newtypes {
    ($($type:ident),* $(,)?) => {
        $(impl Field for $type {
            fn put(&self, out: &mut Vec<u8>) {
                self.0.put(out);
            }
            fn take(input: &mut &[u8]) -> Result<Self, Fault> {
                Field::take(input).map(Self)
            }
        })*
    };
}

newtypes!(
    BrokerEpoch,
    BrokerId,
    BrokerSet,
    CorrelationId,
    Digest,
    DirectoryId,
    Duration,
    Incarnation,
    Instant,
    LeaderEpoch,
    Offset,
    PartitionEpoch,
    PartitionIndex,
    ProducerEpoch,
    ProducerId,
    SendId,
    Sequence,
    Step,
    Timestamp,
    TopicId,
);

/// Gives a struct the canonical form of its fields, in the order written.
macro_rules! record_fields {
    ($type:ident { $($field:ident),* $(,)? }) => {
        impl $crate::event::canonical::Field for $type {
            fn put(&self, out: &mut Vec<u8>) {
                $($crate::event::canonical::Field::put(&self.$field, out);)*
            }
            fn take(input: &mut &[u8]) -> Result<Self, $crate::error::Fault> {
                $(let $field = $crate::event::canonical::Field::take(input)?;)*
                Ok(Self { $($field),* })
            }
        }
    };
}

/// Gives a plain enum a fixed byte for each variant.
macro_rules! tagged_words {
    ($type:ident { $($tag:literal $variant:ident),* $(,)? }) => {
        impl $crate::event::canonical::Field for $type {
            fn put(&self, out: &mut Vec<u8>) {
                let tag: u8 = match self { $(Self::$variant => $tag),* };
                out.push(tag);
            }
            fn take(input: &mut &[u8]) -> Result<Self, $crate::error::Fault> {
                match <u8 as $crate::event::canonical::Field>::take(input)? {
                    $($tag => Ok(Self::$variant),)*
                    tag => Err($crate::event::canonical::unknown(stringify!($type), tag)),
                }
            }
        }
    };
}

pub(crate) use {record_fields, tagged_words};

record_fields!(TopicPartition { topic, partition });
record_fields!(VoterKey { voter, directory });
record_fields!(FilePath { folder, name });

impl Field for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
    fn take(input: &mut &[u8]) -> Result<Self, Fault> {
        match u8::take(input)? {
            0 => Ok(false),
            1 => Ok(true),
            tag => Err(unknown("bool", tag)),
        }
    }
}

impl<T: Field> Field for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            None => out.push(0),
            Some(value) => {
                out.push(1);
                value.put(out);
            }
        }
    }
    fn take(input: &mut &[u8]) -> Result<Self, Fault> {
        Ok(if bool::take(input)? { Some(T::take(input)?) } else { None })
    }
}

impl<T: Field> Field for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u64).put(out);
        for value in self {
            value.put(out);
        }
    }
    fn take(input: &mut &[u8]) -> Result<Self, Fault> {
        let count = u64::take(input)?;
        (0..count).map(|_| T::take(input)).collect()
    }
}

impl<T: Field> Field for Arc<T> {
    fn put(&self, out: &mut Vec<u8>) {
        T::put(self, out);
    }
    fn take(input: &mut &[u8]) -> Result<Self, Fault> {
        T::take(input).map(Self::new)
    }
}

impl Field for Bytes {
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u64).put(out);
        out.extend_from_slice(self);
    }
    fn take(input: &mut &[u8]) -> Result<Self, Fault> {
        let count = usize::try_from(u64::take(input)?).map_err(|_| Fault::Truncated("bytes"))?;
        take_bytes(input, count).map(Self::copy_from_slice)
    }
}

impl Field for String {
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u64).put(out);
        out.extend_from_slice(self.as_bytes());
    }
    fn take(input: &mut &[u8]) -> Result<Self, Fault> {
        let bytes = Bytes::take(input)?;
        Self::from_utf8(bytes.to_vec()).map_err(|why| Fault::Corrupt { what: "text", why: why.to_string() })
    }
}

impl<A: Field, B: Field> Field for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }
    fn take(input: &mut &[u8]) -> Result<Self, Fault> {
        Ok((A::take(input)?, B::take(input)?))
    }
}

impl Field for ProcessId {
    fn put(&self, out: &mut Vec<u8>) {
        let (tag, number): (u8, u16) = match self {
            Self::World => (0, 0),
            Self::Broker(id) => (1, id.0),
            Self::Controller(number) => (2, *number),
            Self::Client(number) => (3, *number),
        };
        tag.put(out);
        number.put(out);
    }
    fn take(input: &mut &[u8]) -> Result<Self, Fault> {
        let tag = u8::take(input)?;
        let number = u16::take(input)?;
        match tag {
            0 => Ok(Self::World),
            1 => Ok(Self::Broker(BrokerId(number))),
            2 => Ok(Self::Controller(number)),
            3 => Ok(Self::Client(number)),
            _ => Err(unknown("process", tag)),
        }
    }
}

impl Field for ErrorCode {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.number().to_le_bytes());
    }
    fn take(input: &mut &[u8]) -> Result<Self, Fault> {
        let bytes = take_bytes(input, 2)?;
        let number = i16::from_le_bytes(bytes.try_into().expect("two bytes were taken"));
        Self::from_number(number).ok_or_else(|| unknown("error code", number))
    }
}

impl Field for Folder {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Root(LogDirectory::FIRST) => out.push(0),
            Self::Log(LogDirectory::FIRST, partition) => {
                out.push(1);
                partition.put(out);
            }
            Self::Root(directory) => out.extend_from_slice(&[2, directory.0]),
            Self::Log(directory, partition) => {
                out.extend_from_slice(&[3, directory.0]);
                partition.put(out);
            }
            Self::Deleted(directory, partition) => {
                out.extend_from_slice(&[4, directory.0]);
                partition.put(out);
            }
        }
    }
    fn take(input: &mut &[u8]) -> Result<Self, Fault> {
        match u8::take(input)? {
            0 => Ok(Self::Root(LogDirectory::FIRST)),
            1 => TopicPartition::take(input).map(|partition| Self::Log(LogDirectory::FIRST, partition)),
            2 => u8::take(input).map(LogDirectory).map(Self::Root),
            3 => Ok(Self::Log(LogDirectory(u8::take(input)?), TopicPartition::take(input)?)),
            4 => Ok(Self::Deleted(LogDirectory(u8::take(input)?), TopicPartition::take(input)?)),
            tag => Err(unknown("folder", tag)),
        }
    }
}

impl Field for FileName {
    fn put(&self, out: &mut Vec<u8>) {
        let (tag, number): (u8, u64) = match self {
            Self::Segment(base) => (0, base.0),
            Self::OffsetIndex(base) => (1, base.0),
            Self::TimeIndex(base) => (2, base.0),
            Self::LeaderEpochCheckpoint => (3, 0),
            Self::RecoveryPointCheckpoint => (4, 0),
            Self::HighWatermarkCheckpoint => (5, 0),
            Self::LogStartCheckpoint => (6, 0),
            Self::QuorumState => (7, 0),
            Self::CleanShutdown => (8, 0),
            Self::Temporary(place) => (9, u64::from(*place)),
            Self::Snapshot(end, _) => (10, end.0),
            Self::MetaProperties => (11, 0),
            Self::FactsTold => (12, 0),
            Self::CleanerCheckpoint => (13, 0),
            Self::Sparse => (23, 0),
            Self::Cleaned(part, base) => (14 + place_of(*part), base.0),
            Self::Swap(part, base) => (17 + place_of(*part), base.0),
            Self::Removed(part, base) => (20 + place_of(*part), base.0),
        };
        tag.put(out);
        number.put(out);
        if let Self::Snapshot(_, epoch) = self {
            epoch.put(out);
        }
    }
    fn take(input: &mut &[u8]) -> Result<Self, Fault> {
        let tag = u8::take(input)?;
        let number = u64::take(input)?;
        match tag {
            0 => Ok(Self::Segment(Offset(number))),
            1 => Ok(Self::OffsetIndex(Offset(number))),
            2 => Ok(Self::TimeIndex(Offset(number))),
            3 => Ok(Self::LeaderEpochCheckpoint),
            4 => Ok(Self::RecoveryPointCheckpoint),
            5 => Ok(Self::HighWatermarkCheckpoint),
            6 => Ok(Self::LogStartCheckpoint),
            7 => Ok(Self::QuorumState),
            8 => Ok(Self::CleanShutdown),
            9 => u8::try_from(number).map(Self::Temporary).map_err(|_| unknown("file name", number)),
            10 => LeaderEpoch::take(input).map(|epoch| Self::Snapshot(Offset(number), epoch)),
            11 => Ok(Self::MetaProperties),
            12 => Ok(Self::FactsTold),
            13 => Ok(Self::CleanerCheckpoint),
            23 => Ok(Self::Sparse),
            14..=16 => part_at(tag - 14).map(|part| Self::Cleaned(part, Offset(number))),
            17..=19 => part_at(tag - 17).map(|part| Self::Swap(part, Offset(number))),
            20..=22 => part_at(tag - 20).map(|part| Self::Removed(part, Offset(number))),
            _ => Err(unknown("file name", tag)),
        }
    }
}

/// The place of a part in the tags of the names that have one.
fn place_of(part: Part) -> u8 {
    match part {
        Part::Batches => 0,
        Part::OffsetIndex => 1,
        Part::TimeIndex => 2,
    }
}

fn part_at(place: u8) -> Result<Part, Fault> {
    match place {
        0 => Ok(Part::Batches),
        1 => Ok(Part::OffsetIndex),
        2 => Ok(Part::TimeIndex),
        _ => Err(unknown("part of a segment", place)),
    }
}
