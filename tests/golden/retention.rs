//! Scripts about retention: which segments go, and when. The commands stand in `keeping`.

use crate::keeping::Runner;
use crate::scripts::scripts;

scripts!("retention", Runner::new() =>
    a_log_is_too_large,
    a_log_without_timestamps,
    a_record_from_the_future_keeps_the_log,
    a_segment_is_full_or_old,
    a_timestamp_is_too_far_from_the_clock,
    age_by_files,
    an_operator_deletes_records,
    nothing_goes_above_the_high_watermark,
    the_active_segment_is_due_too,
    the_first_that_is_not_due_ends_it,
    the_wall_clock_jumps,
    the_youngest_record_counts,
);
