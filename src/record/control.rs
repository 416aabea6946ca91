//! Records that a log keeps for its own readers: the end of a transaction, the start of a leader's term.
//!
//! Applications never see them; they take offsets all the same.
//!
//! Source: `ControlRecordType`, `EndTransactionMarker` (KIP-98), `LeaderChangeMessage` (KIP-595), `SnapshotHeaderRecord` and
//! `SnapshotFooterRecord` (KIP-630), `VotersRecord` (KIP-853).
//!
//! Called by: raft for its leader-change record; readers of a log that must tell control batches apart.
//!
//! Not modelled: the KRaft version record; a voter's endpoints (it is found by its name).

use bytes::{Buf, Bytes};

use super::batch::Record;
use super::builder::BatchBuilder;
use super::header::corrupt;
use super::varint::{put_unsigned, take_unsigned};
use crate::error::Fault;
use crate::time::Timestamp;

/// What a control record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlRecord {
    /// A transaction ended without effect.
    Abort {
        /// The epoch of the coordinator that said so.
        coordinator_epoch: i32,
    },
    /// A transaction was committed.
    Commit {
        /// The epoch of the coordinator that said so.
        coordinator_epoch: i32,
    },
    /// A leader of the metadata log begins its epoch.
    LeaderChange {
        /// The leader's node id.
        leader: i32,
        /// Everybody who may vote.
        voters: Vec<i32>,
        /// Who voted for it.
        granting_voters: Vec<i32>,
    },
    /// A snapshot of the metadata begins.
    SnapshotHeader {
        /// The newest timestamp in what it covers.
        last_contained_log_timestamp: i64,
    },
    /// A snapshot of the metadata is whole.
    SnapshotFooter,
    /// Who votes from here on.
    Voters {
        /// All of them.
        voters: Vec<ControlVoter>,
    },
}

/// A voter as a [`ControlRecord::Voters`] names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlVoter {
    /// Its node id.
    pub id: i32,
    /// Its log directory; Kafka's 16 bytes, of which the last four are used here, all zero for none.
    pub directory: Option<u32>,
}

const ABORT: i16 = 0;
const COMMIT: i16 = 1;
const LEADER_CHANGE: i16 = 2;
const SNAPSHOT_HEADER: i16 = 3;
const SNAPSHOT_FOOTER: i16 = 4;
const VOTERS: i16 = 6;

impl ControlRecord {
    /// A control batch with this one record, to be appended by a leader.
    #[must_use]
    pub fn batch(&self, timestamp: Timestamp) -> Bytes {
        let mut builder = BatchBuilder::control(timestamp);
        builder.append(timestamp, Some(&self.key()), Some(&self.value()), &[]);
        builder.build()
    }

    /// The key that names its type: version, then number.
    #[must_use]
    pub fn key(&self) -> Vec<u8> {
        let number = match self {
            Self::Abort { .. } => ABORT,
            Self::Commit { .. } => COMMIT,
            Self::LeaderChange { .. } => LEADER_CHANGE,
            Self::SnapshotHeader { .. } => SNAPSHOT_HEADER,
            Self::SnapshotFooter => SNAPSHOT_FOOTER,
            Self::Voters { .. } => VOTERS,
        };
        [[0, 0], number.to_be_bytes()].concat()
    }

    /// What it says, in version 0 of its type.
    #[must_use]
    pub fn value(&self) -> Vec<u8> {
        let mut out = vec![0, 0];
        match self {
            Self::Abort { coordinator_epoch } | Self::Commit { coordinator_epoch } => {
                out.extend_from_slice(&coordinator_epoch.to_be_bytes());
            }
            Self::LeaderChange { leader, voters, granting_voters } => {
                out.extend_from_slice(&leader.to_be_bytes());
                put_voters(voters, &mut out);
                put_voters(granting_voters, &mut out);
                out.push(0);
            }
            Self::SnapshotHeader { last_contained_log_timestamp } => {
                out.extend_from_slice(&last_contained_log_timestamp.to_be_bytes());
                out.push(0);
            }
            Self::SnapshotFooter => out.push(0),
            Self::Voters { voters } => {
                put_count(voters.len(), &mut out);
                for voter in voters {
                    put_control_voter(*voter, &mut out);
                }
                out.push(0);
            }
        }
        out
    }

    /// Reads the record of a control batch.
    /// Errors: [`Fault::Corrupt`] for a type that is not modelled, [`Fault::Truncated`].
    pub fn decode(record: &Record) -> Result<Self, Fault> {
        let mut key = record.key.as_deref().unwrap_or_default();
        let mut value = record.value.as_deref().unwrap_or_default();
        let _version = take_i16(&mut key)?;
        let number = take_i16(&mut key)?;
        let _version = take_i16(&mut value)?;
        match number {
            ABORT => Ok(Self::Abort { coordinator_epoch: take_i32(&mut value)? }),
            COMMIT => Ok(Self::Commit { coordinator_epoch: take_i32(&mut value)? }),
            LEADER_CHANGE => Ok(Self::LeaderChange {
                leader: take_i32(&mut value)?,
                voters: take_voters(&mut value)?,
                granting_voters: take_voters(&mut value)?,
            }),
            SNAPSHOT_HEADER => Ok(Self::SnapshotHeader {
                last_contained_log_timestamp: value.try_get_i64().map_err(|_| Fault::Truncated("control record"))?,
            }),
            SNAPSHOT_FOOTER => Ok(Self::SnapshotFooter),
            VOTERS => {
                let count = take_unsigned(&mut value)?.saturating_sub(1);
                let voters = (0..count).map(|_| take_control_voter(&mut value)).collect::<Result<_, Fault>>()?;
                Ok(Self::Voters { voters })
            }
            _ => Err(corrupt(&format!("control record of type {number}"))),
        }
    }
}

/// A compact array: its length plus one, then each voter with no tagged fields.
fn put_voters(voters: &[i32], out: &mut Vec<u8>) {
    put_count(voters.len(), out);
    for voter in voters {
        out.extend_from_slice(&voter.to_be_bytes());
        out.push(0);
    }
}

fn put_count(count: usize, out: &mut Vec<u8>) {
    put_unsigned(u64::try_from(count).expect("a quorum has few voters") + 1, out);
}

/// Node id, directory (16 bytes), no endpoints, the range of versions it speaks, no tagged fields.
fn put_control_voter(voter: ControlVoter, out: &mut Vec<u8>) {
    out.extend_from_slice(&voter.id.to_be_bytes());
    out.extend_from_slice(&u128::from(voter.directory.unwrap_or(0)).to_be_bytes());
    out.push(1);
    out.extend_from_slice(&[0, 0, 0, 1, 0, 0]);
}

fn take_control_voter(input: &mut &[u8]) -> Result<ControlVoter, Fault> {
    let id = take_i32(input)?;
    let directory = input.try_get_u128().map_err(|_| Fault::Truncated("control record"))?;
    let directory = u32::try_from(directory).map_err(|_| corrupt("a directory id of another kind"))?;
    if take_unsigned(input)? != 1 {
        return Err(corrupt("a voter with endpoints"));
    }
    for _ in 0..2 {
        take_i16(input)?;
    }
    if take_unsigned(input)? != 0 || take_unsigned(input)? != 0 {
        return Err(corrupt("a voter with unknown fields"));
    }
    Ok(ControlVoter { id, directory: (directory != 0).then_some(directory) })
}

fn take_voters(input: &mut &[u8]) -> Result<Vec<i32>, Fault> {
    let count = take_unsigned(input)?.saturating_sub(1);
    let mut voters = Vec::new();
    for _ in 0..count {
        voters.push(take_i32(input)?);
        if take_unsigned(input)? != 0 {
            return Err(corrupt("a voter with unknown fields"));
        }
    }
    Ok(voters)
}

fn take_i16(input: &mut &[u8]) -> Result<i16, Fault> {
    input.try_get_i16().map_err(|_| Fault::Truncated("control record"))
}

fn take_i32(input: &mut &[u8]) -> Result<i32, Fault> {
    input.try_get_i32().map_err(|_| Fault::Truncated("control record"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::RecordBatch;

    #[test]
    fn what_a_control_batch_says_is_read_back() {
        let voters = vec![ControlVoter { id: 3001, directory: Some(1) }, ControlVoter { id: 3002, directory: None }];
        let header = ControlRecord::SnapshotHeader { last_contained_log_timestamp: 7 };
        for record in [header, ControlRecord::SnapshotFooter, ControlRecord::Voters { voters }] {
            let batch = RecordBatch::decode(record.batch(Timestamp::RUN_START)).expect("a whole batch");
            assert!(batch.header.attributes.is_control());
            let read: Vec<_> = batch.records.iter().map(ControlRecord::decode).collect();
            assert_eq!(read, [Ok(record)]);
        }
    }
}
