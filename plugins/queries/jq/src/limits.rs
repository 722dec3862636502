//! What a program may use up for one message. Whoever exceeds this fails that message; no `try` keeps it.

/// Nesting of values, which walks over them follow.
pub(crate) const DEPTH: usize = 500;
/// Nesting of the text of a program.
pub(crate) const SOURCE_DEPTH: usize = 100;
/// Operators in a row.
pub(crate) const CHAIN: usize = 500;
/// Steps of the machine: about half of the CPU time that a call may take, so that one message fails and not the instance.
/// Tests that reach the limit should not take long to.
pub(crate) const STEPS: u64 = if cfg!(test) { 3_000_000 } else { 30_000_000 };
/// Steps after which the memory is looked at.
pub(crate) const LOOK: u64 = 1 << 10;
/// Steps after which others may run: a few milliseconds.
pub(crate) const STRETCH: u64 = 1 << 16;
/// Bytes that a program may take on top of what it was given.
pub(crate) const MEMORY: usize = 96 << 20;
/// Bytes of one text, as in gojq.
pub(crate) const TEXT: usize = 1 << 28;
/// Items of one array: what takes more is beyond the memory.
pub(crate) const ITEMS: usize = MEMORY / 32;
/// Places waiting to be gone on from.
pub(crate) const CHOICES: usize = 1 << 20;
/// Decimal digits of an integer.
pub(crate) const DIGITS: usize = 20_000;
/// Regular expressions that are kept compiled.
pub(crate) const EXPRESSIONS: usize = 64;
