//! What `converges` wants of groups after it found them settled: that they stay so while nothing is done to the world. A group that
//! makes one plan after another is never done, however settled it is between two of them.
//!
//! A plan has a reason when a member left that no live consumer was: its session ended late, since its process had died long before
//! (a static one may be away for as long), or its application does not poll. Whoever was put out alive and comes back is none.
//!
//! Called by: `Checks`, `converges`.

use std::collections::BTreeSet;

use super::Groups;
use crate::event::{GroupFact, GroupId};

/// Whether groups are to be at rest, and which may yet make a plan.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Rest {
    is_at_rest: bool,
    excused: BTreeSet<GroupId>,
}

impl Rest {
    /// All groups were found settled.
    pub(in super::super) fn begin(&mut self) {
        self.is_at_rest = true;
        self.excused.clear();
    }

    /// Whether they are to be.
    pub(in super::super) fn is_on(&self) -> bool {
        self.is_at_rest
    }

    /// Something was done to the world, or an operator changed something.
    pub(in super::super) fn end(&mut self) {
        self.is_at_rest = false;
    }

    /// Before a coordinator's word is written down. Returns the group that makes a plan without a reason.
    pub(in super::super) fn judge<'a>(&mut self, groups: &Groups, fact: &'a GroupFact) -> Option<&'a GroupId> {
        if !self.is_at_rest {
            return None;
        }
        match fact {
            GroupFact::MemberLeft { group, member, .. } if !groups.is_live(group, member) => {
                self.excused.insert(group.clone());
                None
            }
            GroupFact::AssignmentDecided { group, .. } => (!self.excused.remove(group)).then_some(group),
            GroupFact::MemberLeft { .. }
            | GroupFact::CoordinatorLoading { .. }
            | GroupFact::CoordinatorLoaded { .. }
            | GroupFact::CoordinatorUnloaded { .. }
            | GroupFact::GroupStateChanged { .. }
            | GroupFact::MemberJoined { .. }
            | GroupFact::MemberReconciled { .. }
            | GroupFact::OffsetCommitted { .. }
            | GroupFact::CommitRefused { .. }
            | GroupFact::OffsetExpired { .. }
            | GroupFact::OffsetDeleted { .. }
            | GroupFact::GroupDeleted { .. }
            | GroupFact::MemberFenced { .. }
            | GroupFact::GroupProtocolChanged { .. }
            | GroupFact::GroupLoaded { .. } => None,
        }
    }
}
