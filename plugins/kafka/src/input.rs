mod fields;
mod places;
mod reading;

use forebay_sdk::kafka::Start;
use forebay_sdk::{Context, Error, Event, Input, Problem, Settlement};

use crate::cluster::Reach;
use fields::{KafkaFranzInputConfig, Plan};
use reading::{Ended, Reading};

/// Reads records, and commits how far they are delivered.
pub(crate) struct KafkaFranzInput {
    reach: Reach,
    plan: Plan,
    reading: Option<Reading>,
    /// What the connection before has left.
    before: Ended,
}

impl Input for KafkaFranzInput {
    const NAME: &'static str = "kafka_franz";
    const LANES: &'static [&'static str] = &["kafka_topic", "kafka_partition"];

    type Config = KafkaFranzInputConfig;

    fn open(config: KafkaFranzInputConfig, _: &Context) -> Result<Self, Problem> {
        let (cluster, plan) = config.plan()?;
        Ok(Self { reach: Reach::of(cluster)?, plan, reading: None, before: Ended::default() })
    }

    fn connect(&mut self) -> Result<(), Error> {
        if let Some(reading) = self.reading.take() {
            self.before = reading.end();
        }
        let cluster = self.reach.connect()?;
        let mut settings = self.plan.consumer.clone();
        for (partition, start) in &mut settings.partitions {
            if let Some(offset) = self.before.starts.get(partition) {
                *start = Start::At(*offset);
            }
        }
        let is_member = settings.group.is_some();
        let consumer = cluster.consumer(settings)?;
        let before = std::mem::take(&mut self.before);
        self.reading = Some(Reading::new(cluster, consumer, before, is_member));
        Ok(())
    }

    fn read(&mut self, settled: Vec<Settlement>) -> Result<Event, Error> {
        let Some(reading) = &mut self.reading else {
            return Ok(Event::NotConnected("it is not connected".to_owned()));
        };
        Ok(reading.read(&self.plan, settled))
    }

    fn close(self, settled: Vec<Settlement>) {
        if let Some(mut reading) = self.reading {
            // What is rejected now was given up, and is read by whoever comes next.
            reading.settle(&self.plan, settled, true);
            reading.end();
        }
    }
}

#[cfg(test)]
mod tests;
