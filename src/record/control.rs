//! Records that a log keeps for its own readers: the end of a transaction, the start of a leader's term.
//!
//! Applications never see them; they take offsets all the same.
//!
//! Source: `ControlRecordType`, `EndTransactionMarker` (KIP-98), `LeaderChangeMessage` (KIP-595).
//!
//! Called by: raft for its leader-change record; readers of a log that must tell control batches apart.
//!
//! Not modelled: snapshot header and footer, KRaft version and voters records.

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
}

const ABORT: i16 = 0;
const COMMIT: i16 = 1;
const LEADER_CHANGE: i16 = 2;

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
            _ => Err(corrupt(&format!("control record of type {number}"))),
        }
    }
}

/// A compact array: its length plus one, then each voter with no tagged fields.
fn put_voters(voters: &[i32], out: &mut Vec<u8>) {
    put_unsigned(u64::try_from(voters.len()).expect("a quorum has few voters") + 1, out);
    for voter in voters {
        out.extend_from_slice(&voter.to_be_bytes());
        out.push(0);
    }
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
