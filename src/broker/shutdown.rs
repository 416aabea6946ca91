//! Leaving in order: what is written before the process ends, and what the next life reads of it.
//!
//! Invariant: the clean-shutdown file lies on the disk only between an end in order and the next start; whoever finds it
//! knows that every log was flushed, and under which broker epoch.
//!
//! Source: KIP-966 (the previous broker epoch); Kafka's `LogManager.shutdown`, `CleanShutdownFileHandler`,
//! `ReplicaManager.shutdown`. Called by: [`super::lifecycle`], [`Broker::start`].

use bytes::Bytes;

use super::Broker;
use crate::context::{Context, Disk};
use crate::error::Fault;
use crate::files::{FileName, FilePath};
use crate::ids::BrokerEpoch;

/// What the life before left behind when it ended in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CleanShutdown {
    /// The number of its registration.
    pub(super) epoch: Option<BrokerEpoch>,
}

impl Broker {
    /// Flushes every log, writes the high watermarks down and says so, then ends the process. A log that cannot be flushed
    /// leaves the shutdown unclean.
    pub(super) fn end_in_order(&mut self, cx: &mut Context<'_>) {
        for replica in self.partitions.iter_mut() {
            replica.flush(cx);
        }
        self.checkpoint_high_watermarks(cx);
        let is_clean = !self.partitions.iter().any(crate::replica::Partition::is_offline);
        let left = CleanShutdown { epoch: self.lifecycle.epoch() };
        let written = if is_clean { write(left, cx) } else { Ok(()) };
        match written {
            Ok(()) => cx.exit(),
            Err(fault) => cx.halt(format!("the clean shutdown cannot be written down: {fault}")),
        }
    }
}

/// Reads the file of the life before and removes it: from now on the logs change.
///
/// Errors: as [`Disk`]'s calls. A file that cannot be read counts as none.
pub(super) fn take(cx: &mut Context<'_>) -> Result<Option<CleanShutdown>, Fault> {
    let file = FilePath::root(FileName::CleanShutdown);
    let Some(length) = cx.len(file) else { return Ok(None) };
    let text = cx.read(file, 0, length).ok();
    cx.delete(file)?;
    cx.sync_folder(file.folder)?;
    Ok(text.and_then(|bytes| parse(&bytes)))
}

fn write(left: CleanShutdown, cx: &mut Context<'_>) -> Result<(), Fault> {
    let file = FilePath::root(FileName::CleanShutdown);
    let temporary = file.temporary();
    let epoch = left.epoch.map_or_else(|| "-1".to_owned(), |epoch| epoch.0.to_string());
    cx.delete(temporary)?;
    cx.append(temporary, Bytes::from(format!("{{\"version\":0,\"brokerEpoch\":{epoch}}}")))?;
    cx.sync(temporary)?;
    cx.rename(temporary, file)?;
    cx.sync_folder(file.folder)
}

fn parse(bytes: &[u8]) -> Option<CleanShutdown> {
    let text = std::str::from_utf8(bytes).ok()?;
    let number = text.strip_prefix("{\"version\":0,\"brokerEpoch\":")?.strip_suffix('}')?;
    Some(CleanShutdown { epoch: number.parse().ok().map(BrokerEpoch) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_kafkas_counts_as_none() {
        assert_eq!(parse(b"{\"version\":0,\"brokerEpoch\":42}"), Some(CleanShutdown { epoch: Some(BrokerEpoch(42)) }));
        assert_eq!(parse(b"{\"version\":0,\"brokerEpoch\":-1}"), Some(CleanShutdown { epoch: None }));
        assert_eq!(parse(b"{\"version\":0,\"brokerEpoch\":4"), None, "torn");
        assert_eq!(parse(b""), None);
    }
}
