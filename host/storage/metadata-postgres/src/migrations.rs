//! The schema, and how it grows while agents work.
//!
//! A migration is made of steps. Those of [`Step::Together`] are one transaction, which begins by claiming the number of
//! the migration: of two that come at once the second waits for the first and finds it done, without a lock of its own
//! kind. A lock on a table that agents use is waited for only briefly, since everybody who comes later waits behind it, and
//! asked for again after a longer while.
//! Indexes are built by [`Step::Alone`], concurrently, without the limit of statements. An index can be built in no
//! transaction, so that the limit is lifted for the session: behind a pooler that gives each transaction another session
//! the index may be built with the limit, and others may work without it until it is set back. `forebay metadata migrate`
//! wants a connection to the server itself, or a pooler by session.
//!
//! Migrations only add: columns with defaults, tables, indexes. One that an older program can't live with says so in
//! `needs`.

use sha2::{Digest as _, Sha256};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::open::{OpenError, SchemaTrouble};
use crate::pool::{Pool, patiently};
use crate::trouble::Trouble;

/// All of them, in order, numbered from 1. One that has been released never changes: what is new is added.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
        needs: 1,
        steps: &[
            Step::Together(include_str!("../migrations/0001-first.sql")),
            Step::Tuning(include_str!("../migrations/0001-tuning.sql")),
        ],
    },
    Migration {
        needs: 1,
        steps: &[
            Step::Together(include_str!("../migrations/0002-groups.sql")),
            Step::Tuning(include_str!("../migrations/0002-tuning.sql")),
        ],
    },
    Migration { needs: 1, steps: &[Step::Together(include_str!("../migrations/0003-security.sql"))] },
    Migration {
        needs: 1,
        steps: &[
            Step::Together(include_str!("../migrations/0004-agents.sql")),
            Step::Tuning(include_str!("../migrations/0004-tuning.sql")),
        ],
    },
    Migration {
        needs: 1,
        steps: &[
            Step::Together(include_str!("../migrations/0005-compaction.sql")),
            Step::Alone(
                "CREATE INDEX CONCURRENTLY IF NOT EXISTS segments_to_compact \
                 ON segments (vc, level, committed_at) WHERE state = 0 AND level < 2",
            ),
            Step::Alone("CREATE INDEX CONCURRENTLY IF NOT EXISTS runs_by_segment ON runs (vc, segment)"),
        ],
    },
];

/// What brings a schema to the next number.
#[derive(Debug)]
pub(crate) struct Migration {
    /// Programs that know fewer migrations can't work with the result.
    pub(crate) needs: i64,
    pub(crate) steps: &'static [Step],
}

/// A part of a migration. The first is of the kind `Together`, and no other is.
#[derive(Debug)]
pub(crate) enum Step {
    /// All of it in one transaction.
    Together(&'static str),
    /// One statement outside of any transaction, which may be repeated: `CREATE INDEX CONCURRENTLY IF NOT EXISTS`. In a
    /// database that was empty it is part of the transaction, where it waits for nobody.
    Alone(&'static str),
    /// Statements that other databases may refuse; then they do without.
    Tuning(&'static str),
}

/// What is to be done with a schema that is old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Upgrade {
    /// It is made where there is none; an old one is refused.
    EmptyOnly,
    All,
}

/// What became of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migrated {
    /// The number that it had; 0 for an empty database.
    pub from: i64,
    /// The number that it has.
    pub to: i64,
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS migrations (
    number BIGINT PRIMARY KEY, needs BIGINT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL,
    is_done BOOLEAN NOT NULL)";

/// What is known of a migration that was applied.
struct Applied {
    number: i64,
    needs: i64,
    checksum: String,
    is_done: bool,
}

/// Brings the tables to what this program knows.
pub(crate) async fn migrate(
    pool: &Pool,
    upgrade: Upgrade,
    migrations: &[Migration],
) -> Result<Migrated, SchemaTrouble> {
    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    let applied = applied(pool).await?;
    let schema = applied.iter().map(|applied| applied.number).max().unwrap_or(0);
    for (number, migration) in (1_i64..).zip(migrations) {
        if let Some(applied) = applied.iter().find(|applied| applied.number == number) {
            let known = checksum(migration);
            if applied.checksum != known {
                let applied = applied.checksum.clone();
                return Err(SchemaTrouble::Refused(OpenError::Changed { number, applied, known }));
            }
        }
    }
    if schema > known {
        let needs = applied.iter().map(|applied| applied.needs).max().unwrap_or(0);
        if needs > known {
            return Err(SchemaTrouble::Refused(OpenError::Newer { schema, needs, known }));
        }
        return Ok(Migrated { from: schema, to: schema });
    }
    if schema > 0 && schema < known && upgrade == Upgrade::EmptyOnly {
        return Err(SchemaTrouble::Refused(OpenError::Older { schema, known }));
    }
    let mut new = Vec::new();
    for (number, migration) in (1_i64..).zip(migrations) {
        match applied.iter().find(|applied| applied.number == number) {
            None => new.push((number, migration)),
            Some(applied) if applied.is_done => {}
            // Whoever claimed it may be at it still, or have been interrupted.
            Some(_) => finish(pool, number, migration).await?,
        }
    }
    // The first schema is made as a whole, so that nobody takes half of it for an old one.
    let together = if schema == 0 { new.len().max(1) } else { 1 };
    for some in new.chunks(together) {
        claim(pool, some, schema == 0).await?;
        for (number, migration) in some {
            finish(pool, *number, migration).await?;
        }
    }
    Ok(Migrated { from: schema, to: known })
}

async fn applied(pool: &Pool) -> Result<Vec<Applied>, Trouble> {
    let mut lease = pool.lease().await?;
    let rows =
        lease.query("SELECT number, needs, checksum, is_done FROM migrations ORDER BY number", &[]).await;
    let rows = match rows {
        Err(Trouble::Postgres(error)) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Vec::new(),
        rows => rows?,
    };
    pool.give_back(lease);
    rows.iter()
        .map(|row| {
            Ok(Applied {
                number: row.try_get(0)?,
                needs: row.try_get(1)?,
                checksum: row.try_get(2)?,
                is_done: row.try_get(3)?,
            })
        })
        .collect()
}

/// Does the steps that are transactions, in one; in a database that was empty, indexes too.
async fn claim(pool: &Pool, migrations: &[(i64, &Migration)], is_first: bool) -> Result<(), Trouble> {
    let lease = pool.lease().await?;
    let client = lease.client();
    // Two at once: the one that is refused tries again.
    patiently(client.batch_execute(TABLE)).await?;
    patiently(client.batch_execute("BEGIN; SET LOCAL lock_timeout = '500ms'")).await?;
    for (number, migration) in migrations {
        let claim = format!(
            "INSERT INTO migrations (number, needs, checksum, applied_at, is_done) VALUES ({number}, {}, '{}', \
             floor(extract(epoch FROM clock_timestamp()) * 1000)::BIGINT, FALSE)",
            migration.needs,
            checksum(migration)
        );
        patiently(client.batch_execute(&claim)).await?;
        for step in migration.steps {
            match step {
                Step::Together(sql) => patiently(client.batch_execute(sql)).await?,
                Step::Alone(sql) if is_first => {
                    patiently(client.batch_execute(&sql.replace(" CONCURRENTLY", ""))).await?;
                }
                Step::Alone(_) | Step::Tuning(_) => {}
            }
        }
    }
    patiently(client.batch_execute("COMMIT")).await?;
    pool.give_back(lease);
    Ok(())
}

/// Does the other steps. Two may do so at once.
async fn finish(pool: &Pool, number: i64, migration: &Migration) -> Result<(), Trouble> {
    let lease = pool.lease().await?;
    let client = lease.client();
    if migration.steps.iter().any(|step| !matches!(step, Step::Together(_))) {
        without_limit(client, migration).await?;
    }
    let done = format!("UPDATE migrations SET is_done = TRUE WHERE number = {number}");
    patiently(client.batch_execute(&done)).await
}

/// Does them without a limit, since an index may take hours.
async fn without_limit(client: &Client, migration: &Migration) -> Result<(), Trouble> {
    patiently(client.batch_execute("SET statement_timeout = 0")).await?;
    let done = steps(client, migration).await;
    // The connection is nobody else's, and is closed afterwards; the session may be a pooler's, which goes on with it.
    let reset = patiently(client.batch_execute("RESET statement_timeout")).await;
    done.and(reset)
}

async fn steps(client: &Client, migration: &Migration) -> Result<(), Trouble> {
    for step in migration.steps {
        match step {
            Step::Together(_) => {}
            Step::Alone(sql) => client.batch_execute(sql).await?,
            Step::Tuning(sql) => {
                for statement in statements(sql) {
                    if let Err(error) = client.batch_execute(statement).await {
                        if error.code().is_none() {
                            return Err(error.into());
                        }
                        tracing::info!(%error, statement, "the database does not take a setting of a table");
                    }
                }
            }
        }
    }
    Ok(())
}

/// The statements of a script that has no semicolon inside of one, without its comments.
fn statements(sql: &str) -> impl Iterator<Item = &str> {
    sql.split(';').map(str::trim).filter(|statement| {
        statement.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with("--"))
    })
}

fn checksum(migration: &Migration) -> String {
    use std::fmt::Write as _;
    let mut hash = Sha256::new();
    for step in migration.steps {
        // Settings may be chosen anew: they are no part of what a program relies on.
        if let Step::Together(sql) | Step::Alone(sql) = step {
            hash.update(sql.as_bytes());
        }
    }
    hash.finalize().iter().fold(String::new(), |mut digits, byte| {
        // Writing into a text never fails.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

#[cfg(test)]
mod tests;
