//! This crate is the tester: it runs the unit tests of configurations, in Bento's format, as `forebay test` shows them.
//!
//! - [`Tester`] takes paths, and gives a report and whether all is well.
//! - A test gives messages to processors of a configuration, or to a mapping, and states conditions for what comes out
//!   ([`forebay_pipeline_config::UnitTest`]).
//!
//! Files are linted before they are tested; what lint finds fails the file, and its tests run all the same.
//!
//! Components come in through [`forebay_plugins_api::Components`], so that what a test runs is what a pipeline runs;
//! nothing here knows of WebAssembly. Files are read where the tests name them, with the rights of the process.
//!
//! Invariant: every test starts from nothing. Its processors, mappings and caches are opened for it, and closed.

mod case;
mod condition;
mod difference;
mod document;
mod files;
mod go_json;
mod message;
mod paint;
mod pattern;
mod report;
mod subject;
mod tester;

pub use files::{SuperPathError, globs, paths};
pub use paint::Paint;
pub use tester::Tester;
