use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::Threads;

use crate::location::Location;
use crate::migrations::{self, MIGRATIONS, Migrated, Migration};
use crate::pool::Pool;
use crate::tries::Tries;
use crate::trouble::Trouble;

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file of certificates to trust.
    #[error("sslrootcert {path}: {reason}; expected certificates in PEM")]
    Roots {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// TLS is not possible.
    #[error("TLS for PostgreSQL: {0}")]
    Tls(String),
    /// A thread could not be started.
    #[error("can't start a thread: {0}")]
    Thread(#[source] std::io::Error),
    /// The tables are of a program that is newer, and say that this one can't use them.
    #[error(
        "the metadata store has schema {schema}, which takes a program that knows schema {needs}; this one knows \
         schemas up to {known} only: use the newer program"
    )]
    Newer {
        /// What the database has.
        schema: i64,
        /// What a program must know to use it.
        needs: i64,
        /// What this program knows.
        known: i64,
    },
    /// The tables are of a program that is older.
    #[error(
        "the metadata store has schema {schema}, but this program needs schema {known}: run `forebay metadata \
         migrate`, which agents that are running do not mind"
    )]
    Older {
        /// What the database has.
        schema: i64,
        /// What this program needs.
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
        /// What the database says.
        applied: String,
        /// What this program would apply.
        known: String,
    },
    /// What is committed would not last.
    #[error(
        "the database has synchronous_commit = off, so that it forgets what it has acknowledged when it crashes: set \
         it to on, for this role or for the server"
    )]
    Forgetful,
    /// The database can't be asked, or refused.
    #[error("can't open the metadata store {location}: {reason}")]
    Refused {
        /// Which, without user and password.
        location: String,
        /// What it said.
        reason: String,
    },
}

/// Why a schema was not brought up to date, in the middle of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SchemaTrouble {
    #[error(transparent)]
    Trouble(#[from] Trouble),
    #[error(transparent)]
    Refused(OpenError),
}

impl From<tokio_postgres::Error> for SchemaTrouble {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Trouble(error.into())
    }
}

/// Brings the schema of a database to what this program knows, while agents of the schema before go on. Two may do so
/// at once. The location must not be that of a pooler by transaction: indexes are built without the limit of statements,
/// which is lifted for the session.
///
/// # Errors
/// When the database can't be asked, or has a schema that this program can't change.
pub async fn migrate(location: Location) -> Result<Migrated, OpenError> {
    let driver = driver()?;
    let pool = Pool::new(location, driver.spawner(0))?;
    schema(&pool, migrations::Upgrade::All, MIGRATIONS).await
}

/// Connects, and makes sure that the schema is one that can be used.
///
/// The thread of the connections is not the pool's: whoever drops the last of a pool may be a task on it.
pub(crate) async fn connect(
    location: Location,
    known: &[Migration],
) -> Result<(Arc<Pool>, Threads), OpenError> {
    let driver = driver()?;
    let pool = Arc::new(Pool::new(location, driver.spawner(0))?);
    schema(&pool, migrations::Upgrade::EmptyOnly, known).await?;
    let rows = pool.query("SHOW synchronous_commit", &[]).await;
    let rows = rows.map_err(|trouble| refused(&pool, &trouble.to_string()))?;
    if rows.first().is_some_and(|row| row.try_get::<_, &str>(0).is_ok_and(|value| value == "off")) {
        return Err(OpenError::Forgetful);
    }
    Ok((pool, driver))
}

/// How often a lock on a table is asked for that somebody else does not give up: for about a minute.
const LOCKS: u32 = 40;
/// Whoever works on a table waits behind who wants to change it. In between they have more time than they waited.
const BETWEEN_LOCKS: Duration = Duration::from_secs(1);

fn driver() -> Result<Threads, OpenError> {
    Threads::start("metadata", 1).map_err(OpenError::Thread)
}

async fn schema(
    pool: &Pool,
    upgrade: migrations::Upgrade,
    known: &[Migration],
) -> Result<Migrated, OpenError> {
    let mut tries = Tries::new(pool);
    let mut locks = LOCKS;
    loop {
        match Box::pin(migrations::migrate(pool, upgrade, known)).await {
            Ok(migrated) => return Ok(migrated),
            Err(SchemaTrouble::Refused(error)) => return Err(error),
            Err(SchemaTrouble::Trouble(trouble)) if locks > 0 && trouble.is_lock_timeout() => {
                locks -= 1;
                tokio::time::sleep(BETWEEN_LOCKS).await;
            }
            Err(SchemaTrouble::Trouble(trouble)) => {
                // Whether a step was done is looked up anyway.
                tries
                    .after_unsettled(trouble)
                    .await
                    .map_err(|failure| refused(pool, &failure.to_string()))?;
            }
        }
    }
}

fn refused(pool: &Pool, reason: &str) -> OpenError {
    OpenError::Refused { location: pool.location().to_string(), reason: reason.to_owned() }
}
