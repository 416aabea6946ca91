//! How long a plan takes: 1,000 members that read 10,000 partitions, by each assignor, for a new group and after a tenth of the
//! members has gone. `cargo bench --bench assignors`. A plan is to take less than 200 ms.
//!
//! What is measured is the time that this thread was on a core, where the system tells (Linux), so that other work on the machine
//! shows less; else the wall's.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a benchmark reads the wall clock: that is its output")]

use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant as Wall;

use tribunal::client::assignor::{AssignorMember, assign};
use tribunal::config::Strategy;
use tribunal::coordinator::assignor::{AssignmentSpec, Assignor, MemberSpec};
use tribunal::ids::TopicId;
use tribunal::protocol::Subscription;

const MEMBERS: usize = 1_000;
const TOPICS: u32 = 100;
const PARTITIONS: u32 = 100;
const TIMES: u32 = 5;

fn main() {
    println!("{MEMBERS} members, {} partitions in {TOPICS} topics; the longest of {TIMES} plans", TOPICS * PARTITIONS);
    for strategy in [Strategy::Range, Strategy::RoundRobin, Strategy::Sticky, Strategy::CooperativeSticky] {
        classic(strategy);
    }
    for assignor in [Assignor::Range, Assignor::Uniform] {
        of_the_coordinator(assignor);
    }
}

fn name(place: usize) -> Arc<String> {
    Arc::new(format!("member-{place:04}"))
}

/// The assignors of classic groups, which a member runs.
fn classic(strategy: Strategy) {
    let topics: BTreeMap<String, u32> = (0..TOPICS).map(|topic| (format!("topic-{topic:03}"), PARTITIONS)).collect();
    let wanted: Vec<String> = topics.keys().cloned().collect();
    let member = |place| AssignorMember {
        member: name(place),
        instance: None,
        subscription: Subscription { topics: wanted.clone(), generation: 1, ..Subscription::default() },
    };
    let mut members: Vec<AssignorMember> = (0..MEMBERS).map(member).collect();
    let fresh = timed(|| assign(strategy, &members, &topics));
    let plan = assign(strategy, &members, &topics);
    for member in &mut members {
        member.subscription.owned = plan.get(&member.member).cloned().unwrap_or_default();
    }
    members.truncate(MEMBERS - MEMBERS / 10);
    let changed = timed(|| assign(strategy, &members, &topics));
    println!("classic  {:<20} new {fresh:>5} ms, a tenth gone {changed:>5} ms", format!("{strategy:?}"));
}

/// Those of KIP-848.
fn of_the_coordinator(assignor: Assignor) {
    let topics: BTreeMap<TopicId, u32> = (1..=TOPICS).map(|topic| (TopicId(topic), PARTITIONS)).collect();
    let wanted: Vec<TopicId> = topics.keys().copied().collect();
    let member = |place| MemberSpec { member: name(place), topics: wanted.clone(), owned: Vec::new() };
    let mut spec = AssignmentSpec { members: (0..MEMBERS).map(member).collect(), topics };
    let fresh = timed(|| assignor.assign(&spec));
    let plan = assignor.assign(&spec);
    for (member, share) in spec.members.iter_mut().zip(plan) {
        member.owned = share;
    }
    spec.members.truncate(MEMBERS - MEMBERS / 10);
    let changed = timed(|| assignor.assign(&spec));
    println!("consumer {:<20} new {fresh:>5} ms, a tenth gone {changed:>5} ms", format!("{assignor:?}"));
}

/// The longest of a few runs, in milliseconds.
fn timed<T>(plan: impl Fn() -> T) -> u128 {
    let once = || {
        let (began, on_core) = (Wall::now(), nanos_on_core());
        black_box(plan());
        let on_core = nanos_on_core().zip(on_core).map(|(now, then)| (now - then) / 1_000_000);
        on_core.unwrap_or_else(|| began.elapsed().as_millis())
    };
    (0..TIMES).map(|_| once()).max().unwrap_or(0)
}

/// How long this thread was on a core.
fn nanos_on_core() -> Option<u128> {
    fs::read_to_string("/proc/thread-self/schedstat").ok()?.split_whitespace().next()?.parse().ok()
}
