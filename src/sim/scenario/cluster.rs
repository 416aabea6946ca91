//! Reads `[cluster]` and `[variants]`.

use super::document::Table;
use super::mistake::Read;
use super::model::Cluster;
use super::settings::{Settings, configure};
use super::tables::{CLUSTER, VARIANTS};
use crate::config::{BrokerConfig, Owner, Profile, TopicConfig, Variants};
use crate::ids::BrokerSet;

/// Reads `[cluster]`; also returns the keys without effect.
pub(super) fn cluster(root: &Table<'_>, profile: Profile, settings: &Settings<'_>) -> Read<(Cluster, Vec<String>)> {
    let table = root.need("cluster").table(&CLUSTER)?;
    let brokers = table.need("brokers").number(1, i64::from(BrokerSet::MAX))?;
    let controllers = table.or("controllers", 1, |item| match item.number(1, i64::from(u16::MAX))? {
        1 => Ok(1),
        _ => Err(item.bad("a quorum of several controllers is not built yet: `controllers` must be 1")),
    })?;
    let mut config = BrokerConfig::of(profile);
    let mut topic_defaults = TopicConfig::of(profile);
    let configured = configure(
        Owner::Broker,
        table.get("config").as_ref(),
        settings.of(Owner::Broker, ""),
        |key, value| config.set(key, value),
        |synonym, value| topic_defaults.set(synonym.topic, value),
    )?;
    config.check().map_err(|error| configured.refuse(&table, &error))?;
    table.close();
    Ok((Cluster { brokers, controllers, config, topic_defaults }, configured.no_effect))
}

/// Reads `[variants]`, and the settings of variants over it.
pub(super) fn variants(root: &Table<'_>, settings: &Settings<'_>) -> Read<Variants> {
    let mut variants = Variants::default();
    if let Some(item) = root.get("variants") {
        let table = item.table(&VARIANTS)?;
        for variant in Variants::ALL {
            if let Some(item) = table.get(variant.name) {
                variants.set(variant.name, item.text()?).map_err(|why| item.bad(why))?;
            }
        }
        table.close();
    }
    for variant in Variants::ALL {
        if let Some(given) = settings.variant(variant.name) {
            let refused = |why| given.bad_value(format!("`{}` cannot be `{}`: {why}", variant.name, given.value));
            variants.set(variant.name, &given.value).map_err(refused)?;
        }
    }
    Ok(variants)
}
