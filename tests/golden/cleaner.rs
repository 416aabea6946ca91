//! Scripts about the cleaner: which records go, and when. The commands stand in `keeping`.

use crate::keeping::Runner;
use crate::scripts::scripts;

scripts!("cleaner", Runner::new() =>
    a_log_is_hardly_dirty,
    a_packed_batch_is_packed_again,
    a_producer_is_known_by_an_empty_batch,
    a_quiet_log_is_cleaned_in_the_end,
    a_record_without_a_key_goes,
    a_tombstone_stays_until_its_horizon,
    compacted_and_deleted,
    only_what_is_committed_is_cleaned,
    small_segments_become_one,
    the_active_segment_is_never_touched,
    the_first_batch_of_an_epoch_stays,
    the_horizon_is_of_the_batch,
    the_map_is_too_small,
    the_newest_value_of_each_key_stays,
    the_power_fails_in_a_cleaning,
    the_process_dies_in_a_cleaning,
    tombstones_by_the_clock_of_files,
    what_is_young_is_not_cleaned,
);
