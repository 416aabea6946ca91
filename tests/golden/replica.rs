//! Golden scripts of replication: up to three replicas of one partition, moved by hand: who leads, who fetches, what the
//! controller answers. Each script in `golden/replica` opens with why its situation exists.
//!
//! Commands (`b1` … `b3` are brokers; the replicas know only what a command tells them):
//!
//! * `config min-isr=2 truncation=high-watermark elr=off …`: before anything else; variants by their names.
//! * `rule NAME=WORD`: a variant changes while the replicas run.
//! * `metadata LEADER isr=1-2-3 [to=1-2] [again]`: the committed metadata; another leader (or `again`) is a new epoch.
//! * `produce b1 VALUE [acks=all]` · `fetch b2 [lost] [epoch=N]`: the follower's fetch, and its answer unless it is lost.
//! * `check b1`: looks for late followers · `controller b1 accept|CODE`: answers its proposal.
//! * `waiting b1 OFFSET`: what an acks=all request for all below OFFSET hears.
//! * `list b1 latest|earliest [epoch=N]` · `ends b1 EPOCH` · `register b2 EPOCH [fenced]` · `pass MS` · `state`
//! * `restart b2 hw=N`: dies and comes back with that checkpoint · `resign b2`: its replica is not wanted any more.
//! * `align b2`: a new follower asks where its last epoch ends, under the rules that make it ask.
//! * `delete b1 to=N` (without `to`: to the high watermark) · `low b1`: the low watermark.
//! * `rack b2 A` · `prefer b1 OFFSET A`: where the leader sends a consumer in rack A.
//! * `read b2 OFFSET [near] [epoch=N]`: a consumer reads there; `near`: it was sent there because of its rack.
//! * `reassign 1-2-3`: the replicas that the next metadata names.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::scripts::{Outcome, batch_of_one, broker_of, code_of, run_all};
use crate::support::MemoryDisk;
use goldenscript::{Command, Context as Hints};
use tribunal::choice::{Choices, Luck};
use tribunal::config::{Profile, TopicConfig, Value, Variants};
use tribunal::context::{Context, Moment, Outbox};
use tribunal::error::ErrorCode;
use tribunal::event::{Acks, Event, PartitionFacts};
use tribunal::ids::{
    BrokerEpoch, BrokerId, BrokerSet, Incarnation, LeaderEpoch, Offset, PartitionEpoch, PartitionIndex, ProcessId, TopicId,
    TopicPartition,
};
use tribunal::log::PartitionLog;
use tribunal::protocol::{AlteredState, FetchPartition, ReplicaState};
use tribunal::replica::{LeaderOffsets, Membership, Partition, Proposal, Reader, Registration, ReplicaSetup, Rules};
use tribunal::time::{Duration, Instant, Timestamp, Trail};

#[path = "replica_ask.rs"]
mod ask;
#[path = "replica_print.rs"]
mod print;

use print::line;

const PARTITION: TopicPartition = TopicPartition { topic: TopicId(1), partition: PartitionIndex(0) };
/// The brokers, and the committed truth.
struct Stage {
    brokers: BTreeMap<BrokerId, Seat>,
    members: Membership,
    facts: PartitionFacts,
    config: TopicConfig,
    variants: Variants,
    now: Instant,
    told: String,
}

/// One broker.
struct Seat {
    disk: MemoryDisk,
    replica: Partition,
    epoch: BrokerEpoch,
    proposal: Option<Proposal>,
}

#[test]
fn replicas_do_what_the_golden_scripts_say() {
    run_all("replica", Stage::new);
}

impl goldenscript::Runner for Stage {
    type Command = Command;

    fn run(&mut self, command: &Command, _: &Hints) -> Outcome<String> {
        let mut args = command.consume_args();
        match command.name.as_str() {
            "config" => {
                while let Some((key, value)) = args.next_key() {
                    match key {
                        "min-isr" => self.config.set("min.insync.replicas", value)?,
                        variant => self.variants.set(variant, value)?,
                    }
                }
                self.rebuild();
            }
            "rule" => {
                while let Some((key, value)) = args.next_key() {
                    self.variants.set(key, value)?;
                }
                for number in 1..=3 {
                    let setup = self.setup(BrokerId(number));
                    self.brokers.get_mut(&BrokerId(number)).unwrap().replica.set_setup(setup);
                }
            }
            "align" => self.align(broker_of(args.next_pos())?)?,
            "delete" => {
                let to = args.take_key("to").map(str::parse).transpose()?.map(Offset);
                let who = broker_of(args.next_pos())?;
                let deleted = self.turn(who, |seat, _, cx| seat.replica.delete_records(to, cx));
                let told = deleted.map_or_else(|code| code.name().to_owned(), |until| format!("deletes all below {until}"));
                writeln!(self.told, "{who}: {told}")?;
            }
            "rack" => {
                let who = broker_of(args.next_pos())?;
                self.members.set_rack(who, args.next_pos().map(|rack| Arc::new(rack.to_owned())));
            }
            "resign" => {
                let who = broker_of(args.next_pos())?;
                self.turn(who, |seat, _, cx| seat.replica.resign(None, cx));
            }
            "reassign" => {
                let replicas = args.next_pos().unwrap_or("").split('-').map(|number| Ok(BrokerId(number.parse()?)));
                self.facts.replicas = replicas.collect::<Outcome<_>>()?;
            }
            "metadata" => {
                let isr = args.take_key("isr").map(brokers_of).transpose()?;
                let to = args.take_key("to").map(brokers_of).transpose()?;
                let leader = args.next_pos().unwrap_or("none");
                let again = args.next_pos() == Some("again");
                self.metadata(leader, isr, to, again)?;
            }
            "produce" => {
                let acks = args.take_key("acks").map_or(Ok(Acks::Leader), Acks::parse)?;
                self.produce(broker_of(args.next_pos())?, args.next_pos().unwrap_or("x"), acks);
            }
            "fetch" => {
                let epoch = args.take_key("epoch").map(str::parse).transpose()?.map(LeaderEpoch);
                let who = broker_of(args.next_pos())?;
                self.fetch(who, epoch, args.next_pos() == Some("lost"))?;
            }
            "check" => self.check(broker_of(args.next_pos())?),
            "controller" => self.controller(broker_of(args.next_pos())?, args.next_pos().unwrap_or("accept"))?,
            "register" => {
                let (who, epoch) = (broker_of(args.next_pos())?, BrokerEpoch(args.next_pos().unwrap_or("0").parse()?));
                let fenced = args.next_pos() == Some("fenced");
                self.members.set(who, Registration { epoch, fenced });
            }
            "renew" => {
                let who = broker_of(args.next_pos())?;
                self.brokers.get_mut(&who).unwrap().epoch = BrokerEpoch(args.next_pos().unwrap_or("0").parse()?);
            }
            "restart" => {
                let checkpoint = Offset(args.take_key("hw").unwrap_or("0").parse()?);
                self.restart(broker_of(args.next_pos())?, checkpoint);
            }
            "pass" => self.now = self.now.plus(Duration::from_millis(args.next_pos().unwrap_or("0").parse()?)),
            "state" => self.state(),
            name => self.look(name, &mut args)?,
        }
        args.reject_next()?;
        Ok(std::mem::take(&mut self.told))
    }
}

impl Stage {
    fn new() -> Self {
        let facts = PartitionFacts {
            leader: None,
            epoch: LeaderEpoch(0),
            partition_epoch: PartitionEpoch(0),
            isr: BrokerSet::EMPTY,
            ..PartitionFacts::new((1..=3).map(BrokerId).collect())
        };
        let mut stage = Self {
            brokers: BTreeMap::new(),
            members: Membership::default(),
            facts,
            config: TopicConfig::of(Profile::Fast),
            variants: Variants::default(),
            now: Instant::ZERO.plus(Duration::from_secs(10)),
            told: String::new(),
        };
        stage.rebuild();
        stage
    }

    fn rebuild(&mut self) {
        for number in 1..=3 {
            let (who, epoch) = (BrokerId(number), BrokerEpoch(10 + u64::from(number)));
            let mut disk = MemoryDisk::default();
            let config = self.config.clone();
            let (log, _) = with_context(who, self.now, &mut disk, |cx| PartitionLog::create(PARTITION, config, cx).unwrap());
            let replica = Partition::new(self.setup(who), log, Offset::ZERO);
            self.members.set(who, Registration { epoch, fenced: false });
            self.brokers.insert(who, Seat { disk, replica, epoch, proposal: None });
        }
    }

    fn setup(&self, me: BrokerId) -> Arc<ReplicaSetup> {
        let (lag_time_max, rules) = (Duration::from_secs(3), Rules::default());
        Arc::new(ReplicaSetup { me, lag_time_max, variants: self.variants, rules })
    }

    /// Does something at one broker and tells what it said.
    fn turn<T>(&mut self, who: BrokerId, act: impl FnOnce(&mut Seat, &Membership, &mut Context<'_>) -> T) -> T {
        let mut seat = self.brokers.remove(&who).unwrap();
        let mut disk = std::mem::take(&mut seat.disk);
        let members = self.members.clone();
        let (result, events) = with_context(who, self.now, &mut disk, |cx| act(&mut seat, &members, cx));
        seat.disk = disk;
        self.brokers.insert(who, seat);
        for event in events {
            if let Some(line) = line(&event.fact) {
                writeln!(self.told, "{who}: {line}").unwrap();
            }
        }
        result
    }

    fn metadata(&mut self, leader: &str, isr: Option<BrokerSet>, to: Option<BrokerSet>, again: bool) -> Outcome<()> {
        let leader = if leader == "none" { None } else { Some(broker_of(Some(leader))?) };
        let is_first = self.facts.isr.is_empty();
        if !is_first {
            self.facts.partition_epoch = self.facts.partition_epoch.next();
            if leader != self.facts.leader || again {
                self.facts.epoch = self.facts.epoch.next();
            }
        }
        self.facts.leader = leader;
        self.facts.isr = isr.unwrap_or(self.facts.isr);
        let facts = self.facts.clone();
        for who in to.unwrap_or_else(|| (1..=3).map(BrokerId).collect()).iter() {
            self.turn(who, |seat, members, cx| {
                if facts.leader == Some(who) {
                    seat.replica.become_leader(&facts, members, cx);
                } else {
                    seat.replica.become_follower(&facts, cx);
                }
            });
        }
        Ok(())
    }

    fn produce(&mut self, who: BrokerId, value: &str, acks: Acks) {
        let batch = batch_of_one(value);
        let appended = self.turn(who, |seat, members, cx| seat.replica.append(&batch, acks, members, cx));
        if let Err(code) = appended {
            writeln!(self.told, "{who}: {}", code.name()).unwrap();
        }
    }

    /// The leader whom the follower believes in answers.
    fn fetch(&mut self, who: BrokerId, epoch: Option<LeaderEpoch>, is_lost: bool) -> Outcome<()> {
        let seat = &self.brokers[&who];
        let leader = seat.replica.followed_leader().ok_or("it follows nobody")?;
        let (fetch_offset, last_fetched_epoch) = seat.replica.fetch_position();
        let item = item(fetch_offset, epoch.or(seat.replica.epoch()), last_fetched_epoch, seat.replica.log().start_offset());
        let from = ReplicaState { broker: who, epoch: Some(seat.epoch), directory: None };
        let asked = last_fetched_epoch.map_or("no epoch".to_owned(), |epoch| epoch.to_string());
        writeln!(self.told, "{who} → {leader}: fetch from {fetch_offset}, last {asked}")?;
        let found = self.turn(leader, |seat, members, cx| {
            let found = seat.replica.read(&item, Reader::Replica, 1 << 20, cx)?;
            if found.diverging.is_none() {
                let progress = seat.replica.record_fetch(from, &item, members, cx)?;
                seat.proposal = progress.proposal.or(seat.proposal.take());
            }
            Ok::<_, ErrorCode>(found)
        });
        let lost = if is_lost { " (lost)" } else { "" };
        match found {
            Err(code) => writeln!(self.told, "{leader} → {who}: {}{lost}", code.name())?,
            Ok(found) => {
                match found.diverging {
                    Some(shared) => writeln!(self.told, "{leader} → {who}: {} ends at {}{lost}", shared.epoch, shared.end_offset)?,
                    None => {
                        let (count, high_watermark) = (found.batches.len(), found.high_watermark);
                        writeln!(self.told, "{leader} → {who}: {count} batches, HW {high_watermark}{lost}")?;
                    }
                }
                if !is_lost {
                    let leaders = LeaderOffsets { high_watermark: found.high_watermark, log_start: found.log_start_offset };
                    let taken = self.turn(who, |seat, _, cx| match found.diverging {
                        Some(shared) => {
                            seat.replica.truncate_to_divergence(shared, cx);
                            Ok(None)
                        }
                        None => seat.replica.append_fetched(&found.batches, leaders, cx),
                    });
                    if let Err(code) = taken {
                        writeln!(self.told, "{who}: refuses that: {}", code.name())?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The older rules: one question about the last epoch after another, until the follower may fetch.
    fn align(&mut self, who: BrokerId) -> Outcome<()> {
        loop {
            let replica = &self.brokers[&who].replica;
            let leader = replica.followed_leader().ok_or("it follows nobody")?;
            let Some(asked) = replica.epoch_to_ask_about() else {
                writeln!(self.told, "{who}: has nothing to ask")?;
                return Ok(());
            };
            let end = self.brokers[&leader].replica.end_of_epoch(asked);
            let told = end.map_or("unknown".to_owned(), |end| format!("{} ends at {}", end.epoch, end.end_offset));
            writeln!(self.told, "{who} → {leader}: where does {asked} end? {told}")?;
            if self.turn(who, |seat, _, cx| seat.replica.truncate_to_end_of_epoch(end, cx)) {
                return Ok(());
            }
        }
    }

    fn check(&mut self, who: BrokerId) {
        self.turn(who, |seat, members, cx| {
            seat.proposal = seat.replica.propose_shrink(members, cx).or(seat.proposal.take());
        });
    }

    fn controller(&mut self, who: BrokerId, answer: &str) -> Outcome<()> {
        let proposal = self.brokers.get_mut(&who).unwrap().proposal.take().ok_or("nothing was proposed")?;
        let result = if answer == "accept" {
            self.facts.partition_epoch = proposal.partition_epoch.next();
            self.facts.isr = proposal.isr;
            let PartitionFacts { leader, epoch: leader_epoch, isr, partition_epoch, .. } = self.facts.clone();
            Ok(AlteredState { leader, leader_epoch, isr, partition_epoch })
        } else {
            Err(code_of(answer)?)
        };
        let answered = self.turn(who, |seat, members, cx| seat.replica.handle_proposal_answer(&proposal, result, members, cx));
        if answered.retry {
            writeln!(self.told, "{who}: sends it again")?;
            self.brokers.get_mut(&who).unwrap().proposal = Some(proposal);
        }
        Ok(())
    }

    fn restart(&mut self, who: BrokerId, checkpoint: Offset) {
        let (setup, config) = (self.setup(who), self.config.clone());
        self.turn(who, |seat, _, cx| {
            let log = PartitionLog::recover(PARTITION, config, checkpoint, false, cx).unwrap();
            seat.replica = Partition::new(setup, log, checkpoint);
            seat.proposal = None;
        });
    }
}

fn item(from: Offset, epoch: Option<LeaderEpoch>, last: Option<LeaderEpoch>, log_start_offset: Offset) -> FetchPartition {
    FetchPartition {
        partition: PARTITION,
        current_leader_epoch: epoch,
        fetch_offset: from,
        last_fetched_epoch: last,
        log_start_offset,
        partition_max_bytes: 1 << 20,
    }
}

fn with_context<T>(who: BrokerId, now: Instant, disk: &mut MemoryDisk, act: impl FnOnce(&mut Context<'_>) -> T) -> (T, Vec<Event>) {
    let moment = Moment {
        at: now,
        process: ProcessId::Broker(who),
        incarnation: Incarnation(1),
        mono: now,
        wall: Timestamp::RUN_START,
        trail: Trail::NONE,
    };
    let (mut choices, mut out) = (Choices::new(1, Luck::None, &[]), Outbox::default());
    let result = act(&mut Context::new(moment, disk, &mut choices, &mut out));
    (result, out.events.into_iter().map(|(event, _)| event).collect())
}

fn brokers_of(list: &str) -> Outcome<BrokerSet> {
    let numbers = list.split('-').map(|number| Ok(BrokerId(number.parse()?)));
    numbers.collect()
}
