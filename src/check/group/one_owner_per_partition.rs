//! `one-owner-per-partition`: two live members never process one partition at once.
//!
//! Promises: a consumer of a group is given a partition only after every other member that had it gave it back, died, or was put
//! out by the coordinator; and an application does not go on with what its consumer gave back while another has it.
//!
//! Violated: at the `PartitionsAssigned` of the second, or at a `RecordProcessed` of a member that does not own the partition
//! while another does. A consumer that the coordinator has put out (its session or its time for a rebalance was over, another
//! took its static name) is no member any more: Kafka cannot stop it, and does not promise to. That holds of either of the two:
//! one that was put out while it heard nothing may still take what an earlier plan gave it. One whose application does not poll for
//! `max.poll.interval.ms` has left by its own word, and goes on with what it has in hand until its next poll; a static one keeps
//! its place in the group meanwhile, but not what others are to have by the next plan. The same holds of a static classic one that
//! did not come to a round in time: the coordinator keeps its place for its session (KIP-345) and the round's leader plans with it, but
//! what it had it may have no longer; its next heartbeat tells it, and its commits are refused until then.
//!
//! Not exercised: no consumer was given anything.

use super::super::finding::{Finding, Promise, Scene};
use super::super::promises::Promises;
use super::super::{CheckResult, Claim};
use super::Groups;
use crate::event::GroupId;
use crate::ids::{Offset, TopicPartition};

/// The claim.
pub(in super::super) const CLAIM: Claim = Claim {
    name: "one-owner-per-partition",
    sentence: "Two live members never process one partition at once.",
    needs: "partitions given to members",
    advisory: false,
};

/// The check.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct OneOwnerPerPartition {
    finding: Finding,
}

impl OneOwnerPerPartition {
    /// Before the consumer's partitions are written down.
    pub(in super::super) fn judge_assigned(
        &mut self,
        scene: Scene<'_>,
        groups: &Groups,
        group: &GroupId,
        partitions: &[TopicPartition],
    ) {
        if !groups.is_member(scene.event.process, group) {
            return;
        }
        for partition in partitions {
            self.finding.judge();
            if let Some(rival) = groups.rival(scene.event.process, group, *partition) {
                let (who, other) = (scene.names.process(scene.event.process), scene.names.process(rival));
                let what = scene.names.partition(*partition);
                let detail = format!("{who} was given {what} in {group}, and {other} is a member and has it still");
                self.finding.violate(scene, Some((*partition, Offset::ZERO)), detail);
            }
        }
    }

    /// After an application was done with a record.
    pub(in super::super) fn judge_processed(&mut self, scene: Scene<'_>, groups: &Groups, place: (TopicPartition, Offset)) {
        let (partition, offset) = place;
        let Some(consumer) = groups.consumer(scene.event.process) else { return };
        if consumer.owned.contains(&partition) || !groups.is_member(scene.event.process, &consumer.group) {
            return;
        }
        if let Some(rival) = groups.rival(scene.event.process, &consumer.group, partition) {
            let (who, other) = (scene.names.process(scene.event.process), scene.names.process(rival));
            let what = scene.names.place(partition, offset);
            let detail = format!("{who} processed {what}, which it had given back and {other} has now");
            self.finding.violate(scene, Some(place), detail);
        }
    }

    /// At the end of the run.
    pub(in super::super) fn finish(self, promises: &Promises) -> CheckResult {
        self.finding.result(&CLAIM, Promise::MADE, promises.named.contains(CLAIM.name))
    }
}
