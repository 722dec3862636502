//! Events at a steady pace, and when they are seen.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use forebay_kafka_client::{Client, ConsumerEvent, ConsumerSettings, ProducerSettings, Subscription};
use forebay_model::TopicName;
use futures_util::future::try_join;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::time::Instant;

use crate::event::{Events, time_of};
use crate::topics::{micros, partition};

/// Events are sent together every so often.
const STEP: Duration = Duration::from_millis(10);
/// How long those on their way may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// What a batch may decompress to.
const DECOMPRESSED: usize = 64 << 20;

/// How events travel.
pub(crate) struct Trip<'a> {
    pub(crate) client: &'a Client,
    pub(crate) from: &'a TopicName,
    pub(crate) to: &'a TopicName,
    /// Events per second.
    pub(crate) rate: usize,
    pub(crate) warm_up: Duration,
    pub(crate) time: Duration,
}

/// How long that took, for those after warming up.
pub(crate) struct Delays {
    /// Until the broker had them.
    pub(crate) acknowledged: Vec<Duration>,
    /// Until they were read from the other topic.
    pub(crate) seen: Vec<Duration>,
}

impl Trip<'_> {
    pub(crate) async fn travel(&self) -> anyhow::Result<Delays> {
        let since = micros() + u64::try_from(self.warm_up.as_micros())?;
        let per_step = (self.rate / 100).max(1);
        let steps = usize::try_from((self.warm_up + self.time).as_millis() / STEP.as_millis())?;
        let expected = per_step * steps;
        let reading = async {
            let patience = self.warm_up + self.time + PATIENCE;
            let read = tokio::time::timeout(patience, self.read(expected, since)).await;
            read.with_context(|| format!("not all of {expected} events have come"))?
        };
        let (acknowledged, seen) = try_join(self.produce(per_step, steps), reading).await?;
        Ok(Delays { acknowledged, seen })
    }

    async fn produce(&self, per_step: usize, steps: usize) -> anyhow::Result<Vec<Duration>> {
        let producer = self
            .client
            .producer(ProducerSettings { max_buffered_records: 100_000, ..ProducerSettings::default() });
        let mut events = Events::default();
        let begin = Instant::now();
        let mut delays = Vec::new();
        let mut under_way = FuturesUnordered::new();
        for (step, number) in (0..steps).zip(0_u32..) {
            let due = begin + STEP * number;
            loop {
                tokio::select! {
                    biased;
                    () = tokio::time::sleep_until(due) => break,
                    Some(delay) = under_way.next() => delays.extend(delay?),
                }
            }
            let records =
                (0..per_step).map(|index| events.record(self.from, partition(step + index), micros()));
            let sent = producer.send(records.collect()).await;
            let is_warm = due >= begin + self.warm_up;
            under_way.push(async move {
                let outcomes: Result<Vec<_>, _> = sent.outcomes().await.into_iter().collect();
                outcomes?;
                Ok::<_, anyhow::Error>(is_warm.then(|| due.elapsed()))
            });
        }
        while let Some(delay) = under_way.next().await {
            delays.extend(delay?);
        }
        producer.close(PATIENCE).await;
        Ok(delays)
    }

    /// Reads until so many have come.
    async fn read(&self, expected: usize, since: u64) -> anyhow::Result<Vec<Duration>> {
        let topics = Subscription::Topics(vec![self.to.clone()]);
        let consumer = self.client.consumer(ConsumerSettings::new(topics))?;
        let (mut delays, mut count) = (Vec::new(), 0);
        while count < expected {
            match consumer.next().await.context("the consumer is closed")? {
                ConsumerEvent::Fetched(fetched) => {
                    let now = micros();
                    for record in fetched.records(DECOMPRESSED) {
                        let value = record?.value.unwrap_or_default();
                        let at = time_of(&value).context("an event without a time")?;
                        count += 1;
                        if at >= since {
                            delays.push(Duration::from_micros(now.saturating_sub(at)));
                        }
                    }
                }
                ConsumerEvent::Failed(error) => ensure!(error.is_retriable(), error),
                ConsumerEvent::Assigned(_) | ConsumerEvent::Revoked(_) | ConsumerEvent::Lost(_) => {}
            }
        }
        consumer.close(PATIENCE).await;
        Ok(delays)
    }
}

/// The delay that so many of a hundred have at most, in milliseconds.
pub(crate) fn percentile(delays: &mut [Duration], percent: usize) -> f64 {
    delays.sort_unstable();
    let place = (delays.len() * percent).div_ceil(100).saturating_sub(1);
    delays.get(place).map_or(f64::NAN, |delay| delay.as_secs_f64() * 1e3)
}
