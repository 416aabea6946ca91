//! What producers, consumers and admins do, in words.

use super::network::api_words;
use super::{Mark, Told, counted, key};
use crate::event::{Acks, ClientFact, Event, Fact, PollFacts, PositionReason};
use crate::ids::{SendId, Step};
use crate::time::{Timestamp, Trail};
use crate::trace::keys::Keys;
use crate::trace::names::Names;
use crate::trace::trace::event_at;

pub(super) fn told(fact: &ClientFact, names: &Names, events: &[Event], trail: Trail) -> Told {
    match fact {
        ClientFact::SendInvoked { partition, send, acks, record } => {
            let of = key(names.keys(*partition), record.key.as_ref());
            let gone = if record.value.is_none() { " (a tombstone)" } else { "" };
            Told::new(Mark::Sent, format!("send {send} to {}: {of}{gone}, {}", names.partition(*partition), acks_words(*acks)))
        }
        ClientFact::SendAcknowledged { partition, send, acks, offset, by, .. } => {
            let of = key_of(*send, names.keys(*partition), events, trail).map_or_else(String::new, |key| format!(" ({key})"));
            let place = offset.map_or_else(|| "assumed stored".to_owned(), |offset| format!("stored as record {offset}"));
            let by = by.map_or_else(String::new, |by| format!(" by {by}"));
            Told::new(
                Mark::Received,
                format!("acknowledged: send {send}{of} {place} of {}{by}, {}", names.partition(*partition), acks_words(*acks)),
            )
        }
        ClientFact::SendUnknown { partition, send, code, .. } => Told::new(
            Mark::Lost,
            format!("unknown whether send {send} to {} is stored: {}", names.partition(*partition), code.name()),
        ),
        ClientFact::SendFailed { partition, send, code, .. } => {
            Told::new(Mark::Refused, format!("send {send} to {} failed for good: {}", names.partition(*partition), code.name()))
        }
        ClientFact::SendRetried { partition, first, records, code } => Told::new(
            Mark::Sent,
            format!(
                "again: {} from send {first} to {}, after {}",
                counted(*records, "record", "records"),
                names.partition(*partition),
                code.name()
            ),
        ),
        ClientFact::PositionSet { partition, offset, why, .. } => {
            Told::new(Mark::Change, format!("reads {} from {offset}: {}", names.partition(*partition), position_words(*why)))
        }
        ClientFact::PollReturned { poll } => {
            Told::new(Mark::Received, format!("{}{}", poll_words(poll, names), stamp_words(poll, events, trail)))
        }
        ClientFact::MetadataRefreshed { from, topics } => {
            Told::new(Mark::Received, format!("learns who leads what in {} from {from}", counted(*topics, "topic", "topics")))
        }
        ClientFact::AdminAnswered { api, code: None } => Told::new(Mark::Received, format!("{}: done", api_words(*api))),
        ClientFact::AdminAnswered { api, code: Some(code) } => {
            Told::new(Mark::Refused, format!("{}: {}", api_words(*api), code.name()))
        }
        ClientFact::SendRefused { send, code } => {
            Told::new(Mark::Refused, format!("send {send} could not be queued: {}", code.name()))
        }
        ClientFact::ReadFailed { partition, offset, code } => {
            Told::new(Mark::Refused, format!("cannot read {} on from {offset}: {}", names.partition(*partition), code.name()))
        }
        ClientFact::TruncationDetected { partition, position, end } => Told::new(
            Mark::Cut,
            format!("what it read of {} from {end} to {position} was truncated away", names.partition(*partition)),
        ),
        ClientFact::Subscribed { .. }
        | ClientFact::GroupJoined { .. }
        | ClientFact::GroupLeft { .. }
        | ClientFact::MembershipLost { .. }
        | ClientFact::PartitionsAssigned { .. }
        | ClientFact::PartitionsRevoked { .. }
        | ClientFact::PartitionsLost { .. }
        | ClientFact::PollOverdue { .. }
        | ClientFact::RecordProcessed { .. }
        | ClientFact::RecordGivenUp { .. }
        | ClientFact::CommitInvoked { .. }
        | ClientFact::CommitAnswered { .. }
        | ClientFact::PartitionsPaused { .. }
        | ClientFact::PartitionsResumed { .. } => super::group::member(fact, names).expect("these are a member's"),
    }
}

fn poll_words(poll: &PollFacts, names: &Names) -> String {
    let partition = names.partition(poll.partition);
    match (poll.records.first(), poll.records.last()) {
        (Some(first), Some(last)) => {
            let of = names.keys(poll.partition);
            let keys: Vec<String> = poll.records.iter().take(4).map(|record| key(of, record.key.as_ref())).collect();
            let more = if poll.records.len() > 4 { ", …" } else { "" };
            format!("reads {partition} {} ({}{more})", super::range(first.offset, last.offset), keys.join(", "))
        }
        _ => format!("reads nothing new of {partition} at {}", poll.position),
    }
}

/// How far the stamp of a record read is from the world's time, where that is a minute or more: some clock is wrong.
fn stamp_words(poll: &PollFacts, events: &[Event], trail: Trail) -> String {
    let Some(cause) = trail.cause.some().and_then(|step| event_at(events, step)) else { return String::new() };
    let now = Timestamp::RUN_START.0.saturating_add_unsigned(cause.at.0 / 1_000);
    let stamped = poll.records.iter().filter(|record| record.timestamp != Timestamp::NONE);
    let mut off = stamped.map(|record| record.timestamp.0.saturating_sub(now));
    let Some(off) = off.find(|off| off.unsigned_abs() >= 60_000) else { return String::new() };
    let minutes = off.unsigned_abs().saturating_add(30_000) / 60_000;
    let hours = if minutes >= 60 { format!(" {}h", minutes / 60) } else { String::new() };
    let rest = if minutes % 60 > 0 { format!(" {}min", minutes % 60) } else { String::new() };
    format!(", stamped{hours}{rest} {}", if off > 0 { "ahead" } else { "behind" })
}

/// The key of a send, found by walking the events of its producer back from the acknowledgement.
fn key_of(send: SendId, keys: Keys, events: &[Event], trail: Trail) -> Option<String> {
    let mut step = trail.origin.some().or_else(|| trail.cause.some())?;
    let process = event_at(events, step)?.process;
    // Sends are close before their requests; a bound keeps a line from costing the whole run.
    for _ in 0..4_096 {
        let event = event_at(events, step)?;
        if let Fact::Client(ClientFact::SendInvoked { send: invoked, record, .. }) = &event.fact
            && event.process == process
            && *invoked == send
        {
            return Some(key(keys, record.key.as_ref()));
        }
        step = Step(step.0.checked_sub(1)?);
    }
    None
}

/// What a producer waits for, as its setting says it.
pub(crate) fn acks_words(acks: Acks) -> &'static str {
    match acks {
        Acks::None => "acks=0",
        Acks::Leader => "acks=1",
        Acks::All => "acks=all",
    }
}

fn position_words(why: PositionReason) -> &'static str {
    match why {
        PositionReason::Beginning => "the beginning",
        PositionReason::End => "the end",
        PositionReason::Seek => "asked for",
        PositionReason::Timestamp => "the first record not older than asked",
        PositionReason::Reset => "its old position is no longer in the log",
        PositionReason::Truncation => "the log was truncated below its old position",
        PositionReason::Committed => "what its group committed",
        PositionReason::NoCommit => "no commit, so auto.offset.reset",
    }
}
