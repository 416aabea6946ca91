//! A live session: a cluster of three brokers that is told what to do while it runs.
//!
//! Commands come one after the other. Each takes effect at the next whole millisecond of simulated time that is later than all
//! that has happened, and the world then runs until the command has its answer. Between commands no time passes.
//!
//! Invariant: a session is its text ([`Live::save`]). Read as a scenario and run with the same seed it tells, behind its first
//! event (`RunStarted`, which holds the text), the same events one by one. That is why a command is written down first, read
//! by the reader of scenarios, and only then carried out; and why every client has a `number`, counted as they come.
//!
//! Called by: `tribunal shell`. Not modelled: commands at one and the same instant.

mod diary;
mod growth;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::process::Place;
use super::scenario::{Mistake, Scenario, When};
use super::world::{Told, World};
use crate::error::ErrorCode;
use crate::event::{ClientFact, ControllerFact, Event, Fact, FaultFact, SentRecord};
use crate::ids::{BrokerId, BrokerSet, Digest, Offset, ProcessId, SendId, TopicPartition};
use crate::protocol::Response;
use crate::time::{Duration, Instant};

use diary::{Diary, Entry, Table, quoted};

/// How long a session may be: as long as a run.
const LONGEST: Duration = Duration::from_secs(30 * 86_400);
/// How long a command waits for its answer. Every client gives up before.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a new cluster has to come up.
const MORNING: Duration = Duration::from_secs(30);

/// A cluster in somebody's hands.
#[derive(Debug)]
pub struct Live {
    world: World,
    diary: Diary,
    admin: Place,
    /// What the administrator was told since his last order.
    answers: Vec<Response>,
    /// Every record that was given to a producer, by what it holds.
    records: BTreeMap<Digest, Arc<SentRecord>>,
    /// When the last fault that ends by itself is over.
    all_over: Instant,
    told: Vec<Told>,
}

/// How an order of the administrator's ended.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The refusal, if it was refused; REQUEST_TIMED_OUT when nobody answered.
    pub code: Option<ErrorCode>,
    /// What he was told meanwhile, in order.
    pub responses: Vec<Response>,
}

/// A fault that struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Struck {
    /// Its number, for [`Live::end_fault`].
    pub number: usize,
    /// Nobody had the role it was meant for: nothing happened.
    pub was_missed: bool,
}

/// How a send ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It is stored; with acks=0 nobody says where.
    Acknowledged(TopicPartition, Option<Offset>),
    /// Nobody knows whether it is stored.
    Unknown(ErrorCode),
    /// It is stored nowhere.
    Refused(ErrorCode),
}

/// A record to send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordText {
    /// Its key.
    pub key: Option<String>,
    /// Its value; without one it is a tombstone.
    pub value: Option<String>,
    /// Its partition, overruling the partitioner.
    pub partition: Option<u32>,
    /// Its headers in order.
    pub headers: Vec<(String, String)>,
}

/// What a consumer is to read, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReaderText {
    /// The group it reads with, by subscription; else it is assigned the partitions.
    pub group: Option<String>,
    /// The topic.
    pub topic: String,
    /// Its partitions, if no group shares them out.
    pub partitions: Vec<u32>,
    /// Where it begins, as `from` is written in a scenario; by `auto.offset.reset` when `None`.
    pub from: Option<String>,
    /// Kafka's keys for it.
    pub config: Vec<(String, String)>,
    /// Whether its application takes a moment for each record, so that it can be stopped between two.
    pub is_slow: bool,
}

impl Live {
    /// A new cluster, run until all its brokers are in service.
    ///
    /// # Panics
    /// Never: the text of an empty session is a scenario.
    #[must_use]
    pub fn start(seed: u64) -> Self {
        let diary = Diary::new(seed);
        let text = diary.since(Instant::ZERO, LONGEST);
        let scenario = Scenario::read(&text, "session").expect("the text of an empty session is a scenario");
        let world = World::new(&scenario, seed, &[], true);
        let admin = world.place_of(scenario.admin.process);
        let (answers, records, told) = (Vec::new(), BTreeMap::new(), Vec::new());
        let mut live = Self { world, diary, admin, answers, records, all_over: Instant::ZERO, told };
        let mut up = BrokerSet::EMPTY;
        live.run_until(Instant::ZERO.plus(MORNING), |event| {
            if let Fact::Controller(ControllerFact::BrokerUnfenced { broker, .. }) = &event.fact {
                up = up.with(*broker);
            }
            up.len() == usize::from(scenario.cluster.brokers)
        });
        live
    }

    /// True time.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.world.now()
    }

    /// The assertion of ours that failed and ended the session, if one did.
    #[must_use]
    pub fn failed_assertion(&self) -> Option<&str> {
        self.world.failed_assertion()
    }

    /// The seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.diary.seed()
    }

    /// Who leads the metadata quorum, by its newest election.
    #[must_use]
    pub fn controller(&self) -> Option<ProcessId> {
        self.world.roles.controller()
    }

    /// The servers, and whether each lives: the brokers, then the controllers.
    pub fn servers(&self) -> impl Iterator<Item = (ProcessId, bool)> {
        let is_server = |id: &ProcessId| matches!(id, ProcessId::Broker(_) | ProcessId::Controller(_));
        self.world.slots.iter().map(|slot| (slot.id, slot.is_up)).filter(move |(id, _)| is_server(id))
    }

    /// Whether a server's process lives.
    #[must_use]
    pub fn is_up(&self, process: ProcessId) -> bool {
        self.servers().any(|(server, is_up)| server == process && is_up)
    }

    /// Whether the controller counts a broker as alive.
    #[must_use]
    pub fn is_unfenced(&self, broker: BrokerId) -> bool {
        self.world.roles.is_unfenced(broker)
    }

    /// A record by its digest, if a producer of this session was given it.
    #[must_use]
    pub fn record(&self, digest: Digest) -> Option<&SentRecord> {
        self.records.get(&digest).map(Arc::as_ref)
    }

    /// The whole session as the text of a scenario.
    #[must_use]
    pub fn save(&self) -> String {
        let end = self.now().max(self.all_over).0;
        // It ends with the millisecond after the last thing that happened.
        self.diary.whole(Duration((end / 1_000 + 1) * 1_000))
    }

    /// Tells the administrator to do something, as `do` in `[[admin]]` is written, and runs until he has his answer.
    /// Errors: what is wrong with the words; nothing has happened then.
    pub fn order(&mut self, words: &str) -> Result<Answer, Mistake> {
        self.answers.clear();
        self.tell(vec![Entry::Order(words.to_owned())])?;
        let mut answered = None;
        self.run_for(PATIENCE, |event| {
            if let Fact::Client(ClientFact::AdminAnswered { code, .. }) = &event.fact {
                answered = Some(*code);
            }
            answered.is_some()
        });
        let code = answered.unwrap_or(Some(ErrorCode::RequestTimedOut));
        Ok(Answer { code, responses: std::mem::take(&mut self.answers) })
    }

    /// Has a record sent to a topic (by the producer of that topic, which is started for its first record), and runs until
    /// its producer has an answer. Errors: as [`Live::order`].
    pub fn send(&mut self, topic: &str, record: &RecordText) -> Result<Sent, Mistake> {
        let keys = vec![format!("topic = {}", quoted(topic))];
        let mut entries = Vec::new();
        let (id, process) = self.diary.producer_of(&keys).unwrap_or_else(|| {
            let (id, number) = self.diary.next_client('p');
            let table = Table::Producers;
            entries.push(Entry::Client { table, id: id.clone(), number, keys: keys.clone() });
            (id, number)
        });
        entries.push(Entry::Deed { id, what: record.as_keys() });
        let process = client(process);
        self.tell(entries)?;
        let (mut mine, mut sent) = (None, None);
        self.run_for(PATIENCE, |event| {
            if let Fact::Client(fact) = &event.fact
                && event.process == process
            {
                sent = outcome(fact, &mut mine);
            }
            sent.is_some()
        });
        Ok(sent.unwrap_or(Sent::Unknown(ErrorCode::RequestTimedOut)))
    }

    /// Starts a consumer. Returns its name and which client it is; it reads when the session is run. Errors: as [`Live::order`].
    pub fn start_reader(&mut self, reader: &ReaderText) -> Result<(String, ProcessId), Mistake> {
        let (id, number) = self.diary.next_client('c');
        let keys = reader.as_keys();
        self.tell(vec![Entry::Client { table: Table::Consumers, id: id.clone(), number, keys }])?;
        Ok((id, client(number)))
    }

    /// Closes a consumer in order, and runs until it has left its group, if it is a member of one. Errors: as [`Live::order`].
    pub fn stop_reader(&mut self, id: &str, process: ProcessId, has_group: bool) -> Result<(), Mistake> {
        self.tell(vec![Entry::Stop { id: id.to_owned() }])?;
        let long = if has_group { Duration::from_secs(5) } else { Duration::from_millis(1) };
        self.run_for(long, |event| event.process == process && matches!(&event.fact, Fact::Client(ClientFact::GroupLeft { .. })));
        Ok(())
    }

    /// Has something go wrong now: the keys of a `[[faults]]` table on one line each, without its times. With `ends_by` (the key
    /// that would say when it ends) it lasts until [`Live::end_fault`]. Errors: as [`Live::order`].
    pub fn fault(&mut self, what: &str, ends_by: Option<&'static str>) -> Result<Struck, Mistake> {
        let number = self.diary.fault_count();
        self.tell(vec![Entry::Fault { what: what.to_owned(), ends_by }])?;
        let mut was_missed = false;
        self.run_for(Duration::ZERO, |event| {
            was_missed |= matches!(event.fact, Fact::Fault(FaultFact::FaultMissed { .. }));
            false
        });
        Ok(Struck { number, was_missed })
    }

    /// Ends a fault now.
    pub fn end_fault(&mut self, number: usize) {
        let at = self.next_moment();
        self.diary.end_fault(number, at);
        self.world.end_fault(number, at);
        self.run_until(at, |_| false);
    }

    /// Lets so much simulated time pass.
    pub fn wait(&mut self, long: Duration) {
        self.run_for(long, |_| false);
    }

    /// Runs until something has happened, or for so long at most. True when it has.
    pub fn run_for(&mut self, long: Duration, is_it: impl FnMut(&Event) -> bool) -> bool {
        let until = self.next_moment().plus(long);
        self.run_until(until, is_it)
    }

    fn run_until(&mut self, until: Instant, mut is_it: impl FnMut(&Event) -> bool) -> bool {
        let mut told = std::mem::take(&mut self.told);
        let mut is_found = false;
        while !is_found {
            let turn = self.world.begin_by(until);
            let is_last = turn.is_none();
            if let Some(mut turn) = turn {
                if turn.place() == self.admin {
                    self.answers.extend(turn.response().cloned());
                }
                self.world.step(&mut turn);
                self.world.end(turn);
            }
            self.world.take_told(&mut told);
            for (event, _) in told.drain(..) {
                if let Fact::Client(ClientFact::SendInvoked { record, .. }) = &event.fact {
                    self.records.insert(record.digest, Arc::clone(record));
                }
                is_found |= is_it(&event);
            }
            if is_last {
                break;
            }
        }
        self.told = told;
        is_found
    }

    /// The next whole millisecond: later than all that has happened.
    fn next_moment(&self) -> Instant {
        Instant((self.now().0 / 1_000 + 1) * 1_000)
    }

    /// Writes down what is to be done at the next moment, reads it, and has the world do it then.
    fn tell(&mut self, entries: Vec<Entry>) -> Result<(), Mistake> {
        let at = self.next_moment();
        entries.into_iter().for_each(|entry| self.diary.add(at, entry));
        let read = Scenario::read(&self.diary.since(at, LONGEST), "session");
        let scenario = read.inspect_err(|_| self.diary.strike_out(at))?;
        for fault in &scenario.faults {
            let When::At(at) = fault.when else { continue };
            self.all_over = self.all_over.max(at.plus(fault.lasts.unwrap_or(Duration::ZERO)));
        }
        self.world.grow(&scenario, at);
        Ok(())
    }
}

fn client(number: usize) -> ProcessId {
    ProcessId::Client(u16::try_from(number).expect("the reader refuses more clients"))
}

/// What became of the first send that a producer is told of from now on.
fn outcome(fact: &ClientFact, mine: &mut Option<SendId>) -> Option<Sent> {
    match fact {
        ClientFact::SendInvoked { send, .. } => {
            mine.get_or_insert(*send);
            None
        }
        ClientFact::SendAcknowledged { partition, send, offset, .. } if *mine == Some(*send) => {
            Some(Sent::Acknowledged(*partition, *offset))
        }
        ClientFact::SendUnknown { send, code, .. } if *mine == Some(*send) => Some(Sent::Unknown(*code)),
        ClientFact::SendFailed { send, code, .. } if *mine == Some(*send) => Some(Sent::Refused(*code)),
        ClientFact::SendRefused { code, .. } if mine.is_none() => Some(Sent::Refused(*code)),
        _ => None,
    }
}

impl RecordText {
    fn as_keys(&self) -> String {
        let text = |key: &str, value: &Option<String>| value.as_ref().map(|value| format!("{key} = {}", quoted(value)));
        let header = |(key, value): &(String, String)| format!("{{ key = {}, value = {} }}", quoted(key), quoted(value));
        let headers: Vec<_> = self.headers.iter().map(header).collect();
        let keys = [
            text("key", &self.key),
            text("value", &self.value),
            self.partition.map(|partition| format!("partition = {partition}")),
            (!headers.is_empty()).then(|| format!("headers = [{}]", headers.join(", "))),
        ];
        keys.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

impl ReaderText {
    fn as_keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        match &self.group {
            Some(group) => {
                keys.push(format!("group = {}", quoted(group)));
                keys.push(format!("topics = [{}]", quoted(&self.topic)));
            }
            None => {
                let partitions = self.partitions.iter().map(|number| quoted(&format!("{}-{number}", self.topic)));
                keys.push(format!("assign = [{}]", partitions.collect::<Vec<_>>().join(", ")));
            }
        }
        keys.extend(self.from.as_ref().map(|from| format!("from = {from}")));
        keys.extend(self.is_slow.then(|| "processing = { per-record = \"1ms\" }".to_owned()));
        if !self.config.is_empty() {
            let config = self.config.iter().map(|(key, value)| format!("{} = {}", quoted(key), quoted(value)));
            keys.push(format!("config = {{ {} }}", config.collect::<Vec<_>>().join(", ")));
        }
        keys
    }
}

#[cfg(test)]
mod tests;
