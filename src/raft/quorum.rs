//! The arithmetic of the quorum, and nothing else: which offset a majority holds, how an election stands, whose log is the
//! longer one, who stands first when a leader resigns.
//!
//! Invariant: the committed end is the largest offset up to which more than half of the voters hold the log. It may fall
//! when a voter's end falls; who keeps a committed end must not let that fall (see [`super::leader`]). Any two majorities
//! of the same voters share one.
//!
//! Source: KIP-595; Raft section 5.4.1 (whose log is up to date), 5.4.2 (the rule about the leader's own epoch); Kafka's
//! `EpochElection`, `KafkaRaftClient.strictExponentialElectionBackoffMs`.

use crate::ids::{LeaderEpoch, Offset};
use crate::time::Duration;

/// How many voters are a majority of `voters`.
#[must_use]
pub fn majority(voters: usize) -> usize {
    voters / 2 + 1
}

/// The end (excluded) up to which a majority of the voters holds the log, given each voter's synced end, in any order.
/// `None` when there are no voters.
#[must_use]
pub fn held_by_majority(mut ends: Vec<Offset>) -> Option<Offset> {
    let majority = majority(ends.len());
    ends.sort_unstable_by(|one, other| other.cmp(one));
    ends.get(majority - 1).copied()
}

// ANCHOR: committed-end
/// The end (excluded) of what is committed: held by a majority, and reaching past the first record of the leader's own
/// epoch, which begins at `epoch_start`. Before that the leader does not know it: an earlier leader's record on a
/// majority may still be overwritten (Raft figure 8).
#[must_use]
pub fn committed_end(ends: Vec<Offset>, epoch_start: Offset) -> Option<Offset> {
    held_by_majority(ends).filter(|end| *end > epoch_start)
}
// ANCHOR_END: committed-end

/// How an election stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Election {
    /// A majority granted its vote.
    Won,
    /// So many refused that no majority is left.
    Lost,
    /// Neither.
    Open,
}

/// How an election among `voters` stands when so many granted their vote and so many refused it.
#[must_use]
pub fn election(voters: usize, granted: usize, refused: usize) -> Election {
    if granted >= majority(voters) {
        Election::Won
    } else if voters.saturating_sub(refused) < majority(voters) {
        Election::Lost
    } else {
        Election::Open
    }
}

/// How many others must fetch from a leader, in the time of its check, that it may believe a majority still follows it.
#[must_use]
pub fn followers_needed(voters: usize, leader_is_voter: bool) -> usize {
    majority(voters) - usize::from(leader_is_voter)
}

/// How far a log reaches, for an election: by the epoch of its last record, then by its end.
pub type Reach = (Option<LeaderEpoch>, Offset);

/// Whether a log that reaches to `candidate` holds all that one which reaches to `voter` may hold committed.
#[must_use]
pub fn is_up_to_date(candidate: Reach, voter: Reach) -> bool {
    candidate >= voter
}

/// How long the successor at `place` (from 0) among `successors` waits before it stands, when its leader resigns: the first
/// not at all, each later one twice as long as the one before it, the last `longest` at most.
#[must_use]
pub fn successor_backoff(place: usize, successors: usize, longest: Duration) -> Duration {
    let Some(doublings) = place.checked_sub(1) else { return Duration::ZERO };
    let least = longest.0 >> successors.saturating_sub(1).min(63);
    let factor = 1_u64.checked_shl(u32::try_from(doublings).unwrap_or(u32::MAX)).unwrap_or(u64::MAX);
    Duration(least.saturating_mul(factor).min(longest.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offsets(ends: &[u64]) -> Vec<Offset> {
        ends.iter().copied().map(Offset).collect()
    }

    #[test]
    fn a_majority_is_more_than_half() {
        assert_eq!((1..=7).map(majority).collect::<Vec<_>>(), [1, 2, 2, 3, 3, 4, 4]);
    }

    #[test]
    fn with_one_to_seven_voters_the_end_is_what_a_majority_holds() {
        let cases: [(&[u64], u64); 7] = [
            (&[9], 9),
            (&[9, 4], 4),
            (&[9, 4, 7], 7),
            (&[9, 4, 7, 5], 5),
            (&[9, 4, 7, 5, 8], 7),
            (&[9, 4, 7, 5, 8, 1], 5),
            (&[9, 4, 7, 5, 8, 1, 6], 6),
        ];
        for (ends, expected) in cases {
            assert_eq!(held_by_majority(offsets(ends)), Some(Offset(expected)), "{ends:?}");
            let holders = ends.iter().filter(|end| **end >= expected).count();
            assert!(holders >= majority(ends.len()), "{ends:?}");
        }
        assert_eq!(held_by_majority(Vec::new()), None);
    }

    #[test]
    fn no_larger_end_is_held_by_a_majority() {
        for voters in 1..=7u32 {
            for pattern in 0..3u64.pow(voters) {
                let ends: Vec<u64> = (0..voters).map(|voter| pattern / 3u64.pow(voter) % 3).collect();
                let end = held_by_majority(offsets(&ends)).expect("there are voters");
                let beyond = ends.iter().filter(|other| **other > end.0).count();
                assert!(beyond < majority(ends.len()), "{ends:?}");
            }
        }
    }

    #[test]
    fn records_of_an_earlier_epoch_count_only_with_one_of_the_leaders_own() {
        assert_eq!(committed_end(offsets(&[9, 7, 7]), Offset(7)), None);
        assert_eq!(committed_end(offsets(&[9, 8, 7]), Offset(7)), Some(Offset(8)));
    }

    #[test]
    fn an_election_is_won_by_a_majority_and_lost_when_none_is_left() {
        for voters in 1..=7 {
            for granted in 0..=voters {
                for refused in 0..=voters - granted {
                    let open = voters - granted - refused;
                    let expected = match (granted > voters / 2, granted + open > voters / 2) {
                        (true, _) => Election::Won,
                        (false, true) => Election::Open,
                        (false, false) => Election::Lost,
                    };
                    assert_eq!(election(voters, granted, refused), expected, "{voters}: {granted} to {refused}");
                }
            }
        }
    }

    #[test]
    fn a_leader_and_the_followers_it_needs_are_a_majority() {
        assert_eq!((1..=7).map(|voters| followers_needed(voters, true)).collect::<Vec<_>>(), [0, 1, 1, 2, 2, 3, 3]);
        assert_eq!((1..=4).map(|voters| followers_needed(voters, false)).collect::<Vec<_>>(), [1, 2, 2, 3]);
    }

    #[test]
    fn the_epoch_of_the_last_record_says_more_than_the_length_of_the_log() {
        let reach = |epoch: Option<u32>, end| (epoch.map(LeaderEpoch), Offset(end));
        assert!(is_up_to_date(reach(Some(3), 5), reach(Some(2), 9)));
        assert!(!is_up_to_date(reach(Some(2), 9), reach(Some(3), 5)));
        assert!(is_up_to_date(reach(Some(2), 9), reach(Some(2), 9)));
        assert!(!is_up_to_date(reach(None, 0), reach(Some(1), 1)));
    }

    #[test]
    fn successors_stand_one_after_another() {
        let waits = |count| -> Vec<u64> { (0..count).map(|place| successor_backoff(place, count, Duration(1_000)).0).collect() };
        assert_eq!(waits(1), [0]);
        assert_eq!(waits(2), [0, 500]);
        assert_eq!(waits(4), [0, 125, 250, 500]);
    }
}
