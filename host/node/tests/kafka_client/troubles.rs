use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use forebay_kafka_client::{
    BrokerAddress, ClientRequest, ConsumerSettings, Destination, Lane, Outgoing, Pending, ProducerSettings,
    ServedVersions, Subscription, Transport, TransportError,
};

use crate::ground::{Ground, PATIENCE, Watched, record, values};

/// A transport that fails: some requests before they are made, some after, and all of them once it is cut.
#[derive(Debug)]
pub(crate) struct Flaky {
    inner: Arc<dyn Transport>,
    is_cut: AtomicBool,
    /// Requests for records, and with records, that have been seen; none where they don't fail.
    seen: Option<AtomicU64>,
}

impl Flaky {
    /// One that works until it is cut.
    pub(crate) fn new(inner: Arc<dyn Transport>) -> Arc<Self> {
        Arc::new(Self { inner, is_cut: AtomicBool::new(false), seen: None })
    }

    /// One that loses requests and answers.
    fn losing(inner: Arc<dyn Transport>) -> Arc<Self> {
        Arc::new(Self { inner, is_cut: AtomicBool::new(false), seen: Some(AtomicU64::new(0)) })
    }

    pub(crate) fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
    }
}

#[async_trait]
impl Transport for Flaky {
    async fn start(
        &self,
        to: Destination,
        lane: Lane,
        outgoing: Outgoing,
    ) -> Result<Pending, TransportError> {
        let ended = TransportError::Ended { to, api: outgoing.request.api() };
        if self.is_cut.load(Ordering::SeqCst) {
            return Err(ended);
        }
        let counts = matches!(outgoing.request, ClientRequest::Produce(_) | ClientRequest::Fetch(_));
        let number = match &self.seen {
            Some(seen) if counts => seen.fetch_add(1, Ordering::SeqCst) % 5,
            _ => 0,
        };
        match number {
            // Nothing arrives.
            1 => Err(ended),
            // The broker has done it, and nobody is told.
            3 => {
                let pending = self.inner.start(to, lane, outgoing).await?;
                Ok(Box::pin(async move {
                    let _ = pending.await;
                    Err(ended)
                }))
            }
            _ => self.inner.start(to, lane, outgoing).await,
        }
    }

    async fn served(&self, to: Destination, lane: Lane) -> Result<Arc<ServedVersions>, TransportError> {
        self.inner.served(to, lane).await
    }

    fn learn(&self, brokers: &[BrokerAddress]) {
        self.inner.learn(brokers);
    }

    fn learn_one(&self, broker: &BrokerAddress) {
        self.inner.learn_one(broker);
    }

    fn release(&self, lane: Lane) {
        self.inner.release(lane);
    }
}

/// Nothing is lost, nothing is there twice, and the order is as it was, although requests and answers get lost.
pub(crate) async fn requests_that_fail_are_made_again(ground: &Ground) {
    let topic = ground.topic(1).await;
    let client = Ground::client_over(Flaky::losing(ground.transport()));
    let settings = ProducerSettings { max_message_bytes: 300, ..ProducerSettings::default() };
    let producer = client.producer(settings);
    let mut sent = Vec::new();
    for value in values(0..60) {
        sent.push(producer.send(vec![record(&topic, 0, &value)]).await);
    }
    for sent in sent {
        let outcomes = tokio::time::timeout(PATIENCE, sent.outcomes()).await.unwrap();
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    }
    producer.close(Duration::from_secs(5)).await;
    let mut watched = Watched::new(&client, ConsumerSettings::new(Subscription::Topics(vec![topic])));
    watched.until_records(60).await;
    assert_eq!(watched.values(), values(0..60));
    let offsets: Vec<_> = watched.records.iter().map(|(_, record)| record.offset.get()).collect();
    assert_eq!(offsets, (0..60).collect::<Vec<_>>());
}
