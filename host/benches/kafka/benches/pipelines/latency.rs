//! From producing a message to seeing it in the second topic.

use std::time::Duration;

use crate::options::Options;
use crate::setup::{Programs, Setup};
use crate::throughput::relay;
use crate::topics::PARTITIONS;
use crate::trip::{Delays, Trip, percentile};

const RATE: usize = 10_000;
/// A new group waits for its members in front of Apache Kafka.
const WARM_UP: Duration = Duration::from_secs(6);

pub(crate) async fn print(options: &Options, programs: &Programs) -> anyhow::Result<()> {
    println!(
        "\nEnd to end: {RATE} messages/s for {} s after {} s, the same configurations; from producing to being read from\n\
         the second topic. CPU s per second, of both together\n",
        options.paced.as_secs(),
        WARM_UP.as_secs()
    );
    println!(
        "{:<22}{:>10}{:>10}{:>10}{:>14}{:>12}",
        "", "p50 ms", "p99 ms", "max ms", "pipeline CPU", "broker CPU"
    );
    for setup in programs.setups(options) {
        Box::pin(measure(&setup, options)).await?;
    }
    Ok(())
}

async fn measure(setup: &Setup, options: &Options) -> anyhow::Result<()> {
    let mut stage = setup.open().await?;
    let (events, mapped) = ("events".parse()?, "mapped".parse()?);
    for topic in [&events, &mapped] {
        stage.topics.make(topic, PARTITIONS).await?;
    }
    let pipeline = setup.start(&stage, &relay(&setup.kind, &stage.server))?;
    let before = pipeline.taken()?;
    let client = &stage.topics.client;
    let trip = Trip { client, from: &events, to: &mapped, rate: RATE, warm_up: WARM_UP, time: options.paced };
    let Delays { mut seen, .. } = Box::pin(trip.travel()).await?;
    let taken = pipeline.taken()?.since(before);
    let [p50, p99, most] = [50, 99, 100].map(|percent| percentile(&mut seen, percent));
    let time = (WARM_UP + options.paced).as_secs_f64();
    let [pipeline_cpu, broker] = [taken.pipeline, taken.broker].map(|taken| taken.as_secs_f64() / time);
    println!("{:<22}{p50:>10.0}{p99:>10.0}{most:>10.0}{pipeline_cpu:>14.2}{broker:>12.2}", setup.title);
    drop(pipeline);
    stage.server.stop().await
}
