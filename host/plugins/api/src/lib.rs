//! The seam between the pipeline engine and whatever provides its components.
//!
//! The engine opens components through [`Components`] and talks to them through one trait per kind.
//! `forebay-plugins-runtime` implements them with WebAssembly instances; tests supply scripted ones.
//!
//! Plugins may be replaced while components of them work. Processors, scanners, caches and languages
//! change over between two calls, on their own; inputs and outputs are told when (`prepare`,
//! `take_over`), because others hold their tokens and operations.
//!
//! Concurrency: a component is used by one task at a time. A call that is dropped before it ends
//! loses the instance behind it; the next call opens a fresh one.

mod caches;
mod component;
mod error;
mod operation;
mod rate_limits;
mod resources;
mod setup;
mod wakes;

pub use caches::{CacheError, Caches, SharedCache};
pub use component::{
    Cache, Changed, Components, Event, IncrementalProcessor, Input, Mapping, MappingText, Output, Pending,
    Processing, Processor, Scanned, Scanner, Settlement, Stream, THIS_IS_BYTES, Target, Targets, Token,
    VALUE_KIND, WriteError, Written,
};
pub use error::{ComponentError, LostInstance, LostReason, OpenError, Problem};
pub use operation::Operation;
pub use rate_limits::{RateLimit, RateLimitError, RateLimits};
pub use resources::{ResourceError, Resources};
pub use setup::{
    ByteStream, Environment, Form, MetadataValue, PipelineName, Rights, Setup, Stated, VirtualClusterName,
};
pub use wakes::{Handover, HeldBack, Wakes, Woken};
