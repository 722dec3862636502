use std::fs::File;
use std::sync::Arc;

use async_trait::async_trait;
use forebay_model::Timestamp;
use forebay_storage_metadata::{Clock, MetadataStore, StoreFailure, WallClock};
use rusqlite::Connection;

use crate::ends::Ends;
use crate::location::Location;
use crate::migrations;
use crate::open::{self, OpenError};
use crate::readers::Readers;
use crate::trouble::Trouble;
use crate::writer::{Writer, Writing};

/// The metadata store over SQLite.
#[derive(Debug)]
pub struct SqliteMetadataStore {
    // In this order they are dropped: the readers leave before the writer closes the file, and then it is free.
    readers: Option<Readers>,
    writer: Writer,
    pub(crate) ends: Arc<Ends>,
    clock: Arc<dyn Clock>,
    _lock: Option<File>,
}

impl SqliteMetadataStore {
    /// Opens a store that goes by the clock of the machine. Blocks while it does.
    ///
    /// # Errors
    /// When the file is in use, of a newer program, or can't be opened.
    pub fn open(location: &Location) -> Result<Self, OpenError> {
        Self::open_with_clock(location, Arc::new(WallClock))
    }

    /// Opens a store that goes by `clock`. Blocks while it does.
    ///
    /// # Errors
    /// When the file is in use, of a newer program, or can't be opened.
    pub fn open_with_clock(location: &Location, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let path = match location {
            Location::File(path) => Some(path.as_path()),
            Location::Memory => None,
        };
        let lock = path.map(open::lock).transpose()?;
        let mut connection = open::writing(path)?;
        migrations::migrate(&mut connection, clock.now().millis())?;
        let readers = path.map(Readers::start).transpose()?;
        let ends = Arc::new(Ends::default());
        let writer = Writer::start(connection, Arc::clone(&clock), Arc::clone(&ends))?;
        Ok(Self { readers, writer, ends, clock, _lock: lock })
    }

    /// Runs `work` in a transaction of its own, or one with others.
    pub(crate) async fn write<T, E>(
        &self,
        work: impl FnOnce(&mut Writing<'_>) -> Result<Result<T, E>, Trouble> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreFailure> + Send + 'static,
    {
        self.writer.call(work).await
    }

    /// Runs `work` on one state of all tables.
    pub(crate) async fn read<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<Result<T, E>, Trouble> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreFailure> + Send + 'static,
    {
        match &self.readers {
            Some(readers) => readers.call(work).await,
            None => self.writer.call(|writing| work(writing.connection)).await,
        }
    }

    /// The store's clock.
    pub(crate) fn time(&self) -> Timestamp {
        self.clock.now()
    }
}

#[async_trait]
impl MetadataStore for SqliteMetadataStore {
    async fn now(&self) -> Result<Timestamp, StoreFailure> {
        Ok(self.time())
    }
}
