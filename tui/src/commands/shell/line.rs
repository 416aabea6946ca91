//! What a line means: the shell's own words in commands. (`kafka_tools` reads Kafka's own command lines into the same ones.)

use tribunal::config::{iso_duration, nearest};
use tribunal::time::{Duration, Timestamp};

use super::command::{
    Command, ConfigsOf, FaultCommand, GroupShows, Reading, RecordShows, Reset, ResetTo, TOOLS, TopicsShown, VERBS,
};
use super::options::{Allowed, Options, pairs, parts};
use super::record_line::{LineMarks, Record};
use super::refusal::Refusal;

impl Command {
    /// Reads the words of a line, of which there is one at least.
    pub(super) fn read(words: &[String]) -> Result<(Self, Vec<String>), Refusal> {
        let Some((verb, rest)) = words.split_first() else { return Err(Refusal::malformed("there is nothing on the line")) };
        let options = |allowed| Options::read(rest, allowed);
        let (command, options) = match verb.as_str() {
            "topics" => options(TOPICS).and_then(topics)?,
            "produce" => options(PRODUCE).and_then(produce)?,
            "consume" => options(CONSUME).and_then(consume)?,
            "groups" => options(NONE).and_then(groups)?,
            "offsets" => options(OFFSETS).and_then(offsets)?,
            "configs" => options(CONFIGS).and_then(configs)?,
            _ => (other(verb, rest)?, Options::default()),
        };
        Ok((command, options.notes))
    }
}

const NONE: Allowed = Allowed { valued: &[], bare: &["members", "state"], ignored: &[] };
const TOPICS: Allowed =
    Allowed { valued: &["partitions", "replication-factor", "config"], bare: &["if-not-exists", "if-exists"], ignored: &[] };
const PRODUCE: Allowed = Allowed { valued: &["key", "partition", "header"], bare: &["tombstone"], ignored: &[] };
const CONSUME: Allowed =
    Allowed { valued: &["group", "partition", "offset", "max-messages"], bare: &["from-beginning"], ignored: &[] };
const OFFSETS: Allowed = Allowed {
    valued: &["topic", "to-offset", "shift-by", "to-datetime", "by-duration"],
    bare: &["to-earliest", "to-latest", "to-current", "dry-run", "execute"],
    ignored: &[],
};
const CONFIGS: Allowed = Allowed { valued: &[], bare: &["all"], ignored: &[] };

type Known = Result<(Command, Options), Refusal>;

fn topics(options: Options) -> Known {
    let configs = options.all("config").map(pairs).collect::<Result<Vec<_>, _>>()?.concat();
    let counted = |name: &str| options.get(name).unwrap_or("1").to_owned();
    let command = match words(&options)[..] {
        ["create", topic] => Command::CreateTopic {
            topic: topic.to_owned(),
            partitions: counted("partitions"),
            factor: counted("replication-factor"),
            configs,
            if_missing: options.has("if-not-exists"),
        },
        ["describe"] => Command::DescribeTopics(TopicsShown::default()),
        ["describe", topic] => Command::DescribeTopics(TopicsShown { topic: Some(topic.to_owned()), ..TopicsShown::default() }),
        ["list"] => Command::ListTopics { hides_internal: false },
        ["delete", topic] => Command::DeleteTopic { topic: topic.to_owned(), if_there: options.has("if-exists") },
        ["alter", topic] => Command::GrowTopic { topic: topic.to_owned(), partitions: options.need("partitions")?.to_owned() },
        _ => {
            return Err(usage(
                "topics create NAME [--partitions N] [--replication-factor N] [--config KEY=VALUE], or topics list, describe [NAME], alter NAME --partitions N, delete NAME",
            ));
        }
    };
    Ok((command, options))
}

fn produce(options: Options) -> Known {
    let headers = options.all("header").map(pairs).collect::<Result<Vec<_>, _>>()?.concat();
    let key = options.get("key").map(str::to_owned);
    let partition = options.number("partition")?;
    let (topic, value) = match (words(&options).as_slice(), options.has("tombstone")) {
        ([topic], true) => (*topic, None),
        // What stands in no quotes is several words, and one value.
        ([topic, value @ ..], false) if !value.is_empty() => (*topic, Some(value.join(" "))),
        ([topic], false) => {
            return Ok((Command::ProduceLines { topic: (*topic).to_owned(), marks: LineMarks::default() }, options));
        }
        _ => {
            return Err(usage(
                "produce TOPIC [--key KEY] [--partition N] [--header KEY=VALUE] VALUE, or --tombstone in place of a value",
            ));
        }
    };
    let record = Record { topic: topic.to_owned(), key, value, partition, headers };
    Ok((Command::Produce(record), options))
}

fn consume(options: Options) -> Known {
    let [topic] = words(&options)[..] else {
        return Err(usage("consume TOPIC [--from-beginning] [--group G] [--partition N [--offset N]] [--max-messages N]"));
    };
    let reading = Reading {
        topic: topic.to_owned(),
        group: options.get("group").map(str::to_owned),
        from_beginning: options.has("from-beginning"),
        partition: options.number("partition")?,
        offset: options.get("offset").map(str::to_owned),
        max: options.number("max-messages")?,
        shows: RecordShows::Place,
    };
    Ok((Command::Consume(reading), options))
}

fn groups(options: Options) -> Known {
    let shows = match (options.has("members"), options.has("state")) {
        (true, _) => GroupShows::Members { with_assignments: true },
        (false, true) => GroupShows::State,
        (false, false) => GroupShows::Offsets,
    };
    let command = match words(&options)[..] {
        ["list"] => Command::ListGroups { with_states: options.has("state") },
        ["describe", group] => Command::DescribeGroup { group: Some(group.to_owned()), shows },
        ["delete", group] => Command::DeleteGroup(group.to_owned()),
        _ => return Err(usage("groups list [--state], groups describe GROUP [--members] [--state], groups delete GROUP")),
    };
    Ok((command, options))
}

fn offsets(options: Options) -> Known {
    let (action, group, topic) = match words(&options)[..] {
        [action, group] => (action, group, options.need("topic")?),
        [action, group, topic] => (action, group, topic),
        _ => {
            return Err(usage(
                "offsets reset GROUP TOPIC --to-earliest | --to-latest | --to-offset N | --shift-by N | --to-datetime TIME | --by-duration PT1H, or offsets delete GROUP TOPIC",
            ));
        }
    };
    let command = match action {
        "reset" => Command::ResetOffsets(reset(&options, group, Some(topic), !options.has("dry-run"))?),
        "delete" => Command::DeleteOffsets { group: group.to_owned(), topic: topic.to_owned() },
        other => return Err(Refusal::malformed(format!("offsets can be reset and deleted; `{other}` is neither"))),
    };
    Ok((command, options))
}

/// Reads what a reset is to do. `topic` may name partitions: `orders:0,2`.
/// Without a topic all are meant.
pub(super) fn reset(options: &Options, group: &str, topic: Option<&str>, is_executed: bool) -> Result<Reset, Refusal> {
    let (topic, list) = topic.map_or((None, ""), |topic| {
        let (topic, list) = topic.split_once(':').unwrap_or((topic, ""));
        (Some(topic.to_owned()), list)
    });
    let number = |part: &str| part.parse().map_err(|_| Refusal::malformed(format!("`{part}` is no partition's number")));
    let partitions = parts(list).into_iter().map(number).collect::<Result<Vec<u32>, _>>()?;
    let choices = [
        options.has("to-earliest").then_some(ResetTo::Earliest),
        options.has("to-latest").then_some(ResetTo::Latest),
        options.has("to-current").then_some(ResetTo::Current),
        options.number("to-offset")?.map(ResetTo::Offset),
        options.number("shift-by")?.map(ResetTo::Shift),
        options.get("to-datetime").map(datetime).transpose()?.map(ResetTo::Time),
        options.get("by-duration").map(duration).transpose()?.map(ResetTo::Ago),
    ];
    let chosen: Vec<ResetTo> = choices.into_iter().flatten().collect();
    match chosen.as_slice() {
        [to] => Ok(Reset { group: group.to_owned(), topic, partitions, to: to.clone(), is_executed }),
        _ => Err(Refusal::malformed(
            "a reset has one aim: --to-earliest, --to-latest, --to-current, --to-offset N, --shift-by N, --to-datetime TIME or \
             --by-duration PT1H",
        )),
    }
}

/// Reads `2026-01-01T00:00:01.500`, in UTC unless it ends with `Z` or an offset such as `+02:00`.
fn datetime(text: &str) -> Result<Timestamp, Refusal> {
    let in_utc = || Some(text.parse::<jiff::civil::DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp());
    let read = text.parse::<jiff::Timestamp>().ok().or_else(in_utc).map(|at| Timestamp(at.as_millisecond()));
    read.ok_or_else(|| Refusal::malformed(format!("`{text}` is no time: 2026-01-01T00:00:01.500 is one, in UTC")))
}

fn duration(text: &str) -> Result<Duration, Refusal> {
    iso_duration(text).ok_or_else(|| Refusal::malformed(format!("`{text}` is no duration: P1DT2H and PT0.5S are")))
}

fn configs(options: Options) -> Known {
    let command = match words(&options)[..] {
        ["set", ref rest @ ..] => {
            let (resource, rest) = resource(rest)?;
            let set = rest.iter().map(|pair| one_pair(pair)).collect::<Result<Vec<_>, _>>()?;
            Command::AlterConfigs { resource, set, unset: Vec::new() }
        }
        ["unset", ref rest @ ..] => {
            let (resource, rest) = resource(rest)?;
            Command::AlterConfigs { resource, set: Vec::new(), unset: rest.iter().map(|key| (*key).to_owned()).collect() }
        }
        ["describe", ref rest @ ..] => {
            let (resource, _) = resource(rest)?;
            Command::DescribeConfigs { of: ConfigsOf::One(resource), all: options.has("all") }
        }
        _ => {
            return Err(usage(
                "configs set topic NAME KEY=VALUE (or broker b1, or cluster), configs unset topic NAME KEY, configs describe topic NAME [--all]",
            ));
        }
    };
    Ok((command, options))
}

/// A pair whose value may hold commas.
fn one_pair(text: &str) -> Result<(String, String), Refusal> {
    let pair = text.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
    pair.filter(|(key, value)| !key.is_empty() && !value.contains(char::is_whitespace))
        .ok_or_else(|| Refusal::malformed(format!("`{text}` is not of the form KEY=VALUE, without blanks")))
}

fn resource<'w, 'o>(words: &'w [&'o str]) -> Result<(String, &'w [&'o str]), Refusal> {
    match words {
        ["topic", name, rest @ ..] => Ok((format!("topic {name}"), rest)),
        ["broker", name, rest @ ..] => Ok((format!("broker {name}"), rest)),
        ["cluster", rest @ ..] => Ok(("cluster".to_owned(), rest)),
        _ => Err(Refusal::malformed("configurations are of a `topic NAME`, a `broker b1` or the `cluster`")),
    }
}

/// The commands without options.
fn other(verb: &str, rest: &[String]) -> Result<Command, Refusal> {
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    let several = || rest.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    Ok(match (verb, rest.as_slice()) {
        ("help", []) => Command::Help(None),
        ("help", [what, ..]) => Command::Help(Some((*what).to_owned())),
        ("quit" | "exit", []) => Command::Quit,
        ("status", []) => Command::Status,
        ("watch", []) => Command::Watch,
        ("save", [file]) => Command::Save((*file).to_owned()),
        ("wait" | "step", [time]) => Command::Wait((*time).to_owned()),
        ("crash", [_, ..]) => Command::Fault(FaultCommand::Process("crash", several())),
        ("power-off", [_, ..]) => Command::Fault(FaultCommand::Process("power-off", several())),
        ("restart", [_, ..]) => Command::Fault(FaultCommand::Process("restart", several())),
        ("pause", [_, ..]) => Command::Fault(FaultCommand::Process("pause", several())),
        ("resume", [_, ..]) => Command::Fault(FaultCommand::Resume(several())),
        ("cut", [a, b]) => Command::Fault(FaultCommand::Cut { sides: [(*a).to_owned(), (*b).to_owned()], one_way: false }),
        ("cut", [a, b, "--one-way"]) => {
            Command::Fault(FaultCommand::Cut { sides: [(*a).to_owned(), (*b).to_owned()], one_way: true })
        }
        ("loss", [from, to, percent]) => Command::Fault(FaultCommand::Loss {
            from: (*from).to_owned(),
            to: (*to).to_owned(),
            percent: percent.trim_end_matches('%').to_owned(),
        }),
        ("delay", [from, to, by]) => {
            Command::Fault(FaultCommand::Delay { from: (*from).to_owned(), to: (*to).to_owned(), by: (*by).to_owned() })
        }
        ("skew", [process, by]) => Command::Fault(FaultCommand::Skew { process: (*process).to_owned(), by: (*by).to_owned() }),
        ("drift", [process, ppm]) => Command::Fault(FaultCommand::Drift { process: (*process).to_owned(), ppm: (*ppm).to_owned() }),
        ("heal", [] | ["all"]) => Command::Fault(FaultCommand::Heal(None)),
        ("heal", [a, b]) => Command::Fault(FaultCommand::Heal(Some([(*a).to_owned(), (*b).to_owned()]))),
        (verb, _) => return Err(not_understood(verb)),
    })
}

fn not_understood(verb: &str) -> Refusal {
    if VERBS.contains(&verb) {
        return Refusal::malformed(format!("`{verb}` is told otherwise: {}", super::help::usage_of(verb)));
    }
    match nearest(verb, VERBS.iter().copied().chain(TOOLS)) {
        Some(near) => Refusal::malformed(format!("there is no command `{verb}`: did you mean `{near}`?")),
        None => Refusal::malformed(format!("there is no command `{verb}`: `help` lists them")),
    }
}

fn words(options: &Options) -> Vec<&str> {
    options.words.iter().map(String::as_str).collect()
}

fn usage(text: &str) -> Refusal {
    Refusal::malformed(format!("write: {text}"))
}
