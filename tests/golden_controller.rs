//! Golden scripts of the controller: a situation in, what it decides out.

mod support;

#[path = "golden/controller.rs"]
mod controller;
