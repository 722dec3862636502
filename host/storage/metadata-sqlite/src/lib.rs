//! The metadata store over SQLite: in a file, for one agent on one machine, or in memory.
//!
//! - **One writer.** A thread owns the only connection that writes (`writer.rs`). It takes all calls that wait and
//!   commits them in one transaction, each under a savepoint of its own unless it is alone: one that fails takes
//!   nothing with it. So one sync of the disk serves many commits.
//! - **Readers** have threads and connections of their own (`readers.rs`); a call that began after a commit was
//!   answered sees it. In memory, the writer reads too.
//! - **Durable.** The log of SQLite is synced at each commit (`synchronous=FULL`): an answer means that a power failure
//!   changes nothing. `NORMAL` would lose the last commits, which were acknowledged.
//! - **Ends of logs** are in memory as well (`ends.rs`): who waits for records is woken by the commit and reads no
//!   table. This, and the order of commits, takes it that nobody else writes: the file is locked.
//! - **What commits need** of partitions and producers is in memory for the writer (`recent.rs`), until a call writes
//!   that is none, or anything fails.
//! - **Migrations** are numbered and checksummed (`migrations.rs`). A file of a newer program is refused.
//!
//! The SQL keeps to what PostgreSQL has too, apart from `WITHOUT ROWID` and the types of ids.

mod agents;
mod commit;
mod compaction;
mod configs;
mod ends;
mod find;
mod group_waits;
mod groups;
mod jobs;
mod list_offsets;
mod location;
mod log;
mod migrations;
mod minutes;
mod open;
mod producers;
mod readers;
mod recent;
mod retention;
mod rows;
mod security;
mod segments;
mod store;
mod topics;
mod trouble;
mod virtual_clusters;
mod watch;
mod writer;

pub use location::{Location, LocationError};
pub use open::OpenError;
pub use store::SqliteMetadataStore;
