use std::collections::BTreeMap;
use std::time::Duration;

use forebay_sdk::kafka::{self, Cluster, Consumer, ConsumerSettings, Position, TopicPartition};
use forebay_sdk::{Batch, Config, Context, Error, Event, Input, Outcome, Problem, Settlement, Token};

use crate::{Reach, wrong};

/// Reads topics as a member of a group. What happens beside records comes as messages of one line.
#[derive(Config)]
pub(crate) struct ConsumeConfig {
    cluster: Reach,
    topics: Vec<String>,
    group: String,
    /// The most messages of a batch.
    #[config(default = 100)]
    most: u32,
    /// Whether headers are kept all.
    #[config(default = false)]
    multi_header: bool,
    /// A topic that is not read, and of which an offset is committed all the same.
    foreign: Option<String>,
    /// Whether reading goes on while it commits.
    #[config(default = false)]
    in_background: bool,
}

pub(crate) struct Consume {
    config: ConsumeConfig,
    cluster: Cluster,
    consumer: Option<Consumer>,
    token: Token,
    /// What is committed when a token is settled.
    places: BTreeMap<Token, (TopicPartition, i64)>,
}

const SECOND: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(10);

impl Input for Consume {
    const NAME: &'static str = "kafka_consume";
    type Config = ConsumeConfig;

    fn open(config: ConsumeConfig, _: &Context) -> Result<Self, Problem> {
        let cluster =
            Cluster::open(config.cluster.settings()).map_err(|error| Problem::new(error.to_string()))?;
        Ok(Self { config, cluster, consumer: None, token: 0, places: BTreeMap::new() })
    }

    fn connect(&mut self) -> Result<(), Error> {
        self.cluster.ping(PATIENCE).map_err(wrong)?;
        let ConsumeConfig { topics, group, most, multi_header, .. } = &self.config;
        let settings = ConsumerSettings {
            most: Some(*most),
            multi_header: *multi_header,
            ..ConsumerSettings::topics(topics.iter().cloned()).group(group)
        };
        self.consumer = Some(self.cluster.consumer(settings).map_err(wrong)?);
        Ok(())
    }

    fn read(&mut self, settled: Vec<Settlement>) -> Result<Event, Error> {
        self.commit(settled, self.config.in_background)?;
        let Some(consumer) = &self.consumer else { return Err(wrong("it is not connected")) };
        let line = match consumer.poll(Some(SECOND)) {
            kafka::Event::Woken(_) => return Ok(Event::Idle),
            kafka::Event::Fetched(fetched) => {
                self.token += 1;
                self.places.insert(self.token, (fetched.source, fetched.next));
                return Ok(Event::Batch { token: self.token, batch: fetched.messages });
            }
            kafka::Event::Assigned(partitions) => format!("assigned {}", listed(&partitions)),
            kafka::Event::Revoked(partitions) => {
                consumer.release();
                format!("revoked {}", listed(&partitions))
            }
            kafka::Event::Lost(partitions) => format!("lost {}", listed(&partitions)),
            kafka::Event::Committed(Ok(())) => "committed".to_owned(),
            kafka::Event::Committed(Err(error)) => format!("not committed: {error}"),
            kafka::Event::Failed(failure) if failure.is_retriable() => return Ok(Event::Idle),
            kafka::Event::Failed(failure) => return Ok(Event::NotConnected(failure.to_string())),
        };
        self.token += 1;
        Ok(Event::Batch { token: self.token, batch: Batch::from_payloads([line]) })
    }

    fn close(mut self, settled: Vec<Settlement>) {
        // Who reads on finds what could not be committed once more.
        let _ = self.commit(settled, false);
        if let Some(consumer) = self.consumer.take() {
            consumer.close(PATIENCE);
        }
    }
}

impl Consume {
    fn commit(&mut self, settled: Vec<Settlement>, in_background: bool) -> Result<(), Error> {
        let Some(consumer) = &self.consumer else { return Ok(()) };
        let done = settled.into_iter().filter(|settled| matches!(settled.outcome, Outcome::Acknowledged));
        let mut positions: Vec<Position> = done
            .filter_map(|settled| self.places.remove(&settled.token))
            .map(|(source, next)| Position { source, next })
            .collect();
        if positions.is_empty() {
            return Ok(());
        }
        positions.extend(self.config.foreign.clone().map(|topic| {
            let source = TopicPartition { topic, partition: 0 };
            Position { source, next: 1 }
        }));
        if in_background {
            return consumer.start_commit(&positions, PATIENCE).map_err(wrong);
        }
        consumer.commit(&positions, PATIENCE).map_err(wrong)
    }
}

fn listed(partitions: &[TopicPartition]) -> String {
    partitions.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
