//! Many pipelines with little to do, on one agent.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use forebay_kafka_client::{ProducerRecord, ProducerSettings};
use forebay_lifecycle::clock;
use forebay_model::TopicName;

use crate::broker::PIPELINES;
use crate::options::Options;
use crate::processes::{Cpu, memory};
use crate::setup::{Programs, Stage};

const COUNT: usize = 100;
/// Each gets so many messages in a second.
const RATE: usize = 10;
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Until nothing is opened any more.
const REST: Duration = Duration::from_secs(3);

pub(crate) async fn print(options: &Options, programs: &Programs) -> anyhow::Result<()> {
    println!(
        "\n{COUNT} pipelines on one agent, each from a topic of its own through a mapping to one that all share\n"
    );
    let mut stage = Stage::open(&programs.agent(options.batch_timeout)).await?;
    let process = stage.server.process();
    tokio::time::sleep(REST).await;
    say("the agent without pipelines", process, Duration::ZERO, Duration::from_secs(1));
    let merged: TopicName = "merged".parse()?;
    stage.topics.make(&merged, 1).await?;
    let topics: Vec<TopicName> =
        (0..COUNT).map(|number| format!("in-{number}").parse()).collect::<Result<_, _>>()?;
    for topic in &topics {
        stage.topics.make(topic, 1).await?;
    }
    let producer = stage.topics.client.producer(ProducerSettings::default());
    let began = clock::now();
    for (number, topic) in topics.iter().enumerate() {
        // Whole at once.
        let file = stage.folder().join("pipeline.yaml");
        std::fs::write(&file, pipeline(topic))?;
        std::fs::rename(file, stage.folder().join(PIPELINES).join(format!("p{number}.yaml")))?;
    }
    round(&producer, &topics).await?;
    let mut expected = COUNT;
    until(&mut stage, &merged, expected).await?;
    println!("{:<44}{:>8.1} s", "the first message through each, after", began.elapsed().as_secs_f64());
    tokio::time::sleep(REST).await;

    let before = Cpu::of(process)?;
    tokio::time::sleep(options.paced).await;
    say("without traffic", process, Cpu::of(process)?.since(before).all, options.paced);

    let (before, began) = (Cpu::of(process)?, tokio::time::Instant::now());
    let rounds = u32::try_from(RATE)? * u32::try_from(options.paced.as_secs())?;
    for number in 0..rounds {
        tokio::time::sleep_until(began + Duration::from_secs(1) * number / u32::try_from(RATE)?).await;
        round(&producer, &topics).await?;
    }
    expected += COUNT * rounds as usize;
    until(&mut stage, &merged, expected).await?;
    let took = began.elapsed();
    say(&format!("{RATE} messages/s in each"), process, Cpu::of(process)?.since(before).all, took);
    println!(
        "{:<44}{:>8.0} messages/s",
        "all of them came, at",
        (expected - COUNT) as f64 / took.as_secs_f64()
    );
    stage.server.stop().await
}

fn say(what: &str, process: u32, cpu: Duration, time: Duration) {
    let mut line = format!("{what:<44}");
    // A line takes everything.
    let _ = match memory(process) {
        Ok((resident, _)) => write!(line, "{:>8} MiB resident", resident >> 20),
        Err(error) => write!(line, "{error:#}"),
    };
    if !cpu.is_zero() {
        let _ = write!(line, "{:>8.1} % of a core", cpu.as_secs_f64() / time.as_secs_f64() * 100.0);
    }
    println!("{line}");
}

fn pipeline(topic: &TopicName) -> String {
    format!(
        "input: {{kafka_franz_warpstream: {{topics: [{topic}], consumer_group: {topic}}}}}
pipeline: {{threads: 1, processors: [{{mapping: 'root.from = content().string().uppercase()'}}]}}
output: {{kafka_franz_warpstream: {{topic: merged}}}}
"
    )
}

/// A message for each.
async fn round(producer: &forebay_kafka_client::Producer, topics: &[TopicName]) -> anyhow::Result<()> {
    let record = |topic: &TopicName| ProducerRecord::new(topic.clone(), Some("hello".into()));
    // They go together; that they come is looked at later.
    drop(producer.send(topics.iter().map(record).collect()).await);
    Ok(())
}

async fn until(stage: &mut Stage, topic: &TopicName, expected: usize) -> anyhow::Result<()> {
    let began = clock::now();
    loop {
        let count = stage.topics.count(topic, 1).await.context("look what has come")?;
        if count >= expected {
            return Ok(());
        }
        ensure!(began.elapsed() < PATIENCE, "{count} of {expected} messages have come");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
