//! Histories drawn at random: a valid one violates nothing, and whatever came before, an anomaly is found by its name.

use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::select;

use super::CLAIMS;
use super::anomalies::ANOMALIES;
use super::testing::Cluster;
use super::tests::promised;
use crate::event::Acks;
use crate::time::Duration;

/// What may happen in a valid history.
#[derive(Clone, Debug)]
enum Happening {
    Produce(usize, Acks),
    Elect(u16),
    Bounce(u16, usize),
    Clean(u16),
    Poll,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        (1..4usize, select(vec![Acks::Leader, Acks::All])).prop_map(|(count, acks)| Happening::Produce(count, acks)),
        (1..4u16).prop_map(Happening::Elect),
        (1..4u16, 0..3usize).prop_map(|(broker, count)| Happening::Bounce(broker, count)),
        (1..4u16).prop_map(Happening::Clean),
        Just(Happening::Poll),
    ]
}

fn play(happenings: &[Happening]) -> Cluster {
    let mut cluster = Cluster::new();
    cluster.begin_group();
    for happening in happenings {
        match happening {
            Happening::Produce(count, acks) => cluster.produce(*count, *acks),
            Happening::Elect(leader) => cluster.elect(*leader),
            Happening::Bounce(broker, count) => {
                cluster.crash(*broker);
                if *count > 0 {
                    cluster.produce(*count, Acks::All);
                }
                cluster.come_back(*broker);
            }
            Happening::Clean(broker) => cluster.clean(*broker),
            Happening::Poll => cluster.poll(),
        }
    }
    cluster
}

proptest! {
    #[test]
    fn no_valid_history_violates_anything(happenings in proptest::collection::vec(happening(), 0..20)) {
        let mut cluster = play(&happenings);
        cluster.wait(Duration::from_secs(20));
        cluster.finish();
        prop_assert_eq!(promised(&cluster.violated()), Vec::<&str>::new());
    }

    #[test]
    fn whatever_came_before_an_anomaly_is_found_by_its_name(
        happenings in proptest::collection::vec(happening(), 0..12),
        place in 0..ANOMALIES.len(),
    ) {
        let anomaly = ANOMALIES.get(place).expect("the place is drawn from the list");
        let mut cluster = play(&happenings);
        (anomaly.inject)(&mut cluster);
        let expected = CLAIMS.iter().map(|claim| claim.name);
        let expected: Vec<&str> = expected.filter(|name| *name == anomaly.name || anomaly.companions.contains(name)).collect();
        let violated = cluster.violated();
        prop_assert_eq!(promised(&violated), promised(&expected));
        prop_assert!(violated.contains(&anomaly.name));
    }
}
