//! Which segments become one: as many neighbours as fit into a segment by their size before they are cleaned.
//!
//! Invariant: every segment is in one run, in order; no run spans more offsets than an index entry can name (KAFKA-5413).
//!
//! Source: `Cleaner.groupSegmentsBySize`. Called by: [`super::job`].

use crate::config::TopicConfig;
use crate::ids::Offset;

/// A segment, as far as grouping goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sized {
    /// Its first offset.
    pub(super) base: Offset,
    /// Where the next one begins.
    pub(super) end: Offset,
    /// Its bytes.
    pub(super) bytes: u64,
    /// The bytes of its offset index and of its time index.
    pub(super) index_bytes: (u64, u64),
}

/// Groups segments by what they are named by.
pub(super) fn group(segments: &[Sized], config: &TopicConfig) -> Vec<Vec<Offset>> {
    let mut runs: Vec<(Sized, Vec<Offset>)> = Vec::new();
    for segment in segments {
        match runs.last_mut().filter(|(so_far, _)| fits(so_far, segment, config)) {
            Some((so_far, run)) => {
                so_far.bytes += segment.bytes;
                so_far.index_bytes.0 += segment.index_bytes.0;
                so_far.index_bytes.1 += segment.index_bytes.1;
                run.push(segment.base);
            }
            None => runs.push((*segment, vec![segment.base])),
        }
    }
    runs.into_iter().map(|(_, run)| run).collect()
}

fn fits(so_far: &Sized, next: &Sized, config: &TopicConfig) -> bool {
    let spans = next.end.previous().map_or(0, |last| last.since(so_far.base));
    so_far.bytes + next.bytes <= config.segment_bytes
        && so_far.index_bytes.0 + next.index_bytes.0 <= config.segment_index_bytes
        && so_far.index_bytes.1 + next.index_bytes.1 <= config.segment_index_bytes
        && (next.bytes == 0 || spans <= u64::from(i32::MAX.cast_unsigned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Profile;

    fn runs(sizes: &[(u64, u64, u64)]) -> Vec<Vec<u64>> {
        let config = TopicConfig { segment_bytes: 100, ..TopicConfig::of(Profile::Fast) };
        let sized = |(base, end, bytes): &(u64, u64, u64)| Sized {
            base: Offset(*base),
            end: Offset(*end),
            bytes: *bytes,
            index_bytes: (8, 12),
        };
        let segments: Vec<Sized> = sizes.iter().map(sized).collect();
        group(&segments, &config).into_iter().map(|run| run.into_iter().map(|base| base.0).collect()).collect()
    }

    #[test]
    fn neighbours_are_grouped_while_they_fit_a_segment() {
        let small = [(0, 10, 40), (10, 20, 60), (20, 30, 1), (30, 40, 200), (40, 50, 5), (50, 60, 95)];
        assert_eq!(runs(&small), [vec![0, 10], vec![20], vec![30], vec![40, 50]]);
    }

    #[test]
    fn a_run_spans_no_more_offsets_than_an_index_entry_can_name() {
        let most = u64::from(i32::MAX.cast_unsigned());
        assert_eq!(runs(&[(0, 10, 4), (10, most + 1, 4)]), [vec![0, 10]]);
        assert_eq!(runs(&[(0, 10, 4), (10, most + 2, 4)]), [vec![0], vec![10]]);
        assert_eq!(runs(&[(0, 10, 4), (10, most + 2, 0)]), [vec![0, 10]], "an empty segment has no entries");
    }

    #[test]
    fn neighbours_are_grouped_while_their_indexes_fit_an_index() {
        let config = TopicConfig { segment_bytes: 100, segment_index_bytes: 24, ..TopicConfig::of(Profile::Fast) };
        let runs = |index_bytes: [(u64, u64); 3]| {
            let places = index_bytes.into_iter().zip(0_u64..);
            let sized = places.map(|(index_bytes, place)| Sized {
                base: Offset(10 * place),
                end: Offset(10 * place + 10),
                bytes: 1,
                index_bytes,
            });
            group(&sized.collect::<Vec<_>>(), &config).into_iter().map(|run| run.len()).collect::<Vec<_>>()
        };
        assert_eq!(runs([(8, 12), (16, 12), (8, 0)]), [2, 1], "three entries of eight bytes fit the offset index");
        assert_eq!(runs([(8, 12), (8, 12), (0, 12)]), [2, 1], "two of twelve the time index");
    }
}
