//! The types that configuration values have, and how their text is read.

use std::sync::Arc;

use crate::event::Acks;
use crate::time::Duration;

/// A value with Kafka's textual form.
pub trait Value: Sized {
    /// Reads it. Errors: what it may be, for people.
    fn parse(text: &str) -> Result<Self, String>;
    /// Writes it as it would be read.
    fn text(&self) -> String;
}

impl Value for u32 {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "a whole number from 0 on is wanted".to_owned())
    }
    fn text(&self) -> String {
        self.to_string()
    }
}

impl Value for u64 {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "a whole number from 0 on is wanted".to_owned())
    }
    fn text(&self) -> String {
        self.to_string()
    }
}

/// Kafka's times are whole ms; -1 and `Long.MAX` mean "never".
impl Value for Duration {
    fn parse(text: &str) -> Result<Self, String> {
        match text.parse::<i64>() {
            Ok(-1 | i64::MAX) => Ok(Self::MAX),
            Ok(ms) => u64::try_from(ms).map(Self::from_millis).map_err(|_| "a time in ms, or -1 for never, is wanted".to_owned()),
            Err(_) => Err("a time in whole ms is wanted".to_owned()),
        }
    }
    fn text(&self) -> String {
        if *self == Self::MAX { i64::MAX.to_string() } else { (self.0 / Self::from_millis(1).0).to_string() }
    }
}

impl Value for bool {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("`true` or `false` is wanted".to_owned()),
        }
    }
    fn text(&self) -> String {
        self.to_string()
    }
}

/// Text as it stands; Kafka's `null` is the empty text.
impl Value for String {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
    fn text(&self) -> String {
        self.clone()
    }
}

/// Where a server or a client stands.
pub type Rack = Arc<String>;

/// A name that may be left out: Kafka's `null` and the empty text.
impl Value for Option<Rack> {
    fn parse(text: &str) -> Result<Self, String> {
        Ok((!text.is_empty()).then(|| Arc::new(text.to_owned())))
    }
    fn text(&self) -> String {
        self.as_deref().cloned().unwrap_or_default()
    }
}

/// How a leader chooses the replica that a consumer should read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplicaSelector {
    /// Always itself.
    Leader,
    /// A follower in the consumer's rack.
    RackAware,
}

/// Kafka's classes, with or without their package.
impl Value for ReplicaSelector {
    fn parse(text: &str) -> Result<Self, String> {
        match text.strip_prefix("org.apache.kafka.common.replica.").unwrap_or(text) {
            "LeaderSelector" | "" => Ok(Self::Leader),
            "RackAwareReplicaSelector" => Ok(Self::RackAware),
            _ => Err("`LeaderSelector` or `RackAwareReplicaSelector` is wanted".to_owned()),
        }
    }
    fn text(&self) -> String {
        match self {
            Self::Leader => "LeaderSelector",
            Self::RackAware => "RackAwareReplicaSelector",
        }
        .to_owned()
    }
}

/// How many log directories a server has: of `log.dirs` only that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogDirs(pub u8);

impl Value for LogDirs {
    fn parse(text: &str) -> Result<Self, String> {
        let mut names: Vec<&str> = text.split(',').map(str::trim).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        if names.len() < count || names.contains(&"") {
            return Err("directories that differ, parted by commas, are wanted".to_owned());
        }
        u8::try_from(count).map(Self).map_err(|_| "at most 255 directories are possible".to_owned())
    }
    fn text(&self) -> String {
        match self.0 {
            1 => "/tmp/kafka-logs".to_owned(),
            count => (0..count).map(|place| format!("/d{place}")).collect::<Vec<_>>().join(","),
        }
    }
}

impl Value for Acks {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "0" => Ok(Self::None),
            "1" => Ok(Self::Leader),
            "all" | "-1" => Ok(Self::All),
            _ => Err("`0`, `1` or `all` is wanted".to_owned()),
        }
    }
    fn text(&self) -> String {
        match self {
            Self::None => "0",
            Self::Leader => "1",
            Self::All => "all",
        }
        .to_owned()
    }
}

macro_rules! words {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $word_doc:literal])+ $word:literal $variant:ident),* $(,)? }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[doc = $word_doc])+ $variant),* }

        impl $name {
            /// Every word, in the order of the list.
            pub const WORDS: &'static [&'static str] = &[$($word),*];

            /// The word for it.
            #[must_use]
            pub fn word(self) -> &'static str {
                self.as_word()
            }

            pub(crate) const fn as_word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }

        impl $crate::config::Value for $name {
            fn parse(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(format!("one of {} is wanted", [$(concat!("`", $word, "`")),*].join(", "))),
                }
            }
            fn text(&self) -> String {
                self.as_word().to_owned()
            }
        }
    };
}

pub(super) use words;

words! {
    /// Whose clock stamps a record.
    TimestampType {
        /// The producer's.
        "CreateTime" CreateTime,
        /// The leader's, when it appends.
        "LogAppendTime" LogAppendTime,
    }
}

words! {
    /// How a record without a named partition gets one.
    Partitioner {
        /// By murmur2 of the key; keyless records stick to one partition until a batch is full (KIP-480, KIP-794).
        "default" Default,
        /// In turn, keys or not.
        "round-robin" RoundRobin,
    }
}
