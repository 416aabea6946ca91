//! The values of keys about groups.

use super::value::{Value, words};
use crate::time::Duration;

/// Names in the order they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names(pub Vec<String>);

impl Value for Names {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self(text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()))
    }
    fn text(&self) -> String {
        self.0.join(",")
    }
}

words! {
    /// How a classic group's leader makes its plan.
    Strategy {
        /// Topic by topic, a run of partitions for each member.
        "range" Range,
        /// All partitions in turn.
        "roundrobin" RoundRobin,
        /// As even as can be, moving as little as can be.
        "sticky" Sticky,
        /// The same, in two steps, so that nobody stops who need not (KIP-429).
        "cooperative-sticky" CooperativeSticky,
    }
}

/// A member's assignors, the dearest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strategies(pub Vec<Strategy>);

/// Kafka's classes, with or without their package, or their short names.
impl Value for Strategies {
    fn parse(text: &str) -> Result<Self, String> {
        let mut all = Vec::new();
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let strategy = match word.strip_prefix("org.apache.kafka.clients.consumer.").unwrap_or(word) {
                "RangeAssignor" => Strategy::Range,
                "RoundRobinAssignor" => Strategy::RoundRobin,
                "StickyAssignor" => Strategy::Sticky,
                "CooperativeStickyAssignor" => Strategy::CooperativeSticky,
                word => Strategy::parse(word)?,
            };
            if all.contains(&strategy) {
                return Err(format!("`{word}` stands there twice"));
            }
            all.push(strategy);
        }
        if all.is_empty() { Err("at least one assignor is wanted".to_owned()) } else { Ok(Self(all)) }
    }
    fn text(&self) -> String {
        self.0.iter().map(|strategy| strategy.word()).collect::<Vec<_>>().join(",")
    }
}

words! {
    /// Which protocol a consumer speaks with its coordinator.
    GroupProtocol {
        /// JoinGroup and SyncGroup.
        "classic" Classic,
        /// ConsumerGroupHeartbeat (KIP-848).
        "consumer" Consumer,
    }
}

words! {
    /// What a consumer wants to see of transactions.
    IsolationLevel {
        /// Everything that is committed to the log.
        "read_uncommitted" ReadUncommitted,
        /// Nothing of a transaction that is open or was aborted.
        "read_committed" ReadCommitted,
    }
}

words! {
    /// Which way a living group may change its protocol (KIP-848).
    MigrationPolicy {
        /// Not at all.
        "disabled" Disabled,
        /// From classic to consumer.
        "upgrade" Upgrade,
        /// From consumer to classic.
        "downgrade" Downgrade,
        /// Both ways.
        "bidirectional" Bidirectional,
    }
}

/// What a consumer does without a valid position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutoOffsetReset {
    /// Begins at the log start.
    Earliest,
    /// Begins at the end: reads only what comes from now on.
    Latest,
    /// Reports an error to the application.
    None,
    /// Begins with what is not older than this (KIP-1106).
    ByDuration(Duration),
}

/// `by_duration:` takes an ISO-8601 duration in days, hours, minutes and seconds: `by_duration:P1DT2H`.
impl Value for AutoOffsetReset {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "earliest" => return Ok(Self::Earliest),
            "latest" => return Ok(Self::Latest),
            "none" => return Ok(Self::None),
            _ => {}
        }
        let wrong = || "one of `earliest`, `latest`, `none`, `by_duration:PT1H` is wanted".to_owned();
        text.strip_prefix("by_duration:").and_then(iso_duration).map(Self::ByDuration).ok_or_else(wrong)
    }
    fn text(&self) -> String {
        match self {
            Self::Earliest => "earliest".to_owned(),
            Self::Latest => "latest".to_owned(),
            Self::None => "none".to_owned(),
            Self::ByDuration(Duration(us)) => {
                let (seconds, ms) = (us / 1_000_000, us / 1_000 % 1_000);
                let part = if ms == 0 { String::new() } else { format!(".{ms:03}") };
                format!("by_duration:PT{seconds}{part}S")
            }
        }
    }
}

/// Reads `P1DT2H3M4.5S`.
fn iso_duration(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('P').filter(|rest| !rest.is_empty())?;
    let (mut in_time, mut total) = (false, 0_u64);
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix('T').filter(|_| !in_time) {
            (in_time, rest) = (true, time);
        }
        let end = rest.find(|letter: char| letter.is_ascii_alphabetic())?;
        let (number, tail) = rest.split_at_checked(end)?;
        let unit = tail.chars().next()?;
        rest = tail.get(1..)?;
        let seconds = match (unit, in_time) {
            ('D', false) => 86_400,
            ('H', true) => 3_600,
            ('M', true) => 60,
            ('S', true) => 1,
            _ => return None,
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        if part.is_empty() || part.len() > 3 || (part != "0" && unit != 'S') {
            return None;
        }
        let ms: u64 = format!("{part:0<3}").parse().ok()?;
        let whole: u64 = whole.parse().ok()?;
        total = total.checked_add(whole.checked_mul(seconds)?.checked_mul(1_000_000)?)?.checked_add(ms * 1_000)?;
    }
    Some(Duration(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reset_by_duration_is_read_and_written() {
        let read = |text: &str| AutoOffsetReset::parse(text);
        assert_eq!(read("by_duration:P1DT2H"), Ok(AutoOffsetReset::ByDuration(Duration(93_600_000_000))));
        assert_eq!(read("by_duration:PT0.25S"), Ok(AutoOffsetReset::ByDuration(Duration(250_000))));
        for wrong in ["by_duration:1H", "by_duration:P", "by_duration:PT", "by_duration:PT1D", "sometimes"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let kept = AutoOffsetReset::ByDuration(Duration(3_600_500_000));
        assert_eq!(read(&kept.text()), Ok(kept));
    }

    #[test]
    fn assignors_are_a_list() {
        let kafkas = "org.apache.kafka.clients.consumer.RangeAssignor,CooperativeStickyAssignor";
        assert_eq!(Strategies::parse(kafkas).map(|all| all.text()), Ok("range,cooperative-sticky".to_owned()));
        assert!(Strategies::parse("range,RangeAssignor").is_err() && Strategies::parse("").is_err());
    }
}
