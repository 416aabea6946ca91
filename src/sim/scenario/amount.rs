//! Times, percentages and timestamps as people write them, read into integers.

use crate::time::{Duration, Timestamp};

/// The units of time, in µs.
const UNITS: [(&str, u64); 6] =
    [("us", 1), ("ms", 1_000), ("s", 1_000_000), ("min", 60_000_000), ("h", 3_600_000_000), ("d", 86_400_000_000)];

/// No time in a scenario is longer than this (about a hundred years).
const LONGEST: u64 = 36_525 * 86_400_000_000;

/// What a time looks like, for messages.
pub(super) const TIME: &str = "a time such as \"400ms\" or \"1.284s\"";

/// Reads `250us`, `1.5ms`, `1.284s`, `3min`, `2h`, `1d`. Errors: what is wrong, for people.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    if number.is_empty() {
        return Err(format!("`{text}` is not {TIME}"));
    }
    let Some((_, unit_us)) = UNITS.iter().find(|(name, _)| *name == unit.trim_start()) else {
        let units: Vec<_> = UNITS.iter().map(|(name, _)| *name).collect();
        return Err(format!("`{text}` has no unit of time: one of {} is wanted", units.join(", ")));
    };
    match decimal(number, *unit_us) {
        Some(us) if us <= LONGEST => Ok(Duration(us)),
        Some(_) => Err(format!("`{text}` is too long: no time is longer than 36525d")),
        None => Err(format!("`{text}` is not a whole number of us")),
    }
}

/// Reads a time that may be negative, in µs. Errors: as [`time`].
pub(super) fn shift(text: &str) -> Result<i64, String> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let span = time(rest)?;
    Ok(sign * i64::try_from(span.0).expect("the longest time fits"))
}

/// Reads a percentage such as `5` or `0.25`, in parts per million. Errors: what is wrong, for people.
pub(super) fn percent(text: &str) -> Result<u32, String> {
    let ppm = decimal(text, 10_000).and_then(|ppm| u32::try_from(ppm).ok()).filter(|ppm| *ppm <= 1_000_000);
    ppm.ok_or_else(|| format!("`{text}` is not a percentage from 0 to 100 with at most four decimals"))
}

/// A point of wall time given as a time since the run's beginning.
pub(super) fn since_start(shift_us: i64) -> Timestamp {
    Timestamp(Timestamp::RUN_START.0 + shift_us.div_euclid(1_000))
}

/// `number` × `scale`, if that is whole and not too large.
fn decimal(number: &str, scale: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let mut sum = whole.parse::<u64>().ok()?.checked_mul(scale)?;
    let mut unit = scale;
    for digit in fraction.bytes() {
        if !unit.is_multiple_of(10) {
            return None;
        }
        unit /= 10;
        sum = sum.checked_add(u64::from(digit - b'0').checked_mul(unit)?)?;
    }
    Some(sum)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_exactly() {
        assert_eq!(time("250us"), Ok(Duration(250)));
        assert_eq!(time("1.5ms"), Ok(Duration(1_500)));
        assert_eq!(time("1.284s"), Ok(Duration(1_284_000)));
        assert_eq!(time("1.000000s"), Ok(Duration(1_000_000)));
        assert_eq!(time("3min"), Ok(Duration(180_000_000)));
        assert_eq!(time("2h"), Ok(Duration(7_200_000_000)));
        assert_eq!(shift("-2h"), Ok(-7_200_000_000));
        for wrong in
            ["", "5", "s", "1.s", ".5s", "1.2.3s", "0.0001ms", "-1s", "1 year", "99999999999999999999s", "9999999d", "1e3s"]
        {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn percentages_are_parts_per_million() {
        assert_eq!(percent("5"), Ok(50_000));
        assert_eq!(percent("0.25"), Ok(2_500));
        assert_eq!(percent("100"), Ok(1_000_000));
        for wrong in ["101", "-1", "0.00001", "x", ""] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
    }
}
