//! The rules that the repository is laid out by, as functions over what Cargo and the file system say.
//!
//! Every rule returns what breaks it, each with what to do about it; `tests/repository.rs` demands that
//! the list is empty, and the rules' own tests that it is not where it must not be.

pub mod floors;
pub mod names;
pub mod sources;
mod workspace;

pub use workspace::{Package, Workspace};
