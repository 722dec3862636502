use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// How many of the statements that were compiled last are kept. There are about 80.
const STATEMENTS: usize = 128;

/// Somebody who has opened the file by hand may hold it that long.
const BUSY: Duration = Duration::from_secs(5);

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder of the file, or the file that locks it, can't be made.
    #[error("can't make {path}: {source}")]
    Make {
        /// What was to be made.
        path: PathBuf,
        /// Why it can't be.
        source: io::Error,
    },
    /// Another process has it.
    #[error("metadata store {path} is in use by another process: stop it, or use another file")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The tables are of a program that is newer.
    #[error(
        "the metadata store has schema {schema}, but this program knows schemas up to {known} only: use the newer program"
    )]
    Newer {
        /// What the file has.
        schema: i64,
        /// What this program knows.
        known: i64,
    },
    /// The tables were made by a program that does not belong to the same history.
    #[error(
        "migration {number} of the metadata store was another one: its checksum is {applied}, expected {known}; use \
         the program that made it"
    )]
    Changed {
        /// Which.
        number: i64,
        /// What the file says.
        applied: String,
        /// What this program would apply.
        known: String,
    },
    /// A thread could not be started.
    #[error("can't start a thread: {0}")]
    Thread(#[source] io::Error),
    /// SQLite refused.
    #[error("can't open the metadata store: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

/// Makes sure that nobody else opens `path` as long as the result lives. The lock is on a file beside it, since
/// closing any handle of the file itself would end the locks of SQLite.
pub(crate) fn lock(path: &Path) -> Result<File, OpenError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|source| OpenError::Make { path: folder.to_owned(), source })?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".lock");
    let beside = PathBuf::from(beside);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&beside)
        .map_err(|source| OpenError::Make { path: beside.clone(), source })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(OpenError::Make { path: beside, source }),
    }
}

/// The connection that writes.
pub(crate) fn writing(path: Option<&Path>) -> Result<Connection, OpenError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match path {
        Some(path) => Connection::open_with_flags(path, flags)?,
        None => Connection::open_in_memory_with_flags(flags)?,
    };
    prepare(&connection)?;
    if path.is_some() {
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        // What is acknowledged survives a power failure: the log is synced at each commit.
        connection.pragma_update(None, "synchronous", "FULL")?;
        // A log that once grew is cut again.
        connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    }
    connection.pragma_update(None, "cache_size", -16_384)?; // KiB
    Ok(connection)
}

/// A connection that only reads.
pub(crate) fn reading(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    prepare(&connection)?;
    connection.pragma_update(None, "cache_size", -4_096)?; // KiB
    Ok(connection)
}

fn prepare(connection: &Connection) -> Result<(), OpenError> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(())
}
