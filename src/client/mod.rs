//! The clients.
pub mod admin;
pub mod consumer;
pub mod producer;
