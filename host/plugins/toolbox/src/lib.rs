//! What authors of plugins work with: `forebay plugin`. It is the body of that command, as functions that
//! write what a person reads.
//!
//! - [`create()`] writes a new plugin, [`build()`] builds it, with the toolchain of its language.
//! - [`test()`] runs its cases, [`run()`] sends lines through its processor, [`bench()`] measures it.
//! - [`inspect()`] says what a file is, and what it would need to be granted.
//!
//! The program carries the SDKs, the WIT and the examples that new plugins are made of (`archive`), so that
//! all this works where there is no repository. A plugin is loaded as a pipeline loads it, beside the default
//! plugins, with nothing granted but a folder of its own in tests.
//!
//! Errors are [`anyhow::Error`]: whoever gets one prints it.

mod archive;
mod bench;
mod build;
mod cases;
mod component;
mod diff;
mod host;
mod inspect;
mod language;
mod manifest;
mod new;
mod program;
mod run;
mod support;

pub use bench::{Bench, bench};
pub use build::{Built, build};
pub use cases::test;
pub use host::Host;
pub use inspect::inspect;
pub use language::Language;
pub use new::{New, create};
pub use run::{Run, run};
