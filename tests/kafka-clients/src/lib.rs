//! Kafka's clients, unchanged, against an agent in this process.
//!
//! - A [`Client`] is a script in `clients/` that tries features of one client and says how each went ([`Outcome`]).
//! - An [`Agent`] is what it tries them on, over memory or over a server that speaks S3 ([`Moto`]).
//! - [`Secured`] are agents that speak TLS.
//! - A [`Matrix`] is what came out of it, kept in `MATRIX.md` and compared with it.
//!
//! What this is not: a test of what the broker answers byte by byte; that is beside the broker.

mod agent;
mod client;
mod installed;
mod matrix;
mod moto;
mod secured;

pub use agent::Agent;
pub use client::{Client, Outcome, Run, Tried};
pub use installed::{installed, scripts};
pub use matrix::Matrix;
pub use moto::Moto;
pub use secured::Secured;
