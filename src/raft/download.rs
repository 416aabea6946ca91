//! A snapshot on its way from the leader, piece by piece.
//!
//! Invariant: the pieces are of one snapshot and follow one another without a gap; a download that is interrupted (another
//! leader, a refusal, a connection lost) is dropped, and begins again with the next fetch.
//!
//! Source: KIP-630. Called by: [`super::following`], [`super::observer`].
//!
//! Kafka differs: it keeps the pieces in a file and goes on where it was; here they are in memory until all are there.

use bytes::{Bytes, BytesMut};

use crate::ids::LeaderEpoch;
use crate::protocol::{FetchSnapshotRequest, FetchSnapshotResponse, SnapshotId};

/// A snapshot, as far as it has come.
#[derive(Clone, Debug)]
pub(super) struct Download {
    /// Which.
    pub id: SnapshotId,
    bytes: BytesMut,
}

/// What a piece did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// There is more to come.
    More,
    /// It was the last: these are the bytes of the whole.
    Last(Bytes),
    /// It does not fit: begin again.
    Interrupted,
}

impl Download {
    /// Nothing has come yet.
    pub(super) fn new(id: SnapshotId) -> Self {
        Self { id, bytes: BytesMut::new() }
    }

    /// Asks for the next piece.
    pub(super) fn request(&self, max_bytes: u32, current_leader_epoch: LeaderEpoch) -> FetchSnapshotRequest {
        FetchSnapshotRequest { snapshot: self.id, position: self.bytes.len() as u64, max_bytes, current_leader_epoch }
    }

    /// Takes a piece.
    pub(super) fn take(&mut self, response: &FetchSnapshotResponse) -> Piece {
        let fits = response.snapshot == self.id && response.position == self.bytes.len() as u64 && !response.bytes.is_empty();
        if response.error.is_some() || !fits {
            return Piece::Interrupted;
        }
        self.bytes.extend_from_slice(&response.bytes);
        let length = self.bytes.len() as u64;
        if length < response.size { Piece::More } else { Piece::Last(self.bytes.split().freeze()) }
    }
}
