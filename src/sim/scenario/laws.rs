//! Reads `[network]`, `[disk]` and `[[clocks]]`: how long things take, and what clocks show.

use super::document::Table;
use super::fault_tables::DRIFT_MAX;
use super::mistake::Read;
use super::model::{ClockSpec, DiskLaw, NetworkLaw};
use super::stage::Stage;
use super::tables::{BETWEEN, CLOCK, DISK, NETWORK};
use crate::choice::Odds;
use crate::time::Duration;

/// Defaults in µs: shortest, longest, quiet.
const LATENCY: (u64, u64, u64) = (500, 10_000, 1_000);
const WRITE: (u64, u64, u64) = (5, 20, 10);
const READ: (u64, u64, u64) = (2, 10, 5);
const SYNC: (u64, u64, u64) = (200, 3_000, 500);

/// Reads `[network]`.
pub(super) fn network(root: &Table<'_>, stage: &Stage) -> Read<NetworkLaw> {
    let Some(item) = root.get("network") else { return Ok(NetworkLaw { latency: odds(LATENCY), between: Vec::new() }) };
    let table = item.table(&NETWORK)?;
    // A message that takes no time at all would let simulated time stand still for ever.
    let latency = law(&table, "latency", "latency-quiet", LATENCY, 1)?;
    let mut between: Vec<(String, String, Odds)> = Vec::new();
    for table in table.tables("between", &BETWEEN)? {
        let item = table.need("racks");
        let racks = item.items()?;
        let [one, other] = &racks[..] else { return Err(item.bad("`racks` must be a list of two racks")) };
        for rack in [one, other] {
            if !stage.racks.iter().any(|known| known == rack.written()) {
                let wrong = rack.bad(format!("there is no rack `{}`", rack.written()));
                return Err(wrong.help("[cluster] names the brokers' racks: racks = [\"A\", \"B\", \"C\"]"));
            }
        }
        let (one, other) = (one.written().to_owned(), other.written().to_owned());
        let is_same = |(a, b, _): &(String, String, Odds)| (*a == one && *b == other) || (*a == other && *b == one);
        if between.iter().any(is_same) {
            return Err(item.bad(format!("`between` has {one} and {other} twice")));
        }
        let quickest = pair(&table.need("latency"))?.0;
        let latency = law(&table, "latency", "latency-quiet", (quickest.0, quickest.0, quickest.0), 1)?;
        table.close();
        between.push((one, other, latency));
    }
    table.close();
    Ok(NetworkLaw { latency, between })
}

/// Reads `[disk]`.
pub(super) fn disk(root: &Table<'_>) -> Read<DiskLaw> {
    let Some(item) = root.get("disk") else {
        return Ok(DiskLaw { write: odds(WRITE), read: odds(READ), sync: odds(SYNC) });
    };
    let table = item.table(&DISK)?;
    let law = DiskLaw {
        write: law(&table, "write", "write-quiet", WRITE, 0)?,
        read: law(&table, "read", "read-quiet", READ, 0)?,
        sync: law(&table, "sync", "sync-quiet", SYNC, 0)?,
    };
    table.close();
    Ok(law)
}

fn odds((low, high, quiet): (u64, u64, u64)) -> Odds {
    Odds::Range { low, high, quiet }
}

/// A pair of times and the time without luck, which lies between them.
fn law(table: &Table<'_>, key: &str, quiet_key: &str, default: (u64, u64, u64), least: u64) -> Read<Odds> {
    let (mut low, mut high, usual) = default;
    if let Some(item) = table.get(key) {
        let (from, to) = pair(&item)?;
        (low, high) = (from.0, to.0);
        if low < least {
            return Err(item.bad(format!("`{key}` must be at least {least}us")));
        }
    }
    let Some(item) = table.get(quiet_key) else { return Ok(odds((low, high, usual.clamp(low, high)))) };
    let quiet = item.time()?.0;
    if quiet < low || quiet > high {
        let why = format!("`{quiet_key}` must lie between {} and {}", Duration(low), Duration(high));
        return Err(item.bad(why));
    }
    Ok(odds((low, high, quiet)))
}

/// A list of two times, the shorter first.
pub(super) fn pair(item: &super::document::Item<'_>) -> Read<(Duration, Duration)> {
    let times: Vec<Duration> = item.items()?.iter().map(super::document::Item::time).collect::<Read<_>>()?;
    match times[..] {
        [low, high] if low <= high => Ok((low, high)),
        [_, _] => Err(item.bad(format!("the first time of `{}` must be the shorter one", item.key))),
        _ => Err(item.bad(format!("`{}` must be a list of two times", item.key))),
    }
}

/// Reads `[[clocks]]`.
pub(super) fn clocks(root: &Table<'_>, stage: &Stage) -> Read<Vec<ClockSpec>> {
    let mut clocks: Vec<ClockSpec> = Vec::new();
    for table in root.tables("clocks", &CLOCK)? {
        let item = table.need("process");
        let process = stage.process(&item)?;
        if clocks.iter().any(|clock| clock.process == process) {
            return Err(item.bad(format!("the clock of `{}` is set twice", item.written())));
        }
        let offset_us = table.or("offset", 0, super::document::Item::shift)?;
        let drift_ppm = table.or("drift-ppm", 0, |item| item.number(-DRIFT_MAX, DRIFT_MAX))?;
        if !table.has("offset") && !table.has("drift-ppm") {
            return Err(table.bad("a clock needs `offset`, `drift-ppm` or both"));
        }
        table.close();
        clocks.push(ClockSpec { process, offset_us, drift_ppm });
    }
    Ok(clocks)
}
