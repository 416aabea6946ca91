//! What the brokers say to a client on the bench: the answers as a script writes them.

use bytes::Bytes;
use goldenscript::ArgumentConsumer;
use tribunal::error::ErrorCode;
use tribunal::ids::{BrokerId, BrokerSet, LeaderEpoch, Offset, PartitionIndex, TopicId};
use tribunal::protocol::{
    CreateTopicsResponse, CreatedTopic, EndOffset, FetchResponse, FetchedPartition, LeaderIdAndEpoch, ListOffsetsResponse,
    ListedOffset, MetadataPartition, MetadataResponse, MetadataTopic, OffsetForLeaderEpochResponse, ProduceResponse,
    ProducedPartition, Request, Response,
};
use tribunal::record::{BatchBuilder, restamp};
use tribunal::time::Timestamp;

use super::{Bench, broker};
use crate::scripts::{Outcome, code_of as code};

impl Bench {
    pub(super) fn metadata(&mut self, request: &Request, args: &mut ArgumentConsumer<'_>) -> Outcome<Response> {
        let Request::Metadata(request) = request else { return Err("not Metadata".into()) };
        let listed = args.take_key("brokers").unwrap_or("1,2,3");
        let brokers: BrokerSet =
            listed.split(',').filter(|id| !id.is_empty()).map(|id| id.parse().map(BrokerId)).collect::<Result<_, _>>()?;
        let error = args.take_key("error").map(code).transpose()?;
        let others: Vec<String> = args.take_key("others").into_iter().flat_map(|all| all.split(',')).map(str::to_owned).collect();
        if let Some(id) = args.take_key("id") {
            self.topic = TopicId(id.parse()?);
        }
        let mut partitions = Vec::new();
        while let Some((partition, told)) = args.next_key() {
            let (leader, epoch) = told.split_once("@e").ok_or("b1@e0 or none@e0?")?;
            let leader = if leader == "none" { None } else { Some(broker(leader)?) };
            partitions.push(MetadataPartition {
                partition: PartitionIndex(partition.parse()?),
                error: leader.is_none().then_some(ErrorCode::LeaderNotAvailable),
                leader,
                leader_epoch: LeaderEpoch(epoch.parse()?),
                replicas: Vec::new(),
                isr: brokers,
            });
        }
        // The first topic asked for has the id told, the others the ids after it.
        let mut names = request.topics.clone();
        names.extend(others.into_iter().filter(|name| !request.topics.contains(name)));
        let topic = |(name, id): (String, u32)| MetadataTopic {
            name,
            error,
            id: TopicId(self.topic.0 + id),
            partitions: partitions.clone(),
        };
        Ok(MetadataResponse { brokers, topics: names.into_iter().zip(0..).map(topic).collect() }.into())
    }

    pub(super) fn produced(&mut self, request: &Request, args: &mut ArgumentConsumer<'_>) -> Outcome<Response> {
        let Request::Produce(request) = request else { return Err("not Produce".into()) };
        let current_leader = args.take_key("leader").map(leader).transpose()?;
        let mut partitions = Vec::new();
        for asked in &request.partitions {
            let told = args.take_key(&asked.partition.partition.to_string()).ok_or("each partition asked is answered")?;
            let result = match told.parse() {
                Ok(offset) => Ok(Offset(offset)),
                Err(_) => Err(code(told)?),
            };
            let (partition, log_start_offset) = (asked.partition, Offset::ZERO);
            partitions.push(ProducedPartition { partition, result, log_append_time: None, log_start_offset, current_leader });
        }
        Ok(ProduceResponse { partitions }.into())
    }

    pub(super) fn fetched(&mut self, request: &Request, args: &mut ArgumentConsumer<'_>) -> Outcome<Response> {
        let Request::Fetch(request) = request else { return Err("not Fetch".into()) };
        let current_leader = args.take_key("leader").map(leader).transpose()?;
        let high_watermark = Offset(args.take_key("hw").unwrap_or("0").parse()?);
        let preferred_read_replica = args.take_key("prefers").map(broker).transpose()?;
        let mut partitions = Vec::new();
        for asked in &request.partitions {
            let told = args.take_key(&asked.partition.partition.to_string()).unwrap_or("");
            let mut fetched =
                FetchedPartition { high_watermark, ..FetchedPartition::refused(asked.partition, ErrorCode::InvalidRequest, None) };
            fetched.error = None;
            fetched.preferred_read_replica = preferred_read_replica;
            match code(told) {
                Ok(code) => fetched = FetchedPartition::refused(asked.partition, code, current_leader),
                Err(_) => {
                    for batch in told.split(',').filter(|batch| !batch.is_empty()) {
                        fetched.batches.push(batch_of(batch)?);
                    }
                }
            }
            partitions.push(fetched);
        }
        Ok(FetchResponse { error: None, partitions }.into())
    }

    pub(super) fn listed(&mut self, request: &Request, args: &mut ArgumentConsumer<'_>) -> Outcome<Response> {
        let Request::ListOffsets(request) = request else { return Err("not ListOffsets".into()) };
        let mut partitions = Vec::new();
        for asked in &request.partitions {
            let told = args.take_key(&asked.partition.partition.to_string()).ok_or("each partition asked is answered")?;
            let (offset, error) = match told {
                "none" => (None, None),
                told => match told.parse() {
                    Ok(offset) => (Some(Offset(offset)), None),
                    Err(_) => (None, Some(code(told)?)),
                },
            };
            partitions.push(ListedOffset { partition: asked.partition, error, offset, timestamp: None, leader_epoch: None });
        }
        Ok(ListOffsetsResponse { partitions }.into())
    }

    pub(super) fn ended(&mut self, request: &Request, args: &mut ArgumentConsumer<'_>) -> Outcome<Response> {
        let Request::OffsetForLeaderEpoch(request) = request else { return Err("not OffsetForLeaderEpoch".into()) };
        let mut partitions = Vec::new();
        for asked in &request.partitions {
            let told = args.take_key(&asked.partition.partition.to_string()).ok_or("each partition asked is answered")?;
            let mut end = EndOffset { partition: asked.partition, error: None, leader_epoch: None, end_offset: None };
            match told.split_once(':') {
                Some((epoch, offset)) => {
                    end.leader_epoch = Some(LeaderEpoch(epoch.trim_start_matches('e').parse()?));
                    end.end_offset = Some(Offset(offset.parse()?));
                }
                None if told == "none" => {}
                None => end.error = Some(code(told)?),
            }
            partitions.push(end);
        }
        Ok(OffsetForLeaderEpochResponse { partitions }.into())
    }

    pub(super) fn created(&mut self, request: &Request, args: &mut ArgumentConsumer<'_>) -> Outcome<Response> {
        let Request::CreateTopics(request) = request else { return Err("not CreateTopics".into()) };
        let mut topics = Vec::new();
        for asked in &request.topics {
            let result = match args.next_pos() {
                None | Some("done") => Ok(self.topic),
                Some(told) => Err(code(told)?),
            };
            topics.push(CreatedTopic { name: asked.name.clone(), result });
        }
        Ok(CreateTopicsResponse { topics }.into())
    }
}

fn leader(text: &str) -> Outcome<LeaderIdAndEpoch> {
    let (name, epoch) = text.split_once("@e").ok_or("b1@e0?")?;
    Ok(LeaderIdAndEpoch { leader: broker(name)?, epoch: LeaderEpoch(epoch.parse()?) })
}

/// `10..12@e1` (both included); with `!` at the end its last byte is damaged.
fn batch_of(text: &str) -> Outcome<Bytes> {
    let (text, is_damaged) = text.strip_suffix('!').map_or((text, false), |text| (text, true));
    let (range, epoch) = text.split_once("@e").ok_or("10..12@e0?")?;
    let (first, last) = range.split_once("..").ok_or("10..12@e0?")?;
    let (first, last): (u64, u64) = (first.parse()?, last.parse()?);
    let mut builder = BatchBuilder::new(Timestamp::RUN_START);
    for offset in first..=last {
        builder.append(Timestamp::RUN_START, None, Some(format!("v{offset}").as_bytes()), &[]);
    }
    let batch = restamp(&builder.build(), Offset(first), LeaderEpoch(epoch.parse()?), None);
    let mut bytes = batch.to_vec();
    if let Some(last) = bytes.last_mut().filter(|_| is_damaged) {
        *last ^= 0xff;
    }
    Ok(Bytes::from(bytes))
}
