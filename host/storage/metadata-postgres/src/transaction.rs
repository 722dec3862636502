use tokio_postgres::Row;

use crate::pool::{Lease, Parameters, Pool, patiently};
use crate::trouble::Trouble;

/// How a transaction that locks rows begins. If this process or its network stands still in the middle of it, the
/// server gives up its locks soon; who waits for a lock does not wait for ever either, and no statement takes longer than
/// somebody waits for it. Nothing of it outlives the transaction.
pub(crate) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; \
     SET LOCAL idle_in_transaction_session_timeout = '5s'; SET LOCAL lock_timeout = '5s'; \
     SET LOCAL statement_timeout = '8s'";

/// How one begins that only reads, all of it from the same state.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A transaction. Unless it is committed, nothing of it happens; its connection is closed when it is dropped.
pub(crate) struct Transaction<'a> {
    pool: &'a Pool,
    lease: Lease,
}

impl<'a> Transaction<'a> {
    /// One that writes: what it reads may change from statement to statement, except for what it has locked.
    pub(crate) async fn begin(pool: &'a Pool) -> Result<Self, Trouble> {
        Self::begin_with(pool, BEGIN).await
    }

    /// One that reads.
    pub(crate) async fn snapshot(pool: &'a Pool) -> Result<Self, Trouble> {
        Self::begin_with(pool, SNAPSHOT).await
    }

    async fn begin_with(pool: &'a Pool, begin: &str) -> Result<Self, Trouble> {
        let lease = pool.lease().await?;
        patiently(lease.client().batch_execute(begin)).await?;
        Ok(Self { pool, lease })
    }

    pub(crate) async fn query(
        &mut self,
        sql: &'static str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, Trouble> {
        self.lease.query(sql, parameters).await
    }

    /// The first row, if there is any.
    pub(crate) async fn query_first(
        &mut self,
        sql: &'static str,
        parameters: Parameters<'_>,
    ) -> Result<Option<Row>, Trouble> {
        Ok(self.query(sql, parameters).await?.into_iter().next())
    }

    /// Runs a statement. Returns how many rows it touched.
    pub(crate) async fn execute(
        &mut self,
        sql: &'static str,
        parameters: Parameters<'_>,
    ) -> Result<u64, Trouble> {
        let statement = self.lease.prepare(sql).await?;
        patiently(self.lease.client().execute(&statement, parameters)).await
    }

    /// Makes it last.
    pub(crate) async fn commit(self) -> Result<(), Trouble> {
        let Self { pool, lease } = self;
        match patiently(lease.client().batch_execute("COMMIT")).await {
            Ok(()) => {
                pool.give_back(lease);
                Ok(())
            }
            Err(trouble) => Err(unsettled(trouble)),
        }
    }

    /// Takes it back.
    pub(crate) async fn rollback(self) -> Result<(), Trouble> {
        let Self { pool, lease } = self;
        patiently(lease.client().batch_execute("ROLLBACK")).await?;
        pool.give_back(lease);
        Ok(())
    }

    /// Makes it last if it came to something, else takes it back.
    pub(crate) async fn end<T, E>(self, result: Result<T, E>) -> Result<Result<T, E>, Trouble> {
        match &result {
            Ok(_) => self.commit().await?,
            Err(_) => self.rollback().await?,
        }
        Ok(result)
    }
}

/// What an error means when it comes instead of the answer to COMMIT. One that the server says is an answer: then
/// it was not done.
pub(crate) fn unsettled(trouble: Trouble) -> Trouble {
    match &trouble {
        Trouble::Postgres(error) if error.code().is_some_and(|code| !says_nothing(code.code())) => trouble,
        Trouble::Postgres(_) | Trouble::Unreachable(_) => Trouble::Unsettled(trouble.to_string()),
        _ => trouble,
    }
}

/// Whether a server that says this may have committed before: it was stopped, or the outcome is not known to it.
fn says_nothing(code: &str) -> bool {
    code.starts_with("57") || code.starts_with("08") || code.starts_with("58") || code == "40003"
}
