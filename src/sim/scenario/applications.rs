//! Reads what an application does with its consumer: how it processes what it polls (`processing`), and what else it tells it
//! (`do`).
//!
//! Called by: `consumers`.

use super::client_tables::{APPLICATION_COMMAND, FROM, PROCESSING, SEEK, WRITES};
use super::clients::timestamp;
use super::consumers::{partitions, pattern_text, topic_names};
use super::document::{Item, Table};
use super::mistake::Read;
use super::model::Promise;
use super::overlay::{Overlay, time, truth};
use super::settings::Given;
use super::stage::Stage;
use crate::client::application::{ApplicationSetup, CommitMode, WriteSetup};
use crate::config::{AutoOffsetReset, ConsumerConfig};
use crate::context::{Command, ConsumerCommand, SeekTo};
use crate::ids::{Offset, PartitionIndex};
use crate::protocol::NamedPartition;
use crate::time::Instant;

/// The words for when an application commits, in the order of [`COMMIT_MODES`].
pub(super) const COMMITS: &[&str] = &["auto", "before", "after", "after-async", "each", "never"];
const COMMIT_MODES: [CommitMode; 6] = [
    CommitMode::Auto,
    CommitMode::BeforeProcessing,
    CommitMode::AfterProcessing,
    CommitMode::AfterProcessingAsync,
    CommitMode::EachRecord,
    CommitMode::Never,
];

/// The words for what it promises, in the order of [`PROMISE_VALUES`].
pub(super) const PROMISES: &[&str] = &["at-least-once", "at-most-once", "none"];
const PROMISE_VALUES: [Promise; 3] = [Promise::AtLeastOnce, Promise::AtMostOnce, Promise::None];

/// What stands before a key of what it writes, or of the producer it writes with.
pub(super) const WRITING: &str = "processing.writes.";

/// What an application may do with its consumer.
const ACTIONS: [&str; 9] =
    ["pause", "resume", "seek", "subscribe", "subscribe-pattern", "assign", "unsubscribe", "commit", "close"];

/// Reads `processing`, with the settings `processing.KEY` and `processing.writes.KEY` over it. Who commits himself does not have it done by his consumer
/// as well, unless `enable.auto.commit` says so.
pub(super) fn application(
    table: &Table<'_>,
    settings: &[Given<'_>],
    config: &mut ConsumerConfig,
    says_auto_commit: bool,
    writes: impl FnOnce(Option<&Table<'_>>, Vec<Given<'_>>) -> Read<Option<WriteSetup>>,
) -> Read<(ApplicationSetup, Option<Promise>)> {
    let item = table.get("processing");
    let table = item.map(|item| item.table(&PROCESSING)).transpose()?;
    let (of_writes, own): (Vec<_>, Vec<_>) = settings.iter().cloned().partition(|given| given.key.starts_with(WRITING));
    let over = Overlay::new(&PROCESSING, table.as_ref(), ("processing.", &own))?;
    let usual = ApplicationSetup::default();
    let mut setup = ApplicationSetup {
        per_record: over.or("per-record", usual.per_record, time)?,
        per_poll: over.or("per-poll", usual.per_poll, time)?,
        commit: over.or("commit", usual.commit, |item| Ok(word(item.written(), COMMITS, &COMMIT_MODES)))?,
        hands_over: over.or("hands-over", usual.hands_over, truth)?,
        writes: None,
    };
    let promise = over.get("promise", |item| Ok(word(item.written(), PROMISES, &PROMISE_VALUES)))?;
    let written = table.as_ref().and_then(|table| table.get("writes"));
    let written = written.map(|item| item.table(&WRITES)).transpose()?;
    setup.writes = writes(written.as_ref(), of_writes)?;
    written.iter().chain(&table).for_each(Table::close);
    if setup.commit != CommitMode::Auto && !says_auto_commit {
        config.enable_auto_commit = false;
    }
    Ok((setup, promise))
}

/// What an application that works so promises, unless it says otherwise. Who seeks, or begins at the end where nothing is
/// committed, promises nothing.
pub(super) fn usual_promise(setup: &ApplicationSetup, config: &ConsumerConfig, commands: &[(Instant, Command)]) -> Promise {
    let is_seek = |command: &Command| matches!(command, Command::Consume(ConsumerCommand::Seek(..)));
    if config.group_id.is_none() || commands.iter().any(|(_, command)| is_seek(command)) {
        return Promise::None;
    }
    let skips_nothing = match config.auto_offset_reset {
        AutoOffsetReset::Earliest | AutoOffsetReset::None => true,
        AutoOffsetReset::Latest | AutoOffsetReset::ByDuration(_) => false,
    };
    match setup.commit {
        CommitMode::BeforeProcessing if !config.enable_auto_commit => Promise::AtMostOnce,
        CommitMode::BeforeProcessing | CommitMode::Never => Promise::None,
        CommitMode::Auto if !config.enable_auto_commit => Promise::None,
        CommitMode::Auto | CommitMode::AfterProcessing | CommitMode::AfterProcessingAsync | CommitMode::EachRecord => {
            let commits_ahead = config.enable_auto_commit && setup.hands_over;
            if skips_nothing && !commits_ahead { Promise::AtLeastOnce } else { Promise::None }
        }
    }
}

/// What one of these words stands for; its shape has been checked.
fn word<T: Copy>(text: &str, words: &[&str], values: &[T]) -> T {
    let place = words.iter().position(|word| *word == text);
    place.and_then(|place| values.get(place).copied()).expect("a word that is none of them was refused by its shape")
}

/// Reads `do`: what the application tells its consumer, and when.
pub(super) fn commands(table: &Table<'_>, stage: &Stage, has_group: bool) -> Read<Vec<(Instant, Command)>> {
    let mut commands = Vec::new();
    for table in table.tables("do", &APPLICATION_COMMAND)? {
        let at = stage.moment(&table.need("at"))?;
        let item = action(&table)?;
        if !has_group && matches!(item.key, "subscribe" | "subscribe-pattern" | "commit") {
            return Err(item.bad(format!("`{}` needs a group", item.key)).help("group = \"g1\""));
        }
        commands.push((at, Command::Consume(command(&item, stage)?)));
        table.close();
    }
    Ok(commands)
}

/// The one thing that is done.
fn action<'a>(table: &Table<'a>) -> Read<Item<'a>> {
    let mut found: Option<Item<'a>> = None;
    for key in ACTIONS {
        let Some(item) = table.get(key) else { continue };
        if let Some(first) = &found {
            return Err(item.bad(format!("one thing is done at a time, and this one already has `{}`", first.key)));
        }
        found = Some(item);
    }
    let names = || ACTIONS.map(|key| format!("`{key}`")).join(", ");
    found.ok_or_else(|| table.bad("nothing is done here").help(format!("it needs one of {}", names())))
}

fn command(item: &Item<'_>, stage: &Stage) -> Read<ConsumerCommand> {
    Ok(match item.key {
        "pause" => ConsumerCommand::Pause(named_or_all(item, stage)?),
        "resume" => ConsumerCommand::Resume(named_or_all(item, stage)?),
        "seek" => seek(item, stage)?,
        "subscribe" => ConsumerCommand::Subscribe(topic_names(item, stage)?),
        "subscribe-pattern" => ConsumerCommand::SubscribePattern(pattern_text(item)?),
        "assign" => ConsumerCommand::Assign(named(item, stage)?),
        "unsubscribe" => sure(item, ConsumerCommand::Unsubscribe)?,
        "commit" => sure(item, ConsumerCommand::Commit)?,
        _ => sure(item, ConsumerCommand::Close)?,
    })
}

/// A thing that is either done or not written.
fn sure(item: &Item<'_>, command: ConsumerCommand) -> Read<ConsumerCommand> {
    if item.truth()? { Ok(command) } else { Err(item.bad(format!("`{} = false` does nothing", item.key))) }
}

fn named(item: &Item<'_>, stage: &Stage) -> Read<Vec<NamedPartition>> {
    Ok(partitions(item, stage)?.into_iter().map(name).collect())
}

/// Partitions by name, or `true` for all that the consumer has.
fn named_or_all(item: &Item<'_>, stage: &Stage) -> Read<Vec<NamedPartition>> {
    match item.truth() {
        Ok(true) => Ok(Vec::new()),
        Ok(false) => Err(item.bad(format!("`{} = false` does nothing", item.key))),
        Err(_) => match named(item, stage)? {
            none if none.is_empty() => Err(item.bad(format!("`{}` names no partition", item.key)).help("`true` is for all")),
            some => Ok(some),
        },
    }
}

fn name((topic, partition): (String, PartitionIndex)) -> NamedPartition {
    NamedPartition { topic, partition }
}

fn seek(item: &Item<'_>, stage: &Stage) -> Read<ConsumerCommand> {
    let table = item.table(&SEEK)?;
    let partition = table.get("partition").map(|item| stage.partition(&item)).transpose()?;
    let to = seek_to(&table.need("to"))?;
    table.close();
    Ok(ConsumerCommand::Seek(partition.map(name), to))
}

fn seek_to(item: &Item<'_>) -> Read<SeekTo> {
    match item.text() {
        Ok("beginning") => return Ok(SeekTo::Beginning),
        Ok(_) => return Ok(SeekTo::End),
        Err(_) => {}
    }
    let table = item.table(&FROM)?;
    let to = match (table.get("offset"), table.get("timestamp")) {
        (Some(offset), None) => SeekTo::Offset(Offset(offset.number(0, i64::MAX)?)),
        (None, Some(item)) => SeekTo::Timestamp(timestamp(&item)?),
        (None, None) | (Some(_), Some(_)) => {
            return Err(item.bad(format!("`{}` needs either `offset` or `timestamp`", item.key)));
        }
    };
    table.close();
    Ok(to)
}
