//! The commands of the scripts of replication that only ask a replica.

use std::fmt::Write as _;
use std::sync::Arc;

use tribunal::ids::{LeaderEpoch, Offset};
use tribunal::protocol::OffsetSpec;
use tribunal::replica::Reader;

use super::{Stage, item};
use crate::scripts::{Outcome, broker_of};

impl Stage {
    /// Answers one of them.
    pub(super) fn look(&mut self, command: &str, args: &mut goldenscript::ArgumentConsumer<'_>) -> Outcome<()> {
        match command {
            "low" => {
                let who = broker_of(args.next_pos())?;
                let lowest = self.brokers[&who].replica.low_watermark(&self.members);
                let told = lowest.map_or_else(|code| code.name().to_owned(), |offset| format!("low watermark {offset}"));
                writeln!(self.told, "{who}: {told}")?;
            }
            "prefer" => {
                let (who, offset) = (broker_of(args.next_pos())?, Offset(args.next_pos().unwrap_or("0").parse()?));
                let rack = Arc::new(args.next_pos().unwrap_or("").to_owned());
                let chosen = self.brokers[&who].replica.preferred_read_replica(&rack, offset, &self.members);
                let told = chosen.map_or("reads here".to_owned(), |replica| format!("sends the reader to {replica}"));
                writeln!(self.told, "{who}: {told}")?;
            }
            "read" => {
                let epoch = args.take_key("epoch").map(str::parse).transpose()?.map(LeaderEpoch);
                let (who, offset) = (broker_of(args.next_pos())?, Offset(args.next_pos().unwrap_or("0").parse()?));
                let reader = if args.next_pos() == Some("near") { Reader::ConsumerWithRack } else { Reader::Consumer };
                let item = item(offset, epoch, None, Offset(0));
                let found = self.turn(who, |seat, _, cx| seat.replica.read(&item, reader, 1 << 20, cx));
                let told = found.map_or_else(
                    |code| code.name().to_owned(),
                    |found| format!("{} batches, HW {}", found.batches.len(), found.high_watermark),
                );
                writeln!(self.told, "{who}: {told}")?;
            }
            "waiting" => {
                let (who, below) = (broker_of(args.next_pos())?, args.next_pos().unwrap_or("0").parse()?);
                let heard = match self.brokers[&who].replica.commitment(Offset(below)) {
                    None => "waits".to_owned(),
                    Some(Ok(isr)) => format!("acknowledged with maximal ISR {isr}"),
                    Some(Err(code)) => code.name().to_owned(),
                };
                writeln!(self.told, "{who}: {heard}")?;
            }
            "list" => {
                let epoch = args.take_key("epoch").map(str::parse).transpose()?.map(LeaderEpoch);
                let who = broker_of(args.next_pos())?;
                let spec = if args.next_pos() == Some("earliest") { OffsetSpec::Earliest } else { OffsetSpec::Latest };
                let found = self.turn(who, |seat, _, cx| seat.replica.list_offset(epoch, spec, cx));
                let found = found.map_or_else(|code| code.name().to_owned(), |listed| format!("{}", listed.offset.unwrap()));
                writeln!(self.told, "{who}: {found}")?;
            }
            "ends" => {
                let (who, asked) = (broker_of(args.next_pos())?, args.next_pos().unwrap_or("0").parse()?);
                let end = self.brokers[&who].replica.end_of_epoch(LeaderEpoch(asked));
                let end = end.map_or("unknown".to_owned(), |end| format!("{} ends at {}", end.epoch, end.end_offset));
                writeln!(self.told, "{who}: {end}")?;
            }
            name => return Err(format!("unknown command {name}").into()),
        }
        Ok(())
    }
}
