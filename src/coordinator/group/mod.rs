//! Groups, by their protocol.

pub mod consumer;
