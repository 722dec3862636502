//! The metadata store over PostgreSQL: for any number of agents, none of which knows of the others.
//!
//! - **A commit is one flight** (`commit.rs`): a transaction whose statements are sent behind each other without
//!   waiting. The first locks the partitions in the order of their keys; the second, with a snapshot that is younger than
//!   the locks, checks everything that was assumed and writes all of it, or nothing. What can't be assumed, such as a
//!   batch that was sent before, takes a second flight: what is locked is read and judged, then written by the same
//!   statement.
//! - **Unknown outcomes** are settled by the id of the commit, which is asked for again (`commit.rs`). Whatever else
//!   is asked again is refused or changes nothing.
//! - **Connections** (`pool.rs`) are few, bounded and driven by a thread of the store. One in whose transaction
//!   something went wrong is closed, not repaired. What PostgreSQL asks to have tried again is tried again
//!   (`tries.rs`).
//! - **Waking** (`watch.rs`): one query for all who wait for logs, some 60 times a second, and one for groups; none
//!   while nobody waits.
//! - **Migrations** (`migrations.rs`) are numbered; an empty database gets its schema from whichever agent comes first.
//!   Later ones are `forebay metadata migrate`'s, and do not hold up commits; it wants no pooler by transaction.
//! - **The clock** is that of the database, so that agents agree; tests bring their own.
//!
//! The SQL keeps to what YugabyteDB and CockroachDB have too: READ COMMITTED and row locks; nothing that belongs to a
//! session (no LISTEN, no advisory locks, no temporary tables, settings only with `SET LOCAL`), but for two settings that
//! each connection begins with and nothing relies on: the limit of statements, and `jit = off`. A pooler that gives each
//! transaction another session leaves them in sessions of other clients of the same user. It was only tried on PostgreSQL.

mod agents;
mod commit;
mod compaction;
mod configs;
mod ends;
mod find;
mod groups;
mod jobs;
mod list_offsets;
mod location;
mod log;
mod migrations;
mod minutes;
mod open;
mod plans;
mod pool;
mod producers;
mod retention;
mod rows;
mod security;
mod segments;
mod store;
mod tls;
mod topics;
mod transaction;
mod tries;
mod trouble;
mod virtual_clusters;
mod watch;

pub use location::{Location, LocationError};
pub use migrations::Migrated;
pub use open::{OpenError, migrate};
pub use plans::hot_statements;
pub use store::PostgresMetadataStore;
