//! Golden scripts of groups of the consumer protocol (KIP-848): one group, its coordinator's decisions, and members moved by
//! hand. Each script in `golden/consumer_group` opens with why its situation exists. After every command replay of what was
//! written makes the same group, and nobody holds what another holds.
//!
//! * `topic NAME PARTITIONS` · `delete-topic NAME` · `config KEY=VALUE …`: what the coordinator goes by.
//! * `join c1 topics=a,b [pattern=…] [instance=i1] [assignor=range] [rebalance=MS]`: a heartbeat with epoch 0.
//! * `beat c1 [epoch=N] [owned=a-0,a-1|none] [topics=…] [pattern=…] [assignor=…] [instance=…] [lost]`: a heartbeat with what
//!   the member knows; it says what it owns only when told to. `lost`: the answer never reaches it.
//! * `own c1`: it gives back and takes as it was told, and says so with everything else.
//! * `leave c1 [for-a-while]` · `pass MS` · `fail-over` · `state` · `describe` · `commit c1 [epoch=N]` · `fetch c1 [epoch=N]`
//! * Classic members: `classic-join m1|new topics=… [owned=…] [generation=N] [protocols=range,…] [instance=i1] [session=MS]`,
//!   `classic-sync m1 [generation=N]`, `classic-beat m1`, `classic-leave m1|any/i1`.
//! * `classic-group GENERATION m1=a-0,a-1 m2=…`: the group is a classic one; `upgrade c1 topics=…`: the heartbeat that joins it.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use goldenscript::{ArgumentConsumer, Command};
use tribunal::coordinator::group::consumer::{ClassicHandover, ConsumerGroup, Environment};
use tribunal::error::ErrorCode;
use tribunal::event::{GroupFact, GroupKind, GroupState, InstanceId, MemberId};
use tribunal::ids::{PartitionIndex, TopicId, TopicPartition};
use tribunal::protocol::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, DescribedMember, NamedPartition};
use tribunal::time::Duration;

use crate::scripts::{Outcome, run_all};
use crate::support::groups::GroupDesk;

#[test]
fn groups_of_the_consumer_protocol_do_what_the_golden_scripts_say() {
    run_all("consumer_group", Stage::new);
}

#[path = "consumer_group_classic.rs"]
mod classic;

/// What a member knows.
#[derive(Clone, Default)]
struct Client {
    epoch: i32,
    instance: Option<InstanceId>,
    owned: Vec<TopicPartition>,
    told: Vec<TopicPartition>,
    topics: Vec<String>,
    pattern: Option<String>,
    rebalance: Duration,
}

struct Stage {
    desk: GroupDesk,
    clients: BTreeMap<String, Client>,
    classic: Option<ClassicHandover>,
    fresh: u32,
    topics: u32,
    shown: (i32, GroupState),
    told: String,
}

impl goldenscript::Runner for Stage {
    type Command = Command;

    fn run(&mut self, command: &Command, _: &goldenscript::Context) -> Outcome<String> {
        let mut args = command.consume_args();
        match command.name.as_str() {
            "topic" => self.topic(&mut args)?,
            "delete-topic" => {
                let (topic, _) = self.desk.topics.topic(args.next_pos().unwrap()).unwrap();
                self.desk.topics.remove(topic);
            }
            "config" => {
                while let Some((key, value)) = args.next_key() {
                    self.desk.config.set(key, value)?;
                }
            }
            "join" | "upgrade" => self.join(command.name == "upgrade", &mut args)?,
            "beat" => self.beat(&mut args)?,
            "own" => self.own(&mut args),
            "leave" => self.leave(&mut args),
            "pass" => self.desk.pass(Duration::from_millis(args.next_pos().unwrap().parse()?)),
            "fail-over" => self.desk.fail_over(),
            "state" => self.state()?,
            "describe" => self.describe()?,
            "commit" | "fetch" => self.offsets(command.name == "commit", &mut args)?,
            "classic-join" => self.classic_join(&mut args)?,
            "classic-sync" => self.classic_sync(&mut args)?,
            "classic-beat" => self.classic_beat(&mut args)?,
            "classic-leave" => self.classic_leave(&mut args)?,
            "classic-group" => self.classic_group(&mut args)?,
            other => return Err(format!("no command {other}").into()),
        }
        args.reject_next()?;
        self.tell_changes();
        Ok(std::mem::take(&mut self.told))
    }
}

impl Stage {
    fn new() -> Self {
        Self {
            desk: GroupDesk::new(),
            clients: BTreeMap::new(),
            classic: None,
            fresh: 0,
            topics: 0,
            shown: (0, GroupState::Empty),
            told: String::new(),
        }
    }

    fn topic(&mut self, args: &mut ArgumentConsumer<'_>) -> Outcome<()> {
        let name = args.next_pos().unwrap();
        let known = self.desk.topics.topic(name).map(|(topic, _)| topic);
        let topic = known.unwrap_or_else(|| {
            self.topics += 1;
            TopicId(self.topics)
        });
        self.desk.topics.put(name, topic, args.next_pos().unwrap().parse()?);
        Ok(())
    }

    fn partitions(&self, text: Option<&str>) -> Outcome<Vec<TopicPartition>> {
        let words = text.into_iter().flat_map(|text| text.split(',')).filter(|word| *word != "none");
        words.map(|word| self.partition(word)).collect()
    }

    fn partition(&self, word: &str) -> Outcome<TopicPartition> {
        let (topic, index) = word.rsplit_once('-').ok_or("a partition is topic-0")?;
        let found = self.desk.topics.partition(topic, PartitionIndex(index.parse()?));
        found.ok_or_else(|| format!("no topic {topic}").into())
    }

    fn names(&self, partitions: &[TopicPartition]) -> String {
        let name = |partition: &TopicPartition| {
            self.desk.topics.named(*partition).map_or_else(|| format!("{partition}"), |named| format!("{named}"))
        };
        if partitions.is_empty() { "nothing".to_owned() } else { partitions.iter().map(name).collect::<Vec<_>>().join(" ") }
    }

    fn request(id: &str, client: &Client) -> ConsumerGroupHeartbeatRequest {
        ConsumerGroupHeartbeatRequest {
            group: Arc::new("g1".to_owned()),
            member: MemberId::new(id.to_owned()),
            epoch: client.epoch,
            instance: client.instance.clone(),
            rack: None,
            client: Arc::new("c".to_owned()),
            rebalance_timeout: None,
            topics: None,
            pattern: None,
            assignor: None,
            owned: None,
        }
    }

    fn join(&mut self, is_upgrade: bool, args: &mut ArgumentConsumer<'_>) -> Outcome<()> {
        let id = args.next_pos().unwrap().to_owned();
        let topics = args.take_key("topics").map(words);
        let client = Client {
            epoch: 0,
            instance: args.take_key("instance").map(|name| InstanceId::new(name.to_owned())),
            topics: topics.clone().unwrap_or_default(),
            pattern: args.take_key("pattern").map(str::to_owned),
            rebalance: Duration::from_millis(args.take_key("rebalance").unwrap_or("300000").parse()?),
            ..Client::default()
        };
        let request = ConsumerGroupHeartbeatRequest {
            rebalance_timeout: Some(client.rebalance),
            topics,
            pattern: client.pattern.clone(),
            assignor: args.take_key("assignor").map(str::to_owned),
            owned: Some(Vec::new()),
            ..Self::request(&id, &client)
        };
        self.clients.insert(id.clone(), client);
        let answer = if is_upgrade {
            let classic = self.classic.take().ok_or("no classic group")?;
            let environment = Environment { topics: &self.desk.topics, config: &self.desk.config };
            match ConsumerGroup::upgrade(&self.desk.group.id, &classic, &request, environment) {
                Ok(decision) => Ok(self.desk.take(decision)),
                Err(code) => {
                    self.classic = Some(classic);
                    Err(code)
                }
            }
        } else {
            self.desk.heartbeat(&request)
        };
        self.answer(&id, answer, false);
        Ok(())
    }

    fn beat(&mut self, args: &mut ArgumentConsumer<'_>) -> Outcome<()> {
        let id = args.next_pos().unwrap().to_owned();
        let client = self.clients.get(&id).cloned().unwrap_or_default();
        let owned = args.take_key("owned");
        let request = ConsumerGroupHeartbeatRequest {
            epoch: args.take_key("epoch").map_or(Ok(client.epoch), str::parse)?,
            instance: args.take_key("instance").map(|name| InstanceId::new(name.to_owned())).or(client.instance.clone()),
            topics: args.take_key("topics").map(words),
            pattern: args.take_key("pattern").map(str::to_owned),
            assignor: args.take_key("assignor").map(str::to_owned),
            owned: owned.map(|owned| self.partitions(Some(owned))).transpose()?,
            ..Self::request(&id, &client)
        };
        let is_lost = args.next_pos() == Some("lost");
        let answer = self.desk.heartbeat(&request);
        self.answer(&id, answer, is_lost);
        Ok(())
    }

    fn own(&mut self, args: &mut ArgumentConsumer<'_>) {
        let id = args.next_pos().unwrap().to_owned();
        let client = self.clients.get_mut(&id).unwrap();
        client.owned = client.told.clone();
        let request = ConsumerGroupHeartbeatRequest {
            rebalance_timeout: Some(client.rebalance),
            topics: Some(client.topics.clone()),
            pattern: client.pattern.clone(),
            owned: Some(client.owned.clone()),
            ..Self::request(&id, client)
        };
        let answer = self.desk.heartbeat(&request);
        self.answer(&id, answer, false);
    }

    fn leave(&mut self, args: &mut ArgumentConsumer<'_>) {
        let id = args.next_pos().unwrap().to_owned();
        let client = self.clients.get(&id).cloned().unwrap_or_default();
        let epoch = if args.next_pos() == Some("for-a-while") { -2 } else { -1 };
        let answer = self.desk.heartbeat(&ConsumerGroupHeartbeatRequest { epoch, ..Self::request(&id, &client) });
        self.answer(&id, answer, true);
    }

    fn answer(&mut self, id: &str, answer: Result<ConsumerGroupHeartbeatResponse, ErrorCode>, is_lost: bool) {
        self.tell_facts();
        let told = match &answer {
            Err(code) => code.name().to_owned(),
            Ok(answer) => {
                let share = answer.assignment.as_ref().map(|share| format!(": {}", self.names(share)));
                format!("epoch {}{}", answer.epoch, share.unwrap_or_default())
            }
        };
        writeln!(self.told, "{id} ← {told}{}", if is_lost { " (lost)" } else { "" }).unwrap();
        if let (Ok(answer), Some(client), false) = (answer, self.clients.get_mut(id), is_lost) {
            client.epoch = answer.epoch;
            client.told = answer.assignment.unwrap_or_else(|| client.told.clone());
        }
    }

    fn tell_facts(&mut self) {
        for fact in std::mem::take(&mut self.desk.told) {
            let told = self.fact(&fact);
            writeln!(self.told, "{told}").unwrap();
        }
    }

    fn fact(&self, fact: &GroupFact) -> String {
        match fact {
            GroupFact::MemberJoined { member, .. } => {
                let instance = member.instance.as_ref().map(|name| format!(" as {name}")).unwrap_or_default();
                format!("{} joins{instance}, wants {}", member.member, member.topics.join(" "))
            }
            GroupFact::MemberLeft { member, why, .. } => format!("{member} is out: {why:?}"),
            GroupFact::AssignmentDecided { assignment, .. } => {
                let shares = assignment.members.iter().map(|(id, share)| format!("{id} {}", self.names(share)));
                format!("plan e{} ({}): {}", assignment.epoch, assignment.assignor, shares.collect::<Vec<_>>().join(" | "))
            }
            GroupFact::MemberReconciled { member, epoch, owned, .. } => {
                format!("{member} is at e{epoch}, holds {}", self.names(owned))
            }
            GroupFact::GroupProtocolChanged { to, .. } => format!("goes on as {to:?}"),
            other => format!("{other:?}"),
        }
    }

    /// What the last command made of the group, and that replay agrees.
    fn tell_changes(&mut self) {
        self.tell_facts();
        assert_eq!(self.desk.replayed(), self.desk.group, "replay makes the same group");
        let now = (self.desk.group.epoch(), self.desk.group.state());
        if now != self.shown {
            self.shown = now;
            writeln!(self.told, "group e{} {:?}", now.0, now.1).unwrap();
        }
        if let Some(classic) = self.desk.downgraded.take() {
            let shares = classic.members.iter().map(|member| format!("{} {}", member.member, self.names(&member.assignment)));
            let shares = shares.collect::<Vec<_>>().join(" | ");
            let rebalances = if classic.rebalances { ", to rebalance" } else { "" };
            writeln!(self.told, "classic g{} ({}): {shares}{rebalances}", classic.generation, classic.protocol).unwrap();
        }
    }

    fn state(&mut self) -> Outcome<()> {
        let group = &self.desk.group;
        writeln!(self.told, "group e{} {:?}, plan e{}", group.epoch(), group.state(), group.target_epoch())?;
        let mut lines = Vec::new();
        for (id, member) in group.members() {
            let current = &member.current;
            let revoking =
                if current.revoking.is_empty() { String::new() } else { format!(", gives back {}", self.names(&current.revoking)) };
            lines.push(format!("{id} e{} {:?}: {}{revoking}", current.epoch, current.state, self.names(&current.assigned)));
        }
        lines.iter().try_for_each(|line| writeln!(self.told, "{line}"))?;
        Ok(())
    }

    fn describe(&mut self) -> Outcome<()> {
        let described = self.desk.group.describe(self.desk.environment());
        assert_eq!(described.kind, GroupKind::Consumer);
        writeln!(self.told, "{:?} e{} {}", described.state, described.epoch, described.assignor)?;
        for DescribedMember { member, instance, epoch, topics, assignment, target, .. } in described.members {
            let names = |list: &[NamedPartition]| list.iter().map(|name| format!(" {name}")).collect::<String>();
            let instance = instance.map(|name| format!(" ({name})")).unwrap_or_default();
            let topics = topics.join(",");
            writeln!(
                self.told,
                "{member}{instance} e{epoch} wants {topics}, has{}; is to have{}",
                names(&assignment),
                names(&target)
            )?;
        }
        Ok(())
    }

    fn offsets(&mut self, is_commit: bool, args: &mut ArgumentConsumer<'_>) -> Outcome<()> {
        let id = args.next_pos().unwrap_or("").to_owned();
        let known = self.clients.get(&id).map_or(-1, |client| client.epoch);
        let epoch = args.take_key("epoch").map_or(Ok(known), str::parse)?;
        let member = MemberId::new(id.clone());
        let checked = if is_commit {
            self.desk.group.check_commit(&member, epoch)
        } else {
            self.desk.group.check_fetch(Some((&member, epoch)))
        };
        writeln!(self.told, "{id} ← {}", checked.err().map_or("may", ErrorCode::name))?;
        Ok(())
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
