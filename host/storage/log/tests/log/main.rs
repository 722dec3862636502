//! The log as a whole: written, read, cleaned, and killed between any two steps.

#![expect(unreachable_pub, reason = "modules of a test have no other users")]

mod cleaner;
mod crashes;
mod ground;
mod ledger;
mod protocol;
mod reader;
mod sqlite;
mod steps;
mod writer;
