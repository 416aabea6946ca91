//! Leaving in order: the last deeds of a broker that was asked to shut down.
//!
//! Invariant: the process ends only after every log that could be made durable is, and a mark says so
//! ([`super::logs`]); the next life reads it, and the controller hears under which broker epoch this one ended.
//!
//! Source: KIP-966 (the previous broker epoch); Kafka's `BrokerServer.shutdown`. Called by: [`super::lifecycle`].

use super::Broker;
use crate::context::Context;

impl Broker {
    /// Closes the logs, then ends the process.
    pub(super) fn end_in_order(&mut self, cx: &mut Context<'_>) {
        self.close_logs(self.lifecycle.epoch(), cx);
        cx.exit();
    }
}
