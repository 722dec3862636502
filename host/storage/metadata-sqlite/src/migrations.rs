use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use sha2::{Digest as _, Sha256};

use crate::open::OpenError;

/// All of them, in order, numbered from 1. One that has been released never changes: what is new is added.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001-first.sql"),
    include_str!("../migrations/0002-groups.sql"),
    include_str!("../migrations/0003-security.sql"),
    include_str!("../migrations/0004-agents.sql"),
    include_str!("../migrations/0005-compaction.sql"),
];

const TABLE: &str = "CREATE TABLE IF NOT EXISTS migrations (
    number INTEGER PRIMARY KEY, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)";

/// Brings the tables to what this program knows.
///
/// # Errors
/// When the file was written by a newer program, or by one with other migrations under the same numbers.
pub(crate) fn migrate(connection: &mut Connection, now: i64) -> Result<(), OpenError> {
    apply(connection, now, MIGRATIONS)
}

fn apply(connection: &mut Connection, now: i64, migrations: &[&str]) -> Result<(), OpenError> {
    // Looking and changing are one transaction, so that nobody migrates in between.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(TABLE)?;
    let newest: i64 =
        transaction.query_row("SELECT coalesce(max(number), 0) FROM migrations", [], |row| row.get(0))?;
    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    if newest > known {
        return Err(OpenError::Newer { schema: newest, known });
    }
    for (number, sql) in (1_i64..).zip(migrations) {
        let checksum = checksum(sql);
        let applied: Option<String> = transaction
            .query_row("SELECT checksum FROM migrations WHERE number = ?1", [number], |row| row.get(0))
            .optional()?;
        match applied {
            Some(applied) if applied == checksum => {}
            Some(applied) => return Err(OpenError::Changed { number, applied, known: checksum }),
            None => {
                transaction.execute_batch(sql)?;
                transaction.execute(
                    "INSERT INTO migrations (number, checksum, applied_at) VALUES (?1, ?2, ?3)",
                    params![number, checksum, now],
                )?;
            }
        }
    }
    transaction.commit()?;
    Ok(())
}

fn checksum(sql: &str) -> String {
    use std::fmt::Write as _;
    Sha256::digest(sql.as_bytes()).iter().fold(String::new(), |mut digits, byte| {
        // Writing into a text never fails.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "CREATE TABLE a (x INTEGER)";

    #[test]
    fn what_is_missing_is_applied_once() {
        let mut connection = Connection::open_in_memory().unwrap();
        apply(&mut connection, 1, &[FIRST]).unwrap();
        apply(&mut connection, 2, &[FIRST, "CREATE TABLE b (x INTEGER)"]).unwrap();
        apply(&mut connection, 3, &[FIRST, "CREATE TABLE b (x INTEGER)"]).unwrap();
        let times: String = connection
            .query_row("SELECT group_concat(applied_at) FROM migrations", [], |row| row.get(0))
            .unwrap();
        assert_eq!(times, "1,2");
    }

    #[test]
    fn a_failed_migration_leaves_nothing_behind() {
        let mut connection = Connection::open_in_memory().unwrap();
        assert!(
            apply(&mut connection, 1, &[FIRST, "CREATE TABLE b (x INTEGER); CREATE TABLE a (y)"]).is_err()
        );
        let tables: i64 =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
        assert_eq!(tables, 0);
    }

    #[test]
    fn a_newer_schema_and_a_changed_migration_are_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        apply(&mut connection, 1, &[FIRST, "CREATE TABLE b (x INTEGER)"]).unwrap();
        let error = apply(&mut connection, 2, &[FIRST]).unwrap_err().to_string();
        assert!(error.contains("schema 2") && error.contains("up to 1"), "{error}");
        let error =
            apply(&mut connection, 2, &[FIRST, "CREATE TABLE c (x INTEGER)"]).unwrap_err().to_string();
        assert!(error.contains("migration 2"), "{error}");
    }
}
