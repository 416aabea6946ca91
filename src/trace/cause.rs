//! Walking the why: from an event back to what made it happen, step by step.
//!
//! Invariant: every link goes to a strictly earlier step, so every chain ends.
//!
//! Called by: `explain`, the story, the verdict of a loss.

use super::trace::event_at;
use crate::event::{Event, Fact, NetworkFact};
use crate::ids::Step;

/// What made an event happen: for an arrival the sending, else what its turn (or its release) began with.
#[must_use]
pub fn cause_of(event: &Event) -> Option<Step> {
    let earlier = |step: Step| step.some().filter(|step| *step < event.step);
    match &event.fact {
        Fact::Network(
            NetworkFact::MessageDelivered { sent, .. }
            | NetworkFact::MessageDropped { sent, .. }
            | NetworkFact::MessageDuplicated { sent, .. }
            | NetworkFact::MessageDelayed { sent, .. },
        ) => earlier(*sent),
        _ => earlier(event.trail.cause).or_else(|| earlier(event.trail.origin)),
    }
}

/// The chain of causes of a step, the step itself first, the beginning last. Empty when there is no such step.
#[must_use]
pub fn why(events: &[Event], step: Step) -> Vec<Step> {
    let mut chain = Vec::new();
    let mut next = Some(step);
    while let Some(event) = next.and_then(|step| event_at(events, step)) {
        chain.push(event.step);
        next = cause_of(event);
    }
    chain
}

/// What happened because of a step: every event whose cause it is, in order.
pub fn effects_of(events: &[Event], step: Step) -> impl Iterator<Item = &Event> {
    let from = usize::try_from(step.0).unwrap_or(usize::MAX).saturating_add(1).min(events.len());
    let later = events.get(from..).unwrap_or(&[]);
    later.iter().filter(move |event| cause_of(event) == Some(step))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::testing;

    #[test]
    fn every_chain_goes_back_in_time_and_ends() {
        let events = testing::lost_acknowledgement();
        for event in &events {
            let chain = why(&events, event.step);
            assert_eq!(chain.first(), Some(&event.step));
            assert!(chain.is_sorted_by(|later, earlier| later > earlier), "{chain:?}");
        }
    }

    #[test]
    fn an_arrival_follows_from_its_sending() {
        let events = testing::lost_acknowledgement();
        let arrival = events
            .iter()
            .find(|event| matches!(event.fact, Fact::Network(NetworkFact::MessageDelivered { .. })))
            .expect("the tale has messages");
        let sent = cause_of(arrival).and_then(|step| event_at(&events, step)).expect("it was sent");
        assert!(matches!(sent.fact, Fact::Network(NetworkFact::MessageSent { .. })));
        assert!(effects_of(&events, sent.step).any(|event| event.step == arrival.step));
    }
}
