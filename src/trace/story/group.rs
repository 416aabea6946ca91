//! What group facts mean: who owns what, why it changes hands, and what a commit promises.

use super::what::Scene;
use crate::event::{CleaningReason, ClientFact, GroupFact, GroupKind, LeaveReason, LogFact, RetentionReason};
use crate::ids::TopicPartition;

impl Scene<'_> {
    /// What a coordinator decides.
    pub(super) fn group(&self, fact: &GroupFact) -> Option<String> {
        let me = self.me();
        match fact {
            GroupFact::CoordinatorLoaded { partition, .. } => Some(format!(
                "{me} has read {} from its beginning: all that it knows of its groups is what stands there. From now on it coordinates them; \
                 until now it answered COORDINATOR_LOAD_IN_PROGRESS.",
                self.partition(*partition)
            )),
            GroupFact::MemberJoined { group, member } => {
                let known = member.instance.as_ref().map_or_else(String::new, |instance| {
                    format!(" Its static name is {instance}: it may be away for a session time-out without a rebalance (KIP-345).")
                });
                Some(format!("{me} takes {} into {group}: what the group reads must be shared out anew.{known}", member.member))
            }
            GroupFact::MemberLeft { group, member, why } => Some(self.left(group, member, *why)),
            GroupFact::AssignmentDecided { group, assignment } => {
                let kind = self.after.group(group).and_then(|group| group.kind);
                let who = match kind {
                    Some(GroupKind::Consumer) => {
                        "the coordinator's target assignment: a partition goes to its new owner when the old one has given it back"
                    }
                    Some(GroupKind::Classic) | None => "the group leader's plan: each member learns its share from SyncGroup",
                };
                let shared: usize = assignment.members.iter().map(|(_, owned)| owned.len()).sum();
                Some(format!(
                    "In {} of {group}, {shared} partitions are shared among {} members by {}. This is {who}.",
                    assignment.epoch,
                    assignment.members.len(),
                    if assignment.assignor.is_empty() { "nobody" } else { assignment.assignor.as_str() }
                ))
            }
            GroupFact::OffsetCommitted { group, partition, offset, .. } => {
                let before = self.before.partition(*partition).and_then(|view| view.committed_by(group));
                let moved = before.map_or_else(String::new, |before| format!(" (until now: {before})"));
                Some(format!(
                    "{group} has committed {offset} of {}{moved}: whoever owns it next begins there. The commit is a record of __consumer_offsets, \
                     and answered when that is committed.",
                    self.partition(*partition)
                ))
            }
            GroupFact::CommitRefused { group, member, epoch, code } => Some(format!(
                "{me} refuses a commit of {member} for {group} under {epoch}: {}. It is not the group's present epoch, so another may own what it \
                 read; what is stored stays as it is.",
                code.name()
            )),
            GroupFact::MemberFenced { group, member, code } => Some(format!(
                "{me} tells {member} that it is no member of {group} any more ({}). It owns nothing from now on and must join anew.",
                code.name()
            )),
            GroupFact::OffsetExpired { group, partition, offset } => Some(format!(
                "{me} forgets that {group} was at {offset} of {}: the group has been empty for longer than offsets.retention.minutes (KIP-211). \
                 Should it come back, auto.offset.reset decides where it begins.",
                self.partition(*partition)
            )),
            GroupFact::CoordinatorLoading { .. }
            | GroupFact::CoordinatorUnloaded { .. }
            | GroupFact::GroupStateChanged { .. }
            | GroupFact::MemberReconciled { .. }
            | GroupFact::OffsetDeleted { .. }
            | GroupFact::GroupDeleted { .. }
            | GroupFact::GroupProtocolChanged { .. }
            | GroupFact::GroupLoaded { .. } => None,
        }
    }

    fn left(&self, group: &str, member: &str, why: LeaveReason) -> String {
        let reason = match why {
            LeaveReason::Left => "it said that it leaves",
            LeaveReason::SessionExpired => "nothing was heard of it for its session time-out; it may be dead, cut off or only slow",
            LeaveReason::RebalanceTimedOut => "it did not join, sync or give back in time",
            LeaveReason::Replaced => "a new process has its static name",
            LeaveReason::Removed => "an operator removed it",
        };
        let known = self.before.group(group);
        let target = known.and_then(|known| known.members.iter().find(|known| known.member.as_str() == member));
        let owned = target.map(|member| self.partitions(&member.target)).filter(|owned| !owned.is_empty());
        let free = owned.map_or_else(String::new, |owned| format!(" {owned} must go to others."));
        format!("{member} is out of {group}: {reason}.{free}")
    }

    /// What a member does.
    pub(super) fn member(&self, fact: &ClientFact) -> Option<String> {
        let me = self.me();
        match fact {
            ClientFact::PartitionsAssigned { partitions, .. } if !partitions.is_empty() => Some(format!(
                "{me} owns {} from now on. It asks where its group stands there, and reads on from that.",
                self.partitions(partitions)
            )),
            ClientFact::PartitionsRevoked { partitions, .. } if !partitions.is_empty() => {
                Some(format!("{me} gives back {}{}.", self.partitions(partitions), self.uncommitted(partitions)))
            }
            ClientFact::PartitionsLost { partitions, .. } if !partitions.is_empty() => Some(format!(
                "{me} learns that {} may have another owner already: it could neither finish nor commit{}.",
                self.partitions(partitions),
                self.uncommitted(partitions)
            )),
            ClientFact::PollOverdue { group } => Some(format!(
                "{me} has not polled for max.poll.interval.ms: its heartbeats go on, but its application does not. It leaves {group}, so that \
                 others may have its partitions."
            )),
            _ => None,
        }
    }

    /// What was read of partitions and not committed: it will be read again.
    fn uncommitted(&self, partitions: &[TopicPartition]) -> String {
        let behind = partitions.iter().find_map(|id| {
            let view = self.before.partition(*id)?;
            let reader = view.reader(self.event.process)?;
            let committed = view.committed_by(reader.group.as_ref()?)?;
            (reader.position > committed).then_some((*id, committed, reader.position))
        });
        behind.map_or_else(String::new, |(id, committed, position)| {
            format!(
                "; of {} it has read to {position}, but only {committed} is committed: the next owner reads the rest again",
                self.partition(id)
            )
        })
    }

    /// What a log lets go of.
    pub(super) fn let_go(&self, fact: &LogFact) -> Option<String> {
        let me = self.me();
        match fact {
            LogFact::SegmentDeleted { segment } => {
                let why = match segment.why {
                    RetentionReason::Time => "its youngest record is older than retention.ms, as this broker's clock has it",
                    RetentionReason::Size => "the log is larger than retention.bytes without it",
                    RetentionReason::BelowLogStart => "the log starts after its last record",
                };
                Some(format!(
                    "{me} deletes a whole segment of {}, records {} to {} (excluded): {why}. Whether anybody has read them is not asked.",
                    self.partition(segment.partition),
                    segment.base,
                    segment.end
                ))
            }
            LogFact::SegmentCleaned { cleaned } => {
                let count = |wanted: CleaningReason| cleaned.dropped.iter().filter(|(_, why)| *why == wanted).count();
                let (old, dead) = (count(CleaningReason::Superseded), count(CleaningReason::Tombstone));
                Some(format!(
                    "{me} compacts {} from {} to {} (excluded): {old} records go because a newer one has their key, {dead} tombstones because their \
                     time is over; {} stay, each at its offset.",
                    self.partition(cleaned.partition),
                    cleaned.base,
                    cleaned.end,
                    cleaned.kept
                ))
            }
            _ => None,
        }
    }

    fn partitions(&self, partitions: &[TopicPartition]) -> String {
        let names: Vec<String> = partitions.iter().take(6).map(|partition| self.partition(*partition)).collect();
        let more = if partitions.len() > 6 { ", …" } else { "" };
        format!("{}{more}", names.join(", "))
    }
}
