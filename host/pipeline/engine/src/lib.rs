//! Runs pipelines: input, processors, output, and the acknowledgements that flow back.
//!
//! ```text
//! source task --(bounded)--> worker tasks, one chain of processors each --(bounded)--> sink task
//!      ^                                                                                  |
//!      +---------------- outcomes by lineage, through the flight of each batch ----------+
//! ```
//!
//! At least once, always: a batch stays in flight until everything derived from it was delivered or
//! dropped on purpose; what fails is sent again from memory, unless the input wants it otherwise.
//! With one thread, order is kept from end to end, but for what is sent again.
//!
//! A [`Section`] is processors without input and output, for tests of them.
//!
//! A processor may have a shadow: another one that gets the same batches, off the main path, whose results
//! are compared and dropped (`shadow.rs`).
//!
//! The components that contain others are here too, as another layer over those of plugins (`structure.rs`).
//!
//! Pipelines of one process may share caches and rate limits ([`SharedResources`]), pipes, and the HTTP server
//! ([`Surroundings`]).
//!
//! Components come in through the traits of `forebay-plugins-api`; nothing here knows of WebAssembly.

mod batching;
mod budget;
mod buffers;
mod caches;
mod chain;
mod channel;
mod check;
mod codec;
mod drain;
mod dynamic;
mod errors;
mod flight;
mod ground;
mod idle;
mod inproc;
mod inputs;
mod intake;
mod meters;
mod metric_names;
mod outputs;
mod rate_limits;
mod replay;
mod reread;
mod run;
mod scan;
mod section;
mod shadow;
mod shared;
mod sink;
mod source;
mod spans;
mod spec;
mod structure;
mod surroundings;
mod templates;

pub use check::check_mappings;
pub use intake::Intake;
pub use metric_names::MetricNames;
pub use run::{Ended, Identity, OpenProblem, RunError, run, run_in};
pub use section::Section;
pub use shared::SharedResources;
pub use structure::{Structured, description, verdict};
pub use surroundings::{Paths, Surroundings};
pub use templates::Templated;
