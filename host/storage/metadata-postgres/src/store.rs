use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use forebay_lifecycle::Threads;
use forebay_model::{Timestamp, VirtualClusterId};
use forebay_storage_metadata::{Clock, MetadataStore, StoreFailure};

use crate::ends::Ends;
use crate::groups::GroupVersions;
use crate::location::Location;
use crate::migrations::{MIGRATIONS, Migration};
use crate::open::{self, OpenError};
use crate::pool::Pool;
use crate::rows::Vc;
use crate::transaction::Transaction;
use crate::tries::tried;
use crate::trouble::Trouble;
use crate::watch::Watch;

/// The metadata store over PostgreSQL.
#[derive(Debug)]
pub struct PostgresMetadataStore {
    pub(crate) pool: Arc<Pool>,
    pub(crate) ends: Watch<Ends>,
    pub(crate) groups: Watch<GroupVersions>,
    /// Instead of the database's.
    clock: Option<Arc<dyn Clock>>,
    /// Virtual clusters by id: they are never deleted.
    clusters: Mutex<HashMap<VirtualClusterId, Vc>>,
    /// The thread of the connections.
    _driver: Threads,
}

/// The time of the database, or the one that is given, in milliseconds.
const NOW: &str = "SELECT coalesce($1::BIGINT, floor(extract(epoch FROM clock_timestamp()) * 1000)::BIGINT)";

impl PostgresMetadataStore {
    /// Opens a store that goes by the clock of the database. An empty database gets its schema.
    ///
    /// # Errors
    /// When the database can't be asked, or its schema is older or newer than this program can use.
    pub async fn open(location: Location) -> Result<Self, OpenError> {
        Self::with(location, None, MIGRATIONS).await
    }

    /// Opens a store that goes by `clock`, for tests.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_with_clock(location: Location, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        Self::with(location, Some(clock), MIGRATIONS).await
    }

    /// Opens a store as a program would that knows only these migrations.
    #[cfg(test)]
    pub(crate) async fn open_knowing(location: Location, known: &[Migration]) -> Result<Self, OpenError> {
        Self::with(location, None, known).await
    }

    async fn with(
        location: Location,
        clock: Option<Arc<dyn Clock>>,
        known: &[Migration],
    ) -> Result<Self, OpenError> {
        let (pool, driver) = Box::pin(open::connect(location, known)).await?;
        let (ends, groups) = (Watch::start(&pool, &driver), Watch::start(&pool, &driver));
        Ok(Self { pool, ends, groups, clock, clusters: Mutex::default(), _driver: driver })
    }

    /// The time that statements are to take instead of the database's.
    pub(crate) fn given_time(&self) -> Option<i64> {
        self.clock.as_ref().map(|clock| clock.now().millis())
    }

    /// The store's clock, in a transaction.
    pub(crate) async fn time(&self, transaction: &mut Transaction<'_>) -> Result<Timestamp, Trouble> {
        let row = transaction.query_first(NOW, &[&self.given_time()]).await?;
        read_time(row.as_ref())
    }

    /// The store's clock.
    pub(crate) async fn time_now(&self) -> Result<Timestamp, Trouble> {
        let rows = self.pool.query(NOW, &[&self.given_time()]).await?;
        read_time(rows.first())
    }

    /// The number of a virtual cluster, if there is one.
    pub(crate) async fn vc(&self, cluster: &VirtualClusterId) -> Result<Option<Vc>, Trouble> {
        if let Some(vc) = self.clusters.lock().unwrap_or_else(PoisonError::into_inner).get(cluster) {
            return Ok(Some(*vc));
        }
        let find = "SELECT vc FROM virtual_clusters WHERE id = $1";
        let rows = self.pool.query(find, &[&cluster.as_str()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let vc = Vc(row.try_get(0)?);
        self.clusters.lock().unwrap_or_else(PoisonError::into_inner).insert(cluster.clone(), vc);
        Ok(Some(vc))
    }
}

fn read_time(row: Option<&tokio_postgres::Row>) -> Result<Timestamp, Trouble> {
    let row = row.ok_or_else(|| Trouble::Corrupt("the database has no clock".to_owned()))?;
    Ok(Timestamp::from_millis(row.try_get(0)?))
}

#[async_trait]
impl MetadataStore for PostgresMetadataStore {
    async fn now(&self) -> Result<Timestamp, StoreFailure> {
        Ok(tried!(&self.pool, self.time_now()))
    }
}
