//! The checker: clients over real sockets load agents while things go wrong, everything that they are told becomes a
//! [`History`], and [`laws::check`] says what in it can't be.
//!
//! - [`Connection`], [`producer`], [`reader`]: a small client of our own, so that every try and every answer is known.
//! - [`Point`], [`Hook`]: the steps of the write path, and what may happen at each. [`Hooked`] and [`HookedMetadata`] are the decorators of the
//!   object store and of the metadata store that stop there; an agent as users have it has none.
//! - [`Ground`] is what outlives agents; it starts them in this process. An [`Agent`] has a process of its own, which may be
//!   killed or stopped.
//! - [`Shipped`] is the program as users have it, started by its flags.
//! - [`groups`] has consumer groups of such clients, and laws of their own.
//! - [`carrying`] is what pipelines made of the records of a run, and has laws of its own.
//! - [`Run`] puts them together and prints a summary. What broke a law is kept, with its seed, in a file.
//!
//! `FOREBAY_LOAD_SECONDS=N` and `FOREBAY_LOAD_SEED=N` make runs longer, and other; `cargo xtask soak` uses them.

mod addresses;
mod agent;
pub mod carrying;
mod connection;
pub mod deleter;
mod effort;
pub mod fuzz;
mod ground;
pub mod groups;
mod history;
mod hook;
mod hooked;
pub mod laws;
pub mod producer;
mod random;
pub mod reader;
mod run;
mod shipped;
mod summary;
pub mod topics;
mod value;

pub use addresses::Addresses;
pub use agent::{Agent, AgentOptions, serve};
pub use connection::{ClientError, Connection, frame};
pub use effort::Effort;
pub use ground::{Ground, JumpingClock, settings};
pub use history::{
    Answer, Deleted, Event, History, Initialized, Moment, Read, Recorder, Seen, Sent, SentBatch, Try,
};
pub use hook::{Chance, HoldAt, Hook, Mishap, Nothing, Point, Step};
pub use hooked::{Hooked, HookedMetadata};
pub use random::Random;
pub use run::{Load, Run, TOPIC};
pub use shipped::Shipped;
pub use summary::Summary;
pub use value::Value;
