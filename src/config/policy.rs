//! The values of keys about groups, retention and cleaning.

use super::value::{Value, words};
use crate::time::Duration;

/// A number of bytes, or no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(pub Option<u64>);

/// Kafka's -1 is no bound.
impl Value for Limit {
    fn parse(text: &str) -> Result<Self, String> {
        match text.parse::<i64>() {
            Ok(-1) => Ok(Self(None)),
            Ok(bytes) => u64::try_from(bytes)
                .map(|bytes| Self(Some(bytes)))
                .map_err(|_| "a number, or -1 for no bound, is wanted".to_owned()),
            Err(_) => Err("a whole number, or -1 for no bound, is wanted".to_owned()),
        }
    }
    fn text(&self) -> String {
        self.0.map_or_else(|| "-1".to_owned(), |bytes| bytes.to_string())
    }
}

/// A share between 0 and 1, in millionths: machines know no fractions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ratio(pub u32);

impl Ratio {
    /// All of it.
    pub const ONE: Self = Self(1_000_000);

    /// Whether `part` of `whole` is more than this share.
    #[must_use]
    pub fn is_exceeded_by(self, part: u64, whole: u64) -> bool {
        u128::from(part) * u128::from(Self::ONE.0) > u128::from(whole) * u128::from(self.0)
    }

    /// This share of a number, rounded down.
    #[must_use]
    pub fn of(self, whole: u64) -> u64 {
        let share = u128::from(whole) * u128::from(self.0) / u128::from(Self::ONE.0);
        u64::try_from(share).expect("a share is no more than the whole")
    }
}

/// Kafka's type `double`, with at most six digits after the point.
impl Value for Ratio {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "a share between 0 and 1 with at most six digits after the point is wanted".to_owned();
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        if part.is_empty() || part.len() > 6 || !part.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(wrong());
        }
        let whole: u32 = whole.parse().map_err(|_| wrong())?;
        let part: u32 = format!("{part:0<6}").parse().map_err(|_| wrong())?;
        let millionths = whole.checked_mul(Self::ONE.0).and_then(|whole| whole.checked_add(part)).ok_or_else(wrong)?;
        if millionths > Self::ONE.0 { Err(wrong()) } else { Ok(Self(millionths)) }
    }
    fn text(&self) -> String {
        let digits = format!("{}.{:06}", self.0 / Self::ONE.0, self.0 % Self::ONE.0);
        let trimmed = digits.trim_end_matches('0');
        if trimmed.ends_with('.') { format!("{trimmed}0") } else { trimmed.to_owned() }
    }
}

/// What happens to a topic's old data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanupPolicy {
    /// Segments go by age and size.
    pub delete: bool,
    /// Records go that a newer one of their key supersedes.
    pub compact: bool,
}

/// A list of `delete` and `compact`; empty keeps everything (4.2).
impl Value for CleanupPolicy {
    fn parse(text: &str) -> Result<Self, String> {
        let mut policy = Self { delete: false, compact: false };
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match word {
                "delete" => policy.delete = true,
                "compact" => policy.compact = true,
                _ => return Err("`delete`, `compact` or both, parted by a comma, are wanted".to_owned()),
            }
        }
        Ok(policy)
    }
    fn text(&self) -> String {
        match (self.delete, self.compact) {
            (true, true) => "compact,delete",
            (true, false) => "delete",
            (false, true) => "compact",
            (false, false) => "",
        }
        .to_owned()
    }
}

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

/// Reads an ISO-8601 duration in days, hours, minutes and seconds, to the ms: `P1DT2H3M4.5S`.
#[must_use]
pub fn iso_duration(text: &str) -> Option<Duration> {
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
    fn a_ratio_is_read_and_written_without_fractions() {
        for (text, millionths, back) in [("0.5", 500_000, "0.5"), ("1", 1_000_000, "1.0"), ("0.000001", 1, "0.000001")] {
            let ratio = Ratio::parse(text).expect("a share");
            assert_eq!((ratio.0, ratio.text().as_str()), (millionths, back));
        }
        for wrong in ["1.1", "-0.5", ".5x", "0.", "0.1234567"] {
            assert!(Ratio::parse(wrong).is_err(), "{wrong}");
        }
        assert!(Ratio(500_000).is_exceeded_by(51, 100) && !Ratio(500_000).is_exceeded_by(50, 100));
    }

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
    fn cleanup_policies_and_assignors_are_lists() {
        assert_eq!(CleanupPolicy::parse("delete, compact").map(|policy| policy.text()), Ok("compact,delete".to_owned()));
        assert!(CleanupPolicy::parse("forget").is_err());
        let kafkas = "org.apache.kafka.clients.consumer.RangeAssignor,CooperativeStickyAssignor";
        assert_eq!(Strategies::parse(kafkas).map(|all| all.text()), Ok("range,cooperative-sticky".to_owned()));
        assert!(Strategies::parse("range,RangeAssignor").is_err() && Strategies::parse("").is_err());
    }
}
