//! Where the replicas of new partitions go: striped over the racks, and within each over its brokers, from chosen starts.
//!
//! Rules: partition after partition the stripe begins one rack and one broker further; its first broker leads and is
//! unfenced. The others come from the racks in turn, each giving its next broker, unfenced ones before fenced ones, so that
//! as many racks as can be have a replica. When every unfenced broker has led once, the orders are shuffled, so that the
//! same stripes do not come again. Brokers without a rack form one rack.
//!
//! Invariant: no partition has a broker twice, or two replicas in one rack while a rack with brokers left has fewer.
//!
//! Called by: [`super::topics`]. Source: Kafka's `StripedReplicaPlacer`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::image::MetadataImage;
use crate::choice::Odds;
use crate::error::ErrorCode;
use crate::ids::BrokerId;

/// Stripes over the racks and brokers of one moment.
pub(super) struct Placer {
    racks: Vec<Rack>,
    unfenced: usize,
    fenced: usize,
    /// Which rack is asked for the next leader first.
    start: usize,
    /// How many partitions were placed since the last shuffle.
    round: usize,
}

/// Who is in one rack.
#[derive(Default)]
struct Members {
    unfenced: Vec<BrokerId>,
    fenced: Vec<BrokerId>,
}

/// The brokers of one rack, in stripes.
struct Rack {
    unfenced: Stripe,
    fenced: Stripe,
}

/// A ring of brokers, read from a place that moves on by one with each round in which it is asked.
struct Stripe {
    brokers: Vec<BrokerId>,
    start: usize,
    round: usize,
    /// How many were given in this round.
    given: usize,
}

impl Placer {
    /// A placer over all registered brokers that are not leaving; `luck` says where it begins.
    pub(super) fn new(image: &MetadataImage, luck: &mut dyn FnMut(Odds) -> u64) -> Self {
        let mut by_rack: BTreeMap<Option<Arc<String>>, Members> = BTreeMap::new();
        let (mut unfenced, mut fenced) = (0, 0);
        for (id, broker) in image.brokers().filter(|(_, broker)| !broker.in_controlled_shutdown) {
            let rack = by_rack.entry(broker.rack.clone()).or_default();
            if broker.fenced {
                fenced += 1;
                rack.fenced.push(id);
            } else {
                unfenced += 1;
                rack.unfenced.push(id);
            }
        }
        let begin = |of: Members| Rack { unfenced: Stripe::new(of.unfenced, luck), fenced: Stripe::new(of.fenced, luck) };
        let racks: Vec<Rack> = by_rack.into_values().map(begin).collect();
        let start = if racks.len() > 1 { place_of(luck(Odds::one_of(racks.len()))) } else { 0 };
        Self { racks, unfenced, fenced, start, round: 0 }
    }

    /// The replicas of the next partition, the preferred leader first.
    ///
    /// Errors: INVALID_REPLICATION_FACTOR when `replication_factor` is 0, more than there are brokers, or all are fenced.
    pub(super) fn place(&mut self, replication_factor: u16, luck: &mut dyn FnMut(Odds) -> u64) -> Result<Vec<BrokerId>, ErrorCode> {
        let wanted = usize::from(replication_factor);
        if wanted == 0 || wanted > self.unfenced + self.fenced || self.unfenced == 0 {
            return Err(ErrorCode::InvalidReplicationFactor);
        }
        if self.round == self.unfenced && self.unfenced > 1 {
            self.shuffle(luck);
        }
        let mut replicas = Vec::with_capacity(wanted);
        let count = self.racks.len();
        let in_turn = |start: usize| (0..count).map(move |step| (start + step) % count);
        let (start, round) = (self.start % count, self.round);
        let leads = in_turn(start).find_map(|rack| Some((rack, self.racks.get_mut(rack)?.unfenced.next(round)?)));
        let (mut skipped, leader) = leads.map(|(rack, leader)| (Some(rack), leader)).expect("an unfenced broker is in some rack");
        replicas.push(leader);
        // The leader's rack has given in this turn already.
        let mut rack = start;
        while replicas.len() < wanted {
            let given = if skipped == Some(rack) { None } else { self.racks.get_mut(rack).and_then(|rack| rack.next(round)) };
            skipped = skipped.filter(|leaders| *leaders != rack);
            replicas.extend(given);
            rack = (rack + 1) % count;
        }
        self.round += 1;
        self.start = start + 1;
        Ok(replicas)
    }

    fn shuffle(&mut self, luck: &mut dyn FnMut(Odds) -> u64) {
        shuffle(&mut self.racks, luck);
        for rack in &mut self.racks {
            shuffle(&mut rack.unfenced.brokers, luck);
            shuffle(&mut rack.fenced.brokers, luck);
        }
        self.round = 0;
    }
}

impl Rack {
    fn next(&mut self, round: usize) -> Option<BrokerId> {
        self.unfenced.next(round).or_else(|| self.fenced.next(round))
    }
}

impl Stripe {
    fn new(brokers: Vec<BrokerId>, luck: &mut dyn FnMut(Odds) -> u64) -> Self {
        let start = if brokers.is_empty() { 0 } else { place_of(luck(Odds::one_of(brokers.len()))) };
        Self { brokers, start, round: 0, given: 0 }
    }

    /// The next broker of this round, if there is one left.
    fn next(&mut self, round: usize) -> Option<BrokerId> {
        if self.round != round {
            (self.round, self.given) = (round, 0);
            self.start += 1;
        }
        if self.given >= self.brokers.len() {
            return None;
        }
        let broker = self.brokers.get((self.start + self.given) % self.brokers.len()).copied();
        self.given += 1;
        broker
    }
}

/// Fisher and Yates; the quiet answer leaves the order as it is.
fn shuffle<T>(ring: &mut [T], luck: &mut dyn FnMut(Odds) -> u64) {
    for last in (1..ring.len()).rev() {
        let back = place_of(luck(Odds::one_of(last + 1)));
        ring.swap(last, last - back);
    }
}

fn place_of(answer: u64) -> usize {
    usize::try_from(answer).expect("an answer is held within its odds, which are a place in a list")
}

#[cfg(test)]
mod tests {
    use super::super::records::{BrokerRegistered, MetadataRecord, RegistrationChange};
    use super::*;
    use crate::ids::{BrokerEpoch, Incarnation, Offset};

    fn image(unfenced: &[u16], fenced: &[u16]) -> MetadataImage {
        image_with_racks(unfenced, fenced, |_| None)
    }

    fn image_with_racks(unfenced: &[u16], fenced: &[u16], rack_of: impl Fn(u16) -> Option<&'static str>) -> MetadataImage {
        let mut image = MetadataImage::default();
        let mut end = Offset(0);
        for id in unfenced.iter().chain(fenced) {
            let (broker, epoch, incarnation) = (BrokerId(*id), BrokerEpoch(end.0), Incarnation(1));
            let rack = rack_of(*id).map(|name| Arc::new(name.to_owned()));
            let (unclean, fenced, in_controlled_shutdown) = (false, true, false);
            let record = BrokerRegistered { broker, incarnation, epoch, rack, unclean, fenced, in_controlled_shutdown };
            image.apply(end, &MetadataRecord::RegisterBroker(record));
            end = end.next();
            if unfenced.contains(id) {
                let change = RegistrationChange { broker, epoch, fenced: false, in_controlled_shutdown };
                image.apply(end, &MetadataRecord::BrokerRegistrationChange(change));
                end = end.next();
            }
        }
        image
    }

    fn stripes(image: &MetadataImage, partitions: usize, replication_factor: u16, start: u64) -> Vec<Vec<u16>> {
        let mut calls = 0;
        let mut luck = |_: Odds| {
            calls += 1;
            if calls == 1 { start } else { 0 }
        };
        let mut placer = Placer::new(image, &mut luck);
        let place = |_| placer.place(replication_factor, &mut luck).expect("enough brokers").into_iter().map(|id| id.0).collect();
        (0..partitions).map(place).collect()
    }

    #[test]
    fn leaders_go_round_and_followers_follow() {
        let image = image(&[1, 2, 3], &[]);
        assert_eq!(stripes(&image, 3, 3, 0), [[1, 2, 3], [2, 3, 1], [3, 1, 2]]);
        assert_eq!(stripes(&image, 3, 2, 2), [[3, 1], [1, 2], [2, 3]]);
    }

    #[test]
    fn each_rack_has_a_replica_before_one_has_two() {
        let rack = |id: u16| {
            Some(if id <= 2 {
                "A"
            } else if id <= 4 {
                "B"
            } else {
                "C"
            })
        };
        let image = image_with_racks(&[1, 2, 3, 4, 5, 6], &[], rack);
        assert_eq!(stripes(&image, 3, 3, 0), [[1, 3, 5], [4, 6, 2], [5, 1, 3]]);
        assert_eq!(stripes(&image, 1, 5, 0), [[1, 3, 5, 2, 4]]);
        let uneven = image_with_racks(&[1, 2, 3, 4], &[], |id| Some(if id == 4 { "B" } else { "A" }));
        assert_eq!(stripes(&uneven, 2, 2, 0), [[1, 4], [4, 2]]);
    }

    #[test]
    fn a_fenced_broker_may_follow_but_never_leads() {
        let image = image(&[1, 3], &[2]);
        assert_eq!(stripes(&image, 2, 3, 0), [[1, 3, 2], [3, 1, 2]]);
    }

    #[test]
    fn too_many_replicas_and_no_unfenced_broker_are_refused() {
        let mut luck = |_: Odds| 0;
        let mut refuse = |unfenced: &[u16], fenced: &[u16], factor| {
            let image = image(unfenced, fenced);
            Placer::new(&image, &mut luck).place(factor, &mut |_| 0)
        };
        assert_eq!(refuse(&[1, 2], &[], 3), Err(ErrorCode::InvalidReplicationFactor));
        assert_eq!(refuse(&[], &[1, 2, 3], 1), Err(ErrorCode::InvalidReplicationFactor));
        assert_eq!(refuse(&[1], &[], 0), Err(ErrorCode::InvalidReplicationFactor));
    }
}
