//! A session and what is saved of it are one run.

use super::*;
use crate::sim::host::{RunOptions, Session};

fn saved(live: &Live) -> Scenario {
    let text = live.save();
    Scenario::read(&text, "saved").unwrap_or_else(|mistake| panic!("{mistake}\n{text}"))
}

/// Every event of a session, but the first, is an event of its saved scenario, in the same order.
fn events_of(scenario: &Scenario, end: Instant) -> Vec<Event> {
    let mut events = Vec::new();
    let mut session = Session::new(scenario, &RunOptions::of(scenario.seed));
    session.run_to_time(end, &mut |event, _| events.push(event.clone()));
    events
}

fn record(key: &str, value: &str) -> RecordText {
    RecordText { key: Some(key.to_owned()), value: Some(value.to_owned()), ..RecordText::default() }
}

fn reader(from: &str) -> ReaderText {
    ReaderText { topic: "payments".to_owned(), partitions: vec![0, 1, 2], from: Some(from.to_owned()), ..ReaderText::default() }
}

#[test]
fn a_saved_session_tells_the_same_events() {
    let mut live = Live::start(11);
    let mut heard = Vec::new();
    let created = live.order("create-topic payments partitions=3 replication-factor=3").expect("it is an order");
    assert_eq!(created.code, None);
    for (key, value) in [("Alice", "Made a payment of $200 to \"Bob\""), ("Bob", "\\ and # and '''")] {
        let sent = live.send("payments", &record(key, value)).expect("it is a record");
        assert!(matches!(sent, Sent::Acknowledged(_, Some(_))), "{sent:?}");
    }
    let (id, process) = live.start_reader(&reader("\"beginning\"")).expect("it is a reader");
    live.run_for(Duration::from_millis(500), |event| {
        heard.push(event.clone());
        false
    });
    live.stop_reader(&id, process, false).expect("it can be stopped");
    live.fault("crash = \"b1\"", None).expect("it is a fault");
    let cut = live.fault("cut = [\"b2\", \"b3\"]", Some("heal-after")).expect("it is a fault").number;
    live.wait(Duration::from_secs(2));
    live.end_fault(cut);
    live.fault("restart = \"b1\"", None).expect("it is a fault");
    let group = ReaderText { group: Some("g1".to_owned()), from: None, ..reader("") };
    let (id, process) = live.start_reader(&group).expect("it is a reader");
    live.wait(Duration::from_secs(3));
    live.stop_reader(&id, process, true).expect("it can be stopped");
    let again = events_of(&saved(&live), live.now());
    let first = heard.first().expect("a consumer was heard");
    let told_again = again.get(first.step.0 as usize..first.step.0 as usize + heard.len()).expect("it went so far");
    assert_eq!(told_again, heard);
    assert_eq!(again.last().map(|event| event.step.next()), Some(live.world.next_step()), "and as many of them");
}

#[test]
fn what_cannot_be_read_leaves_no_trace() {
    let mut live = Live::start(1);
    let (text, now) = (live.save(), live.now());
    assert!(live.order("create-topik payments").is_err());
    assert!(live.send("no/where", &record("a", "b")).is_err());
    assert!(live.fault("crash = \"b9\"", None).is_err());
    assert!(live.start_reader(&reader("\"middle\"")).is_err());
    assert_eq!((live.save(), live.now()), (text, now));
}

#[test]
fn a_topic_that_somebody_writes_to_is_made() {
    let mut live = Live::start(5);
    let sent = live.send("payments", &record("Alice", "1")).expect("it is a record");
    assert!(matches!(sent, Sent::Acknowledged(_, Some(Offset::ZERO))), "{sent:?}");
    live.order("create-partitions payments 2").expect("it is an order");
    let text = RecordText { partition: Some(1), ..record("Bob", "2") };
    assert!(matches!(live.send("payments", &text), Ok(Sent::Acknowledged(_, Some(Offset::ZERO)))));
    let again = events_of(&saved(&live), live.now());
    assert_eq!(again.last().map(|event| event.step.next()), Some(live.world.next_step()));
}

#[test]
fn the_administrator_hears_what_he_asked_for() {
    let mut live = Live::start(1);
    live.order("create-topic payments partitions=3 replication-factor=3").expect("it is an order");
    let told = live.order("describe-topic payments").expect("it is an order");
    let partitions = told.responses.iter().find_map(|response| match response {
        Response::Metadata(metadata) => metadata.topics.first().map(|topic| topic.partitions.len()),
        _ => None,
    });
    assert_eq!(partitions, Some(3));
    let refused = live.order("describe-topic nothing").expect("it is an order");
    assert_eq!(refused.code, Some(ErrorCode::UnknownTopicOrPartition));
}
