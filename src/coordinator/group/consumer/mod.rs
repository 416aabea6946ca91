//! A group of the consumer protocol (KIP-848): members say what they want and what they own, the coordinator plans and leads
//! each member to its share by itself. Nobody waits for all the others.
//!
//! ```text
//! group epoch    rises when a member comes, goes or wants other topics, or when the topics change
//! target epoch   the group epoch that the present plan was made for
//! member epoch   the target epoch that a member has reached, having given back all that this target takes from it
//! ```
//!
//! Invariant: everything here is a function of the group as it is written down ([`ConsumerGroup`]), of a request and of the
//! metadata; it ends in a [`Decision`], and nothing has happened until its records are appended and applied.
//! A reader begins at `heartbeat`, goes on with `admission`, and finds the heart of it in `reconcile`.
//!
//! Called by `coordinator/runtime`. Source: KIP-848; Kafka's `GroupMetadataManager`, `ConsumerGroup`, `CurrentAssignmentBuilder`.
//! Not modelled: racks, Streams and share groups, assignments made on another thread (KIP-1263).

mod admission;
mod classic;
mod classic_handover;
mod commits;
mod departure;
mod describe;
mod facts;
mod heartbeat;
mod member;
mod migration;
mod reconcile;
mod record;
mod state;
mod topics_wanted;

pub use classic_handover::{ClassicHandover, HandedOver};
pub use member::{ClassicWishes, CurrentAssignment, JOINING, LEAVING, LEFT_FOR_A_WHILE, Member, MemberState, MemberWishes};
pub use record::{ConsumerRecord, Decision, GroupEpoch, TimerOrder};
pub use state::ConsumerGroup;

use crate::config::BrokerConfig;

use crate::coordinator::topics::TopicsView;

/// What decisions depend on besides the group and the request.
#[derive(Clone, Copy, Debug)]
pub struct Environment<'a> {
    /// The topics there are.
    pub topics: &'a TopicsView,
    /// The coordinator's configuration.
    pub config: &'a BrokerConfig,
}
