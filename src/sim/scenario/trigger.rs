//! Reads what a fault may wait for: `after = "p1 ack 2"`, `"b2 leads orders-0"` and so on.

use super::document::Item;
use super::fault_model::{Doing, Trigger};
use super::mistake::Read;
use super::stage::Stage;
use crate::ids::{BrokerId, BrokerSet, ProcessId};

/// What may be waited for, for people.
pub(super) const FORMS: &str = "Right after this happened: \"p1 ack 2\", \"c1 poll 3\", \"c1 processed 10\", \"c1 commit 2\", \
    \"c1 assigned orders-0\", \"c1 revoked orders-0\", \"g1 stable\", \"g1 generation 3\", \"b2 leads orders-0\", \
    \"isr of orders-0 is 1,2\", \"k2 leads the quorum\", \"b1 fenced\", \"b1 unfenced\".";

/// Reads a trigger.
pub(super) fn trigger(item: &Item<'_>, stage: &Stage) -> Read<Trigger> {
    let words: Vec<&str> = item.text()?.split_whitespace().collect();
    match words[..] {
        [producer, "ack", count] => ack(item, stage, producer, count),
        [name, "poll", count] => counted(item, stage, name, Doing::Poll, count),
        [name, "processed", count] => counted(item, stage, name, Doing::Process, count),
        [name, "commit", count] => counted(item, stage, name, Doing::Commit, count),
        [name, verb @ ("assigned" | "revoked"), partition] => {
            let consumer = consumer(item, stage, name)?;
            let (topic, partition) = stage.partition_in(item, partition)?;
            Ok(Trigger::Given { consumer, topic, partition, is_revoked: verb == "revoked" })
        }
        [group, "stable"] => Ok(Trigger::GroupStable(stage.group_in(item, group)?)),
        [group, "generation", number] => {
            let group = stage.group_in(item, group)?;
            let wrong = || item.bad(format!("`{number}` is no generation's number: the first is 1"));
            let epoch = number.parse::<i32>().ok().filter(|number| *number > 0).ok_or_else(wrong)?;
            Ok(Trigger::GroupEpoch { group, epoch })
        }
        [server, "leads", "the", "quorum"] => leads_quorum(item, stage, server),
        [broker_name, "leads", partition] => {
            let broker = broker(item, stage, broker_name)?;
            let (topic, partition) = stage.partition_in(item, partition)?;
            Ok(Trigger::Leads { broker, topic, partition })
        }
        ["isr", "of", partition, "is", ref members @ ..] => {
            let (topic, partition) = stage.partition_in(item, partition)?;
            Ok(Trigger::IsrIs { topic, partition, isr: isr(item, stage, &members.concat())? })
        }
        [name, word @ ("fenced" | "unfenced")] => {
            Ok(Trigger::Fenced { broker: broker(item, stage, name)?, is_fenced: word == "fenced" })
        }
        _ => {
            let wrong = item.bad(format!("`{}` is nothing that can be waited for", item.written()));
            Err(wrong.help(
                "write \"p1 ack 2\", \"c1 poll 3\", \"c1 processed 10\", \"c1 commit 2\", \"c1 assigned orders-0\", \
                 \"c1 revoked orders-0\", \"g1 stable\", \"g1 generation 3\", \"b2 leads orders-0\", \"isr of orders-0 is 1,2\", \
                 \"k2 leads the quorum\", \"b1 fenced\" or \"b1 unfenced\"",
            ))
        }
    }
}

fn ack(item: &Item<'_>, stage: &Stage, name: &str, count: &str) -> Read<Trigger> {
    let producer = process(item, stage, name)?;
    if !stage.clients.producers.contains(&producer) {
        return Err(item.bad(format!("`{name}` is no producer and gets no acknowledgements")));
    }
    let nth = nth(item, count, "acknowledgement")?;
    Ok(Trigger::Done { client: producer, doing: Doing::Acknowledge, nth })
}

fn counted(item: &Item<'_>, stage: &Stage, name: &str, doing: Doing, count: &str) -> Read<Trigger> {
    let client = consumer(item, stage, name)?;
    let what = match doing {
        Doing::Acknowledge => "acknowledgement",
        Doing::Poll => "poll",
        Doing::Process => "record",
        Doing::Commit => "commit",
    };
    Ok(Trigger::Done { client, doing, nth: nth(item, count, what)? })
}

fn nth(item: &Item<'_>, count: &str, what: &str) -> Read<u32> {
    let nth = count.parse::<u32>().ok().filter(|count| *count > 0);
    nth.ok_or_else(|| item.bad(format!("`{count}` is no count: the first {what} is 1")))
}

fn consumer(item: &Item<'_>, stage: &Stage, name: &str) -> Read<ProcessId> {
    let consumer = process(item, stage, name)?;
    if stage.clients.consumers.contains(&consumer) { Ok(consumer) } else { Err(item.bad(format!("`{name}` is no consumer"))) }
}

fn leads_quorum(item: &Item<'_>, stage: &Stage, name: &str) -> Read<Trigger> {
    let server = process(item, stage, name)?;
    if !stage.quorum().contains(&server) {
        return Err(item.bad(format!("`{name}` is no controller and cannot lead the quorum")));
    }
    Ok(Trigger::LeadsQuorum(server))
}

fn isr(item: &Item<'_>, stage: &Stage, members: &str) -> Read<BrokerSet> {
    let mut isr = BrokerSet::EMPTY;
    for member in members.split(',').filter(|member| !member.is_empty()) {
        let digits = member.strip_prefix('b').unwrap_or(member);
        let broker = digits
            .parse()
            .map(BrokerId)
            .map_err(|_| item.bad(format!("`{member}` is no broker's number")).help("write \"isr of orders-0 is 1,2\""))?;
        if !stage.broker_ids().contains(&broker) {
            return Err(item.bad(format!("there is no broker {}", broker.0)).help(stage.cast(member)));
        }
        isr = isr.with(broker);
    }
    Ok(isr)
}

fn broker(item: &Item<'_>, stage: &Stage, name: &str) -> Read<BrokerId> {
    match process(item, stage, name)? {
        ProcessId::Broker(broker) => Ok(broker),
        ProcessId::World | ProcessId::Controller(_) | ProcessId::Client(_) => Err(item.bad(format!("`{name}` is no broker"))),
    }
}

fn process(item: &Item<'_>, stage: &Stage, name: &str) -> Read<ProcessId> {
    stage.process_named(name).ok_or_else(|| item.bad(format!("there is no process `{name}`")).help(stage.cast(name)))
}
