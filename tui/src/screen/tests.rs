//! The screen as a whole: frames of the lost acknowledgement, every size, random keys.
