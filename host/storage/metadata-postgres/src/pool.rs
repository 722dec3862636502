//! Connections to the database: few, each used by one call at a time.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use forebay_lifecycle::Spawner;
use futures_util::future::join;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Row, Statement};

use crate::location::Location;
use crate::open::OpenError;
use crate::tls::MakeRustls;
use crate::trouble::Trouble;

/// How many connections an agent has at most. A hundred agents then need a thousand, which a database still has.
const CONNECTIONS: usize = 10;

/// How long a call waits for one of them.
const WAIT: Duration = Duration::from_secs(10);

/// How long an answer may take. A database that stands still is as good as gone.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// How long the server works on a statement before it gives up by itself, so that nobody asks again for what it is still
/// at. Nothing is cancelled from here: that could hit a COMMIT which waits for standbys, and have it seen without them.
/// The server's own limit does not count that wait.
///
/// It belongs to the session, since most questions are no transactions of several statements; those set it for
/// themselves too, for poolers that give each transaction another session. No start-up parameter says it: poolers refuse
/// those.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(8);
const _: () = assert!(STATEMENT_TIMEOUT.as_secs() < PATIENCE.as_secs(), "the server gives up first");

/// Parameters of a statement.
pub(crate) type Parameters<'p> = &'p [&'p (dyn ToSql + Sync)];

/// Where connections come from.
pub(crate) struct Pool {
    location: Location,
    tls: Option<MakeRustls>,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
    statement_timeout: Duration,
    /// Connections are read and written on a thread of the store: they outlive the runtime of whoever asked first.
    driver: Spawner,
}

/// A connection, and what was prepared in it.
struct Connection {
    client: Client,
    statements: HashMap<&'static str, Statement>,
}

/// A connection for one call. It is closed when this is dropped, unless it is given back.
pub(crate) struct Lease {
    connection: Option<Connection>,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    pub(crate) fn new(location: Location, driver: Spawner) -> Result<Self, OpenError> {
        let tls = location.wants_tls().then(|| MakeRustls::new(location.roots.as_deref())).transpose()?;
        let permits = Arc::new(Semaphore::new(CONNECTIONS));
        let statement_timeout = STATEMENT_TIMEOUT;
        Ok(Self { location, tls, idle: Mutex::default(), permits, statement_timeout, driver })
    }

    /// Has the server give up on statements of new connections after another time.
    #[cfg(test)]
    pub(crate) fn with_statement_timeout(self, statement_timeout: Duration) -> Self {
        Self { statement_timeout, ..self }
    }

    pub(crate) fn location(&self) -> &Location {
        &self.location
    }

    /// A connection of one's own.
    pub(crate) async fn lease(&self) -> Result<Lease, Trouble> {
        let permit = tokio::time::timeout(WAIT, Arc::clone(&self.permits).acquire_owned()).await;
        let busy = || Trouble::Unreachable(format!("all {CONNECTIONS} connections are in use"));
        let permit = permit.map_err(|_| busy())?.map_err(|_| busy())?;
        while let Some(connection) = self.pop() {
            if !connection.client.is_closed() {
                return Ok(Lease { connection: Some(connection), _permit: permit });
            }
        }
        let client = self.connect().await?;
        let connection = Connection { client, statements: HashMap::new() };
        Ok(Lease { connection: Some(connection), _permit: permit })
    }

    fn pop(&self) -> Option<Connection> {
        // The one that was used last: those that nobody needs grow old.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Keeps the connection for the next call. What was begun in it must be over.
    pub(crate) fn give_back(&self, mut lease: Lease) {
        if let Some(connection) = lease.connection.take()
            && !connection.client.is_closed()
        {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
    }

    /// Closes what nobody uses.
    pub(crate) fn forget_idle(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn connect(&self) -> Result<Client, Trouble> {
        let (config, tls) = (self.location.config.clone(), self.tls.clone());
        let (spawner, (tell, told)) = (self.driver.clone(), oneshot::channel());
        self.driver.spawn(async move {
            // Who no longer waits for it does not need it.
            let _ = tell.send(connect(&config, tls, &spawner).await);
        });
        let slow = || Trouble::Unreachable(format!("no server has answered within {} s", PATIENCE.as_secs()));
        let ended = |_| Trouble::Unreachable("the thread of the connections has ended".to_owned());
        let client = tokio::time::timeout(PATIENCE, told).await.map_err(|_| slow())?.map_err(ended)??;
        let limit = format!("SET statement_timeout = '{}ms'", self.statement_timeout.as_millis());
        // Of what is asked here nothing takes as long as compiling code for it would, but the planner may think so of a
        // large table. Only PostgreSQL does that; others say that they know no such setting. It belongs to the session as
        // the limit does: where a pooler has given it to somebody else, plans are slower, and right.
        let plain = client.batch_execute("SET jit = off");
        let (limited, _) = patiently(async { Ok(join(client.batch_execute(&limit), plain).await) }).await?;
        limited?;
        Ok(client)
    }

    /// Rows of one statement, in a transaction of its own.
    pub(crate) async fn query(
        &self,
        sql: &'static str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, Trouble> {
        let mut lease = self.lease().await?;
        let rows = lease.query(sql, parameters).await?;
        self.give_back(lease);
        Ok(rows)
    }
}

/// Connects, and drives the connection as long as somebody has it.
async fn connect(
    config: &Config,
    tls: Option<MakeRustls>,
    spawner: &Spawner,
) -> Result<Client, tokio_postgres::Error> {
    // A connection ends with an error when the server goes away; who uses it is told too.
    let ended = |error| tracing::debug!(%error, "a connection to PostgreSQL has ended");
    match tls {
        Some(tls) => {
            let (client, connection) = config.connect(tls).await?;
            spawner.spawn(async move { connection.await.unwrap_or_else(ended) });
            Ok(client)
        }
        None => {
            let (client, connection) = config.connect(NoTls).await?;
            spawner.spawn(async move { connection.await.unwrap_or_else(ended) });
            Ok(client)
        }
    }
}

impl Lease {
    fn connection(&mut self) -> &mut Connection {
        self.connection.as_mut().expect("it is there until it is given back")
    }

    /// What statements are sent to.
    pub(crate) fn client(&self) -> &Client {
        &self.connection.as_ref().expect("it is there until it is given back").client
    }

    /// A statement as the server knows it, the first time after asking.
    pub(crate) async fn prepare(&mut self, sql: &'static str) -> Result<Statement, Trouble> {
        let connection = self.connection();
        if let Some(statement) = connection.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = patiently(connection.client.prepare(sql)).await?;
        connection.statements.insert(sql, statement.clone());
        Ok(statement)
    }

    pub(crate) async fn query(
        &mut self,
        sql: &'static str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, Trouble> {
        let statement = self.prepare(sql).await?;
        patiently(self.client().query(&statement, parameters)).await
    }
}

/// Waits for an answer of the server, but not for ever.
pub(crate) async fn patiently<T>(
    answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, Trouble> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => {
            Err(Trouble::Unreachable(format!("the server has not answered within {} s", PATIENCE.as_secs())))
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("location", &self.location).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
