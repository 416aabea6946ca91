//! What the scripts of clients show: the requests that a client sends, and its facts.

use bytes::Bytes;
use tribunal::event::ClientFact;
use tribunal::ids::{LeaderEpoch, TopicPartition};
use tribunal::protocol::Request;
use tribunal::record::RecordBatch;

use super::group;

/// A request as a script shows it.
pub(super) fn describe(request: &Request) -> String {
    let place = |partition: TopicPartition| partition.to_string();
    let epoch = |epoch: Option<LeaderEpoch>| epoch.map_or("e?".to_owned(), |epoch| epoch.to_string());
    let list = |parts: Vec<String>| parts.join(" ");
    match request {
        Request::Produce(request) => {
            let batch = |bytes: &Bytes| RecordBatch::decode(bytes.clone()).expect("producers build whole batches").records.len();
            let part = |item: &tribunal::protocol::ProducePartition| {
                format!("{}:{}×{}B", place(item.partition), batch(&item.batch), item.batch.len())
            };
            format!("Produce {}", list(request.partitions.iter().map(part).collect()))
        }
        Request::Fetch(request) => {
            let part = |item: &tribunal::protocol::FetchPartition| {
                format!("{}:{}@{}", place(item.partition), item.fetch_offset, epoch(item.current_leader_epoch))
            };
            format!("Fetch {}", list(request.partitions.iter().map(part).collect()))
        }
        Request::ListOffsets(request) => {
            let part = |item: &tribunal::protocol::ListOffsetsPartition| format!("{}:{:?}", place(item.partition), item.spec);
            format!("ListOffsets {}", list(request.partitions.iter().map(part).collect()))
        }
        Request::OffsetForLeaderEpoch(request) => {
            let part = |item: &tribunal::protocol::OffsetForLeaderPartition| {
                format!("{}:{}@{}", place(item.partition), item.leader_epoch, epoch(item.current_leader_epoch))
            };
            format!("OffsetForLeaderEpoch {}", list(request.partitions.iter().map(part).collect()))
        }
        Request::Metadata(request) if request.all => format!("Metadata {} and all others", request.topics.join(" ")),
        Request::Metadata(request) => format!("Metadata {}", request.topics.join(" ")),
        Request::CreateTopics(request) => {
            format!("CreateTopics {}", list(request.topics.iter().map(|topic| topic.name.clone()).collect()))
        }
        other => group::describe(other),
    }
}

/// An event as a script shows it: the digests are left out.
pub(super) fn tell(fact: &ClientFact) -> String {
    let name = fact.name();
    match fact {
        ClientFact::SendInvoked { partition, send, .. } => format!("{name} {send} to {partition}"),
        ClientFact::SendAcknowledged { partition, send, offset, by, .. } => {
            let offset = offset.map_or("unknown".to_owned(), |offset| offset.to_string());
            let by = by.map_or("nobody".to_owned(), |by| by.to_string());
            format!("{name} {send} to {partition}: offset {offset}, by {by}")
        }
        ClientFact::SendUnknown { partition, send, code, .. } | ClientFact::SendFailed { partition, send, code, .. } => {
            format!("{name} {send} to {partition}: {code}")
        }
        ClientFact::SendRetried { partition, first, records, code } => {
            format!("{name} to {partition}: {records} from {first} on, after {code}")
        }
        ClientFact::SendRefused { send, code } => format!("{name} {send}: {code}"),
        ClientFact::PositionSet { partition, offset, epoch, why } => {
            let epoch = epoch.map_or("e?".to_owned(), |epoch| epoch.to_string());
            format!("{name} {partition}: {offset}@{epoch}, {why:?}")
        }
        ClientFact::PollReturned { poll } => {
            let records: Vec<_> = poll.records.iter().map(|record| format!("{}@{}", record.offset, record.leader_epoch)).collect();
            format!("{name} {}: {}; position {}, hw {}", poll.partition, records.join(" "), poll.position, poll.high_watermark)
        }
        ClientFact::MetadataRefreshed { from, topics } => format!("{name} from {from}: {topics} topics"),
        ClientFact::AdminAnswered { api, code } => {
            format!("{name} {api:?}: {}", code.map_or("done".to_owned(), |code| code.to_string()))
        }
        ClientFact::TruncationDetected { partition, position, end } => {
            format!("{name} {partition}: position {position}, end {end}")
        }
        ClientFact::ReadFailed { partition, offset, code } => format!("{name} {partition}: at {offset}, {code}"),
        other => group::tell(other),
    }
}
