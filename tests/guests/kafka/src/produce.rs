use std::time::Duration;

use forebay_sdk::config::Values;
use forebay_sdk::kafka::{Cluster, Producer, ProducerSettings, Routes};
use forebay_sdk::{
    Batch, Config, Context, Error, Failure, Operation, Output, Pending, Problem, Value, WriteError, Written,
};

use crate::{Reach, wrong};

/// Sends each message to the topic that its metadata `to` names, with its metadata `key` as key, and what begins with
/// `x_` as headers.
#[derive(Config)]
pub(crate) struct ProduceConfig {
    cluster: Reach,
}

pub(crate) struct Produce {
    cluster: Cluster,
    producer: Option<Producer>,
}

impl Output for Produce {
    const NAME: &'static str = "kafka_produce";
    type Config = ProduceConfig;

    fn open(config: ProduceConfig, _: &Context) -> Result<Self, Problem> {
        let cluster =
            Cluster::open(config.cluster.settings()).map_err(|error| Problem::new(error.to_string()))?;
        Ok(Self { cluster, producer: None })
    }

    fn connect(&mut self) -> Result<(), Error> {
        self.cluster.ping(Duration::from_secs(10)).map_err(wrong)?;
        let settings =
            ProducerSettings { include_prefixes: vec!["x_".to_owned()], ..ProducerSettings::default() };
        self.producer = Some(self.cluster.producer(settings).map_err(wrong)?);
        Ok(())
    }

    fn write(&mut self, batch: Batch) -> Result<Written, WriteError> {
        let Some(producer) = &self.producer else {
            return Err(WriteError::NotConnected("it is not connected".to_owned()));
        };
        let routes = Routes {
            key: Some(column(&batch, "key")),
            keeps_nulls: true,
            ..Routes::to(column(&batch, "to"))
        };
        let operation =
            producer.send(&batch, &routes).map_err(|error| WriteError::Failed(error.to_string()))?;
        let mut written = Written::all();
        written.pending.push(Pending { operation, messages: None, resolve: true });
        Ok(written)
    }

    fn resolve(&mut self, operation: Operation) -> Result<Written, WriteError> {
        let Some(producer) = &self.producer else { return Ok(Written::all()) };
        let unsent = producer.failures(&operation).into_iter();
        let failed = unsent.map(|unsent| Failure {
            reason: format!("{:?}: {}", unsent.failure.kind, unsent.failure),
            messages: Some(unsent.messages),
        });
        Ok(Written { failed: failed.collect(), ..Written::all() })
    }
}

/// The metadata of this name; `null` where there is none.
fn column(batch: &Batch, name: &str) -> Values<'static> {
    Values::Each(Batch::from_payloads(batch.messages().map(|message| match message.metadata(name) {
        Some(Value::Text(text)) => text.to_owned(),
        _ => "null".to_owned(),
    })))
}
