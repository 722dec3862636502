//! The language as a whole: what mappings, mutations, queries and interpolated text do.
//!
//! `laws` and `properties` run on programs and messages that are made up, in the usual tests for some seconds. To run them
//! for longer, say how many cases there should be of each:
//!
//! ```text
//! PROPTEST_CASES=100000 cargo test --release -p forebay-bloblang --lib -- laws properties
//! ```
//!
//! A fault is reported with the smallest program that shows it, and the bytes this was made of are added to
//! `proptest-regressions`. Programs are made anew once their generator changes, so a fault that is mended gets a test with
//! its own program instead.

mod corpus;
mod documents;
mod errors;
mod imports;
mod interpolation;
mod laws;
pub(crate) mod limits;
pub(crate) mod mappings;
mod mutations;
mod printing;
mod programs;
mod properties;
mod queries;
mod trees;
