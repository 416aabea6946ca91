//! The picture folded from the trace is the truth: what it says of every replica's log and role is what the replica has.

use proptest::prelude::*;
use tribunal::event::Event;
use tribunal::ids::{BrokerId, ProcessId};
use tribunal::replica;
use tribunal::sim::host::{RunOptions, Session};
use tribunal::sim::scenario::Scenario;
use tribunal::time::Instant;
use tribunal::trace::View;
use tribunal::trace::view::Role;

use crate::support::cases;

fn storm() -> Scenario {
    Scenario::embedded("storm").expect("it is embedded").expect("it is well formed")
}

/// Compares every replica of every broker that is up.
fn assert_true(view: &View, session: &Session, brokers: u16) {
    for broker in (1..=brokers).map(BrokerId) {
        let Some(node) = session.world().node(ProcessId::Broker(broker)) else { continue };
        for partition in node.broker().expect("b1, b2 … are brokers").partitions().iter() {
            let shown = view.partition(partition.partition()).and_then(|shown| shown.replica(broker));
            let shown = shown.unwrap_or_else(|| panic!("{broker} has {}, and the view does not", partition.partition()));
            let place = format!("{} on {broker} at {}", partition.partition(), session.world().now());
            assert_eq!(shown.end, partition.log().end_offset(), "log end of {place}");
            assert_eq!(shown.start, partition.log().start_offset(), "log start of {place}");
            assert_eq!(shown.high_watermark, partition.high_watermark(), "high watermark of {place}");
            match (&shown.role, partition.role()) {
                (Role::Leader { epoch }, replica::Role::Leader(_)) | (Role::Follower { epoch, .. }, replica::Role::Follower(_)) => {
                    assert_eq!(Some(*epoch), partition.epoch(), "leader epoch of {place}");
                }
                (Role::None, replica::Role::Idle) | (Role::Offline, replica::Role::Offline) => {}
                (shown, true_role) => panic!("{place} is {true_role:?}, and the view says {shown:?}"),
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn the_folded_view_is_the_true_state(seed in 0_u64..1_000_000, stops in prop::collection::vec(0_u64..60_000_000, 1..12)) {
        let scenario = storm();
        let mut session = Session::new(&scenario, &RunOptions::of(seed));
        let mut view = View::new();
        let mut stops = stops;
        stops.sort_unstable();
        for stop in stops {
            session.run_to_time(Instant(stop), &mut |event: &Event, _| view.apply(event));
            assert_true(&view, &session, scenario.cluster.brokers);
        }
    }
}
