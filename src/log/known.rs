//! What is known of a log before it is read, and why it was not read.
//!
//! Called by: whoever reads a log back; `recovery` and `scan`, which do it.

use std::sync::Arc;

use crate::error::Fault;
use crate::ids::Offset;

/// What a server knows of a log from other files than the log's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// From the high-watermark checkpoint.
    pub high_watermark: Offset,
    /// From the recovery-point checkpoint: below it the log was on the device.
    pub recovery_point: Offset,
    /// From the log-start checkpoint.
    pub log_start: Offset,
    /// From the cleaner's checkpoint: up to where the log was cleaned, if it was.
    pub cleaned: Option<Offset>,
    /// Whether the process had been shut down in order, so that all was flushed.
    pub was_clean: bool,
}

/// Why a log was not read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// Its files make no sense, so they are left as they are and nobody is served from them. `LogRefused` says why.
    Refused(Arc<String>),
    /// The disk failed.
    Failed(Fault),
}

impl From<Fault> for LoadError {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}
