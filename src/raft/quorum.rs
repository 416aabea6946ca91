//! Which offset a majority holds: the arithmetic of the quorum, and nothing else.
//!
//! Invariant: the result is the largest offset up to which more than half of the voters hold the log. It may fall when a
//! voter's end falls; who keeps a committed end must not let that fall (see [`super::leader`]).
//!
//! Source: KIP-595; Raft section 5.4.2 for the rule about the leader's own epoch.

use crate::ids::Offset;

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

/// The end (excluded) of what is committed: held by a majority, and reaching past the first record of the leader's own
/// epoch, which begins at `epoch_start`. Before that the leader does not know it: an earlier leader's record on a
/// majority may still be overwritten (Raft figure 8).
#[must_use]
pub fn committed_end(ends: Vec<Offset>, epoch_start: Offset) -> Option<Offset> {
    held_by_majority(ends).filter(|end| *end > epoch_start)
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
}
