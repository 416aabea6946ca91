//! The group coordinator of a broker: who is in a group, who reads what, and how far a group has come.
//!
//! Called by `broker/groups`.

pub mod assignor;
pub mod group;
pub mod topics;
