//! Luck with names: every nondeterministic decision of a run is a *choice*, asked for by kind and subject.
//!
//! The answer is drawn from ChaCha8, keyed by the seed, on the stream that (kind, subject) names, at the block that
//! says how often this very choice came up before. So a new fault or a new event does not reshuffle unrelated luck, and
//! the only state is one counter per (kind, subject).
//!
//! Invariant: the answer depends on nothing but (seed, kind, subject, nth, odds) and the pins.
//!
//! Called by: [`crate::context::Context::choose`] for machines, the world for its own decisions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use xxhash_rust::xxh64::xxh64;

use crate::ids::ProcessId;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $number:literal $kind:ident = $name:literal),* $(,)?) => {
        /// What is being decided. The numbers are fixed for ever: they name the streams of luck.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum ChoiceKind { $($(#[doc = $doc])+ $kind = $number),* }

        impl ChoiceKind {
            /// Every kind, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// The word for it in `--choose` and `[[choices]]`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => $name),* }
            }
        }
    };
}

kinds! {
    /// How long a message is on its way, in µs.
    1 Latency = "latency",
    /// Whether a message is lost, and its direction of the connection silenced with it.
    2 Loss = "loss",
    /// Whether a request is delivered a second time, on another connection.
    3 Duplicate = "duplicate",
    /// How much longer than usual a message takes, in µs.
    4 Delay = "delay",
    /// Which of two queue entries of one instant and class comes first.
    5 Tie = "tie",
    /// Whether the peers of a dead process see a reset (1) or silence (0).
    6 Reset = "reset",
    /// How many of the unsynced bytes of a file survive a power failure.
    7 SurvivingBytes = "surviving-bytes",
    /// Whether an unsynced directory entry survives a power failure.
    8 SurvivingEntry = "surviving-entry",
    /// How long a disk call takes, in µs.
    9 DiskLatency = "disk-latency",
    /// How long a client or broker waits before it tries again, in µs.
    10 Backoff = "backoff",
    /// When a random fault strikes, whom, and how long.
    11 FaultTime = "fault-time",
    /// Which process a random fault strikes.
    12 FaultTarget = "fault-target",
    /// What kind of random fault strikes.
    13 FaultKind = "fault-kind",
    /// How long or how strong a random fault is.
    14 FaultSpan = "fault-span",
    /// Which effect of a turn is the last before a crash.
    15 CrashPoint = "crash-point",
    /// What the generated load sends next: its key.
    16 WorkloadKey = "workload-key",
    /// When the generated load sends next, in µs.
    17 WorkloadTime = "workload-time",
    /// Which partition a keyless record sticks to next.
    18 StickyPartition = "sticky-partition",
    /// Which bootstrap broker a client asks first.
    19 Bootstrap = "bootstrap",
    /// Where the controller begins to place a topic's replicas.
    20 Placement = "placement",
    /// Election time-outs and other jitter of the metadata quorum, in µs.
    21 QuorumJitter = "quorum-jitter",
    /// What a process's clock shows at first: its offset and drift.
    22 Clock = "clock",
    /// Which sector of a file's surviving unsynced bytes was not written all the same when the power failed.
    23 TornSector = "torn-sector",
    /// The word from which a disk fault takes its luck: which bit rots, where a write lands, how much of one is there.
    24 DiskFault = "disk-fault",
    /// Whether what the generated load sends next is a tombstone: from 1 to 1,000, and the small ones are.
    25 WorkloadTombstone = "workload-tombstone",
    /// How far the CreateTime of what the generated load sends next lies from the present, in µs above the least.
    26 WorkloadTimestamp = "workload-timestamp",
}

/// Whom a choice is about: small, stable numbers. Unused places are 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// Usually the process that acts or sends.
    pub who: u32,
    /// Usually its peer.
    pub whom: u32,
    /// What tells it from others: an API, a partition, a fault's place in the file.
    pub what: u64,
}

impl Subject {
    /// One process.
    #[must_use]
    pub fn of(process: ProcessId) -> Self {
        Self { who: Self::number(process), ..Self::default() }
    }

    /// A link from one process to another, for one thing (an API's number, say).
    #[must_use]
    pub fn link(from: ProcessId, to: ProcessId, what: u64) -> Self {
        Self { who: Self::number(from), whom: Self::number(to), what }
    }

    /// A message on its way: its API's number and whether it is a response tell it from other traffic on the link.
    #[must_use]
    pub fn message(from: ProcessId, to: ProcessId, api: u8, is_response: bool) -> Self {
        Self::link(from, to, u64::from(api) * 2 + u64::from(is_response))
    }

    /// The same subject, about `what`.
    #[must_use]
    pub fn about(self, what: u64) -> Self {
        Self { what, ..self }
    }

    /// A process as a stable number.
    #[must_use]
    pub fn number(process: ProcessId) -> u32 {
        match process {
            ProcessId::World => 0,
            ProcessId::Broker(id) => 0x1_0000 + u32::from(id.0),
            ProcessId::Controller(id) => 0x2_0000 + u32::from(id),
            ProcessId::Client(id) => 0x3_0000 + u32::from(id),
        }
    }
}

/// The range of a choice and its quiet answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Odds {
    /// Any number in `low..=high`, all equally likely; `quiet` when there is no luck.
    Range {
        /// The least answer.
        low: u64,
        /// The greatest answer.
        high: u64,
        /// The answer without luck.
        quiet: u64,
    },
    /// 1 with `ppm` in a million, else 0; without luck 0, unless it is certain.
    Chance {
        /// Parts per million.
        ppm: u32,
    },
}

/// What happens with so many parts per million needs no luck.
const CERTAIN_PPM: u32 = 1_000_000;

/// Where the answers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Luck {
    /// From the seed.
    Seeded,
    /// Nowhere: every unpinned choice is answered quietly (`luck = "none"`).
    None,
}

/// One pinned answer: the `nth` time (from 0) this choice comes up, it is `answer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pin {
    /// What is decided.
    pub kind: ChoiceKind,
    /// About whom.
    pub subject: Subject,
    /// The how-manieth time, from 0.
    pub nth: u32,
    /// What it is to be; held within the odds when it comes up.
    pub answer: u64,
}

/// How often each choice of one acting process came up.
type Counters = BTreeMap<(ChoiceKind, Subject), u32>;

/// The luck of one run: seed, counters and pins.
#[derive(Clone, Debug)]
pub struct Choices {
    key: [u8; 32],
    luck: Luck,
    counters: BTreeMap<u32, Arc<Counters>>,
    pins: Arc<BTreeMap<(ChoiceKind, Subject, u32), u64>>,
    met: BTreeSet<(ChoiceKind, Subject, u32)>,
}

impl Choices {
    /// The luck of `seed`, with some answers pinned.
    #[must_use]
    pub fn new(seed: u64, luck: Luck, pins: &[Pin]) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let pins = pins.iter().map(|pin| ((pin.kind, pin.subject, pin.nth), pin.answer)).collect();
        Self { key, luck, counters: BTreeMap::new(), pins: Arc::new(pins), met: BTreeSet::new() }
    }

    /// Answers a choice and counts that it came up.
    pub fn choose(&mut self, kind: ChoiceKind, subject: Subject, odds: Odds) -> u64 {
        self.choose_counted(kind, subject, odds).0
    }

    /// The same, and tells the how-manieth time it was, from 0.
    pub fn choose_counted(&mut self, kind: ChoiceKind, subject: Subject, odds: Odds) -> (u64, u32) {
        let nth = self.count(kind, subject);
        (self.choose_nth(kind, subject, nth, odds), nth)
    }

    /// Answers a choice that is counted under another kind: a message's loss, copy and delay have the number that its
    /// latency has, so that `#17` of a link is one and the same message, whatever is asked about it.
    pub fn choose_nth(&mut self, kind: ChoiceKind, subject: Subject, nth: u32, odds: Odds) -> u64 {
        if !self.pins.is_empty()
            && let Some(answer) = self.pins.get(&(kind, subject, nth))
        {
            self.met.insert((kind, subject, nth));
            return odds.hold(*answer);
        }
        match self.luck {
            Luck::None => odds.quiet(),
            Luck::Seeded => odds.answer(|| self.draw(kind, subject, nth)),
        }
    }

    /// The pinned answer to a choice, where only a pin can ask for something out of the ordinary.
    pub fn pinned(&mut self, kind: ChoiceKind, subject: Subject, nth: u32) -> Option<u64> {
        let answer = self.pins.get(&(kind, subject, nth)).copied()?;
        self.met.insert((kind, subject, nth));
        Some(answer)
    }

    /// The pins that never came up.
    #[must_use]
    pub fn unmet_pins(&self) -> Vec<Pin> {
        let unmet = self.pins.iter().filter(|(place, _)| !self.met.contains(place));
        unmet.map(|((kind, subject, nth), answer)| Pin { kind: *kind, subject: *subject, nth: *nth, answer: *answer }).collect()
    }

    /// Counters are shared per acting process, so that a clone of a world copies pointers only.
    fn count(&mut self, kind: ChoiceKind, subject: Subject) -> u32 {
        let shelf = Arc::make_mut(self.counters.entry(subject.who).or_default());
        let counter = shelf.entry((kind, subject)).or_insert(0);
        let nth = *counter;
        *counter += 1;
        nth
    }

    fn draw(&self, kind: ChoiceKind, subject: Subject, nth: u32) -> u64 {
        let mut name = [0; 18];
        name[..2].copy_from_slice(&(kind as u16).to_le_bytes());
        name[2..6].copy_from_slice(&subject.who.to_le_bytes());
        name[6..10].copy_from_slice(&subject.whom.to_le_bytes());
        name[10..].copy_from_slice(&subject.what.to_le_bytes());
        let mut stream = ChaCha8Rng::from_seed(self.key);
        stream.set_stream(xxh64(&name, 0));
        stream.set_word_pos(u128::from(nth) * 16);
        stream.next_u64()
    }
}

impl Odds {
    /// One of `count` equally likely places, from 0; the first when quiet.
    #[must_use]
    pub fn one_of(count: usize) -> Self {
        Self::Range { low: 0, high: (count as u64).saturating_sub(1), quiet: 0 }
    }

    fn quiet(self) -> u64 {
        match self {
            Self::Range { quiet, .. } => quiet,
            Self::Chance { ppm } => u64::from(ppm >= CERTAIN_PPM),
        }
    }

    fn hold(self, answer: u64) -> u64 {
        match self {
            Self::Range { low, high, .. } => answer.clamp(low, high),
            Self::Chance { .. } => answer.min(1),
        }
    }

    /// Certain answers (a range of one, a chance of nothing) draw no luck.
    fn answer(self, draw: impl FnOnce() -> u64) -> u64 {
        match self {
            Self::Range { low, high, .. } if low >= high => low,
            Self::Range { low, high, .. } => {
                let width = high - low;
                if width == u64::MAX { draw() } else { low + multiply_high(draw(), width + 1) }
            }
            Self::Chance { ppm: 0 } => 0,
            Self::Chance { ppm } => u64::from(draw() % 1_000_000 < u64::from(ppm)),
        }
    }
}

/// Maps a uniform word to `0..bound` without a division.
fn multiply_high(word: u64, bound: u64) -> u64 {
    let product = u128::from(word) * u128::from(bound);
    u64::try_from(product >> 64).expect("the high half of a 128-bit product has 64 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATENCY: Odds = Odds::Range { low: 500, high: 10_000, quiet: 1_000 };

    fn answers(choices: &mut Choices, subject: Subject, count: usize) -> Vec<u64> {
        (0..count).map(|_| choices.choose(ChoiceKind::Latency, subject, LATENCY)).collect()
    }

    #[test]
    fn unrelated_choices_do_not_shift_each_other() {
        let mine = Subject { who: 1, whom: 2, what: 3 };
        let other = Subject { who: 1, whom: 2, what: 4 };
        let alone = answers(&mut Choices::new(7, Luck::Seeded, &[]), mine, 8);
        let mut choices = Choices::new(7, Luck::Seeded, &[]);
        let mut between = Vec::new();
        for _ in 0..8 {
            answers(&mut choices, other, 3);
            between.extend(answers(&mut choices, mine, 1));
        }
        assert_eq!(alone, between);
        assert!(alone.iter().all(|us| (500..=10_000).contains(us)));
        assert_ne!(alone, answers(&mut Choices::new(8, Luck::Seeded, &[]), mine, 8));
    }

    #[test]
    fn without_luck_every_unpinned_answer_is_quiet_and_unmet_pins_are_told() {
        let subject = Subject { who: 1, whom: 2, what: 3 };
        let pin = |nth, answer| Pin { kind: ChoiceKind::Latency, subject, nth, answer };
        let mut choices = Choices::new(7, Luck::None, &[pin(1, 99_999), pin(5, 600)]);
        assert_eq!(answers(&mut choices, subject, 3), [1_000, 10_000, 1_000]);
        assert_eq!(choices.unmet_pins(), [pin(5, 600)]);
    }
}
