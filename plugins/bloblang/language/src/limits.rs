//! What a mapping may use up. The host meters time and memory from outside; these limits turn the ordinary
//! runaway mapping into an error message instead of a dead plugin.

/// Nesting of values: documents, literals, assignments. Walks over values are recursive, and a plugin's stack is
/// small.
pub(crate) const VALUE_DEPTH: u16 = forebay_json::NESTING;

/// Nesting of the source text: brackets, arguments, blocks.
pub(crate) const SOURCE_DEPTH: u16 = 100;

/// Nesting of evaluation, which recursive maps reach first: about a hundred of them, where Bento allows 5000. The
/// deepest evaluation takes less than 400 KiB of stack in an optimised build; a plugin usually has 512 KiB.
pub(crate) const EVALUATION_DEPTH: u16 = 300;

/// Nodes evaluated for one message. Tests that reach the limit should not take long to.
pub(crate) const STEPS: u64 = if cfg!(test) { 2_000_000 } else { 100_000_000 };

/// Nodes evaluated before others may run: a few milliseconds.
pub(crate) const STRETCH: u64 = 1 << 16;

/// Elements of one array made by a function such as `range`.
pub(crate) const ELEMENTS: usize = 16 * 1024 * 1024;

/// Bytes of one text made by a method such as `repeat`.
pub(crate) const TEXT_BYTES: usize = 256 * 1024 * 1024;

/// Files that one mapping may import, and how deep in one another.
pub(crate) const IMPORTS: usize = 1_000;
pub(crate) const IMPORT_DEPTH: usize = 50;
