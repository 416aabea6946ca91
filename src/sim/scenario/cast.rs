//! Who the clients of a scenario are: their names and ids, the tables that make several of them, and the groups they read in.
//!
//! Invariant: producers come first, then consumers, the administrator last, but for those that ask for a `number` (a session that
//! was saved keeps the order in which its clients came); a table's `count` makes clients that stand together. Numbers have no gap.
//!
//! Called by: the reader, before anything else refers to a client.

use super::client_tables::{CONSUMER, PRODUCER};
use super::document::{Item, Table};
use super::mistake::Read;
use super::model::Scenario;
use super::settings::Settings;
use crate::config::Owner;
use crate::ids::ProcessId;

/// The administrator's id.
pub(super) const ADMIN_ID: &str = "admin";
/// More clients than this from one table are a slip.
pub(super) const COUNT_MAX: i64 = 10_000;

/// Words that no client is called by.
const RESERVED: [&str; 12] = [
    ADMIN_ID,
    "world",
    "controller",
    "controllers",
    "voters-but-leader",
    "leader",
    "follower",
    "followers",
    "coordinator",
    "members",
    "owner",
    "rack",
];

/// The clients of a scenario.
#[derive(Clone, Debug, Default)]
pub(super) struct Cast {
    /// Everybody with his name.
    pub all: Vec<(String, ProcessId)>,
    /// Which of them are producers.
    pub producers: Vec<ProcessId>,
    /// Which of them are consumers.
    pub consumers: Vec<ProcessId>,
    /// The tables that make several, by their ids.
    pub crews: Vec<(String, Vec<ProcessId>)>,
    /// The groups, each with the consumers that may be its members.
    pub groups: Vec<(String, Vec<ProcessId>)>,
}

impl Cast {
    /// Reads who there is.
    pub(super) fn read(root: &Table<'_>, settings: &Settings<'_>) -> Read<Self> {
        let mut cast = Self::default();
        let mut taken: Vec<String> = Vec::new();
        let numbered = numbered(root)?;
        let mut free = (1..=u16::MAX).filter(|number| numbered.binary_search_by_key(number, |(other, _)| *other).is_err());
        let mut next =
            |table: &Table<'_>| free.next().map(ProcessId::Client).ok_or_else(|| table.bad("there are too many clients"));
        for (list, spec) in [("producers", &PRODUCER), ("consumers", &CONSUMER)] {
            for table in root.tables(list, spec)? {
                let item = table.need("id");
                let id = client_id(&item)?;
                let names = if list == "consumers" { names_of(&table, &id)? } else { vec![id.clone()] };
                for name in names.iter().chain(names.first().filter(|first| **first != id).map(|_| &id)) {
                    if taken.contains(name) {
                        return Err(item.bad(format!("there are two clients named `{name}`")));
                    }
                    taken.push(name.clone());
                }
                let own = number_of(&table)?;
                for name in names {
                    let process = own.map_or_else(|| next(&table), Ok)?;
                    if list == "consumers" {
                        let group = group_of(&table, settings, &[&id, &name])?;
                        cast.add_consumer(&name, process, Some(&id), group.as_deref());
                    } else {
                        cast.add_producer(&name, process);
                    }
                }
            }
        }
        let process = next(root)?;
        cast.all.push((ADMIN_ID.to_owned(), process));
        cast.all.sort_by_key(|(_, process)| *process);
        let count = cast.all.len();
        match numbered.iter().find(|(number, _)| usize::from(*number) > count) {
            Some((number, item)) => {
                Err(item.bad(format!("there is no client {number}: there are {count}, the administrator included")))
            }
            None => Ok(cast),
        }
    }

    /// The cast of a scenario that was read before.
    pub(super) fn of(scenario: &Scenario) -> Self {
        let mut cast = Self::default();
        for producer in &scenario.producers {
            cast.add_producer(&producer.setup.name, producer.setup.process);
        }
        for consumer in &scenario.consumers {
            let setup = &consumer.setup;
            let group = setup.config.group_id.as_deref().map(String::as_str);
            cast.add_consumer(&setup.name, setup.process, consumer.crew.as_deref(), group);
        }
        cast.all.push((scenario.admin.name.clone(), scenario.admin.process));
        cast.all.sort_by_key(|(_, process)| *process);
        cast
    }

    fn add_producer(&mut self, name: &str, process: ProcessId) {
        self.all.push((name.to_owned(), process));
        self.producers.push(process);
    }

    fn add_consumer(&mut self, name: &str, process: ProcessId, crew: Option<&str>, group: Option<&str>) {
        self.all.push((name.to_owned(), process));
        self.consumers.push(process);
        if let Some(crew) = crew.filter(|crew| *crew != name) {
            put(&mut self.crews, crew, process);
        }
        if let Some(group) = group {
            put(&mut self.groups, group, process);
        }
    }
}

/// The client that a table asks to be, by its number.
pub(super) fn number_of(table: &Table<'_>) -> Read<Option<ProcessId>> {
    table.get("number").map(|item| item.number(1, COUNT_MAX).map(ProcessId::Client)).transpose()
}

/// The numbers that clients ask for, in order.
fn numbered<'a>(root: &Table<'a>) -> Read<Vec<(u16, Item<'a>)>> {
    let mut all: Vec<(u16, Item<'a>)> = Vec::new();
    for (list, spec) in [("producers", &PRODUCER), ("consumers", &CONSUMER)] {
        for table in root.tables(list, spec)? {
            let Some(item) = table.get("number") else { continue };
            let number = item.number(1, COUNT_MAX)?;
            if list == "consumers" && table.has("count") {
                return Err(item.bad("several clients cannot have one number"));
            }
            if all.iter().any(|(other, _)| *other == number) {
                return Err(item.bad(format!("there are two clients numbered {number}")));
            }
            all.push((number, item));
        }
    }
    all.sort_by_key(|(number, _)| *number);
    Ok(all)
}

fn put(lists: &mut Vec<(String, Vec<ProcessId>)>, name: &str, process: ProcessId) {
    match lists.iter_mut().find(|(other, _)| other == name) {
        Some((_, list)) => list.push(process),
        None => lists.push((name.to_owned(), vec![process])),
    }
}

/// The names of the clients that a table makes: its id, or `c1-1`, `c1-2` and so on where it has a `count`.
pub(super) fn names_of(table: &Table<'_>, id: &str) -> Read<Vec<String>> {
    let Some(item) = table.get("count") else { return Ok(vec![id.to_owned()]) };
    let count: i64 = item.number(1, COUNT_MAX)?;
    Ok((1..=count).map(|number| format!("{id}-{number}")).collect())
}

/// The group that a consumer reads in: as `--set` says, else its `config`, else `group`.
pub(super) fn group_of(table: &Table<'_>, settings: &Settings<'_>, names: &[&str]) -> Read<Option<String>> {
    let mut group = table.get("group").map(|item| item.text().map(str::to_owned)).transpose()?;
    if let Some(config) = table.get("config") {
        let entry = config.entries()?.into_iter().find(|entry| entry.item.key == "group.id");
        group = entry.map(|entry| entry.item.text().map(str::to_owned)).transpose()?.or(group);
    }
    for name in names {
        let set = settings.of(Owner::Consumer, name).into_iter().rfind(|given| given.key == "group.id");
        group = set.map(|given| given.value).or(group);
    }
    Ok(group.filter(|group| !group.is_empty()))
}

/// An id is a word that is no server's name, no role and not the administrator.
fn client_id(item: &Item<'_>) -> Read<String> {
    let id = item.text()?;
    let is_legal = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    if !id.starts_with(|letter: char| letter.is_ascii_alphabetic()) || !id.chars().all(is_legal) {
        let wrong = item.bad(format!("`{id}` is no id for a client"));
        return Err(wrong.help("an id is a letter, then letters, digits, `_` and `-`"));
    }
    let digits = id.strip_prefix(['b', 'k']);
    if digits.is_some_and(|digits| !digits.is_empty() && digits.chars().all(|digit| digit.is_ascii_digit())) {
        return Err(item
            .bad(format!("`{id}` is a server's name"))
            .help("brokers are b1, b2 and so on, controllers k1, k2 and so on"));
    }
    if RESERVED.contains(&id) {
        return Err(item.bad(format!("`{id}` is a reserved name")));
    }
    Ok(id.to_owned())
}
