//! Messages from one topic to another, as fast as it goes.

use std::time::Duration;

use anyhow::ensure;
use forebay_lifecycle::clock;

use crate::options::Options;
use crate::pipeline::Kind;
use crate::server::Server;
use crate::setup::{Programs, Setup, Stage};
use crate::topics::PARTITIONS;

/// What comes before that share of all messages is warming up.
const WARM_UP: usize = 10;
/// A set-up that is slower is measured by what it has done then.
const LONGEST: Duration = Duration::from_secs(40);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What was measured.
struct Row {
    title: &'static str,
    messages: usize,
    took: Duration,
    pipeline: Duration,
    broker: Duration,
    peak: u64,
}

pub(crate) async fn print(options: &Options, programs: &Programs) -> anyhow::Result<()> {
    println!(
        "\nThroughput: {} messages, a group of one member, the same configuration everywhere (batches of 1,000 or 20 ms,\n\
         max_in_flight 64), from a tenth of them on; CPU s per 10^6 messages. What runs in the agent is told apart by\n\
         threads: the pipeline's are guest, http (its client) and pipelines\n",
        options.messages
    );
    println!(
        "{:<22}{:>12}{:>14}{:>12}{:>10}{:>18}{:>16}{:>11}",
        "",
        "messages/s",
        "pipeline CPU",
        "broker CPU",
        "both",
        "messages/s, core",
        "both, per core",
        "peak MiB"
    );
    let mut rows = Vec::new();
    for setup in programs.setups(options) {
        let row = Box::pin(measure(&setup, options)).await?;
        row.print();
        rows.push(row);
    }
    let of = |title: &str| rows.iter().find(|row| row.title == title);
    if let (Some(ours), Some(inside)) = (of("ours, our agent"), of("ours in the agent")) {
        let pipeline = ours.cost(ours.pipeline) / inside.cost(inside.pipeline);
        let both = ours.cost(ours.both()) / inside.cost(inside.both());
        println!(
            "in the agent, of what it is over loopback: {pipeline:.1} x per core, {both:.1} x with the broker (goal: 2)"
        );
        for title in ["Bento, Apache Kafka", "Bento, our agent"] {
            let Some(bento) = of(title) else { continue };
            let cost = bento.cost(bento.pipeline);
            let (over, inside) = (cost / ours.cost(ours.pipeline), cost / inside.cost(inside.pipeline));
            println!(
                "per core, beside {title}: over loopback {over:.1} x, in the agent {inside:.1} x (goal: 5)"
            );
        }
    }
    Ok(())
}

impl Row {
    /// Seconds for 10^6 messages.
    fn cost(&self, time: Duration) -> f64 {
        time.as_secs_f64() * 1e6 / self.messages as f64
    }

    fn both(&self) -> Duration {
        self.pipeline + self.broker
    }

    fn print(&self) {
        let Self { title, messages, took, pipeline, broker, peak } = self;
        let rate = *messages as f64 / took.as_secs_f64();
        let (pipeline, broker, both) = (self.cost(*pipeline), self.cost(*broker), self.cost(self.both()));
        println!(
            "{title:<22}{rate:>12.0}{pipeline:>14.2}{broker:>12.2}{both:>10.2}{:>18.0}{:>16.0}{:>11}",
            1e6 / pipeline,
            1e6 / both,
            peak >> 20
        );
    }
}

/// The pipeline from the topic `events` to the topic `mapped`.
pub(crate) fn relay(kind: &Kind, server: &Server) -> String {
    let (kafka, broker) = kind.kafka(server);
    format!(
        "input:
  {kafka}: {{{broker}topics: [events], consumer_group: relay, checkpoint_limit: 8192, batching: {{count: 1000, period: 20ms}}}}
pipeline:
  processors:
    - mapping: |
        root = this
        root.user = this.user.uppercase()
        root.total = this.price * 1.2
output:
  {kafka}: {{{broker}topic: mapped, key: '${{! @kafka_key }}', max_in_flight: 64, max_buffered_records: 100000}}
"
    )
}

async fn measure(setup: &Setup, options: &Options) -> anyhow::Result<Row> {
    let mut stage = setup.open().await?;
    let (events, mapped) = ("events".parse()?, "mapped".parse()?);
    for topic in [&events, &mapped] {
        stage.topics.make(topic, PARTITIONS).await?;
    }
    stage.topics.fill(&events, options.messages).await?;
    let mut pipeline = setup.start(&stage, &relay(&setup.kind, &stage.server))?;
    let began = clock::now();
    let Stage { topics, .. } = &mut stage;
    let mut first = None;
    let (messages, took, taken) = loop {
        tokio::time::sleep(LOOK_AGAIN).await;
        let count = topics.count(&mapped, PARTITIONS).await?;
        let is_over = count >= options.messages || began.elapsed() >= LONGEST;
        match &first {
            None if count * WARM_UP >= options.messages => {
                first = Some((count, clock::now(), pipeline.taken()?));
            }
            Some((before, at, earlier)) if is_over => {
                break (count - before, at.elapsed(), pipeline.taken()?.since(*earlier));
            }
            _ => {
                ensure!(
                    !is_over,
                    "{} of {} messages have come:\n{}",
                    count,
                    options.messages,
                    pipeline.log()
                );
            }
        }
        pipeline.check()?;
    };
    let peak = pipeline.peak()?;
    drop(pipeline);
    stage.server.stop().await?;
    Ok(Row { title: setup.title, messages, took, pipeline: taken.pipeline, broker: taken.broker, peak })
}
