//! How often what happened: a run without an election proves nothing about elections.
//!
//! A count is known by its key in `--json` (`isr_changes`) and by the word that an expectation writes (`isr-changes`).
//! What ends in `us` is a span of simulated time in microseconds; [`super::quorum_time`] and [`super::group::idle_time`]
//! measure those. All others are counted in [`super::counting`].
//!
//! Called by: `Checks`; `explore` adds the counts of many runs up; expectations ask for them by name.

macro_rules! counts {
    ($($(#[doc = $doc:literal])+ $name:ident),* $(,)?) => {
        /// The counts of a run, or of many. Their names are the keys of `counts` in `--json`.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Counts { $($(#[doc = $doc])+ pub $name: u64),* }

        impl Counts {
            /// The words by which expectations know the counts, with `_` for `-`, in a fixed order.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),*];

            /// Every count with its name, in a fixed order.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name)),*].into_iter()
            }

            /// The count of this name, as an expectation (`isr-changes`) or `--json` (`isr_changes`) writes it.
            #[must_use]
            pub fn by_name(&self, name: &str) -> Option<u64> {
                let is_named = |key: &str| key.bytes().map(dashed).eq(name.bytes().map(dashed));
                self.iter().find(|(key, _)| is_named(key)).map(|(_, count)| count)
            }

            /// Adds the counts of another run.
            pub fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

/// A byte of a count's name as an expectation writes it.
fn dashed(byte: u8) -> u8 {
    if byte == b'_' { b'-' } else { byte }
}

counts! {
    /// Partitions that got a leader.
    elections,
    /// Of these, leaders from outside the ISR.
    unclean_elections,
    /// Logs cut.
    truncations,
    /// ISRs that a leader adopted.
    isr_changes,
    /// Brokers fenced.
    fencings,
    /// Logs read back from disk.
    recoveries,
    /// Processes started again.
    restarts,
    /// Plans made for a group: who is to own what from now on.
    rebalances,
    /// Records given to a producer.
    sends,
    /// Batches sent again.
    retries,
    /// Records acknowledged.
    acked,
    /// Records of which nobody knows whether they are stored.
    unknown,
    /// Records refused.
    failed,
    /// Records given to consumers.
    reads,
    /// Messages sent.
    messages,
    /// Messages that never arrived.
    dropped,
    /// Requests delivered twice.
    duplicated,
    /// Files and disks that lost something.
    disk_losses,
    /// Requests that a server refused.
    refusals,
    /// Controllers that came to lead the metadata quorum.
    quorum_elections,
    /// Of these, those that gave their epoch up by themselves because no majority fetched from them.
    quorum_resignations,
    /// Votes given.
    votes,
    /// Sets of voters written to the metadata log, without the one it began with.
    voter_changes,
    /// Snapshots of the metadata written.
    snapshots_taken,
    /// Snapshots of the metadata put in place of a log.
    snapshots_installed,
    /// Simulated time in which more than one live server took itself for the quorum's leader.
    rival_leader_us,
    /// Simulated time in which no live server led the quorum.
    leaderless_us,
    /// Moves of a partition begun.
    reassignments_started,
    /// Moves of a partition done.
    reassignments_completed,
    /// Moves of a partition called off.
    reassignments_cancelled,
    /// Brokers found to have gone down in disorder.
    unclean_shutdowns,
    /// Processes that ended themselves in order.
    shutdowns,
    /// Processes that died.
    crashes,
    /// Processes that ended themselves because they could not go on.
    halts,
    /// Topics deleted.
    topics_deleted,
    /// Changes of a configuration while the cluster ran.
    config_changes,
    /// Changes of a feature's level.
    feature_changes,
    /// Replicas that went offline.
    offline_replicas,
    /// Logs fenced after a failed append.
    fenced_logs,
    /// Log directories that failed.
    failed_directories,
    /// Advances of a log's start.
    log_starts_moved,
    /// Disk calls that went wrong, of all kinds.
    disk_faults,
    /// Writes that failed.
    disk_write_fails,
    /// Reads that failed.
    disk_read_fails,
    /// Syncs that failed.
    disk_sync_fails,
    /// Syncs that said they were done and were not.
    disk_sync_lies,
    /// Reads that gave too few bytes.
    disk_short_reads,
    /// Reads that gave flipped bits.
    disk_bit_rots,
    /// Writes that went elsewhere.
    disk_misdirected_writes,
    /// Writes for which there was no room.
    disk_full,
    /// Calls that took far too long.
    disk_stalls,
    /// Partitions of `__consumer_offsets` that a coordinator read to take them over.
    coordinator_loads,
    /// Members that left a group or were put out.
    departures,
    /// Commits stored, partition by partition.
    commits,
    /// Commits refused.
    refused_commits,
    /// Commits refused because the committer's generation, epoch or name is not the present one.
    fenced_commits,
    /// Offsets forgotten because they grew old.
    expired_offsets,
    /// Groups that went over to the other protocol.
    protocol_changes,
    /// Records that applications are done with.
    processed,
    /// Simulated time in which a partition that a group had begun to read belonged to nobody, or to somebody who did not know
    /// yet where to read on; of all partitions of all groups together.
    partition_idle_us,
    /// Of this, in classic groups whose members give all back at every rebalance.
    partition_idle_eager_us,
    /// Of this, in classic groups whose members give back only what is to move (KIP-429).
    partition_idle_cooperative_us,
    /// Of this, in groups of the consumer protocol (KIP-848).
    partition_idle_consumer_us,
    /// Segments that retention deleted.
    segments_deleted,
    /// Of these, by age, sooner after they were written than `retention.ms` says, by true time.
    segments_deleted_early,
    /// Of these, by age, later than that by more than the brokers' looks are apart.
    segments_deleted_late,
    /// Cleanings of a log that were finished.
    cleanings,
    /// Cleanings that failed for good.
    failed_cleanings,
    /// Records that cleaners dropped.
    records_cleaned,
    /// Of these, tombstones whose time had come.
    tombstones_cleaned,
    /// Swaps of cleaned segments that a start found half done.
    swaps_recovered,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_known_by_its_key_and_by_its_word() {
        let counts = Counts { quorum_elections: 3, ..Counts::default() };
        assert_eq!(counts.by_name("quorum-elections"), Some(3));
        assert_eq!(counts.by_name("quorum_elections"), Some(3));
        assert_eq!(counts.by_name("quorum elections"), None);
        assert_eq!(counts.by_name("quorum-election"), None);
    }
}
