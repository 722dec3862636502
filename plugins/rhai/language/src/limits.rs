//! How far a script may go with one message. What passes a limit is an error of that message; what the host allows
//! an instance (memory, CPU time) stands behind all of it.

use std::time::Duration;

/// Bytes of code.
pub const CODE: usize = 256 << 10;
/// Steps of the interpreter: statements, calls, accesses. Some tenths of a second.
pub const OPERATIONS: u64 = 2_000_000;
/// Function calls inside of each other.
pub const CALLS: usize = 24;
/// How deep expressions and blocks may be nested, at the top and in functions.
pub const EXPRESSIONS: (usize, usize) = (48, 24);
/// Variables that are there at the same time in one function.
pub const VARIABLES: usize = 512;
/// Functions of a script, those without a name included.
pub const FUNCTIONS: usize = 256;
/// Bytes of all strings in one value that a script makes or changes.
pub const STRINGS: usize = 1 << 20;
/// Elements of all arrays in one value, and bytes of a blob.
pub const ARRAYS: usize = 100_000;
/// Entries of all object maps in one value, likewise.
pub const MAPS: usize = 100_000;
/// Bytes that a script may hold beyond what there was before.
pub const MEMORY: usize = 64 << 20;
/// The time that it may take, from the first [`STRETCH`] operations on: single operations can be slow.
pub const TIME: Duration = Duration::from_secs(2);
/// How deep documents may be nested.
pub const DOCUMENT_DEPTH: usize = 256;
/// How deep the values of variables may be nested. Looked at every [`STRETCH`] operations, so they are deeper at times.
pub const NESTING: usize = DOCUMENT_DEPTH + 64;
/// Values in all variables of a function.
pub const NESTED: usize = 1_000_000;
/// Operations after which others may run.
pub const STRETCH: u32 = 256;
