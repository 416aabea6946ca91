//! Laws: what holds for every input, found out with random ones. One file per module.

#[path = "properties/log.rs"]
mod log;
#[path = "properties/record.rs"]
mod record;
mod support;
