//! What an event means, told from the event and the picture before and after it.

use crate::event::{
    Acks, BatchFacts, ClientFact, ControllerFact, CrashKind, Event, Fact, LogFact, NetworkFact, ReplicaFact, TruncationReason,
    WorldFact,
};
use crate::ids::{BrokerId, Offset, ProcessId, TopicPartition};
use crate::trace::keys::Keys;
use crate::trace::line;
use crate::trace::names::Names;
use crate::trace::view::{Acked, PartitionView, View};

/// One event being told.
pub(super) struct Scene<'a> {
    pub(super) event: &'a Event,
    pub(super) names: &'a Names,
    pub(super) before: &'a View,
    pub(super) after: &'a View,
}

pub(super) fn sentences(event: &Event, names: &Names, events: &[Event], before: &View, after: &View) -> String {
    let scene = Scene { event, names, before, after };
    let plain = || {
        let words = line::told(event, names, events).words;
        match event.process {
            ProcessId::World => capital(&format!("{words}.")),
            // A process's name is written as it is, at the head of a sentence too.
            process => format!("{} {words}.", names.process(process)),
        }
    };
    let message = || format!("{}.", line::told(event, names, events).words);
    match &event.fact {
        Fact::Log(fact) => scene.log(fact).or_else(|| scene.log_trouble(fact)).or_else(|| scene.let_go(fact)).unwrap_or_else(plain),
        Fact::Replica(fact) => scene.replica(fact).or_else(|| scene.replica_trouble(fact)).unwrap_or_else(plain),
        Fact::Controller(fact) => scene.controller(fact).or_else(|| scene.duty(fact)).unwrap_or_else(plain),
        Fact::Raft(fact) => scene.raft(fact).unwrap_or_else(plain),
        Fact::Client(fact) => scene.client(fact).or_else(|| scene.member(fact)).unwrap_or_else(plain),
        Fact::World(fact) => scene.world(fact).or_else(|| scene.machine(fact)).unwrap_or_else(plain),
        Fact::Network(NetworkFact::MessageDropped { .. }) => format!("{} Neither side is told.", plain()),
        Fact::Network(NetworkFact::MessageSent { .. }) => format!("{} sends: {}", names.process(event.process), message()),
        Fact::Network(NetworkFact::MessageDelivered { .. }) => format!("{} receives: {}", names.process(event.process), message()),
        Fact::Group(fact) => scene.group(fact).unwrap_or_else(plain),
        Fact::Network(_) | Fact::Fault(_) => plain(),
    }
}

impl Scene<'_> {
    pub(super) fn me(&self) -> String {
        self.names.process(self.event.process).into_owned()
    }

    pub(super) fn partition(&self, partition: TopicPartition) -> String {
        self.names.partition(partition)
    }

    fn log(&self, fact: &LogFact) -> Option<String> {
        let me = self.me();
        match fact {
            LogFact::RecordsAppended { partition, batch } => {
                let what = format!(
                    "{me} appends {} to {} in {}.",
                    records(batch, self.names.keys(*partition)),
                    self.partition(*partition),
                    batch.leader_epoch
                );
                let hw = self.knows(*partition)?;
                Some(format!("{what} No follower has fetched it yet: the high watermark stays at {hw}."))
            }
            LogFact::RecordsReplicated { partition, from, batch } => Some(format!(
                "{me} writes {} of {}, fetched from {from}. {from} does not know that yet: {me}'s next fetch, from {}, will say so.",
                records(batch, self.names.keys(*partition)),
                self.partition(*partition),
                batch.last.next()
            )),
            LogFact::LogTruncated { partition, from, to, why } => Some(self.truncated(*partition, (*to, *from), *why)),
            LogFact::LogRecovered { recovery } => Some(format!(
                "{me} reads {} back from its disk: records {} to {} (excluded). Of the high watermark it knows what it wrote down: {}.",
                self.partition(recovery.partition),
                recovery.start,
                recovery.end,
                recovery.high_watermark
            )),
            _ => None,
        }
    }

    fn truncated(&self, id: TopicPartition, (to, from): (Offset, Offset), why: TruncationReason) -> String {
        let me = self.me();
        let reason = match why {
            TruncationReason::DivergingEpoch => "because the leader's log parts from it there",
            TruncationReason::HighWatermark => "down to its own high watermark, as the old rule wants",
            TruncationReason::BehindLogStart => "because the leader's log begins later",
        };
        let keys = self.names.keys(id);
        let gone: Vec<String> = self
            .before
            .partition(id)
            .and_then(|partition| partition.replica(self.broker()?))
            .map(|replica| replica.cells(to, from).take(4).map(|cell| named(cell.offset, keys, cell.key)).collect())
            .unwrap_or_default();
        let gone = if gone.is_empty() { String::new() } else { format!(": record {} is gone from it", gone.join(", ")) };
        let mut told = format!("{me} cuts its log of {} from {from} back to {to}, {reason}{gone}.", self.partition(id));
        if let Some((offset, acked)) = self.lost_here(id, (to, from)).next() {
            let who = self.names.process(acked.producer);
            told.push_str(&format!(
                " That was the last copy of record {}, which had been acknowledged to {who}.",
                named(offset, self.names.keys(id), acked.key.as_ref())
            ));
        }
        told
    }

    /// The promises in `to..from` whose records some replica held before this event, and none holds after it.
    fn lost_here(&self, id: TopicPartition, (to, from): (Offset, Offset)) -> impl Iterator<Item = (Offset, Acked)> {
        let (before, after) = (self.before.partition(id), self.after.partition(id));
        let promises = before.into_iter().flat_map(move |before| {
            let overwritten = before.overwritten.iter().map(|(offset, acked)| (*offset, acked.clone()));
            before.acked.range(to, from).map(|(offset, acked)| (offset, acked.clone())).chain(overwritten)
        });
        promises.filter(move |(offset, acked)| {
            let held = |view: Option<&PartitionView>| view.is_some_and(|view| view.holders(*offset, acked.digest).next().is_some());
            held(before) && !held(after)
        })
    }

    fn replica(&self, fact: &ReplicaFact) -> Option<String> {
        let me = self.me();
        match fact {
            ReplicaFact::FollowerProgressed { partition, follower, end } => {
                let told = format!(
                    "{follower} fetches {} from {end}. A fetch is also an acknowledgement: it says «I hold everything below {end}».",
                    self.partition(*partition)
                );
                let hw = self.knows(*partition)?;
                let held = if hw < *end { format!(" {me}'s high watermark is {hw} so far.") } else { String::new() };
                Some(told + &held)
            }
            ReplicaFact::HighWatermarkAdvanced { partition, old, new, .. } => Some(format!(
                "Every member of the ISR holds {} below {new}, so {me} raises the high watermark {old} → {new}: these records are \
                 committed and readers may see them. The followers will learn it with their next fetch.",
                self.partition(*partition)
            )),
            ReplicaFact::HighWatermarkLearned { partition, old, new } => Some(format!(
                "{me} learns from a fetch answer that {} is committed below {new}; until now it knew {old}. A follower's high \
                 watermark trails the leader's by one fetch.",
                self.partition(*partition)
            )),
            ReplicaFact::BecameLeader { partition, epoch, end, .. } => {
                let mut told = format!(
                    "{me} leads {} from {epoch} on. Its log is now the truth, and it ends at {end}.",
                    self.partition(*partition)
                );
                let missing = self.missing_promises(*partition, self.broker()?);
                if let Some((offset, acked)) = missing.first() {
                    let who = self.names.process(acked.producer);
                    told.push_str(&format!(
                        " Record {}, acknowledged to {who}, is not in it: that promise is broken.",
                        named(*offset, self.names.keys(*partition), acked.key.as_ref())
                    ));
                }
                Some(told)
            }
            ReplicaFact::BecameFollower { partition, epoch, leader: Some(leader), .. } => Some(format!(
                "{me} follows {leader} on {} in {epoch}: it fetches from its own log end and lets {leader} tell it where they part.",
                self.partition(*partition)
            )),
            ReplicaFact::IsrProposed { partition, isr, .. } => Some(format!(
                "{me} asks the controller to make the ISR of {} {isr}. Until it hears the answer it counts on the larger of the old set and \
                 the new.",
                self.partition(*partition)
            )),
            ReplicaFact::IsrAdopted { partition, isr, .. } => Some(format!(
                "The ISR of {} is {isr}: these replicas must hold a record before it counts as committed, and only they may be elected.",
                self.partition(*partition)
            )),
            _ => None,
        }
    }

    fn controller(&self, fact: &ControllerFact) -> Option<String> {
        match fact {
            ControllerFact::LeaderElected { partition, from, leader: Some(leader), epoch, clean } => {
                let was = from.map_or_else(String::new, |from| format!(" It led before: {from}."));
                let rule = if *clean {
                    "the first live member of the ISR in the order of the assignment"
                } else {
                    "although it was not in the ISR, so that committed records may be missing from it"
                };
                Some(format!("The controller elects {leader} for {} in {epoch}: {rule}.{was}", self.partition(*partition)))
            }
            ControllerFact::BrokerFenced { broker, .. } => {
                let led = self.led_by(*broker).map_or_else(String::new, |led| format!(" It led {led}; another must be elected."));
                Some(format!(
                    "{broker} has been silent for too long: the controller fences it. It leaves every ISR and leads nothing.{led}"
                ))
            }
            _ => None,
        }
    }

    fn client(&self, fact: &ClientFact) -> Option<String> {
        let me = self.me();
        match fact {
            ClientFact::SendInvoked { partition, send, acks, record } => {
                let promise = match acks {
                    Acks::None => "acks=0: it waits for nothing and assumes that it is stored",
                    Acks::Leader => "acks=1: it will be told «stored» as soon as the leader's own log has it",
                    Acks::All => "acks=all: it will be told «stored» when every member of the ISR has it",
                };
                let key = record
                    .key
                    .as_ref()
                    .map_or_else(String::new, |key| format!(" ({})", self.names.keys(*partition).words(key, 24)));
                Some(format!("{me} sends its record {send}{key} to {}, {promise}.", self.partition(*partition)))
            }
            ClientFact::SendAcknowledged { partition, offset: Some(offset), acks, digest, .. } => {
                let view = self.after.partition(*partition)?;
                let holders: Vec<BrokerId> = view.holders(*offset, *digest).map(|replica| replica.broker).collect();
                let key = view.replicas.iter().find_map(|replica| replica.cell(*offset).filter(|cell| cell.digest == *digest));
                let named = key.map_or_else(|| offset.to_string(), |cell| named(*offset, self.names.keys(*partition), cell.key));
                let told =
                    format!("{me} is told that record {named} of {} is stored. It is {}", self.partition(*partition), on(&holders));
                let outlook = match (acks, holders.len()) {
                    (Acks::All, _) => ", and every member of the ISR has it: no election can lose it.",
                    (_, 0 | 1) => ": should that replica die now, the record dies with it.",
                    _ => ".",
                };
                Some(told + outlook)
            }
            ClientFact::SendUnknown { partition, send, code, .. } => Some(format!(
                "{me} gives up on its record {send} to {} ({}). Nobody can tell it whether the record is stored: it may appear later.",
                self.partition(*partition),
                code.name()
            )),
            _ => None,
        }
    }

    fn world(&self, fact: &WorldFact) -> Option<String> {
        match fact {
            WorldFact::ProcessCrashed { kind, .. } => Some(self.crashed(*kind)),
            WorldFact::RunEnded { .. } => Some(self.ended()),
            _ => None,
        }
    }

    fn ended(&self) -> String {
        let mut lost = Vec::new();
        for partition in self.after.partitions() {
            let overwritten = partition.overwritten.iter().map(|(offset, acked)| (*offset, acked));
            let start = partition.leader().map_or_else(|| partition.start(), |leader| leader.start);
            let keys = self.names.keys(partition.partition);
            let all = overwritten.chain(partition.acked.range(start, Offset(u64::MAX)));
            let gone = all.filter(|(offset, acked)| {
                !partition.is_forgotten(*offset) && partition.holders(*offset, acked.digest).next().is_none()
            });
            lost.extend(gone.map(|(offset, acked)| {
                format!("{} of {}", named(offset, keys, acked.key.as_ref()), self.partition(partition.partition))
            }));
        }
        match lost.as_slice() {
            [] => "The run ends. Every acknowledged record is still in some log.".to_owned(),
            [one] => format!("The run ends. One acknowledged record is in no log any more: record {one}."),
            several => {
                let first = several.iter().take(4).map(String::as_str).collect::<Vec<_>>().join(", ");
                format!(
                    "The run ends. {} acknowledged records are in no log any more: {first}{}.",
                    several.len(),
                    if several.len() > 4 { ", …" } else { "" }
                )
            }
        }
    }

    fn crashed(&self, kind: CrashKind) -> String {
        let what = match kind {
            CrashKind::Process => "crashes. What it wrote stays on its disk",
            CrashKind::Power => "loses power. What it never synced may be gone from its disk",
            CrashKind::DiskReplaced => "crashes, and its disk is lost with it",
        };
        let mut told = format!("{} {what}.", self.me());
        let Some(broker) = self.broker() else { return told };
        let led: Vec<&PartitionView> = self.before.partitions().filter(|partition| partition.leader_id() == Some(broker)).collect();
        if !led.is_empty() {
            let names: Vec<String> = led.iter().take(4).map(|partition| self.partition(partition.partition)).collect();
            told.push_str(&format!(" It led {}.", names.join(", ")));
        }
        for partition in self.before.partitions() {
            let alone = partition.acked.iter().find(|(offset, acked)| {
                let mut holders = partition.holders(*offset, acked.digest);
                let is_alone = holders.next().is_some_and(|replica| replica.broker == broker) && holders.next().is_none();
                is_alone && !partition.is_forgotten(*offset)
            });
            if let Some((offset, acked)) = alone {
                let key = partition.replica(broker).and_then(|replica| replica.cell(offset)).and_then(|cell| cell.key);
                let who = self.names.process(acked.producer);
                told.push_str(&format!(
                    " Record {} was acknowledged to {who} and is on no other replica.",
                    named(offset, self.names.keys(partition.partition), key)
                ));
            }
        }
        told
    }

    fn broker(&self) -> Option<BrokerId> {
        match self.event.process {
            ProcessId::Broker(broker) => Some(broker),
            _ => None,
        }
    }

    /// The high watermark as this process knows it after the event.
    fn knows(&self, id: TopicPartition) -> Option<Offset> {
        Some(self.after.partition(id)?.replica(self.broker()?)?.high_watermark)
    }

    /// Promised records that a replica's log does not hold.
    fn missing_promises(&self, id: TopicPartition, broker: BrokerId) -> Vec<(Offset, Acked)> {
        let Some(partition) = self.after.partition(id) else { return Vec::new() };
        let Some(replica) = partition.replica(broker) else { return Vec::new() };
        let missing = |offset: Offset, acked: &Acked| {
            offset >= replica.start
                && !partition.is_forgotten(offset)
                && replica.cell(offset).is_none_or(|cell| cell.digest != acked.digest)
        };
        partition
            .acked
            .iter()
            .filter(|(offset, acked)| missing(*offset, acked))
            .map(|(offset, acked)| (offset, acked.clone()))
            .collect()
    }
}

fn records(batch: &BatchFacts, keys: Keys) -> String {
    let names: Vec<String> = batch.records.iter().take(4).map(|record| named(record.offset, keys, record.key.as_ref())).collect();
    let more = batch.records.len().saturating_sub(4);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("record {}{more}", names.join(", "))
}

fn named(offset: Offset, keys: Keys, key: Option<&bytes::Bytes>) -> String {
    key.map_or_else(|| offset.to_string(), |key| format!("{offset} ({})", keys.words(key, most(keys))))
}

/// The user's own keys are short; whose record of a group it is takes more words.
fn most(keys: Keys) -> usize {
    match keys {
        Keys::Users => 12,
        Keys::Groups => 24,
    }
}

fn on(holders: &[BrokerId]) -> String {
    match holders {
        [] => "on no replica".to_owned(),
        [one] => format!("on {one} only"),
        [most @ .., last] => {
            let most: Vec<String> = most.iter().map(ToString::to_string).collect();
            format!("on {} and {last}", most.join(", "))
        }
    }
}

fn capital(text: &str) -> String {
    let mut signs = text.chars();
    signs.next().map_or_else(String::new, |first| first.to_uppercase().chain(signs).collect())
}
