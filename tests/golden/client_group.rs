//! A consumer of a group on the bench: its application, and the coordinator that the script plays.
//!
//! | command | what happens |
//! |---|---|
//! | `consumer topics=orders group.id=g1 …` | a consumer that subscribes (or `pattern=`); `per-record=5ms per-poll=5ms application=after hands-over=true writes=TOPIC` is its application (`never`, `auto`, `before`, `after`, `after-async`, `each`), `variant=NAME:WORD` a historical rule |
//! | `do subscribe orders,payments`, `do pattern o.*`, `do assign orders-0`, `do unsubscribe`, `do seek orders-0 5`, `do pause orders-0`, `do resume orders-0`, `do commit`, `do close` | the application does that; a seek goes to an offset, `beginning`, `end`, or `@` and a timestamp in ms of the run |
//! | `coordinator b2`, `coordinator CODE` | answers FindCoordinator |
//! | `joined generation=1 member=m1 [leader=m1] [protocol=range] [members=m1:orders,m2:orders]`, `joined CODE [member=m1]` | answers JoinGroup; only a leader is told of the members |
//! | `synced orders-0,orders-1`, `synced CODE` | answers SyncGroup; `synced -` is an empty share |
//! | `beat [CODE]` | answers Heartbeat |
//! | `told epoch=1 [assigned=0,1] [interval=5s]`, `told CODE` | answers ConsumerGroupHeartbeat; `assigned=-` is an empty target |
//! | `offsets 0=5@e1 1=none`, `offsets CODE` | answers OffsetFetch |
//! | `committed [CODE]`, `left` | answers OffsetCommit, and the last word of a member |
//! | `lost b2 coordinator` | the connection to the coordinator is reset |

use std::sync::Arc;

use goldenscript::ArgumentConsumer;
use tribunal::client::application::{ApplicationSetup, CommitMode, WriteSetup};
use tribunal::config::{ProducerConfig, Profile};
use tribunal::context::{Command, ConsumerCommand, Input, SeekTo};
use tribunal::event::{ApiKey, ClientFact, CommitFacts};
use tribunal::ids::{LeaderEpoch, Offset, PartitionIndex, TopicId, TopicPartition};
use tribunal::protocol::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, FetchedOffset, FindCoordinatorResponse, HeartbeatResponse,
    JoinGroupResponse, LeaveGroupResponse, NamedPartition, OffsetCommitResponse, OffsetFetchResponse, Request, Response,
    Subscription, SyncGroupResponse,
};
use tribunal::time::{Duration, Timestamp};

use super::{Bench, Outcome, broker};
use crate::scripts::code_of as code;

/// The application that a script wants.
pub(super) fn application(args: &mut ArgumentConsumer<'_>) -> Outcome<ApplicationSetup> {
    let span = |text: Option<&str>| text.map_or(Ok(Duration::ZERO), span);
    let commit = match args.take_key("application").unwrap_or("auto") {
        "never" => CommitMode::Never,
        "auto" => CommitMode::Auto,
        "before" => CommitMode::BeforeProcessing,
        "after" => CommitMode::AfterProcessing,
        "after-async" => CommitMode::AfterProcessingAsync,
        "each" => CommitMode::EachRecord,
        other => return Err(format!("commits {other}?").into()),
    };
    Ok(ApplicationSetup {
        per_record: span(args.take_key("per-record"))?,
        per_poll: span(args.take_key("per-poll"))?,
        commit,
        hands_over: args.take_key("hands-over").is_some_and(|text| text == "true"),
        writes: args.take_key("writes").map(|topic| WriteSetup {
            topic: topic.to_owned(),
            partition: None,
            above: None,
            config: ProducerConfig::of(Profile::Kafka),
        }),
    })
}

/// `5ms` or `2s`.
pub(super) fn span(text: &str) -> Outcome<Duration> {
    match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(ms), _) => Ok(Duration::from_millis(ms.parse()?)),
        (None, Some(seconds)) => Ok(Duration::from_secs(seconds.parse()?)),
        (None, None) => Err("5ms or 2s?".into()),
    }
}

impl Bench {
    /// The commands of this file.
    pub(super) fn group(&mut self, name: &str, args: &mut ArgumentConsumer<'_>) -> Outcome<String> {
        match name {
            "do" => {
                let command = command(args)?;
                self.step(Input::Command(Command::Consume(command)))
            }
            "coordinator" => self.answer(ApiKey::FindCoordinator, args, coordinator),
            "joined" => self.answer(ApiKey::JoinGroup, args, joined),
            "synced" => self.answer(ApiKey::SyncGroup, args, synced),
            "beat" => self.answer(ApiKey::Heartbeat, args, |_, _, args| {
                let error = args.next_pos().map(code).transpose()?;
                Ok(HeartbeatResponse { error }.into())
            }),
            "told" => self.answer(ApiKey::ConsumerGroupHeartbeat, args, told),
            "offsets" => self.answer(ApiKey::OffsetFetch, args, offsets),
            "committed" => self.answer(ApiKey::OffsetCommit, args, committed),
            "left" => {
                let answer: fn(&mut Self, &Request, &mut ArgumentConsumer<'_>) -> Outcome<Response> =
                    |_, _, _| Ok(LeaveGroupResponse { error: None, members: Vec::new() }.into());
                self.answer(ApiKey::LeaveGroup, args, answer)
            }
            other => Err(format!("unknown command {other}").into()),
        }
    }
}

fn command(args: &mut ArgumentConsumer<'_>) -> Outcome<ConsumerCommand> {
    let what = args.next_pos().ok_or("do what?")?;
    let list = |text: &str| text.split(',').map(named).collect::<Outcome<Vec<_>>>();
    let mut rest = || args.next_pos().ok_or("of what?");
    Ok(match what {
        "subscribe" => ConsumerCommand::Subscribe(rest()?.split(',').map(str::to_owned).collect()),
        "pattern" => ConsumerCommand::SubscribePattern(rest()?.to_owned()),
        "assign" => ConsumerCommand::Assign(list(rest()?)?),
        "unsubscribe" => ConsumerCommand::Unsubscribe,
        "pause" => ConsumerCommand::Pause(list(rest()?)?),
        "resume" => ConsumerCommand::Resume(list(rest()?)?),
        "commit" => ConsumerCommand::Commit,
        "close" => ConsumerCommand::Close,
        "seek" => {
            let partition = named(rest()?)?;
            let to = match rest()? {
                "beginning" => SeekTo::Beginning,
                "end" => SeekTo::End,
                other => match other.strip_prefix('@') {
                    Some(ms) => SeekTo::Timestamp(Timestamp(Timestamp::RUN_START.0 + ms.parse::<i64>()?)),
                    None => SeekTo::Offset(Offset(other.parse()?)),
                },
            };
            ConsumerCommand::Seek(Some(partition), to)
        }
        other => return Err(format!("do {other}?").into()),
    })
}

fn named(text: &str) -> Outcome<NamedPartition> {
    let (topic, partition) = text.rsplit_once('-').ok_or("orders-0?")?;
    Ok(NamedPartition { topic: topic.to_owned(), partition: PartitionIndex(partition.parse()?) })
}

fn coordinator(_: &mut Bench, request: &Request, args: &mut ArgumentConsumer<'_>) -> Outcome<Response> {
    let Request::FindCoordinator(request) = request else { return Err("not FindCoordinator".into()) };
    let told = args.next_pos().ok_or("who?")?;
    let found = match broker(told) {
        Ok(broker) => Ok(broker),
        Err(_) => Err(code(told)?),
    };
    Ok(FindCoordinatorResponse { coordinators: request.groups.iter().map(|group| (group.clone(), found)).collect() }.into())
}

fn joined(_: &mut Bench, request: &Request, args: &mut ArgumentConsumer<'_>) -> Outcome<Response> {
    let Request::JoinGroup(request) = request else { return Err("not JoinGroup".into()) };
    let error = args.next_pos().map(code).transpose()?;
    let member = args.take_key("member").map_or(request.member.clone(), |member| Arc::new(member.to_owned()));
    let mut members = Vec::new();
    for told in args.take_key("members").into_iter().flat_map(|all| all.split(',')) {
        let (id, topics) = told.split_once(':').ok_or("m1:orders?")?;
        let topics = topics.split('+').map(str::to_owned).collect();
        members.push((Arc::new(id.to_owned()), None, Subscription { topics, ..Subscription::default() }));
    }
    let response = JoinGroupResponse {
        error,
        generation: args.take_key("generation").unwrap_or("-1").parse()?,
        protocol: Some(args.take_key("protocol").unwrap_or("range").to_owned()),
        leader: args.take_key("leader").map_or_else(Arc::default, |leader| Arc::new(leader.to_owned())),
        member,
        members,
        skip_assignment: args.take_key("skip").is_some(),
    };
    Ok(response.into())
}

fn synced(_: &mut Bench, _: &Request, args: &mut ArgumentConsumer<'_>) -> Outcome<Response> {
    let told = args.next_pos().ok_or("what share?")?;
    let mut response = SyncGroupResponse { error: None, protocol: None, assignment: Vec::new() };
    match code(told) {
        Ok(code) => response.error = Some(code),
        Err(_) if told == "-" => {}
        Err(_) => response.assignment = told.split(',').map(named).collect::<Outcome<Vec<_>>>()?,
    }
    Ok(response.into())
}

fn told(bench: &mut Bench, request: &Request, args: &mut ArgumentConsumer<'_>) -> Outcome<Response> {
    let Request::ConsumerGroupHeartbeat(request) = request else { return Err("not ConsumerGroupHeartbeat".into()) };
    let error = args.next_pos().map(code).transpose()?;
    let epoch = args.take_key("epoch").map_or(Ok(request.epoch), str::parse)?;
    let assignment = match args.take_key("assigned") {
        None => None,
        Some("-") => Some(Vec::new()),
        Some(all) => {
            // `0` of the topic there is, or `t2-0`.
            let partition = |text: &str| match text.strip_prefix('t').and_then(|text| text.split_once('-')) {
                Some((topic, index)) => Ok(TopicPartition::new(TopicId(topic.parse()?), PartitionIndex(index.parse()?))),
                None => Ok(TopicPartition::new(bench.topic, PartitionIndex(text.parse()?))),
            };
            Some(all.split(',').map(partition).collect::<Outcome<Vec<_>>>()?)
        }
    };
    let heartbeat_interval = span(args.take_key("interval").unwrap_or("5s"))?;
    let response = ConsumerGroupHeartbeatResponse { error, member: request.member.clone(), epoch, heartbeat_interval, assignment };
    Ok(response.into())
}

fn offsets(_: &mut Bench, request: &Request, args: &mut ArgumentConsumer<'_>) -> Outcome<Response> {
    let Request::OffsetFetch(request) = request else { return Err("not OffsetFetch".into()) };
    let error = args.next_pos().map(code).transpose()?;
    let mut partitions = Vec::new();
    for partition in request.partitions.iter().flatten().filter(|_| error.is_none()) {
        let told = args.take_key(&partition.partition.to_string()).ok_or("each partition asked is answered")?;
        let (offset, leader_epoch) = match told.split_once("@e") {
            Some((offset, epoch)) => (Some(Offset(offset.parse()?)), Some(LeaderEpoch(epoch.parse()?))),
            None if told == "none" => (None, None),
            None => (Some(Offset(told.parse()?)), None),
        };
        let metadata = String::new();
        partitions.push(FetchedOffset { partition: partition.clone(), error: None, offset, leader_epoch, metadata });
    }
    Ok(OffsetFetchResponse { error, partitions }.into())
}

fn committed(_: &mut Bench, request: &Request, args: &mut ArgumentConsumer<'_>) -> Outcome<Response> {
    let Request::OffsetCommit(request) = request else { return Err("not OffsetCommit".into()) };
    let error = args.next_pos().map(code).transpose()?;
    let partitions = request.partitions.iter().map(|item| (item.partition.clone(), error)).collect();
    Ok(OffsetCommitResponse { partitions }.into())
}

/// A request as a script shows it.
pub(super) fn describe(request: &Request) -> String {
    let names = |all: &[NamedPartition]| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    match request {
        Request::FindCoordinator(request) => {
            format!("FindCoordinator {}", request.groups.iter().map(|group| group.as_str()).collect::<Vec<_>>().join(" "))
        }
        Request::JoinGroup(request) => {
            let protocol = |(name, told): &(String, Subscription)| {
                format!("{name}({} owns [{}] of {})", told.topics.join(","), names(&told.owned), told.generation)
            };
            let protocols: Vec<_> = request.protocols.iter().map(protocol).collect();
            let instance = request.instance.as_ref().map_or(String::new(), |name| format!(" static {name}"));
            format!("JoinGroup {} '{}'{instance} {}", request.group, request.member, protocols.join(" "))
        }
        Request::SyncGroup(request) => {
            let share = |(member, share): &(Arc<String>, Vec<NamedPartition>)| format!(" {member}=[{}]", names(share));
            let plan: String = request.assignments.iter().map(share).collect();
            format!("SyncGroup {} '{}' generation {}{plan}", request.group, request.member, request.generation)
        }
        Request::Heartbeat(request) => {
            format!("Heartbeat {} '{}' generation {}", request.group, request.member, request.generation)
        }
        Request::LeaveGroup(request) => {
            let member = |(member, _): &(Arc<String>, _)| format!(" '{member}'");
            format!("LeaveGroup {}{}", request.group, request.members.iter().map(member).collect::<String>())
        }
        Request::ConsumerGroupHeartbeat(request) => describe_heartbeat(request),
        Request::OffsetFetch(request) => {
            let member = request.member.as_ref().map_or(String::new(), |(id, epoch)| format!(" '{id}' epoch {epoch}"));
            format!("OffsetFetch {}{member} {}", request.group, names(request.partitions.as_deref().unwrap_or_default()))
        }
        Request::OffsetCommit(request) => {
            let item = |item: &tribunal::protocol::OffsetToCommit| {
                let epoch = item.leader_epoch.map_or("e?".to_owned(), |epoch| epoch.to_string());
                format!(" {}={}@{epoch}", item.partition, item.offset)
            };
            let items: String = request.partitions.iter().map(item).collect();
            format!("OffsetCommit {} '{}' epoch {}{items}", request.group, request.member, request.epoch)
        }
        other => format!("{other:?}"),
    }
}

fn describe_heartbeat(request: &ConsumerGroupHeartbeatRequest) -> String {
    let mut text = format!("ConsumerGroupHeartbeat {} '{}' epoch {}", request.group, request.member, request.epoch);
    if let Some(instance) = &request.instance {
        text += &format!(" static {instance}");
    }
    if let Some(topics) = &request.topics {
        text += &format!(" topics [{}]", topics.join(","));
    }
    if let Some(pattern) = &request.pattern {
        text += &format!(" pattern '{pattern}'");
    }
    if let Some(owned) = &request.owned {
        text += &format!(" owns [{}]", partitions(owned));
    }
    text
}

fn partitions(all: &[TopicPartition]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// A fact of a group's consumer as a script shows it.
pub(super) fn tell(fact: &ClientFact) -> String {
    let name = fact.name();
    let commit = |commit: &CommitFacts| {
        let offsets: Vec<_> = commit.offsets.iter().map(|(partition, offset)| format!("{partition}={offset}")).collect();
        format!("'{}' epoch {}: {}", commit.member, commit.epoch, offsets.join(" "))
    };
    match fact {
        ClientFact::Subscribed { group, topics } => format!("{name} {group}: {}", topics.join(" ")),
        ClientFact::GroupJoined { group, member, epoch } => format!("{name} {group} as '{member}', epoch {epoch}"),
        ClientFact::GroupLeft { group, member } => format!("{name} {group} as '{member}'"),
        ClientFact::MembershipLost { group, member, code } => format!("{name} {group} as '{member}': {code}"),
        ClientFact::PartitionsAssigned { epoch, partitions: all, .. }
        | ClientFact::PartitionsRevoked { epoch, partitions: all, .. }
        | ClientFact::PartitionsLost { epoch, partitions: all, .. } => format!("{name} epoch {epoch}: [{}]", partitions(all)),
        ClientFact::PollOverdue { group } => format!("{name} {group}"),
        ClientFact::RecordProcessed { partition, offset, .. } | ClientFact::RecordGivenUp { partition, offset, .. } => {
            format!("{name} {partition}: {offset}")
        }
        ClientFact::CommitInvoked { commit: facts } => format!("{name} {}", commit(facts)),
        ClientFact::CommitAnswered { commit: facts, code } => {
            format!("{name} {}: {}", commit(facts), code.map_or("done".to_owned(), |code| code.to_string()))
        }
        ClientFact::PartitionsPaused { partitions: all } | ClientFact::PartitionsResumed { partitions: all } => {
            format!("{name} [{}]", partitions(all))
        }
        other => format!("{other:?}"),
    }
}
