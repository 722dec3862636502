//! The behaviours of every metadata store: in memory, in a file, and far away.

#[path = "places/folder.rs"]
mod folder;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use folder::Folder;
use forebay_metrics::Metrics;
use forebay_model::Timestamp;
use forebay_storage_metadata::conformance::{Delayed, Site, random_calls};
use forebay_storage_metadata::{ManualClock, Measured, MetadataStore};
use forebay_storage_metadata_sqlite::{Location, SqliteMetadataStore};

struct Place {
    location: Location,
    clock: ManualClock,
    latency: Option<Duration>,
    is_measured: bool,
    _folder: Option<Folder>,
}

impl Place {
    fn new(location: Location, folder: Option<Folder>) -> Self {
        let clock = ManualClock::at(Timestamp::from_millis(1_800_000_000_000));
        Self { location, clock, latency: None, is_measured: false, _folder: folder }
    }

    fn in_memory() -> Self {
        Self::new(Location::Memory, None)
    }

    fn in_a_file() -> Self {
        let folder = Folder::new();
        Self::new(Location::File(folder.path().join("metadata.db")), Some(folder))
    }

    fn measured() -> Self {
        Self { is_measured: true, ..Self::in_memory() }
    }

    fn far_away() -> Self {
        Self { latency: Some(Duration::from_millis(3)), ..Self::in_memory() }
    }
}

#[async_trait]
impl Site for Place {
    async fn open(&self) -> Arc<dyn MetadataStore> {
        let store = SqliteMetadataStore::open_with_clock(&self.location, Arc::new(self.clock.clone()));
        let store: Arc<dyn MetadataStore> = Arc::new(store.expect("the place is free"));
        match self.latency {
            None if self.is_measured => {
                let metrics = Metrics::default();
                Arc::new(Measured::new(store, &metrics).expect("no name is taken"))
            }
            Some(latency) => Arc::new(Delayed::new(store, latency)),
            None => store,
        }
    }

    fn clock(&self) -> ManualClock {
        self.clock.clone()
    }

    fn is_durable(&self) -> bool {
        self.location != Location::Memory
    }
}

mod memory {
    use super::Place;
    forebay_storage_metadata::behaviours! { Place::in_memory() }
}

mod file {
    use super::Place;
    forebay_storage_metadata::behaviours! { Place::in_a_file() }
}

mod measured {
    use super::Place;
    forebay_storage_metadata::behaviours! { Place::measured() }
}

mod latency {
    use super::Place;
    forebay_storage_metadata::behaviours! { Place::far_away() }
}

#[test]
fn random_calls_in_memory_do_what_kafka_does() {
    random_calls(Place::in_memory);
}

#[test]
fn random_calls_with_restarts_do_what_kafka_does() {
    random_calls(Place::in_a_file);
}
