//! The options of a line: which there may be, and what was given.

use tribunal::config::nearest;

use super::refusal::Refusal;

/// Options that name a cluster to connect to; there is only the one in this process.
const ELSEWHERE: [&str; 5] = ["bootstrap-server", "broker-list", "zookeeper", "bootstrap-controller", "command-config"];

/// What options a line may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowed {
    /// Those with a value behind them.
    pub(super) valued: &'static [&'static str],
    /// Those without.
    pub(super) bare: &'static [&'static str],
    /// Kafka's own that change nothing here; with a value.
    pub(super) ignored: &'static [&'static str],
}

impl Allowed {
    /// Each as it is written.
    pub(super) fn listed(&self) -> Vec<String> {
        let valued = self.valued.iter().map(|name| format!("--{name} VALUE"));
        self.bare.iter().map(|name| format!("--{name}")).chain(valued).collect()
    }
}

/// What a line says behind its command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// The words that belong to no option.
    pub(super) words: Vec<String>,
    /// What has no effect here.
    pub(super) notes: Vec<String>,
    given: Vec<(String, String)>,
}

impl Options {
    /// Reads the words of a line. Errors: an option that is not there, or without its value.
    pub(super) fn read(words: &[String], allowed: Allowed) -> Result<Self, Refusal> {
        let mut options = Self::default();
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            let Some(option) = word.strip_prefix("--") else {
                options.words.push(word.clone());
                continue;
            };
            let (name, inline) = match option.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (option, None),
            };
            if allowed.bare.contains(&name) {
                options.given.push((name.to_owned(), String::new()));
                continue;
            }
            let is_elsewhere = ELSEWHERE.contains(&name);
            let is_ignored = is_elsewhere || allowed.ignored.contains(&name);
            if !is_ignored && !allowed.valued.contains(&name) {
                return Err(unknown(name, allowed));
            }
            let value = inline.or_else(|| rest.next().cloned());
            let value = value.ok_or_else(|| Refusal::malformed(format!("--{name} needs a value")))?;
            if is_elsewhere {
                options.notes.push(format!("note: --{name} has no effect here: the cluster is in this process"));
            } else if is_ignored {
                options.notes.push(format!("note: --{name} has no effect here"));
            } else {
                options.given.push((name.to_owned(), value));
            }
        }
        Ok(options)
    }

    /// Whether an option is given.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The value of an option, the last if it is given often.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.given.iter().rfind(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// All values of an option.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.given.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The value of an option that there must be.
    pub(super) fn need(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| Refusal::malformed(format!("--{name} is missing")))
    }

    /// A number.
    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Refusal> {
        let read =
            |value: &str| value.parse().map_err(|_| Refusal::malformed(format!("--{name} is a whole number, and not `{value}`")));
        self.get(name).map(read).transpose()
    }
}

fn unknown(name: &str, allowed: Allowed) -> Refusal {
    let all = || allowed.valued.iter().chain(allowed.bare).copied();
    let hint = match nearest(name, all()) {
        Some(near) => format!("did you mean --{near}?"),
        None => format!("there are {}", all().map(|name| format!("--{name}")).collect::<Vec<_>>().join(", ")),
    };
    Refusal::malformed(format!("there is no option --{name} here: {hint}"))
}

/// `a=b,c=[d,e]` in pairs.
pub(super) fn pairs(text: &str) -> Result<Vec<(String, String)>, Refusal> {
    let mut pairs = Vec::new();
    for part in parts(text) {
        let pair = part.split_once('=');
        let (key, value) = pair.ok_or_else(|| Refusal::malformed(format!("`{part}` is not of the form KEY=VALUE")))?;
        let value = value.trim().trim_start_matches('[').trim_end_matches(']');
        if value.contains(char::is_whitespace) || key.trim().contains(char::is_whitespace) || key.trim().is_empty() {
            return Err(Refusal::malformed(format!("`{part}` is not of the form KEY=VALUE, without blanks")));
        }
        pairs.push((key.trim().to_owned(), value.to_owned()));
    }
    Ok(pairs)
}

/// The parts between commas that stand in no brackets.
pub(super) fn parts(text: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let is_between = move |letter: char| {
        depth += i32::from(letter == '[') - i32::from(letter == ']');
        letter == ',' && depth <= 0
    };
    text.split(is_between).map(str::trim).filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: Allowed = Allowed { valued: &["topic", "config"], bare: &["create"], ignored: &["timeout-ms"] };

    fn read(words: &[&str]) -> Result<Options, Refusal> {
        Options::read(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>(), ALLOWED)
    }

    #[test]
    fn options_stand_anywhere_and_may_be_written_with_an_equals_sign() {
        let options = read(&["a", "--topic=orders", "--create", "--bootstrap-server", "x:9092", "b"]).expect("they are read");
        assert_eq!((options.get("topic"), options.has("create")), (Some("orders"), true));
        assert_eq!(options.words, ["a", "b"]);
        assert_eq!(options.notes.len(), 1);
    }

    #[test]
    fn a_wrong_option_is_told_the_right_one() {
        assert!(read(&["--topik", "x"]).is_err_and(|refusal| refusal.to_string().contains("--topic")));
        assert!(read(&["--topic"]).is_err());
    }

    #[test]
    fn brackets_keep_commas() {
        let pairs = pairs("cleanup.policy=[compact,delete],retention.ms=1000").expect("they are pairs");
        assert_eq!(pairs.first().map(|(_, value)| value.as_str()), Some("compact,delete"));
        assert_eq!(pairs.len(), 2);
    }
}
