//! The metadata log and its quorum: how one history of decisions comes to be on a majority's disks, and how everybody
//! else follows it. Pull-based, as KRaft is: followers and observers fetch, and a fetch at an offset says "I hold all below".
//!
//! | file | holds |
//! |---|---|
//! | [`quorum`] | which offset a majority holds, who wins an election: pure arithmetic |
//! | [`state`] | the files that remember epoch, vote and directory; synced before anybody acts on them |
//! | [`voters`] | who votes, and since which offset |
//! | `metadata_log` | one copy of the log, with its snapshots and its voters |
//! | `snapshot`, `download` | a snapshot as bytes, as a file, and on its way |
//! | [`node`] | a server of the quorum: its roles, every transition between them, its interface |
//! | `outside` | what a server is told before it starts, and what it tells |
//! | `member` | what a server has in every role, and how it changes its role |
//! | `post` | the tables of deadlines, requests and answers |
//! | `election` | votes asked, given, refused and counted |
//! | `leader`, `leading` | what a leader knows; it appends, syncs, commits, serves fetches |
//! | `membership` | voters added, removed, renewed |
//! | `following` | fetching from the leader, and from whoever may know it |
//! | `peers` | one request at a time to each peer, its time-out and the wait after a failure |
//! | [`observer`] | a broker's own copy of the log |
//! | `reading` | the metadata records between two offsets |
//!
//! Invariant: a record counts (is below the committed end) only when a majority of the voters has it synced, and the
//! leader has such a record of its own epoch. Nobody truncates below the committed end it knows. In one epoch a voter votes
//! once, and so at most one leader is elected.
//!
//! Called by: the controller ([`RaftNode`]), every broker ([`Observer`]). Source: KIP-595, KIP-630, KIP-853, KIP-996.

mod download;
mod election;
mod following;
mod leader;
mod leading;
mod member;
mod membership;
mod metadata_log;
pub mod node;
pub mod observer;
mod outside;
mod peers;
mod post;
pub mod quorum;
mod reading;
mod snapshot;
pub mod state;
pub mod voters;

pub use leader::Commit;
pub use node::RaftNode;
pub use observer::{Drained, Observer, ObserverSetup};
pub use outside::{RaftNews, RaftSetup};

use crate::config::{BrokerConfig, Profile, TopicConfig};
use crate::context::Context;
use crate::error::{ErrorCode, Fault};
use crate::ids::{BrokerId, ProcessId};
use crate::log::PartitionLog;
use crate::time::Duration;

/// The settings of the metadata log itself, which no topic default reaches: everything is kept, batches are as large as
/// they come, and no clock refuses a record (KIP-595).
fn log_config(config: &BrokerConfig) -> TopicConfig {
    TopicConfig {
        segment_bytes: config.metadata_log_segment_bytes,
        max_message_bytes: u32::MAX,
        message_timestamp_before_max: Duration::MAX,
        message_timestamp_after_max: Duration::MAX,
        ..TopicConfig::of(Profile::Kafka)
    }
}

/// A server's number as requests and logs name it.
fn voter_number(voter: ProcessId) -> BrokerId {
    BrokerId::of(voter).expect("only servers vote")
}

/// The server with this number. Errors: [`Fault::Corrupt`] for a number that no server has.
fn server(id: i32) -> Result<ProcessId, Fault> {
    let number = u16::try_from(id).map_err(|_| Fault::Corrupt { what: "voter", why: format!("node {id}") })?;
    Ok(BrokerId(number).process())
}

/// A server that can not write its metadata log ends itself, as Kafka's fatal fault handler does.
fn or_halt<T>(result: Result<T, Fault>, cx: &mut Context<'_>) -> Option<T> {
    result.map_err(|fault| cx.halt(format!("the metadata log failed: {fault}"))).ok()
}

/// A refusal by the log of what it must take or hold: what failed it, or what is wrong with its content.
fn refused(log: &PartitionLog, code: ErrorCode) -> Fault {
    match code {
        ErrorCode::KafkaStorageError => log.fenced_by().cloned().unwrap_or_else(|| Fault::Io(log.partition().to_string())),
        code => Fault::Corrupt { what: "metadata log", why: code.to_string() },
    }
}
