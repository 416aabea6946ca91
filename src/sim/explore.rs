//! Many seeds on all cores. Each run is a world of its own on one thread; results come back as they are done.
//!
//! Invariant: what a seed gives does not depend on the other seeds, on the number of jobs or on their order. Seeds are handed
//! out in ascending order, so that after a stop at the first failure the lowest failing seed is the same with any number of
//! jobs.
//!
//! Called by: the command line, `explore` and `verify`.

use std::ops::{ControlFlow, Range};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;

/// The most threads that a batch runs on.
const JOBS_MAX: usize = 512;

/// Which seeds, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The seeds; the end is excluded.
    pub seeds: Range<u64>,
    /// How many runs at a time; at least one.
    pub jobs: usize,
    /// Only every so-many-th seed, for a share of the work.
    pub shard: Shard,
}

/// One share of a plan's seeds: those whose number, counted from the first seed, leaves `index` when divided by `of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which share, from 0.
    pub index: u64,
    /// Of how many.
    pub of: u64,
}

impl Shard {
    /// All seeds.
    pub const WHOLE: Self = Self { index: 0, of: 1 };
}

impl Plan {
    /// All these seeds, on as many threads as the machine has cores.
    #[must_use]
    pub fn of(seeds: Range<u64>) -> Self {
        let jobs = std::thread::available_parallelism().map_or(1, usize::from);
        Self { seeds, jobs, shard: Shard::WHOLE }
    }

    /// How many seeds there are in its share.
    #[must_use]
    pub fn count(&self) -> u64 {
        let all = self.seeds.end.saturating_sub(self.seeds.start);
        all.saturating_sub(self.shard.index).div_ceil(self.shard.of.max(1))
    }

    fn seed(&self, number: u64) -> u64 {
        self.seeds.start + self.shard.index + number * self.shard.of.max(1)
    }
}

/// Runs every seed of a plan with `run` on the plan's threads, and hands each result to `take` on this one, in the order in
/// which they are done. When `take` breaks, no further seed is begun; those under way are still handed over.
pub fn explore<R: Send>(plan: &Plan, run: impl Fn(u64) -> R + Sync, mut take: impl FnMut(u64, R) -> ControlFlow<()>) {
    let (next, is_stopped) = (AtomicU64::new(0), AtomicBool::new(false));
    // More threads than seeds, or than any machine has cores for, would only wait.
    let jobs = plan.jobs.clamp(1, JOBS_MAX).min(usize::try_from(plan.count()).unwrap_or(JOBS_MAX).max(1));
    let (results, done) = sync_channel(jobs * 4);
    std::thread::scope(|scope| {
        let workers = (0..jobs).map(|_| {
            let results = results.clone();
            let (next, is_stopped, run) = (&next, &is_stopped, &run);
            scope.spawn(move || {
                while !is_stopped.load(Ordering::SeqCst) {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= plan.count() {
                        break;
                    }
                    let seed = plan.seed(number);
                    if results.send((seed, run(seed))).is_err() {
                        break;
                    }
                }
            })
        });
        let workers = workers.collect::<Vec<_>>();
        drop(results);
        for (seed, result) in done {
            if take(seed, result).is_break() {
                is_stopped.store(true, Ordering::SeqCst);
            }
        }
        for worker in workers {
            if let Err(panic) = worker.join() {
                resume_unwind(panic);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seeds(plan: &Plan, stop_at: u64) -> Vec<u64> {
        let mut seen = Vec::new();
        explore(
            plan,
            |seed| seed * 2,
            |seed, result| {
                assert_eq!(result, seed * 2);
                seen.push(seed);
                if seed >= stop_at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        );
        seen.sort_unstable();
        seen
    }

    #[test]
    fn every_seed_is_run_once_and_shards_share_them_out() {
        let plan = Plan { seeds: 10..31, jobs: 3, shard: Shard::WHOLE };
        assert_eq!(seeds(&plan, u64::MAX), (10..31).collect::<Vec<_>>());
        let shares = (0..4).flat_map(|index| seeds(&Plan { shard: Shard { index, of: 4 }, ..plan.clone() }, u64::MAX));
        let mut all = shares.collect::<Vec<_>>();
        all.sort_unstable();
        assert_eq!(all, (10..31).collect::<Vec<_>>());
    }

    #[test]
    fn a_stop_leaves_no_lower_seed_out() {
        let seen = seeds(&Plan { seeds: 0..10_000, jobs: 4, shard: Shard::WHOLE }, 100);
        assert!(seen.len() < 10_000);
        let contiguous = seen.iter().zip(0..).all(|(seed, number)| *seed == number);
        assert!(contiguous, "seeds are begun in order, and all that are begun are done");
    }
}
