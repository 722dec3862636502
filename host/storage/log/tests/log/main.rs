//! The log as a whole: written, read, cleaned, and killed between any two steps.

#![expect(unreachable_pub, reason = "modules of a test have no other users")]

#[cfg(test)]
mod cleaner;
#[cfg(test)]
mod compaction;
#[cfg(test)]
mod compaction_crashes;
#[cfg(test)]
mod compaction_looks;
#[cfg(test)]
mod compaction_protocol;
#[cfg(test)]
mod crashes;
#[cfg(test)]
mod ground;
#[cfg(test)]
mod index;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod place;
#[cfg(test)]
mod protocol;
#[cfg(test)]
mod reader;
#[cfg(test)]
mod sqlite;
#[cfg(test)]
mod steps;
#[cfg(test)]
mod writer;
