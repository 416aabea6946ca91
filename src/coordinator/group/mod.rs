//! Groups, by their protocol.

pub mod classic;
pub mod consumer;
