//! `converges`: after the last fault heals all promised progress happens in time.
//!
//! Promises: once nothing was done to the world for `heal-time` (no fault struck, lasted or ended, nobody started or died, no
//! application sent anything new), somebody leads the metadata quorum if a majority of its voters lives; every partition that has a
//! live member of its ISR, or a live eligible leader, has a leader; its ISR is all live replicas whose logs can be read; their logs
//! are equal, and the high watermark is their end (unless others are eligible beside the ISR: that is then smaller than
//! min.insync.replicas, and nothing is committed, KIP-966); no send is without an answer; every live broker's metadata is the
//! committed one; and every group with a live consumer is settled.
//!
//! Violated: at the first event after such a quiet `heal-time` (or the end of the run) at which one of these does not hold.
//!
//! A look that comes within a second of a change which the controller made by itself (leadership goes back to preferred replicas
//! every `leader.imbalance.check.interval.seconds`) is made again a second later, three times at most.
//!
//! Not promised: a fault other than a crash is never ended. Not exercised: no quiet `heal-time` fits before the end.

use super::finding::{Finding, Promise, Scene};
use super::group::{Groups, settled};
use super::ledger::{Ledger, PartitionLedger};
use super::liveness::Liveness;
use super::promises::Promises;
use super::sends::Sends;
use super::{CheckResult, Claim};
use crate::event::Event;
use crate::ids::{BrokerSet, Offset, ProcessId, TopicPartition};
use crate::time::{Duration, Instant};
use crate::trace::Names;

/// The claim.
pub(super) const CLAIM: Claim = Claim {
    name: "converges",
    sentence: "After the last fault heals all promised progress happens in time.",
    needs: "looks after a quiet heal-time",
    advisory: false,
};

/// The internal topic that groups are kept in.
const OFFSETS_TOPIC: &str = "__consumer_offsets";
/// How long brokers may take to follow a change of the metadata.
const CHANGE: Duration = Duration::from_secs(1);
/// How many changes in a row are waited for: a cluster that never stops changing its mind does not converge.
const PUT_OFF_MAX: u32 = 3;

/// The check.
#[derive(Clone, Debug, Default)]
pub(super) struct Converges {
    /// When to look; `None` once looked, until something is done to the world again.
    due: Option<Instant>,
    /// How often a look has come in the middle of a change and was put off.
    put_off: u32,
    cuts: u32,
    finding: Finding,
}

/// What the check looks at.
#[derive(Clone, Copy)]
pub(super) struct Sight<'a> {
    /// The partitions.
    pub(super) ledger: &'a Ledger,
    /// The processes.
    pub(super) live: &'a Liveness,
    /// The sends.
    pub(super) sends: &'a Sends,
    /// The groups and their consumers.
    pub(super) groups: &'a Groups,
    /// Whether somebody leads the metadata quorum.
    pub(super) leads_quorum: bool,
    /// The names.
    pub(super) names: &'a Names,
    /// When it looks.
    pub(super) now: Instant,
}

impl Converges {
    /// Looks first after a quiet `heal-time` from the start.
    pub(super) fn new(promises: &Promises) -> Self {
        Self { due: Some(Instant::ZERO.plus(promises.heal_time)), put_off: 0, cuts: 0, finding: Finding::default() }
    }

    /// Something was done to the world: the quiet time begins anew.
    pub(super) fn disturb(&mut self, at: Instant, promises: &Promises) {
        self.due = Some(at.plus(promises.heal_time));
        self.put_off = 0;
    }

    /// A link was cut, or a cut was healed.
    pub(super) fn count_cut(&mut self, is_cut: bool) {
        self.cuts = if is_cut { self.cuts + 1 } else { self.cuts.saturating_sub(1) };
    }

    /// Whether it is time to look.
    pub(super) fn is_due(&self, at: Instant) -> bool {
        self.due.is_some_and(|due| due <= at)
    }

    /// Looks. Call it before the event is written down that came after the quiet time, unless that is the last.
    pub(super) fn judge(&mut self, event: &Event, sight: Sight<'_>) {
        self.due = None;
        if self.cuts > 0 || sight.live.is_anybody_paused() || self.finding.is_violated() {
            return;
        }
        let unsettled = first_unsettled(sight);
        if unsettled.is_some() && self.put_off < PUT_OFF_MAX && event.at.since(sight.live.metadata_changed_at) < CHANGE {
            self.put_off += 1;
            self.due = Some(event.at.plus(CHANGE));
            return;
        }
        self.finding.judge();
        if let Some((place, detail)) = unsettled {
            self.finding.violate(Scene { event, names: sight.names }, place, detail);
        }
    }

    /// At the end of the run.
    pub(super) fn finish(self, promises: &Promises) -> CheckResult {
        let promise = Promise::when(!promises.never_healed, "a fault is never ended");
        self.finding.result(&CLAIM, promise, promises.named.contains(CLAIM.name))
    }
}

type Unsettled = (Option<(TopicPartition, Offset)>, String);

fn first_unsettled(sight: Sight<'_>) -> Option<Unsettled> {
    if sight.sends.open() > 0 {
        return Some((None, format!("{} sends have no answer", sight.sends.open())));
    }
    if !sight.leads_quorum && sight.live.has_voter_majority() {
        return Some((None, "a majority of the voters lives, and nobody leads the metadata quorum".to_owned()));
    }
    if let Some((broker, end)) = sight.live.behind() {
        let detail = format!("{broker} has applied the metadata up to {end} of {}", sight.live.metadata_end);
        return Some((None, detail));
    }
    let unsettled = sight.ledger.data_partitions().find_map(|partition| {
        let (offset, what) = partition_unsettled(sight, partition)?;
        Some((Some((partition.partition, offset)), format!("{}: {what}", sight.names.partition(partition.partition))))
    });
    // A group cannot settle where its topic's partitions, or its coordinator's, have no leader.
    let is_led = |partition: &&PartitionLedger| {
        partition.facts.as_ref().is_some_and(|facts| facts.leader.is_some_and(|leader| sight.live.brokers().contains(leader)))
    };
    let is_all_led =
        || sight.ledger.data_partitions().filter(|partition| partition.facts.is_some()).all(|partition| is_led(&partition));
    unsettled.or_else(|| {
        if !is_all_led() {
            return None;
        }
        let known = sight.ledger.data_partitions().filter(is_led).map(|partition| partition.partition).collect();
        settled::first_unsettled(sight.groups, &known, sight.names)
    })
}

fn partition_unsettled(sight: Sight<'_>, partition: &PartitionLedger) -> Option<(Offset, String)> {
    let facts = partition.facts.as_ref()?;
    let replicas: BrokerSet = facts.replicas.iter().copied().collect();
    let is_offline = |broker| partition.copy(ProcessId::Broker(broker)).is_some_and(|copy| copy.is_offline);
    let live = replicas.iter().filter(|broker| sight.live.brokers().contains(*broker) && !is_offline(*broker));
    let live: BrokerSet = live.collect();
    if partition.candidates().iter().all(|broker| !live.contains(broker)) {
        return None;
    }
    let nobody_leads = || Some((Offset::ZERO, format!("nobody leads {}", facts.epoch)));
    let Some(leader) = facts.leader.filter(|leader| live.contains(*leader)) else { return nobody_leads() };
    let Some(leader) = partition.copy(ProcessId::Broker(leader)) else { return nobody_leads() };
    if leader.leads != Some(facts.epoch) {
        return nobody_leads();
    }
    if facts.isr != live {
        return Some((Offset::ZERO, format!("the ISR is {} and the live replicas are {live}", facts.isr)));
    }
    // Groups go on committing for as long as they live: their log is compared as it was a moment ago.
    let is_internal = sight.names.topic(partition.partition.topic) == OFFSETS_TOPIC;
    let end = if is_internal { partition.pace.settled_end(sight.now, leader.end()) } else { leader.end() };
    let is_below_min_isr = !facts.elr.is_empty();
    if leader.high_watermark < end && !is_below_min_isr {
        return Some((leader.high_watermark, format!("the high watermark is {} and the log ends at {end}", leader.high_watermark)));
    }
    live.iter().find_map(|broker| {
        let copy = partition.copy(ProcessId::Broker(broker));
        let copy_end = copy.map_or(Offset::ZERO, super::log_copy::LogCopy::end);
        if copy_end < end || (copy_end > end && !is_internal) {
            return Some((copy_end.min(end), format!("the leader's log ends at {end} and that of {broker} at {copy_end}")));
        }
        let offset = partition.first_difference(leader, copy?, end)?;
        Some((offset, format!("the log of {broker} is not the leader's at offset {offset}")))
    })
}
