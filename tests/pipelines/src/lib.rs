//! What the end-to-end tests have in common: folders, the program, waiting for it, and lines to send through it.
//!
//! The program is `target/release/forebay`, or what `FOREBAY_BIN` names. Every test has a folder of its own, in
//! which the program runs, so that file names in messages are the ones that the test wrote. Nothing sleeps for a
//! fixed time: what takes a while is polled, and whoever waits in vain fails with what the program has said.

mod api;
mod binary;
mod client;
mod folder;
mod forebay;
mod lines;
mod moto;
mod proxy;
mod registry;
mod running;
mod until;
mod web;

pub use api::Api;
pub use binary::{default_plugin, example, examples, forebay_packaging, guest};
pub use client::{Answer, Client};
pub use folder::Folder;
pub use forebay::Forebay;
pub use lines::{is_prefix_of_whole_lines, line, lines, mapped_lines};
pub use moto::Moto;
pub use proxy::{Fate, Head, Proxy};
pub use registry::registry;
pub use running::{Finished, Running};
pub use until::until;
pub use web::{Asked, Reply, Web};
