//! What takes the place of the host's clusters.

use std::time::Duration;

use super::{BROKER, KafkaBroker};
use crate::kafka::{ClusterSettings, ConsumerSettings, KafkaError, ProducerSettings};

pub(crate) use super::reading::Consumer;
pub(crate) use super::sending::Producer;

/// A cluster of a test, opened.
#[derive(Debug)]
pub(crate) struct Cluster(KafkaBroker);

impl Cluster {
    pub(crate) fn open(settings: ClusterSettings) -> Result<Self, KafkaError> {
        let Some(broker) = BROKER.with_borrow(Clone::clone) else {
            return Err(KafkaError::Denied("there is no cluster natively but that of a test".to_owned()));
        };
        broker.called("open")?;
        broker.0.borrow_mut().opened.push(settings);
        Ok(Self(broker))
    }

    pub(crate) fn ping(&self, _: Duration) -> Result<(), KafkaError> {
        self.0.called("ping")
    }

    pub(crate) fn consumer(&self, settings: ConsumerSettings) -> Result<Consumer, KafkaError> {
        self.0.called("consumer")?;
        self.0.0.borrow_mut().consumers.push(settings.clone());
        Ok(Consumer::new(self.0.clone(), settings))
    }

    pub(crate) fn producer(&self, settings: ProducerSettings) -> Result<Producer, KafkaError> {
        self.0.called("producer")?;
        self.0.0.borrow_mut().producers.push(settings.clone());
        Ok(Producer::new(self.0.clone(), settings))
    }
}
