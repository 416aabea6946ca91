//! Laws: what holds for every input, found out with random ones. One file per module.

#[path = "properties/controller.rs"]
mod controller;
#[path = "properties/log.rs"]
mod log;
#[path = "properties/metadata_log.rs"]
mod metadata_log;
#[path = "properties/record.rs"]
mod record;
mod support;
