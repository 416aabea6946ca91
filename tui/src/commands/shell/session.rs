//! One line after the other: what each does to the cluster, and what is said about it.
//!
//! Invariant: a refusal is said and the session goes on; nothing that a line says can end it but `quit`.

use std::path::Path;

use tribunal::ids::ProcessId;
use tribunal::sim::host::HostKind;
use tribunal::sim::live::Live;
use tribunal::sim::scenario::Scenario;
use tribunal::sim::trial::{self, TrialOptions};
use tribunal::time::Duration;

use super::super::source::Recorded;
use super::command::Command;
use super::faults::Lasting;
use super::record_line::LineMarks;
use super::refusal::Refusal;
use super::topics::NewTopic;
use super::{configs, faults, groups, help, kafka_tools, log_ends, records, topics, words};

/// A cluster, and what the shell keeps beside it.
pub(super) struct Session {
    live: Live,
    lasting: Vec<Lasting>,
    /// The topics that are known to be there.
    topics: Vec<String>,
    groups: Vec<String>,
    /// The lines that follow are records: for which topic, and what parts them; and how many there were.
    gathering: Option<(String, LineMarks, usize)>,
    /// The beginning of a line that ended with a backslash.
    begun: String,
}

/// What came of a line.
pub(super) enum Reply {
    Said(String),
    /// The run so far is to be shown.
    Watch(Box<Recorded>),
    Over(String),
}

impl Reply {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Said(text) | Self::Over(text) => text.trim_end(),
            Self::Watch(_) => "",
        }
    }
}

impl Session {
    /// A new cluster.
    pub(super) fn start(seed: u64) -> Self {
        let (lasting, topics, groups) = (Vec::new(), Vec::new(), Vec::new());
        Self { live: Live::start(seed), lasting, topics, groups, gathering: None, begun: String::new() }
    }

    /// The first words, to people.
    pub(super) fn greeting(&self) -> String {
        format!(
            "Three brokers (b1, b2, b3) and a controller (k1) are up: simulated, in this\n\
             process, seed {:#x}. Between two commands no time passes. Tab completes. Try:\n  \
             produce payments --key Alice \"Made a payment of $200 to Bob\"\n  \
             consume payments --from-beginning\n  \
             help",
            self.live.seed()
        )
    }

    /// What stands before a line that is typed.
    pub(super) fn prompt(&self) -> String {
        if self.is_gathering() || !self.begun.is_empty() { ">".to_owned() } else { format!("{}> ", self.live.now()) }
    }

    /// The names that may be completed.
    pub(super) fn names(&self) -> Vec<String> {
        let servers = self.live.servers().map(|(process, _)| process.to_string());
        self.topics.iter().chain(&self.groups).cloned().chain(servers).collect()
    }

    /// Whether the next lines are records.
    pub(super) fn is_gathering(&self) -> bool {
        self.gathering.is_some()
    }

    /// Does what a line says.
    pub(super) fn take(&mut self, line: &str) -> Reply {
        if let Some(reply) = self.gather(line) {
            return reply;
        }
        if let Some(beginning) = line.trim_end().strip_suffix('\\') {
            self.begun += beginning;
            self.begun.push(' ');
            return Reply::Said(String::new());
        }
        let line = std::mem::take(&mut self.begun) + line;
        match self.read(&line) {
            Ok(None) => Reply::Said(String::new()),
            Ok(Some((command, notes))) => {
                let notes: String = notes.iter().map(|note| format!("{note}\n")).collect();
                match self.execute(command) {
                    Ok(Reply::Said(text)) => Reply::Said(notes + &text),
                    Ok(reply) => reply,
                    Err(refusal) => Reply::Said(format!("{notes}{refusal}{}", self.broken())),
                }
            }
            Err(refusal) => Reply::Said(refusal.to_string()),
        }
    }

    /// The last words: how many records came of lines that were still being gathered.
    pub(super) fn finish(&mut self) -> String {
        self.gathering.take().map(|(topic, _, count)| gathered(&topic, count)).unwrap_or_default()
    }

    /// A line as a command; `None` when there is nothing on it.
    fn read(&self, line: &str) -> Result<Option<(Command, Vec<String>)>, Refusal> {
        if let Some((tool, rest)) = kafka_tools::called(line) {
            return kafka_tools::read(tool, &words::split(rest)?).map(Some);
        }
        let mut words = words::split(line)?;
        if words.first().is_some_and(|word| word == "$" || word == ">") {
            words.remove(0);
        }
        if words.is_empty() { Ok(None) } else { Command::read(&words).map(Some) }
    }

    /// Takes a line as a record, while lines are records. An empty line ends that, and so does a line that calls a tool of Kafka's.
    fn gather(&mut self, line: &str) -> Option<Reply> {
        let (topic, marks, count) = self.gathering.clone()?;
        if line.is_empty() {
            self.gathering = None;
            return Some(Reply::Said(gathered(&topic, count)));
        }
        if kafka_tools::called(line).is_some() {
            self.gathering = None;
            let text = gathered(&topic, count) + "\n";
            return Some(match self.take(line) {
                Reply::Said(more) => Reply::Said(text + &more),
                other => other,
            });
        }
        // Guides show the producer's own prompt.
        let record = match marks.record(&topic, line.strip_prefix('>').unwrap_or(line)) {
            Ok(record) => record,
            Err(refusal) => return Some(Reply::Said(refusal.to_string())),
        };
        let is_known = self.topics.contains(&topic);
        Some(Reply::Said(match records::produce(&mut self.live, &record, is_known) {
            Ok(stored) => {
                remember(&mut self.topics, topic.clone());
                self.gathering = Some((topic, marks, count + 1));
                stored.made.unwrap_or_default()
            }
            Err(refusal) => format!("{refusal}{}", self.broken()),
        }))
    }

    fn execute(&mut self, command: Command) -> Result<Reply, Refusal> {
        let live = &mut self.live;
        let text = match command {
            Command::Help(None) => help::all(),
            Command::Help(Some(what)) => help::about(&what),
            Command::HelpOnTool { tool, options } => help::on_tool(tool, &options),
            Command::Version => help::version(),
            Command::Quit => return Ok(Reply::Over(String::new())),
            Command::CreateTopic { topic, partitions, factor, configs, if_missing } => {
                let new = NewTopic { topic: &topic, partitions: &partitions, factor: &factor, configs: &configs, if_missing };
                let text = topics::create(live, &new)?;
                remember(&mut self.topics, topic);
                text
            }
            Command::DescribeTopics(shown) => topics::describe(live, &shown)?,
            Command::GetOffsets { only, at, hides_internal } => log_ends::offsets(live, &only, at, hides_internal)?,
            Command::DeleteRecords(file) => log_ends::delete_records(live, &file)?,
            Command::ListTopics { hides_internal } => topics::list(live, hides_internal)?,
            Command::DeleteTopic { topic, if_there } => {
                let text = topics::delete(live, &topic, if_there)?;
                self.topics.retain(|known| *known != topic);
                text
            }
            Command::GrowTopic { topic, partitions } => topics::grow(live, &topic, &partitions)?,
            Command::Produce(record) => {
                let stored = records::produce(live, &record, self.topics.contains(&record.topic))?;
                remember(&mut self.topics, record.topic);
                stored.made.map(|made| made + "\n").unwrap_or_default() + &stored.place
            }
            Command::ProduceLines { topic, marks } => {
                if records::is_there(live, &topic)? {
                    remember(&mut self.topics, topic.clone());
                }
                self.gathering = Some((topic, marks, 0));
                String::new()
            }
            Command::Consume(reading) => {
                reading.group.iter().for_each(|group| remember(&mut self.groups, group.clone()));
                records::consume(live, &reading)?
            }
            Command::ListGroups { with_states } => groups::list(live, with_states)?,
            Command::DescribeGroup { group, shows } => groups::describe(live, group.as_deref(), shows)?,
            Command::DeleteGroup(group) => groups::delete(live, &group)?,
            Command::ResetOffsets(reset) => groups::reset(live, &reset)?,
            Command::DeleteOffsets { group, topic } => groups::delete_offsets(live, &group, &topic)?,
            Command::AlterConfigs { resource, set, unset } => configs::alter(live, &resource, &set, &unset)?,
            Command::DescribeConfigs { of, all } => configs::describe(live, &of, all)?,
            Command::Fault(fault) => faults::strike(live, &mut self.lasting, &fault)?,
            Command::Wait(time) => {
                live.wait(span(&time)?);
                format!("{}{}", live.now(), self.broken())
            }
            Command::Status => self.status(),
            Command::Watch => return Ok(Reply::Watch(Box::new(self.record()?))),
            Command::Save(file) => self.save(Path::new(&file))?,
        };
        Ok(Reply::Said(text))
    }

    fn status(&self) -> String {
        let mut text = format!("{}  seed {:#x}\n", self.live.now(), self.live.seed());
        for (process, is_up) in self.live.servers() {
            let state = match (is_up, process) {
                (false, _) => "down",
                (true, ProcessId::Broker(broker)) if self.live.is_unfenced(broker) => "in service",
                (true, ProcessId::Broker(_)) => "up, and fenced: the controller does not count on it",
                (true, _) if self.live.controller() == Some(process) => "the active controller",
                (true, _) => "up",
            };
            text += &format!("{process}  {state}\n");
        }
        text + &faults::open(&self.lasting)
    }

    fn save(&self, file: &Path) -> Result<String, Refusal> {
        let name = file.display();
        std::fs::write(file, self.live.save()).map_err(|error| Refusal::malformed(format!("{name} cannot be written: {error}")))?;
        let told = format!("{name} holds the session: tribunal run {name}, tribunal watch {name}");
        Ok(match self.broken_promises()?.as_slice() {
            [] => told,
            broken => format!("{told}\nnote: it breaks {}, so that run ends in NOT MET and exit code 1", broken.join(", ")),
        })
    }

    /// The promises that the session has broken so far, by their checks' names.
    fn broken_promises(&self) -> Result<Vec<&'static str>, Refusal> {
        let scenario = self.scenario()?;
        let outcome = trial::hold(&scenario, &TrialOptions { host: HostKind::Plain, seed: scenario.seed, keep_trace: false });
        Ok(trial::failures(&scenario, &outcome.checks).map(|result| result.name).collect())
    }

    /// The session so far as a scenario.
    fn scenario(&self) -> Result<Scenario, Refusal> {
        let read = Scenario::read(&self.live.save(), "session");
        read.map_err(|mistake| Refusal::unread(tribunal::error::ErrorCode::UnknownServerError, &mistake))
    }

    /// The session so far, run again from its text, with the verdict of every check.
    fn record(&self) -> Result<Recorded, Refusal> {
        let scenario = self.scenario()?;
        let options = TrialOptions { host: HostKind::Plain, seed: scenario.seed, keep_trace: true };
        let mut outcome = trial::hold(&scenario, &options);
        let trace = outcome.trace.take().expect("the trace was asked for");
        Ok(Recorded { trace, scenario, outcome: Some(outcome) })
    }

    /// Says that an assertion of ours has ended the simulation, if one has.
    fn broken(&self) -> String {
        let told =
            |why: &str| format!("\nthe simulation has ended: an assertion of its own failed ({why}); `save` keeps it for a report");
        self.live.failed_assertion().map(told).unwrap_or_default()
    }
}

fn gathered(topic: &str, count: usize) -> String {
    format!("{} sent to {topic}", super::output::count(u64::try_from(count).unwrap_or(u64::MAX), "record"))
}

fn remember(names: &mut Vec<String>, name: String) {
    if !names.contains(&name) {
        names.push(name);
    }
}

/// A time such as 500ms, of no more than a day.
fn span(text: &str) -> Result<Duration, Refusal> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit_us = match unit {
        "us" => 1,
        "ms" => 1_000,
        "s" => 1_000_000,
        "min" | "m" => 60_000_000,
        "h" => 3_600_000_000,
        _ => 0,
    };
    let us = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit_us)).filter(|us| *us > 0);
    match us {
        Some(us) if us <= 86_400_000_000 => Ok(Duration(us)),
        Some(_) => Err(Refusal::malformed(format!("{text} is too long: a day at most"))),
        None => Err(Refusal::malformed(format!("`{text}` is no time: write 500ms or 2s"))),
    }
}
