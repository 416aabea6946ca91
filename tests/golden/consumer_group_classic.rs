//! The commands of classic members in a group of the consumer protocol, and of the classic group that it was before.

use std::fmt::Write as _;
use std::sync::Arc;

use goldenscript::ArgumentConsumer;
use tribunal::coordinator::group::consumer::{ClassicHandover, HandedOver};
use tribunal::error::ErrorCode;
use tribunal::event::{InstanceId, MemberId};
use tribunal::protocol::{HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest, Subscription, SyncGroupRequest};
use tribunal::time::Duration;

use super::{Client, Stage, words};
use crate::scripts::Outcome;

impl Stage {
    pub(super) fn classic_join(&mut self, args: &mut ArgumentConsumer<'_>) -> Outcome<()> {
        let name = args.next_pos().unwrap();
        let member = if name == "new" { "" } else { name };
        let client = self.clients.get(member).cloned().unwrap_or_default();
        let owned = self.partitions(args.take_key("owned"))?;
        let subscription = Subscription {
            topics: args.take_key("topics").map_or(client.topics, words),
            owned: owned.iter().filter_map(|partition| self.desk.topics.named(*partition)).collect(),
            generation: args.take_key("generation").map_or(Ok(client.epoch), str::parse)?,
            rack: None,
        };
        let protocols = args.take_key("protocols").unwrap_or("range").split(',');
        let request = JoinGroupRequest {
            group: Arc::new("g1".to_owned()),
            member: MemberId::new(member.to_owned()),
            instance: args.take_key("instance").map(|name| InstanceId::new(name.to_owned())),
            client: Arc::new("c".to_owned()),
            session_timeout: Duration::from_millis(args.take_key("session").unwrap_or("10000").parse()?),
            rebalance_timeout: Duration::from_secs(60),
            protocols: protocols.map(|name| (name.to_owned(), subscription.clone())).collect(),
        };
        self.fresh += 1;
        let fresh = MemberId::new(format!("m{}", self.fresh));
        let decision = self.desk.group.join(&request, &fresh, self.desk.environment());
        let answer = decision.map(|decision| self.desk.take(decision));
        self.tell_facts();
        match answer {
            Err(code) => writeln!(self.told, "{name} ← {}", code.name())?,
            Ok(answer) => {
                let id = answer.member.to_string();
                let told = answer.error.map_or_else(|| format!("generation {}", answer.generation), |code| code.name().into());
                writeln!(self.told, "{name} ← {id}: {told}")?;
                let client = self.clients.entry(id).or_default();
                client.topics = subscription.topics;
                client.instance = request.instance;
                if answer.error.is_none() {
                    client.epoch = answer.generation;
                }
            }
        }
        Ok(())
    }

    pub(super) fn classic_sync(&mut self, args: &mut ArgumentConsumer<'_>) -> Outcome<()> {
        let id = args.next_pos().unwrap();
        let client = self.clients.get(id).cloned().unwrap_or_default();
        let request = SyncGroupRequest {
            group: Arc::new("g1".to_owned()),
            generation: args.take_key("generation").map_or(Ok(client.epoch), str::parse)?,
            member: MemberId::new(id.to_owned()),
            instance: client.instance,
            protocol: None,
            assignments: Vec::new(),
        };
        let decision = self.desk.group.sync(&request, self.desk.environment());
        let told = match decision.map(|decision| self.desk.take(decision)) {
            Err(code) => code.name().to_owned(),
            Ok(answer) => match answer.error {
                Some(code) => code.name().to_owned(),
                None => answer.assignment.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            },
        };
        writeln!(self.told, "{id} ← {}", if told.is_empty() { "nothing" } else { &told })?;
        Ok(())
    }

    pub(super) fn classic_beat(&mut self, args: &mut ArgumentConsumer<'_>) -> Outcome<()> {
        let id = args.next_pos().unwrap();
        let client = self.clients.get(id).cloned().unwrap_or_default();
        let request = HeartbeatRequest {
            group: Arc::new("g1".to_owned()),
            generation: client.epoch,
            member: MemberId::new(id.to_owned()),
            instance: client.instance,
        };
        let decision = self.desk.group.classic_heartbeat(&request);
        let error = match decision.map(|decision| self.desk.take(decision)) {
            Err(code) => Some(code),
            Ok(answer) => answer.error,
        };
        writeln!(self.told, "{id} ← {}", error.map_or("lives", ErrorCode::name))?;
        Ok(())
    }

    pub(super) fn classic_leave(&mut self, args: &mut ArgumentConsumer<'_>) -> Outcome<()> {
        let mut members = Vec::new();
        while let Some(word) = args.next_pos() {
            let (id, instance) = word.split_once('/').map_or((word, None), |(id, instance)| (id, Some(instance)));
            let id = if id == "any" { "" } else { id };
            members.push((MemberId::new(id.to_owned()), instance.map(|name| InstanceId::new(name.to_owned()))));
        }
        let request = LeaveGroupRequest { group: Arc::new("g1".to_owned()), members };
        let decision = self.desk.group.classic_leave(&request, self.desk.environment());
        let answer = self.desk.take(decision);
        self.tell_facts();
        for ((_, error), (id, instance)) in answer.members.iter().zip(&request.members) {
            let name = instance.as_ref().map_or_else(|| id.to_string(), |instance| format!("{id}/{instance}"));
            writeln!(self.told, "{name} ← {}", error.map_or("gone", ErrorCode::name))?;
        }
        Ok(())
    }

    pub(super) fn classic_group(&mut self, args: &mut ArgumentConsumer<'_>) -> Outcome<()> {
        let generation = args.next_pos().unwrap().parse()?;
        let mut members = Vec::new();
        while let Some((id, share)) = args.next_key() {
            let assignment = self.partitions(Some(share))?;
            let topics: Vec<String> = self.desk.topics.all().map(|(name, ..)| name.to_owned()).collect();
            let client = Client { epoch: generation, topics: topics.clone(), ..Client::default() };
            self.clients.insert(id.to_owned(), client);
            members.push(HandedOver {
                member: MemberId::new(id.to_owned()),
                instance: None,
                client: Arc::new("c".to_owned()),
                session_timeout: Duration::from_secs(10),
                rebalance_timeout: Duration::from_secs(60),
                protocols: vec![("range".to_owned(), Subscription { topics, ..Subscription::default() })],
                assignment,
            });
        }
        self.classic = Some(ClassicHandover { generation, protocol: "range".to_owned(), members, rebalances: false });
        Ok(())
    }
}
