//! What was done in a live session, as the text of a scenario.
//!
//! Invariant: the text is the session. Every action is read from it before it is carried out, so that what is saved is what was
//! done: the same clients with the same numbers, the same commands and faults at the same instants.
//!
//! Called by: the live session.

use std::fmt::Write as _;

use crate::time::{Duration, Instant};

/// An action of a session, or somebody new in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// The administrator is told this.
    Order(String),
    /// A client comes: in which table, its name, its number, and its keys as lines of TOML.
    Client { table: Table, id: String, number: usize, keys: Vec<String> },
    /// A client does something: one item of its `send` or `do`, without the time.
    Deed { id: String, what: String },
    /// A client is closed.
    Stop { id: String },
    /// Something goes wrong: the keys of the fault on one line, without the times; and the key by which it may end.
    Fault { what: String, ends_by: Option<&'static str> },
}

/// The table that a client stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    Producers,
    Consumers,
}

impl Table {
    fn word(self) -> &'static str {
        match self {
            Self::Producers => "producers",
            Self::Consumers => "consumers",
        }
    }

    fn deeds(self) -> &'static str {
        match self {
            Self::Producers => "send",
            Self::Consumers => "do",
        }
    }
}

#[derive(Clone, Debug)]
struct Client {
    table: Table,
    id: String,
    number: usize,
    start: Instant,
    stop: Option<Instant>,
    keys: Vec<String>,
    deeds: Vec<(Instant, String)>,
}

#[derive(Clone, Debug)]
struct Fault {
    at: Instant,
    what: String,
    ends_by: Option<&'static str>,
    over: Option<Instant>,
}

/// All that was done so far, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Diary {
    seed: u64,
    orders: Vec<(Instant, String)>,
    clients: Vec<Client>,
    faults: Vec<Fault>,
}

impl Diary {
    /// A session in which nothing was done yet.
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// The seed.
    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    /// A name and a number for the next client; the administrator is the first.
    pub(super) fn next_client(&self, letter: char) -> (String, usize) {
        let of_its_kind = self.clients.iter().filter(|client| client.id.starts_with(letter)).count();
        (format!("{letter}{}", of_its_kind + 1), self.clients.len() + 2)
    }

    /// The producer with these keys, by name and number.
    pub(super) fn producer_of(&self, keys: &[String]) -> Option<(String, usize)> {
        let found = self.clients.iter().find(|client| client.table == Table::Producers && client.keys == keys);
        found.map(|client| (client.id.clone(), client.number))
    }

    /// How many faults there were.
    pub(super) fn fault_count(&self) -> usize {
        self.faults.len()
    }

    /// Writes down what is done at `at`, which is later than all that was done before.
    pub(super) fn add(&mut self, at: Instant, entry: Entry) {
        match entry {
            Entry::Order(order) => self.orders.push((at, order)),
            Entry::Client { table, id, number, keys } => {
                self.clients.push(Client { table, id, number, start: at, stop: None, keys, deeds: Vec::new() });
            }
            Entry::Deed { id, what } => {
                if let Some(client) = self.client_mut(&id) {
                    client.deeds.push((at, what));
                }
            }
            Entry::Stop { id } => {
                if let Some(client) = self.client_mut(&id) {
                    client.stop = Some(at);
                }
            }
            Entry::Fault { what, ends_by } => self.faults.push(Fault { at, what, ends_by, over: None }),
        }
    }

    /// Strikes out what was to be done from `at` on: it could not be.
    pub(super) fn strike_out(&mut self, at: Instant) {
        self.orders.retain(|(when, _)| *when < at);
        self.faults.retain(|fault| fault.at < at);
        self.clients.retain(|client| client.start < at);
        for client in &mut self.clients {
            client.stop = client.stop.filter(|stop| *stop < at);
            client.deeds.retain(|(when, _)| *when < at);
        }
    }

    /// The fault of this number is over.
    pub(super) fn end_fault(&mut self, number: usize, at: Instant) {
        if let Some(fault) = self.faults.get_mut(number) {
            fault.over = Some(at);
        }
    }

    /// The whole session.
    pub(super) fn whole(&self, duration: Duration) -> String {
        self.text(duration, Instant::ZERO)
    }

    /// Who there is, and what is done from `from` on: enough to read that by.
    pub(super) fn since(&self, from: Instant, duration: Duration) -> String {
        self.text(duration, from)
    }

    fn text(&self, duration: Duration, from: Instant) -> String {
        let mut text = format!(
            "name = \"session\"\nstory = \"A session of `tribunal shell`.\"\nseed = {:#x}\nduration = {}\n\n[cluster]\nbrokers = 3\n\
             config = {{ \"auto.create.topics.enable\" = true }}\n",
            self.seed,
            time(duration)
        );
        for (at, order) in self.orders.iter().filter(|(at, order)| *at >= from || makes_partitions(order)) {
            line(&mut text, format_args!("\n[[admin]]\nat = {}\ndo = {}", moment(*at), quoted(order)));
        }
        for table in [Table::Producers, Table::Consumers] {
            for client in self.clients.iter().filter(|client| client.table == table) {
                client.write(from, &mut text);
            }
        }
        for fault in self.faults.iter().filter(|fault| fault.at >= from) {
            fault.write(&mut text);
        }
        text
    }

    fn client_mut(&mut self, id: &str) -> Option<&mut Client> {
        self.clients.iter_mut().find(|client| client.id == id)
    }
}

impl Client {
    fn write(&self, from: Instant, text: &mut String) {
        line(text, format_args!("\n[[{}]]\nid = {}\nnumber = {}", self.table.word(), quoted(&self.id), self.number));
        line(text, format_args!("start = {}", moment(self.start)));
        for key in &self.keys {
            line(text, format_args!("{key}"));
        }
        if let Some(stop) = self.stop.filter(|stop| *stop >= from) {
            line(text, format_args!("stop = {}", moment(stop)));
        }
        let deeds =
            self.deeds.iter().filter(|(at, _)| *at >= from).map(|(at, what)| format!("    {{ at = {}, {what} }},\n", moment(*at)));
        let deeds: String = deeds.collect();
        if !deeds.is_empty() {
            line(text, format_args!("{} = [\n{deeds}]", self.table.deeds()));
        }
    }
}

impl Fault {
    fn write(&self, text: &mut String) {
        line(text, format_args!("\n[[faults]]\nat = {}\n{}", moment(self.at), self.what));
        match (self.ends_by, self.over) {
            (Some(key), Some(over)) => line(text, format_args!("{key} = {}", time(over.since(self.at)))),
            (Some(_), None) => line(text, format_args!("heal = \"never\"")),
            (None, _) => {}
        }
    }
}

/// Whether later parts of a text may refer to what this order makes.
fn makes_partitions(order: &str) -> bool {
    order.starts_with("create-topic ") || order.starts_with("create-partitions ")
}

fn line(text: &mut String, what: std::fmt::Arguments<'_>) {
    writeln!(text, "{what}").expect("a String takes every text");
}

fn moment(at: Instant) -> String {
    time(at.since(Instant::ZERO))
}

/// A time as the format reads it, exactly.
fn time(span: Duration) -> String {
    let digits = format!("{}.{:06}", span.0 / 1_000_000, span.0 % 1_000_000);
    format!("\"{}s\"", digits.trim_end_matches('0').trim_end_matches('.'))
}

/// A text in quotation marks, as TOML reads it.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            letter if letter.is_control() => quoted.push_str(&format!("\\U{:08X}", u32::from(letter))),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_survives_its_quotation_marks() {
        for text in ["", "plain", "a \"b\" \\ c", "tab\tnew\nline\u{7f}", "καί 漢 🦀", "'''"] {
            let document: toml::Table = toml::from_str(&format!("key = {}", quoted(text))).expect("it is TOML");
            assert_eq!(document.get("key").and_then(toml::Value::as_str), Some(text));
        }
    }

    #[test]
    fn what_was_struck_out_is_not_in_the_text() {
        let mut diary = Diary::new(7);
        diary.add(Instant(1_000), Entry::Order("create-topic orders".to_owned()));
        let before = diary.whole(Duration::from_secs(1));
        let (id, keys) = ("c1".to_owned(), vec!["assign = [\"orders-0\"]".to_owned()]);
        diary.add(Instant(2_000), Entry::Client { table: Table::Consumers, id: id.clone(), number: 2, keys });
        diary.add(Instant(2_000), Entry::Stop { id });
        diary.add(Instant(2_000), Entry::Fault { what: "crash = \"b1\"".to_owned(), ends_by: None });
        assert_ne!(diary.whole(Duration::from_secs(1)), before);
        diary.strike_out(Instant(2_000));
        assert_eq!(diary.whole(Duration::from_secs(1)), before);
    }
}
