//! Golden scripts of the clients: tests/golden/client/*.script.

#[path = "golden/client.rs"]
mod client;
