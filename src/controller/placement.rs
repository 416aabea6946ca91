//! Where the replicas of new partitions go: striped over the brokers from a chosen start.
//!
//! Rules: partition after partition the stripe begins one broker further, its first broker leads, the others follow in
//! order; unfenced brokers first, then fenced ones, so that a leader is always unfenced. When every unfenced broker has
//! led once, the order is shuffled, so that the same stripes do not come again.
//!
//! Invariant: no partition has a broker twice; leaders differ by at most one partition over a whole round.
//!
//! Called by: [`super::topics`]. Source: Kafka's `StripedReplicaPlacer`, with all brokers in one rack.
//!
//! Not modelled: racks.

use super::image::MetadataImage;
use crate::choice::Odds;
use crate::error::ErrorCode;
use crate::ids::BrokerId;

/// Stripes over the brokers of one moment.
pub(super) struct Placer {
    unfenced: Stripe,
    fenced: Stripe,
    /// How many partitions were placed since the last shuffle.
    round: usize,
}

/// A ring of brokers, read from a place that moves on by one for each partition.
struct Stripe {
    brokers: Vec<BrokerId>,
    start: usize,
    round: usize,
}

impl Placer {
    /// A placer over all registered brokers that are not leaving; `luck` says where it begins.
    pub(super) fn new(image: &MetadataImage, luck: &mut dyn FnMut(Odds) -> u64) -> Self {
        let usable = |fenced: bool| {
            let staying = image.brokers().filter(move |(_, broker)| !broker.in_controlled_shutdown && broker.fenced == fenced);
            staying.map(|(id, _)| id).collect::<Vec<_>>()
        };
        Self { unfenced: Stripe::new(usable(false), luck), fenced: Stripe::new(usable(true), luck), round: 0 }
    }

    /// The replicas of the next partition, the preferred leader first.
    ///
    /// Errors: INVALID_REPLICATION_FACTOR when `replication_factor` is 0, more than there are brokers, or all are fenced.
    pub(super) fn place(&mut self, replication_factor: u16, luck: &mut dyn FnMut(Odds) -> u64) -> Result<Vec<BrokerId>, ErrorCode> {
        let wanted = usize::from(replication_factor);
        let (unfenced, fenced) = (self.unfenced.brokers.len(), self.fenced.brokers.len());
        if wanted == 0 || wanted > unfenced + fenced || unfenced == 0 {
            return Err(ErrorCode::InvalidReplicationFactor);
        }
        if self.round == unfenced && unfenced > 1 {
            self.unfenced.shuffle(luck);
            self.fenced.shuffle(luck);
            self.round = 0;
        }
        let mut replicas = self.unfenced.take(wanted, self.round);
        if replicas.len() < wanted {
            replicas.extend(self.fenced.take(wanted - replicas.len(), self.round));
        }
        self.round += 1;
        Ok(replicas)
    }
}

impl Stripe {
    fn new(brokers: Vec<BrokerId>, luck: &mut dyn FnMut(Odds) -> u64) -> Self {
        let start = if brokers.is_empty() { 0 } else { place_of(luck(Odds::one_of(brokers.len()))) };
        Self { brokers, start, round: 0 }
    }

    /// Up to `count` brokers from the present start; the start moves on when a new round begins.
    fn take(&mut self, count: usize, round: usize) -> Vec<BrokerId> {
        if self.round != round {
            self.round = round;
            self.start += 1;
        }
        let ring = self.brokers.iter().cycle().skip(self.start % self.brokers.len().max(1));
        ring.take(count.min(self.brokers.len())).copied().collect()
    }

    /// Fisher and Yates; the quiet answer leaves the order as it is.
    fn shuffle(&mut self, luck: &mut dyn FnMut(Odds) -> u64) {
        for last in (1..self.brokers.len()).rev() {
            let back = place_of(luck(Odds::one_of(last + 1)));
            self.brokers.swap(last, last - back);
        }
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
        let mut image = MetadataImage::default();
        let mut end = Offset(0);
        for id in unfenced.iter().chain(fenced) {
            let (broker, epoch) = (BrokerId(*id), BrokerEpoch(end.0));
            let record = BrokerRegistered { broker, incarnation: Incarnation(1), epoch };
            image.apply(end, &MetadataRecord::RegisterBroker(record));
            end = end.next();
            if unfenced.contains(id) {
                let change = RegistrationChange { broker, epoch, fenced: false, in_controlled_shutdown: false };
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
