//! Connections and messages in words.

use super::{Mark, Told};
use crate::event::{ApiKey, DropReason, Event, Fact, MessageFacts, NetworkFact, Purpose};
use crate::ids::{ProcessId, Step};
use crate::trace::names::Names;
use crate::trace::trace::event_at;

pub(super) fn told(fact: &NetworkFact, names: &Names, events: &[Event]) -> Told {
    match fact {
        NetworkFact::ConnectionOpened { server, purpose, .. } => {
            Told::new(Mark::Change, format!("connects to {} {}", names.process(*server), purpose_words(*purpose)))
        }
        NetworkFact::ConnectionClosed { server, purpose, why, .. } => {
            let verb = match why {
                crate::event::CloseReason::ByClient => "closes its connection to",
                crate::event::CloseReason::Reset => "loses its connection to",
            };
            Told::new(Mark::Change, format!("{verb} {} {}", names.process(*server), purpose_words(*purpose)))
        }
        NetworkFact::MessageSent { to, message } => {
            Told::new(Mark::Sent, format!("{} to {}", message_words(message, names), names.process(*to)))
        }
        NetworkFact::MessageDelivered { sent, from, .. } => {
            Told::new(Mark::Received, format!("{} from {}", sent_words(*sent, names, events), names.process(*from)))
        }
        NetworkFact::MessageDropped { sent, to, why, fault } => {
            let by = fault.map_or_else(String::new, |fault| format!(" ({})", names.fault(fault)));
            Told::new(
                Mark::Lost,
                format!("{} to {} is lost: {}{by}", sent_words(*sent, names, events), names.process(*to), drop_words(*why)),
            )
        }
        NetworkFact::MessageDuplicated { sent, to, .. } => {
            Told::new(Mark::Sent, format!("{} to {} arrives a second time", sent_words(*sent, names, events), names.process(*to)))
        }
        NetworkFact::MessageDelayed { sent, by_us, .. } => {
            Told::new(Mark::Clock, format!("{} takes {} longer", sent_words(*sent, names, events), crate::time::Duration(*by_us)))
        }
    }
}

/// The message sent at a step, if that event is kept.
pub(crate) fn sent_at(sent: Step, events: &[Event]) -> Option<(ProcessId, ProcessId, MessageFacts)> {
    let event = event_at(events, sent)?;
    match &event.fact {
        Fact::Network(NetworkFact::MessageSent { to, message }) => Some((event.process, *to, *message)),
        _ => None,
    }
}

fn sent_words(sent: Step, names: &Names, events: &[Event]) -> String {
    sent_at(sent, events).map_or_else(|| format!("message {sent}"), |(_, _, message)| message_words(&message, names))
}

/// What a message says: `fetch orders-0 at 7`, `produce answer orders-0: record 6 stored`.
pub(crate) fn message_words(message: &MessageFacts, names: &Names) -> String {
    let mut words = api_words(message.api).to_owned();
    if message.is_response {
        words.push_str(" answer");
    }
    if let Some(partition) = message.partition {
        words.push(' ');
        words.push_str(&names.partition(partition));
    }
    if let Some(error) = message.error {
        return format!("{words}: {}", error.name());
    }
    let batches = match message.batches {
        0 => String::new(),
        1 => "1 batch".to_owned(),
        count => format!("{count} batches"),
    };
    if let (Some(epoch), Some(end)) = (message.diverging, message.offset) {
        return format!("{words}: the logs part where {epoch} ends, at {end}");
    }
    match (message.api, message.is_response, message.offset) {
        (ApiKey::Fetch, true, Some(offset)) if message.batches > 0 => words.push_str(&format!(": {batches} from {offset}")),
        (ApiKey::Fetch, true, _) => words.push_str(": nothing new"),
        (ApiKey::Produce, true, Some(offset)) => words.push_str(&format!(": stored at {offset}")),
        (ApiKey::Produce, false, _) if message.batches > 0 => words.push_str(&format!(": {batches}")),
        (_, _, Some(offset)) => words.push_str(&format!(" at {offset}")),
        _ => {}
    }
    words
}

/// An API's name in words.
pub(crate) fn api_words(api: ApiKey) -> &'static str {
    match api {
        ApiKey::Produce => "produce",
        ApiKey::Fetch => "fetch",
        ApiKey::ListOffsets => "list offsets",
        ApiKey::Metadata => "metadata",
        ApiKey::CreateTopics => "create topics",
        ApiKey::OffsetForLeaderEpoch => "end of epoch",
        ApiKey::AlterPartition => "alter partition",
        ApiKey::BrokerRegistration => "registration",
        ApiKey::BrokerHeartbeat => "heartbeat",
        ApiKey::DeleteTopics => "delete topics",
        ApiKey::DeleteRecords => "delete records",
        ApiKey::DescribeConfigs => "describe configs",
        ApiKey::CreatePartitions => "create partitions",
        ApiKey::ElectLeaders => "elect leaders",
        ApiKey::IncrementalAlterConfigs => "alter configs",
        ApiKey::AlterPartitionReassignments => "reassign partitions",
        ApiKey::UpdateFeatures => "update features",
        ApiKey::AllocateProducerIds => "allocate producer ids",
        ApiKey::Vote => "vote",
        ApiKey::BeginQuorumEpoch => "begin quorum epoch",
        ApiKey::EndQuorumEpoch => "end quorum epoch",
        ApiKey::DescribeQuorum => "describe quorum",
        ApiKey::FetchSnapshot => "fetch snapshot",
        ApiKey::AddRaftVoter => "add voter",
        ApiKey::RemoveRaftVoter => "remove voter",
        ApiKey::UpdateRaftVoter => "update voter",
        ApiKey::OffsetCommit => "commit offsets",
        ApiKey::OffsetFetch => "fetch offsets",
        ApiKey::FindCoordinator => "find coordinator",
        ApiKey::JoinGroup => "join group",
        ApiKey::Heartbeat => "group heartbeat",
        ApiKey::LeaveGroup => "leave group",
        ApiKey::SyncGroup => "sync group",
        ApiKey::DescribeGroups => "describe groups",
        ApiKey::ListGroups => "list groups",
        ApiKey::DeleteGroups => "delete groups",
        ApiKey::OffsetDelete => "delete offsets",
        ApiKey::ConsumerGroupHeartbeat => "consumer group heartbeat",
        ApiKey::ConsumerGroupDescribe => "describe consumer groups",
    }
}

fn purpose_words(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Client => "as a client",
        Purpose::Fetcher => "to follow its partitions",
        Purpose::MetadataFetcher => "to follow the metadata log",
        Purpose::Heartbeat => "for its heartbeats",
        Purpose::ToController => "for requests to the controller",
        Purpose::Quorum => "for the quorum",
        Purpose::Coordinator => "for its group",
        Purpose::Producer => "to write",
    }
}

fn drop_words(why: DropReason) -> &'static str {
    match why {
        DropReason::Cut => "the link is cut",
        DropReason::Loss => "the link lost it",
        DropReason::Silenced => "behind an earlier loss on its connection",
        DropReason::DeadPeer => "its receiver is not there",
        DropReason::SenderDied => "its sender died before it had left",
        DropReason::Closed => "its connection was closed",
    }
}
