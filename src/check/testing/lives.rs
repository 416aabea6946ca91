//! The lives of the small cluster's brokers: they crash, start again, read their logs back and join the ISR.

use std::sync::Arc;

use super::{Cluster, ORDERS, b, k};
use crate::event::{ControllerFact, CrashKind, LogFact, RaftFact, RecoveryFacts, WorldFact};
use crate::ids::{BrokerId, Incarnation, Offset};

impl Cluster {
    /// A broker dies and leaves the ISR; if it led, another leads.
    pub(in crate::check) fn crash(&mut self, broker: u16) {
        let incarnation = Incarnation(self.life(broker));
        self.push(b(broker), WorldFact::ProcessCrashed { incarnation, kind: CrashKind::Process });
        self.isr.retain(|member| *member != broker);
        if self.leader == broker {
            let next = *self.isr.first().expect("a test leaves somebody in the ISR");
            self.elect(next);
        } else {
            self.change_isr();
        }
        let epoch = self.registration(broker);
        self.push(k(1), ControllerFact::BrokerFenced { broker: BrokerId(broker), epoch });
    }

    /// It comes back, reads its log, catches up and joins the ISR again.
    pub(in crate::check) fn come_back(&mut self, broker: u16) {
        self.restart(broker);
        self.recover(broker, self.end(broker));
        self.register(broker, self.registration(broker).0);
        self.follow(broker);
        self.replicate(broker);
        self.propose(broker);
        self.isr.push(broker);
        self.isr.sort_unstable();
        self.change_isr();
    }

    pub(in crate::check) fn restart(&mut self, broker: u16) {
        let place = usize::from(broker - 1);
        let life = self.lives.get_mut(place).expect("brokers are 1 to 3");
        *life += 1;
        let incarnation = Incarnation(*life);
        self.push(b(broker), WorldFact::ProcessStarted { incarnation });
        self.push(b(broker), RaftFact::MetadataApplied { end: self.metadata_end });
    }

    /// A broker reads its log back up to `end`.
    pub(in crate::check) fn recover(&mut self, broker: u16, end: u64) {
        self.log_mut(broker).truncate(usize::try_from(end).expect("small"));
        let there = (0..).zip(self.log(broker)).filter(|(offset, _)| !self.is_gap(broker, *offset));
        let batches: Vec<_> = there.map(|(offset, (epoch, digest))| Self::batch(offset, *epoch, &[*digest])).collect();
        let recovery = RecoveryFacts {
            partition: ORDERS,
            start: Offset(0),
            end: Offset(end),
            high_watermark: Offset(end.min(self.high_watermark)),
            was_clean: false,
            torn_bytes: 0,
            epochs: self.epochs_of(broker),
            batches,
        };
        self.push(b(broker), LogFact::LogRecovered { recovery: Arc::new(recovery) });
    }
}
