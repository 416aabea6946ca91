//! `converges`: after the last fault heals all promised progress happens in time.
//!
//! Promises: once nothing was done to the world for `heal-time` (no fault struck, lasted or ended, nobody started or died, no
//! application sent anything new), somebody leads the metadata quorum if a majority of its voters lives; every partition that has a
//! live member of its ISR, or a live eligible leader, has a leader; its ISR is all live replicas whose logs can be read; their logs
//! are equal, and the high watermark is their end (unless others are eligible beside the ISR: that is then smaller than
//! min.insync.replicas, and nothing is committed, KIP-966); no send is without an answer; every live broker's metadata is the
//! committed one; and every group with a live consumer is settled, and stays so until something is done to the world again.
//!
//! Violated: at the first event after such a quiet `heal-time` (or the end of the run) at which one of these does not hold; or at the
//! first plan that a group makes after it was found settled, without a reason (`group::rest`).
//!
//! A look that comes within a second of a change which the controller made by itself (leadership goes back to preferred replicas
//! every `leader.imbalance.check.interval.seconds`) is made again a second later, three times at most. If groups got another
//! coordinator by that they have `heal-time` from then on, as their members may look for it on connections that died unnoticed.
//!
//! Not promised: a fault other than a crash is never ended. Not exercised: no quiet `heal-time` fits before the end.

use super::finding::{Finding, Promise, Scene};
use super::group::rest::Rest;
use super::group::{Groups, settled};
use super::ledger::{Ledger, PartitionLedger};
use super::liveness::Liveness;
use super::promises::Promises;
use super::sends::Sends;
use super::{CheckResult, Claim};
use crate::event::{Event, GroupFact, OFFSETS_TOPIC};
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
    /// Whether groups are to be at rest.
    rest: Rest,
    /// When a broker began to coordinate groups last.
    coordinator_since: Instant,
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
        Self { due: Some(Instant::ZERO.plus(promises.heal_time)), ..Self::default() }
    }

    /// Something was done to the world: the quiet time begins anew.
    pub(super) fn disturb(&mut self, at: Instant, promises: &Promises) {
        self.due = Some(at.plus(promises.heal_time));
        self.put_off = 0;
        self.rest.end();
    }

    /// A broker coordinates groups from now on, by the controller's own doing or by the world's.
    pub(super) fn change_coordinator(&mut self, at: Instant, promises: &Promises) {
        self.coordinator_since = at;
        if self.rest.is_on() {
            self.rest.end();
            self.due = Some(at.plus(promises.heal_time));
        }
    }

    /// An operator changed something: groups may have to plan anew.
    pub(super) fn expect_plans(&mut self) {
        self.rest.end();
    }

    /// Before a coordinator's word is written down.
    pub(super) fn judge_group(&mut self, scene: Scene<'_>, groups: &Groups, fact: &GroupFact) {
        if let Some(group) = self.rest.judge(groups, fact) {
            let detail = format!("{group} makes another plan, and nothing was done to the world since it was found settled");
            self.finding.violate(scene, None, detail);
        }
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
    pub(super) fn judge(&mut self, event: &Event, sight: Sight<'_>, promises: &Promises) {
        self.due = None;
        if self.cuts > 0 || sight.live.is_anybody_paused() || self.finding.is_violated() {
            return;
        }
        let mut unsettled = first_unsettled(sight);
        let is_of_group = unsettled.is_none();
        unsettled = unsettled.or_else(|| first_unsettled_group(sight));
        let groups_due = self.coordinator_since.plus(promises.heal_time);
        if is_of_group && unsettled.is_some() && self.put_off < PUT_OFF_MAX && groups_due > event.at {
            self.put_off += 1;
            self.due = Some(groups_due);
            return;
        }
        if unsettled.is_some() && self.put_off < PUT_OFF_MAX && event.at.since(sight.live.metadata_changed_at) < CHANGE {
            self.put_off += 1;
            self.due = Some(event.at.plus(CHANGE));
            return;
        }
        self.finding.judge();
        match unsettled {
            Some((place, detail)) => self.finding.violate(Scene { event, names: sight.names }, place, detail),
            None if groups_due <= event.at => self.rest.begin(),
            None if self.put_off < PUT_OFF_MAX => {
                self.put_off += 1;
                self.due = Some(groups_due);
            }
            None => {}
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
    sight.ledger.data_partitions().find_map(|partition| {
        let (offset, what) = partition_unsettled(sight, partition)?;
        Some((Some((partition.partition, offset)), format!("{}: {what}", sight.names.partition(partition.partition))))
    })
}

fn first_unsettled_group(sight: Sight<'_>) -> Option<Unsettled> {
    // A group cannot settle where its topic's partitions, or its coordinator's, have no leader.
    let is_led = |partition: &&PartitionLedger| {
        partition.facts.as_ref().is_some_and(|facts| facts.leader.is_some_and(|leader| sight.live.brokers().contains(leader)))
    };
    let is_all_led =
        sight.ledger.data_partitions().filter(|partition| partition.facts.is_some()).all(|partition| is_led(&partition));
    if !is_all_led {
        return None;
    }
    let known = sight.ledger.data_partitions().filter(is_led).map(|partition| partition.partition).collect();
    settled::first_unsettled(sight.groups, &known, sight.names)
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
