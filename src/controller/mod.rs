//! The controller: decides who leads what, writes it to the metadata log, and answers when it is committed.

pub mod image;
pub mod records;
