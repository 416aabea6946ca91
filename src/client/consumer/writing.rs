//! What an application writes of what it reads: a producer of its own, in the same process.
//!
//! A record of which something is written is processed when that is acknowledged, not when it is sent: until then the rest of the
//! world cannot see it. A record of which nothing is written is processed at once. One whose output is not acknowledged, for whatever
//! reason, is given up.
//!
//! Invariant: each output ends once; a record is called processed only if its output is acknowledged.
//!
//! Called by: processing, and every turn of the consumer.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::processing::Given;
use super::{Consumer, ConsumerSetup};
use crate::client::producer::{Producer, ProducerSetup};
use crate::context::{Context, Input, Machine, NewRecord};
use crate::event::ClientFact;
use crate::ids::{Digest, Offset, SendId, TopicPartition};
use crate::time::Instant;

/// The writing half of an application.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    producer: Producer,
    /// The outputs that have not ended, each with the record it was made of.
    unended: BTreeMap<SendId, (TopicPartition, Offset, Digest)>,
}

impl Writer {
    /// The one that an application's setup wants, if it wants one.
    pub(super) fn of(setup: &ConsumerSetup) -> Option<Box<Self>> {
        let writes = setup.application.writes.as_ref()?;
        let setup = ProducerSetup {
            process: setup.process,
            name: setup.name.clone(),
            bootstrap: setup.bootstrap.clone(),
            config: writes.config.clone(),
            topic: writes.topic.clone(),
            partition: writes.partition,
        };
        Some(Box::new(Self { producer: Producer::of_application(Arc::new(setup)), unended: BTreeMap::new() }))
    }

    /// Its next deadline.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.producer.next_deadline()
    }
}

impl Consumer {
    /// Hands an answer, or a deadline, to the producer.
    pub(super) fn tell_writer(&mut self, input: Input, cx: &mut Context<'_>) {
        if let Some(writer) = &mut self.writer {
            writer.producer.step(input, cx);
        }
    }

    /// Whether something that was written has not come to its end.
    pub(super) fn is_writing(&self) -> bool {
        self.writer.as_ref().is_some_and(|writer| !writer.unended.is_empty())
    }

    /// The application has done its work on a record: it writes what it made of it, or is done with it.
    pub(super) fn finish_or_write(&mut self, done: &mut Given, cx: &mut Context<'_>) {
        cx.resume(done.polled);
        let read = (done.partition, done.offset, done.digest);
        match (done.output.take(), &mut self.writer) {
            (Some(output), Some(writer)) => {
                let output: NewRecord = *output;
                let send = writer.producer.send(output, cx);
                writer.unended.insert(send, read);
            }
            (Some(_) | None, None) | (None, Some(_)) => tell_processed(read, cx),
        }
    }

    /// Sends what can go, and hears what has come to its end. Returns whether anything has.
    pub(super) fn write(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(writer) = &mut self.writer else { return false };
        writer.producer.go_on(cx);
        let endings = writer.producer.take_endings();
        let has_ended = !endings.is_empty();
        for (send, is_acknowledged) in endings {
            match writer.unended.remove(&send) {
                Some(read) if is_acknowledged => tell_processed(read, cx),
                Some((partition, offset, digest)) => {
                    cx.emit(ClientFact::RecordGivenUp { partition, offset, digest });
                }
                None => {}
            }
        }
        if has_ended {
            self.go_on_after_writing(cx);
        }
        has_ended
    }
}

/// A record is processed: the world can see it.
fn tell_processed((partition, offset, digest): (TopicPartition, Offset, Digest), cx: &mut Context<'_>) {
    cx.emit(ClientFact::RecordProcessed { partition, offset, digest });
}
