//! The behaviours of every metadata store, over a real PostgreSQL: nearby, and 20 ms away.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use forebay_model::Timestamp;
use forebay_storage_metadata::conformance::{Delayed, Site, random_calls};
use forebay_storage_metadata::{ManualClock, MetadataStore};
use forebay_storage_metadata_postgres::PostgresMetadataStore;
use forebay_tests_postgres::Server;

/// One for all tests here; it ends with the process.
static SERVER: LazyLock<Server> = LazyLock::new(|| Server::start().expect("PostgreSQL starts"));

/// A schema of its own.
struct Place {
    url: String,
    clock: ManualClock,
    latency: Option<Duration>,
}

impl Place {
    fn nearby() -> Self {
        let url = SERVER.url_of_new_schema().expect("the server is there");
        let clock = ManualClock::at(Timestamp::from_millis(1_800_000_000_000));
        Self { url, clock, latency: None }
    }

    fn far_away() -> Self {
        Self { latency: Some(Duration::from_millis(20)), ..Self::nearby() }
    }
}

#[async_trait]
impl Site for Place {
    async fn open(&self) -> Arc<dyn MetadataStore> {
        let location = self.url.parse().expect("a URL");
        let store = PostgresMetadataStore::open_with_clock(location, Arc::new(self.clock.clone())).await;
        let store: Arc<dyn MetadataStore> = Arc::new(store.expect("the schema is made"));
        match self.latency {
            Some(latency) => Arc::new(Delayed::new(store, latency)),
            None => store,
        }
    }

    fn clock(&self) -> ManualClock {
        self.clock.clone()
    }

    fn is_durable(&self) -> bool {
        true
    }
}

mod nearby {
    use super::Place;
    forebay_storage_metadata::behaviours! { Place::nearby() }
}

mod latency {
    use super::Place;
    forebay_storage_metadata::behaviours! { Place::far_away() }
}

#[test]
fn random_calls_with_restarts_do_what_kafka_does() {
    random_calls(Place::nearby);
}
