//! Following other leaders: one fetcher per leader, on a connection of its own, one request in flight.
//!
//! A fetcher asks for all its partitions at once, from where each log ends, and again as soon as it has the answer. A
//! partition that was refused rests for `replica.fetch.backoff.ms`; a fenced one until the metadata names a newer epoch.
//! A log that lies wholly outside the leader's asks where the leader's ends, then where it begins. Whoever was given records
//! goes to the end of the queue: an answer that is full does not starve the last ones.
//!
//! Under the older rules of truncation a new follower asks for the end of its last epoch before it fetches.
//!
//! * [`asking`]: what a fetcher asks, and when.
//! * [`answers`]: what the answers mean for the replicas.
//!
//! Invariant: what is asked carries the leader epoch this broker knows, and an answer counts only while the partition is
//! still followed in that epoch and its log still ends where it was asked from (KAFKA-7786).
//!
//! Source: Kafka's `AbstractFetcherThread`, `ReplicaFetcherThread`, `AbstractFetcherManager`. Called by: [`super::Broker`].
//!
//! Not modelled: several fetchers per leader.

mod answers;
mod asking;

use crate::context::Context;
use crate::event::Purpose;
use crate::ids::{BrokerId, CorrelationId, LeaderEpoch, Offset, ProcessId, TopicPartition};
use crate::replica::Partition;
use crate::time::{Instant, Trail};

/// The fetchers of one broker, by leader.
#[derive(Clone, Debug, Default)]
pub struct Replicator {
    fetchers: Vec<Fetcher>,
    correlation: u32,
}

#[derive(Clone, Debug)]
struct Fetcher {
    leader: BrokerId,
    /// In the order of partitions.
    followed: Vec<Followed>,
    /// How many answers brought records.
    served: u64,
    in_flight: Option<InFlight>,
    /// After a failure of the connection, or while every partition rests.
    wake: Option<(Instant, Trail)>,
}

#[derive(Clone, Copy, Debug)]
struct Followed {
    partition: TopicPartition,
    epoch: LeaderEpoch,
    need: Need,
    rests_until: Option<Instant>,
    /// Which of its fetcher's answers last brought it records: who waited longest is asked for first.
    served_at: u64,
}

/// What a follower wants to know next; what is asked about first stands first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    /// Under the older rules, before the first fetch: where does its last epoch end in the leader's log?
    EndOfEpoch,
    /// Its log is out of the leader's range: where does the leader's end?
    LeaderEnd,
    /// And where does it begin?
    LeaderStart,
    /// More records.
    Batches,
}

#[derive(Clone, Debug)]
struct InFlight {
    correlation: CorrelationId,
    need: Need,
    asked: Vec<Asked>,
    until: Instant,
    trail: Trail,
}

#[derive(Clone, Copy, Debug)]
struct Asked {
    partition: TopicPartition,
    epoch: LeaderEpoch,
    from: Offset,
    /// The epoch whose end is asked for, where one is.
    about: Option<LeaderEpoch>,
}

/// What a partition does after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    Ask(Need),
    Rest,
    /// It is fenced: nothing until the metadata says more.
    Leave,
}

impl Replicator {
    /// Follows a partition as its replica says: its leader and epoch, or nobody while it has no leader.
    pub(super) fn follow(&mut self, partition: TopicPartition, replica: &Partition, cx: &mut Context<'_>) {
        let (Some(leader), Some(epoch)) = (replica.followed_leader(), replica.epoch()) else {
            self.forget(partition, cx);
            return;
        };
        if self.is_followed(partition, leader, epoch) {
            return;
        }
        self.forget(partition, cx);
        let place = match self.fetchers.binary_search_by_key(&leader, |fetcher| fetcher.leader) {
            Ok(place) => place,
            Err(place) => {
                self.fetchers.insert(place, Fetcher { leader, followed: Vec::new(), served: 0, in_flight: None, wake: None });
                place
            }
        };
        let Some(fetcher) = self.fetchers.get_mut(place) else { return };
        let need = if replica.epoch_to_ask_about().is_some() { Need::EndOfEpoch } else { Need::Batches };
        let entry = Followed { partition, epoch, need, rests_until: None, served_at: fetcher.served };
        match fetcher.place(partition) {
            Ok(_) => panic!("it was forgotten just now"),
            Err(place) => fetcher.followed.insert(place, entry),
        }
    }

    /// Stops following a partition. A fetcher without partitions is gone, and so is its connection.
    pub(super) fn forget(&mut self, partition: TopicPartition, cx: &mut Context<'_>) {
        self.fetchers.retain_mut(|fetcher| {
            let Ok(place) = fetcher.place(partition) else { return true };
            fetcher.followed.remove(place);
            if fetcher.followed.is_empty() {
                cx.close(ProcessId::Broker(fetcher.leader), Purpose::Fetcher);
            }
            !fetcher.followed.is_empty()
        });
    }

    /// When a fetcher wants to ask again, or to give up waiting.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let deadline = |fetcher: &Fetcher| match &fetcher.in_flight {
            Some(asking) => Some(asking.until),
            None => fetcher.wake.map(|(at, _)| at),
        };
        self.fetchers.iter().filter_map(deadline).min()
    }

    fn is_followed(&self, partition: TopicPartition, leader: BrokerId, epoch: LeaderEpoch) -> bool {
        let fetcher = self.fetchers.iter().find(|fetcher| fetcher.leader == leader);
        fetcher.is_some_and(|fetcher| {
            let known = fetcher.place(partition).ok().and_then(|place| fetcher.followed.get(place));
            known.is_some_and(|known| known.epoch == epoch)
        })
    }

    fn of(&mut self, leader: ProcessId) -> Option<&mut Fetcher> {
        self.fetchers.iter_mut().find(|fetcher| ProcessId::Broker(fetcher.leader) == leader)
    }
}

impl Fetcher {
    fn place(&self, partition: TopicPartition) -> Result<usize, usize> {
        self.followed.binary_search_by_key(&partition, |known| known.partition)
    }

    /// Those that do not rest.
    fn ready(&self, now: Instant) -> impl Iterator<Item = &Followed> {
        self.followed.iter().filter(move |known| known.rests_until.is_none_or(|until| until <= now))
    }

    /// An answer brought these records.
    fn note_served(&mut self, partitions: impl Iterator<Item = TopicPartition>) {
        self.served += 1;
        for partition in partitions {
            if let Some(known) = self.place(partition).ok().and_then(|place| self.followed.get_mut(place)) {
                known.served_at = self.served;
            }
        }
    }

    fn settle(&mut self, partition: TopicPartition, after: After, rested: Instant) {
        let Ok(place) = self.place(partition) else { return };
        match after {
            After::Leave => {
                self.followed.remove(place);
            }
            After::Ask(need) => {
                if let Some(known) = self.followed.get_mut(place) {
                    (known.need, known.rests_until) = (need, None);
                }
            }
            After::Rest => {
                if let Some(known) = self.followed.get_mut(place) {
                    known.rests_until = Some(rested);
                }
            }
        }
    }

    /// Whether an answer still concerns this partition.
    fn still_asks(&self, asked: &Asked) -> bool {
        let known = self.place(asked.partition).ok().and_then(|place| self.followed.get(place));
        known.is_some_and(|known| known.epoch == asked.epoch)
    }
}
