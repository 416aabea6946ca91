//! What the metadata quorum and its controllers do, and why it matters.

use super::what::Scene;
use crate::event::{ControllerFact, QuorumRole, RaftFact, ResignReason, VoterSetFacts};
use crate::ids::{BrokerId, LeaderEpoch, ProcessId, TopicId};

impl Scene<'_> {
    pub(super) fn raft(&self, fact: &RaftFact) -> Option<String> {
        let me = self.me();
        match fact {
            RaftFact::QuorumRoleChanged { role, epoch, leader } => self.quorum_role(*role, *epoch, *leader),
            RaftFact::QuorumLeaderElected { epoch } => Some(self.quorum_led(*epoch)),
            RaftFact::VoteCast { epoch, candidate } if candidate.voter == self.event.process => {
                Some(format!("{me} votes for itself in {epoch} and has that on disk before it asks anybody else."))
            }
            RaftFact::VoteCast { epoch, candidate } => Some(format!(
                "{me} votes for {} in {epoch} and has that on disk: in this epoch it gives no second vote, not even after a crash.",
                candidate.voter
            )),
            RaftFact::VoteRefused { epoch, candidate, pre_vote } => {
                let what = if *pre_vote { "would not vote" } else { "does not vote" };
                Some(format!(
                    "{me} {what} for {candidate} in {epoch}: it has a leader, or has voted already, or holds more of the log than {candidate}."
                ))
            }
            RaftFact::QuorumLeaderResigned { epoch, why } => Some(match why {
                ResignReason::CheckQuorum => format!(
                    "No majority of the voters has fetched from {me} for too long, so it gives up {epoch}: it could commit nothing, \
                     and beyond its sight another may lead."
                ),
                ResignReason::Shutdown => format!(
                    "{me} shuts down and gives up {epoch}. It tells the voters, so that they elect another without waiting for a timeout."
                ),
                ResignReason::Removed => {
                    format!("{me} is no voter any more, by a record that is committed, so it gives up {epoch} (KIP-853).")
                }
            }),
            RaftFact::VotersChanged { voters } => Some(self.voters(voters)),
            RaftFact::SnapshotInstalled { end, from, .. } => Some(format!(
                "{me} was so far behind that {from}'s log does not reach back to where its own ends. It takes {from}'s snapshot of the \
                 metadata below {end} instead, and fetches on from there."
            )),
            RaftFact::SnapshotTaken { end, .. } => {
                Some(format!("{me} writes down all that the metadata below {end} comes to. The log before that may go."))
            }
            RaftFact::VoterCaughtUp { .. } | RaftFact::MetadataCommitted { .. } | RaftFact::MetadataApplied { .. } => None,
        }
    }

    fn quorum_role(&self, role: QuorumRole, epoch: LeaderEpoch, leader: Option<ProcessId>) -> Option<String> {
        let me = self.me();
        match role {
            QuorumRole::Prospective => Some(format!(
                "{me} has heard of no quorum leader for too long. Before it raises the epoch it asks whether the voters would elect it: \
                 who was merely cut off disturbs nobody that way (KIP-996)."
            )),
            QuorumRole::Candidate => {
                let needed = self.after.voters().map_or_else(String::new, |set| {
                    let count = set.voters.len();
                    format!(" It needs {} of {count} votes.", count / 2 + 1)
                });
                Some(format!("{me} stands for election in {epoch}.{needed}"))
            }
            QuorumRole::Follower => {
                let leader = leader?;
                let was_leader = self.before.process(self.event.process).is_some_and(|known| known.quorum.active.is_some());
                let lost = if was_leader { " What it wrote and no majority has is cut from its log." } else { "" };
                Some(format!("{me} follows {leader} in {epoch} and fetches the metadata log from it.{lost}"))
            }
            QuorumRole::Unattached => Some(format!(
                "{me} knows of no leader in quorum epoch {epoch}. It waits to hear of one, and changes nothing meanwhile."
            )),
            QuorumRole::Resigned | QuorumRole::Leader => None,
        }
    }

    fn quorum_led(&self, epoch: LeaderEpoch) -> String {
        let me = self.me();
        let mut told = format!(
            "{me} has the votes of a majority and leads the metadata quorum in {epoch}. It first writes a record of its own epoch: once \
             that is committed, all before it is."
        );
        let others = self.after.quorum().filter(|known| known.process != self.event.process && known.is_up());
        let misled: Vec<String> = others
            .filter(|known| known.quorum.role == Some(QuorumRole::Leader))
            .map(|known| self.names.process(known.process).into_owned())
            .collect();
        if let Some(old) = misled.first() {
            told.push_str(&format!(
                " {old} does not know, and takes itself for the leader still: what it writes can not be committed."
            ));
        }
        told
    }

    fn voters(&self, set: &VoterSetFacts) -> String {
        let me = self.me();
        let names: Vec<String> = set.voters.iter().map(|voter| self.names.process(voter.voter).into_owned()).collect();
        let count = names.len();
        let majority = count / 2 + 1;
        if set.offset.0 == 0 {
            return format!("{me} starts with the voters {}; a majority is {majority} of {count}.", names.join(", "));
        }
        format!(
            "From here on {me} counts {} as the voters, {majority} of {count} being a majority: a voter set counts as soon as it is written, \
             committed or not, so only one voter may change at a time (KIP-853).",
            names.join(", ")
        )
    }

    /// What controllers decide about brokers, topics and moves.
    pub(super) fn duty(&self, fact: &ControllerFact) -> Option<String> {
        let me = self.me();
        match fact {
            ControllerFact::ControllerActivated { epoch } => Some(format!(
                "{me} has applied all that was committed before {epoch} and is the active controller: the brokers' requests are decided \
                 here now."
            )),
            ControllerFact::ControllerDeactivated { epoch } => Some(format!(
                "{me} is not the active controller any more and forgets what it decided in {epoch} and nobody committed. It answers \
                 NOT_CONTROLLER from here on."
            )),
            ControllerFact::BrokerShuttingDown { broker, .. } => Some(format!(
                "{broker} asked to leave in order. The controller gives it nothing to lead any more and finds others for what it leads\
                 {}, before it goes: nobody has to wait for a timeout.",
                self.led_by(*broker).map_or_else(String::new, |led| format!(" ({led})"))
            )),
            ControllerFact::UncleanShutdownFound { broker, .. } => Some(format!(
                "{broker} comes back without having been shut down in order: what it never synced may be gone. It is taken out of every \
                 ISR and ELR until it has caught up (KIP-966)."
            )),
            ControllerFact::TopicDeleted { topic } => Some(format!(
                "The topic {} is no more. Its replicas delete their logs as they hear of it; a later topic of that name has another id \
                 (KIP-516).",
                self.names.topic(*topic)
            )),
            ControllerFact::PartitionsAdded { topic, partitions } => Some(self.grown(*topic, *partitions)),
            ControllerFact::ReassignmentStarted { partition, adding, removing } => Some(format!(
                "{} begins to move: {} to come, {} to go. All of them are replicas now; who comes counts once in the ISR, and only then \
                 who goes may go.",
                self.partition(*partition),
                self.names.brokers(*adding),
                self.names.brokers(*removing)
            )),
            ControllerFact::ReassignmentCompleted { partition } => Some(format!(
                "{} has moved: the new replicas are in the ISR, and the old ones delete their logs.",
                self.partition(*partition)
            )),
            ControllerFact::ReassignmentCancelled { partition } => {
                Some(format!("The move of {} is called off: it goes back to the replicas it had.", self.partition(*partition)))
            }
            ControllerFact::LeaderElected { partition, leader: None, epoch, .. } => {
                let elr = self.after.partition(*partition).and_then(|view| view.committed.clone()).map(|truth| truth.elr);
                let hope = match elr.filter(|elr| !elr.is_empty()) {
                    Some(elr) => format!(" {elr} in the ELR hold all that was committed: the first of them to come back may lead."),
                    None => " It waits for one of them, unless unclean elections are allowed.".to_owned(),
                };
                Some(format!("{} has no leader in {epoch}: no member of the ISR is alive.{hope}", self.partition(*partition)))
            }
            ControllerFact::BrokerUnfenced { broker, .. } => Some(format!(
                "{broker} has caught up with the metadata and counts as alive: it may lead, and may come back into the ISRs it was in."
            )),
            ControllerFact::FeatureChanged { feature, level } => Some(format!(
                "The feature {feature} stands at level {level}, by a record of the metadata log: every server changes its behaviour \
                 when it applies that record."
            )),
            ControllerFact::BrokerRegistered { .. }
            | ControllerFact::RegistrationRefused { .. }
            | ControllerFact::BrokerFenced { .. }
            | ControllerFact::TopicCreated { .. }
            | ControllerFact::PartitionChanged { .. }
            | ControllerFact::LeaderElected { .. }
            | ControllerFact::AlterPartitionRefused { .. }
            | ControllerFact::AdminRefused { .. }
            | ControllerFact::ConfigChanged { .. }
            | ControllerFact::ProducerIdsAllocated { .. } => None,
        }
    }

    fn grown(&self, topic: TopicId, partitions: u32) -> String {
        let name = self.names.topic(topic);
        format!(
            "The topic {name} has {partitions} partitions from here on. A key may belong to another partition than before: its order is \
             kept only from here on."
        )
    }

    /// The partitions that a broker led before this event, the first few of them.
    pub(super) fn led_by(&self, broker: BrokerId) -> Option<String> {
        let led = self.before.partitions().filter(|partition| partition.leader_id() == Some(broker) && !partition.is_deleted);
        let names: Vec<String> = led.map(|partition| self.partition(partition.partition)).take(5).collect();
        let more = if names.len() > 4 { ", …" } else { "" };
        (!names.is_empty()).then(|| names.iter().take(4).map(String::as_str).collect::<Vec<_>>().join(", ") + more)
    }
}
