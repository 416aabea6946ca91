//! `no-stale-commit`: only a partition's present owner moves its group's committed offset (an owner may rewind).
//!
//! Promises: an offset is stored only for somebody who is a member by the coordinator's own word, and not for a partition that
//! belongs to another member. Who is no member at all may store offsets only while nobody owns the partition.
//!
//! A commit is judged by the group as it was when its coordinator decided about it; it counts, and is told, when it is committed.
//!
//! Violated: at such an `OffsetCommitted`. Not exercised: nothing was committed.

use super::super::finding::{Finding, Promise, Scene};
use super::super::promises::Promises;
use super::super::{CheckResult, Claim};
use super::Groups;
use crate::event::{GroupId, MemberId};
use crate::ids::{Offset, Step, TopicPartition};

/// The claim.
pub(in super::super) const CLAIM: Claim = Claim {
    name: "no-stale-commit",
    sentence: "Only a partition's present owner moves its group's committed offset (an owner may rewind).",
    needs: "offsets committed",
    advisory: false,
};

/// The check.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct NoStaleCommit {
    finding: Finding,
}

impl NoStaleCommit {
    /// After `OffsetCommitted`, which was decided at this time at the earliest.
    pub(in super::super) fn judge(
        &mut self,
        scene: Scene<'_>,
        groups: &Groups,
        (group, member): (&GroupId, &MemberId),
        (partition, offset): (TopicPartition, Offset),
        decided: Step,
    ) {
        self.finding.judge();
        // What was decided before the group changed was right then, whoever is a member by now.
        let Some(known) = groups.group(group).filter(|known| known.changed_at <= decided) else { return };
        let what = scene.names.partition(partition);
        let detail = match known.owner(partition) {
            Some(owner) if owner != member => {
                let who = if member.is_empty() { "somebody who is no member" } else { member.as_str() };
                format!("{who} committed {offset} of {what} for {group}, and the partition is {owner}'s")
            }
            Some(_) | None if !member.is_empty() && !known.members.contains(member) => {
                format!("{member} committed {offset} of {what} for {group}, and is no member of it")
            }
            Some(_) | None => return,
        };
        self.finding.violate(scene, Some((partition, offset)), detail);
    }

    /// At the end of the run.
    pub(in super::super) fn finish(self, promises: &Promises) -> CheckResult {
        self.finding.result(&CLAIM, Promise::MADE, promises.named.contains(CLAIM.name))
    }
}
