use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, mpsc};

use forebay_lifecycle::Threads;
use forebay_storage_metadata::MetadataStore;
use forebay_storage_metadata_postgres::{self as postgres, PostgresMetadataStore};
use forebay_storage_metadata_sqlite::{self as sqlite, SqliteMetadataStore};

/// Where the metadata store is: `sqlite://PATH`, `sqlite://:memory:` or `postgres://...`.
#[derive(Debug, Clone)]
pub(crate) enum MetadataLocation {
    Sqlite(sqlite::Location),
    Postgres(Box<postgres::Location>),
}

/// What [`migrate_metadata`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetadataMigrated {
    /// It had that schema already.
    AtSchema(i64),
    /// It went from one to the other; 0 is an empty database.
    From(i64, i64),
    /// A file, whose schema is brought up to date by whoever opens it.
    ByOpening,
}

/// Why the metadata store can't be opened, or its schema not be changed.
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    #[error(
        "-metadataURL has to be sqlite://PATH, sqlite://:memory: or postgres://USER:PASSWORD@HOST:PORT/DATABASE"
    )]
    Scheme,
    #[error(transparent)]
    SqliteUrl(#[from] sqlite::LocationError),
    #[error(transparent)]
    PostgresUrl(#[from] postgres::LocationError),
    #[error("open the metadata store")]
    Sqlite(#[from] sqlite::OpenError),
    #[error("open the metadata store in PostgreSQL")]
    Postgres(#[from] postgres::OpenError),
    #[error("start a thread for the metadata store")]
    Thread(#[from] std::io::Error),
    #[error("the thread that opened the metadata store has ended")]
    Ended,
}

impl FromStr for MetadataLocation {
    type Err = MetadataError;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        match url.split_once("://") {
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(Box::new(url.parse()?))),
            Some(("sqlite", _)) => Ok(Self::Sqlite(url.parse()?)),
            // It is not repeated: it may hold a password.
            _ => Err(MetadataError::Scheme),
        }
    }
}

/// Opens it. Blocks while it does.
pub(crate) fn open(location: MetadataLocation) -> Result<Arc<dyn MetadataStore>, MetadataError> {
    Ok(match location {
        MetadataLocation::Sqlite(location) => Arc::new(SqliteMetadataStore::open(&location)?),
        MetadataLocation::Postgres(location) => Arc::new(wait_for(PostgresMetadataStore::open(*location))??),
    })
}

/// Brings the schema of a metadata store to what this program knows. Agents may work on it meanwhile. Blocks while it
/// does.
///
/// # Errors
/// When the URL is none, or the database refuses.
pub fn migrate_metadata(url: &str) -> Result<MetadataMigrated, MetadataError> {
    match url.parse()? {
        MetadataLocation::Sqlite(location) => {
            SqliteMetadataStore::open(&location)?;
            Ok(MetadataMigrated::ByOpening)
        }
        MetadataLocation::Postgres(location) => {
            let postgres::Migrated { from, to } = wait_for(postgres::migrate(*location))??;
            Ok(if from == to { MetadataMigrated::AtSchema(to) } else { MetadataMigrated::From(from, to) })
        }
    }
}

/// Waits on this thread, which may belong to a runtime, for what needs one.
fn wait_for<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Result<T, MetadataError> {
    let (tell, told) = mpsc::sync_channel(1);
    let thread = Threads::start("metadata-open", 1)?;
    thread.spawner(0).spawn(async move {
        // Who asked is there until it is told.
        let _ = tell.send(Box::pin(work).await);
    });
    told.recv().map_err(|_| MetadataError::Ended)
}

impl fmt::Display for MetadataMigrated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtSchema(schema) => write!(f, "the metadata store has schema {schema} already"),
            Self::From(from, to) => write!(f, "the metadata store went from schema {from} to schema {to}"),
            Self::ByOpening => write!(f, "the metadata store has the schema of this program"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_is_none_is_not_repeated() {
        for url in ["postgres//u:secret@h", "mysql://u:secret@h/d", "postgres://u:secret@h:no/d", "secret"] {
            let error = url.parse::<MetadataLocation>().unwrap_err().to_string();
            assert!(!error.contains("u:secret") && !error.contains("\"secret"), "{error}");
        }
    }
}
