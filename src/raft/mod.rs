//! The metadata log and its quorum: how one history of decisions comes to be on a majority's disks, and how everybody
//! else follows it. Pull-based, as KRaft is: followers and observers fetch, and a fetch at an offset says "I hold all below".
//!
//! * [`quorum`]: which offset a majority holds. Pure arithmetic.
//! * [`state`]: the file that remembers the quorum epoch. It is synced before anybody acts in that epoch.
//! * [`node`]: a voter: reads its log back, and becomes leader in a new epoch.
//! * `leader`: appends, syncs, advances the committed end, serves fetches and parks those that find nothing.
//! * [`observer`]: a broker's own copy of the log.
//! * `reading`: the metadata records between two offsets.
//!
//! Invariant: a record counts (is below the committed end) only when a majority of the voters has it synced, and the
//! leader has such a record of its own epoch. Nobody truncates below the committed end it knows.
//!
//! Called by: the controller ([`node::RaftNode`]), every broker ([`Observer`]). Source: KIP-595.
//!
//! Not modelled: several voters with elections between them (Vote, BeginQuorumEpoch, EndQuorumEpoch), snapshots, dynamic
//! voters (KIP-853). A quorum has one voter, which elects itself in a new epoch at every start.

mod leader;
pub mod node;
pub mod observer;
pub mod quorum;
mod reading;
pub mod state;

pub use leader::Commit;
pub use node::{RaftNode, RaftSetup};
pub use observer::{Drained, Observer, ObserverSetup};
pub use reading::MetadataRecords;

use crate::config::{Profile, TopicConfig};
use crate::context::Context;
use crate::error::{ErrorCode, Fault};
use crate::ids::{BrokerId, ProcessId};
use crate::time::Duration;

/// The settings of the metadata log itself, which no topic default reaches: everything is kept, batches are as large as
/// they come, and no clock refuses a record (KIP-595).
fn log_config() -> TopicConfig {
    TopicConfig {
        max_message_bytes: u32::MAX,
        message_timestamp_before_max: Duration::MAX,
        message_timestamp_after_max: Duration::MAX,
        ..TopicConfig::of(Profile::Kafka)
    }
}

/// A voter's number as requests and logs name it.
fn voter_number(voter: ProcessId) -> BrokerId {
    BrokerId::of(voter).expect("only servers vote")
}

/// The voter with this number.
fn voter(number: BrokerId) -> ProcessId {
    number.process()
}

/// A server that can not write its metadata log ends itself, as Kafka's fatal fault handler does.
fn or_halt<T>(result: Result<T, Fault>, cx: &mut Context<'_>) -> Option<T> {
    result.map_err(|fault| cx.halt(format!("the metadata log failed: {fault}"))).ok()
}

/// A refusal by the log of what it must take or hold.
fn refused(code: ErrorCode) -> Fault {
    Fault::Corrupt { what: "metadata log", why: code.to_string() }
}
