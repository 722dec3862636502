use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use forebay_lifecycle::Spawner;
use forebay_model::TopicName;
use kafka_protocol::messages::ApiKey;

use crate::consumer::{Consumer, ConsumerSettings, SubscriptionError};
use crate::failure::Failure;
use crate::metadata::{Metadata, TopicMetadata};
use crate::producer::{Producer, ProducerSettings};
use crate::request::{Ask, ClientRequest};
use crate::transport::{Destination, Lane, Outgoing, Transport, TransportError};

/// What holds for all that a client does.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// What is known of topics is asked for again after this time.
    pub metadata_max_age: Duration,
    /// Where the client is, so that it may read from brokers that are near.
    pub rack: Option<String>,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self { metadata_max_age: Duration::from_secs(300), rack: None }
    }
}

/// A cluster, seen from outside or from inside of one of its agents. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) parts: Arc<Parts>,
}

#[derive(Debug)]
pub(crate) struct Parts {
    pub transport: Arc<dyn Transport>,
    pub settings: ClientSettings,
    pub spawner: Spawner,
    pub metadata: Metadata,
    lanes: AtomicU32,
}

impl Client {
    /// A client whose work is done on the threads of `spawner`. Nothing is asked yet.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>, settings: ClientSettings, spawner: Spawner) -> Self {
        let metadata = Metadata::new(settings.metadata_max_age);
        // Lane 0 is that for control.
        let parts = Parts { transport, settings, spawner, metadata, lanes: AtomicU32::new(1) };
        Self { parts: Arc::new(parts) }
    }

    /// A producer, which works until it is closed or dropped.
    #[must_use]
    pub fn producer(&self, settings: ProducerSettings) -> Producer {
        Producer::spawn(self.clone(), settings)
    }

    /// A consumer, which begins at once. What brokers refuse comes as an event.
    ///
    /// # Errors
    /// When the settings contradict each other, or a pattern is none.
    pub fn consumer(&self, settings: ConsumerSettings) -> Result<Consumer, SubscriptionError> {
        Consumer::spawn(self.clone(), settings)
    }

    /// Whether some broker answers, and takes the login.
    ///
    /// # Errors
    /// When none does within `patience`.
    pub async fn ping(&self, patience: Duration) -> Result<(), Failure> {
        let (to, lane) = (Destination::Any, Lane::CONTROL);
        let served = tokio::time::timeout(patience, self.parts.transport.served(to, lane)).await;
        served.map_err(|_| Failure::TimedOut { after: patience })?.map(drop).map_err(Failure::from)
    }

    /// What is known of a topic. Nothing is made by asking.
    ///
    /// # Errors
    /// When there is none, or nobody can be asked.
    pub async fn topic(&self, name: &TopicName) -> Result<Arc<TopicMetadata>, Failure> {
        self.parts.metadata.topic(self, name, false).await
    }

    /// All topics that there are and that may be known of, without those that are the brokers' own.
    ///
    /// # Errors
    /// When nobody can be asked.
    pub async fn topics(&self) -> Result<Vec<TopicName>, Failure> {
        self.parts.metadata.all(self).await
    }

    /// A lane that nobody else has.
    pub(crate) fn lane(&self) -> Lane {
        Lane::new(self.parts.lanes.fetch_add(1, Ordering::Relaxed))
    }

    /// The newest version that both know.
    pub(crate) async fn version(
        &self,
        to: Destination,
        lane: Lane,
        api: ApiKey,
        versions: RangeInclusive<i16>,
    ) -> Result<i16, TransportError> {
        let (min, max) = versions.into_inner();
        let served = self.parts.transport.served(to, lane).await?;
        served.newest(api, min, max).ok_or(TransportError::Version { to, api, min, max })
    }

    /// Asks in the newest version that both know, and waits for the answer.
    pub(crate) async fn ask<R: Ask>(
        &self,
        (to, lane): (Destination, Lane),
        versions: RangeInclusive<i16>,
        request: impl FnOnce(i16) -> R + Send,
    ) -> Result<(i16, R::Response), TransportError> {
        let api = ApiKey::try_from(R::KEY).expect("a request of the library has a key of the library");
        let version = self.version(to, lane, api, versions).await?;
        let request: ClientRequest = request(version).into();
        let pending = self.parts.transport.start(to, lane, Outgoing { version, request }).await?;
        let response = R::answer(pending.await?).ok_or(TransportError::Answer { to, api })?;
        Ok((version, response))
    }
}
