//! Records: sent one by one, and read to the end.

use std::collections::BTreeMap;

use tribunal::error::ErrorCode;
use tribunal::event::{ClientFact, Event, Fact, ReadRecord};
use tribunal::ids::{Offset, PartitionIndex, ProcessId};
use tribunal::sim::live::{Live, ReaderText, RecordText, Sent};
use tribunal::time::Duration;

use super::answers::{self, Bounds};
use super::command::{Reading, RecordPart, RecordShows};
use super::record_line::Record;
use super::refusal::Refusal;

/// How long a reader waits for what has to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A record that was stored.
pub(super) struct Stored {
    /// Where.
    pub(super) place: String,
    /// Its topic was made for it: with what.
    pub(super) made: Option<String>,
}

/// Sends a record. A topic that is not there is made by the brokers, because the producer asks for it.
pub(super) fn produce(live: &mut Live, record: &Record, is_known: bool) -> Result<Stored, Refusal> {
    let topic = &record.topic;
    answers::legal_topic(topic)?;
    let is_there = is_known || is_there(live, topic)?;
    if let Some(partition) = record.partition {
        let there = if is_there { answers::topic(live, topic)?.partitions.len() } else { 1 };
        if usize::try_from(partition).is_ok_and(|number| number >= there) {
            return Err(Refusal::of(ErrorCode::UnknownTopicOrPartition, &format!("{topic}-{partition}")));
        }
    }
    let text = RecordText {
        key: record.key.clone(),
        value: record.value.clone(),
        partition: record.partition,
        headers: record.headers.clone(),
    };
    let place = match live.send(topic, &text).map_err(|mistake| Refusal::unread(ErrorCode::InvalidRequest, &mistake))? {
        Sent::Acknowledged(at, Some(offset)) => format!("{topic}-{} at offset {offset}", at.partition.0),
        Sent::Acknowledged(at, None) => format!("{topic}-{}, and nobody says where (acks=0)", at.partition.0),
        Sent::Unknown(code) => {
            let why = Refusal::of(code, topic).to_string().trim_start_matches("ERROR ").to_owned();
            return Err(Refusal::new(code, format!("whether the record is stored is unknown ({why})")));
        }
        Sent::Refused(code) => return Err(Refusal::of(code, topic)),
    };
    let made = if is_there { None } else { Some(made(live, topic)) };
    Ok(Stored { place, made })
}

/// Whether a topic is there, or will be once a producer asks for it. Errors: what is called like a partition is not made.
pub(super) fn is_there(live: &mut Live, topic: &str) -> Result<bool, Refusal> {
    let is_partition = topic.rsplit_once('-').is_some_and(|(_, number)| number.parse::<u32>().is_ok());
    match answers::topic(live, topic) {
        Ok(_) => Ok(true),
        Err(refusal) if refusal.is(ErrorCode::UnknownTopicOrPartition) && !is_partition => Ok(false),
        Err(refusal) => Err(refusal),
    }
}

/// With what a topic was made that nobody had made before.
fn made(live: &mut Live, topic: &str) -> String {
    let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let size = answers::topic(live, topic).map(|made| {
        let replicas = made.partitions.first().map_or(0, |partition| partition.replicas.len());
        format!(" with {} of {}", counted(made.partitions.len(), "partition"), counted(replicas, "replica"))
    });
    format!("note: there was no topic {topic}; the brokers made it{} (auto.create.topics.enable)", size.unwrap_or_default())
}

/// What a reader was given so far.
#[derive(Debug, Default)]
struct Reader {
    reached: BTreeMap<PartitionIndex, Offset>,
    given: Vec<(PartitionIndex, ReadRecord)>,
    failed: Option<ErrorCode>,
}

/// Reads a topic to the end that it has now.
pub(super) fn consume(live: &mut Live, reading: &Reading) -> Result<String, Refusal> {
    let topic = &reading.topic;
    reading.group.as_deref().map_or(Ok(()), answers::legal_group)?;
    let mut bounds = answers::bounds(live, topic)?;
    if let Some(wanted) = reading.partition {
        bounds.partitions.retain(|partition, _| partition.0 == wanted);
        if bounds.partitions.is_empty() {
            return Err(Refusal::of(ErrorCode::UnknownTopicOrPartition, &format!("{topic}-{wanted}")));
        }
    }
    let (text, stamp) = (reader_text(reading, &bounds)?, stamp(live, reading)?);
    let unread = |mistake| Refusal::unread(ErrorCode::InvalidRequest, &mistake);
    let (id, process) = live.start_reader(&text).map_err(unread)?;
    let mut reader = Reader::default();
    let most = reading.max.unwrap_or(usize::MAX);
    let has_all = live.run_for(PATIENCE, |event| {
        reader.observe(event, process, &bounds);
        reader.is_done(&bounds) || reader.given.len() >= most
    });
    live.stop_reader(&id, process, reading.group.is_some()).map_err(unread)?;
    reader.given.truncate(most);
    let mut told = String::new();
    for record in &reader.given {
        told += &shown(live, reading, &stamp, record);
    }
    if !has_all {
        told += &reader.missing(&bounds, topic);
    }
    told += &summary(reading, reader.given.len(), &id);
    Ok(told)
}

fn reader_text(reading: &Reading, bounds: &Bounds) -> Result<ReaderText, Refusal> {
    let from = match (reading.offset.as_deref(), reading.from_beginning) {
        (Some("earliest"), _) | (None, true) => "\"beginning\"".to_owned(),
        (Some("latest"), _) | (None, false) => "\"end\"".to_owned(),
        (Some(offset), _) => {
            let offset: u64 = offset.parse().map_err(|_| Refusal::malformed(format!("`{offset}` is no offset")))?;
            if reading.partition.is_none() {
                return Err(Refusal::malformed("an offset lies in a partition: --partition is missing"));
            }
            format!("{{ offset = {offset} }}")
        }
    };
    if reading.group.is_some() && (reading.partition.is_some() || reading.offset.is_some()) {
        return Err(Refusal::malformed("a group shares its partitions out: --partition and --offset do not go with --group"));
    }
    let reset = if reading.from_beginning { "earliest" } else { "latest" };
    let mut config: Vec<_> = reading.group.iter().map(|_| ("auto.offset.reset".to_owned(), reset.to_owned())).collect();
    // A group commits what was polled: nothing may be polled that is not shown. (Kafka's tool seeks back to what it did not show.)
    let is_slow = reading.group.is_some() && reading.max.is_some();
    config.extend(is_slow.then(|| ("max.poll.records".to_owned(), "1".to_owned())));
    let partitions = bounds.partitions.keys().map(|partition| partition.0).collect();
    let from = reading.group.is_none().then_some(from);
    Ok(ReaderText { group: reading.group.clone(), topic: reading.topic.clone(), partitions, from, config, is_slow })
}

impl Reader {
    fn observe(&mut self, event: &Event, process: ProcessId, bounds: &Bounds) {
        let Fact::Client(fact) = &event.fact else { return };
        if event.process != process {
            return;
        }
        match fact {
            ClientFact::PositionSet { partition, offset, .. } if partition.topic == bounds.topic => {
                self.reached.insert(partition.partition, *offset);
            }
            ClientFact::PollReturned { poll } if poll.partition.topic == bounds.topic => {
                let partition = poll.partition.partition;
                self.reached.insert(partition, poll.position);
                self.given.extend(poll.records.iter().map(|record| (partition, record.clone())));
            }
            ClientFact::ReadFailed { code, .. } => self.failed = Some(*code),
            _ => {}
        }
    }

    fn is_done(&self, bounds: &Bounds) -> bool {
        let has =
            |(partition, ends): (&PartitionIndex, &answers::Ends)| self.reached.get(partition).is_some_and(|at| *at >= ends.end);
        self.failed.is_some() || bounds.partitions.iter().all(has)
    }

    /// What did not come.
    fn missing(&self, bounds: &Bounds, topic: &str) -> String {
        let mut text = String::new();
        for (partition, ends) in &bounds.partitions {
            let reached = self.reached.get(partition);
            if reached.is_none_or(|at| *at < ends.end) {
                let at = reached.map_or_else(|| "nowhere yet".to_owned(), |at| format!("at {at}"));
                text += &format!(
                    "WARN nothing more came of {topic}-{} in {PATIENCE}: the reader is {at}, the end {}\n",
                    partition.0, ends.end
                );
            }
        }
        text
    }
}

/// Whose clock the timestamps of a topic are read from, as Kafka prints it; asked only if they are to be printed.
fn stamp(live: &mut Live, reading: &Reading) -> Result<String, Refusal> {
    let is_printed = matches!(&reading.shows, RecordShows::Console { parts, .. } if parts.contains(&RecordPart::Timestamp));
    if !is_printed {
        return Ok(String::new());
    }
    let configs = answers::configs(live, &format!("topic {}", reading.topic))?;
    let told = configs.into_iter().find(|config| config.key == "message.timestamp.type");
    Ok(told.map_or_else(|| "CreateTime".to_owned(), |config| config.value))
}

fn shown(live: &Live, reading: &Reading, stamp: &str, (partition, record): &(PartitionIndex, ReadRecord)) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let key = record.key.as_deref().map(text);
    let value = match live.record(record.digest) {
        Some(sent) => sent.value.as_deref().map(text),
        None => Some("(not a record of this session's producers)".to_owned()),
    };
    match &reading.shows {
        RecordShows::Place => {
            let (key, value) = (key.map(|key| format!("{key}: ")).unwrap_or_default(), value.unwrap_or_else(|| "null".to_owned()));
            format!("{}-{} @{}  {key}{value}\n", reading.topic, partition.0, record.offset)
        }
        RecordShows::Console { parts, separator, line_end, null } => {
            let part = |part: &RecordPart| match part {
                RecordPart::Timestamp => format!("{stamp}:{}", record.timestamp.0),
                RecordPart::Partition => format!("Partition:{}", partition.0),
                RecordPart::Offset => format!("Offset:{}", record.offset),
                RecordPart::Key => key.clone().unwrap_or_else(|| null.clone()),
                RecordPart::Value => value.clone().unwrap_or_else(|| null.clone()),
            };
            parts.iter().map(part).collect::<Vec<_>>().join(separator) + line_end
        }
    }
}

fn summary(reading: &Reading, count: usize, id: &str) -> String {
    if reading.shows != RecordShows::Place {
        return format!("Processed a total of {count} messages\n");
    }
    let records = if count == 1 { "1 record".to_owned() } else { format!("{count} records") };
    let hint = match (count, reading.from_beginning, &reading.group) {
        (0, false, None) => "; it began at the end, and --from-beginning reads what is there",
        (0, true, Some(_)) => "; it began where the group has committed",
        _ => "",
    };
    format!("{id} read {records}, to the end{hint}\n")
}
