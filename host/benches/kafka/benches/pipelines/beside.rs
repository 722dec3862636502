//! What a busy pipeline does to those who produce and fetch.

use std::time::Duration;

use crate::broker::PIPELINES;
use crate::options::Options;
use crate::processes::{Cpu, stolen};
use crate::setup::{Programs, Stage};
use crate::topics::PARTITIONS;
use crate::trip::{Delays, Trip, percentile};

const RATE: usize = 1_000;
const WARM_UP: Duration = Duration::from_secs(3);
/// Segments are written at the usual pace, and at one that hides less.
const BATCH_TIMEOUTS: [Duration; 2] = [Duration::from_millis(250), Duration::from_millis(25)];
/// Without a pipeline and beside one, in turns: what else the machine does is told from that.
const TURNS: [bool; 5] = [false, true, false, true, false];
/// It computes as much as it can, and asks nothing of anybody.
const BUSY: &str = "\
input: {generate: {count: 0, interval: '', batch_size: 100, mapping: 'root = {\"id\": counter(), \"user\": \"somebody\"}'}}
pipeline: {processors: [{mapping: 'root.user = this.user.uppercase().hash(\"sha256\").encode(\"hex\")'}]}
output: {drop: {}}
";

pub(crate) async fn print(options: &Options, programs: &Programs) -> anyhow::Result<()> {
    println!(
        "\nBeside a busy pipeline: {RATE} messages/s are produced and fetched for {} s, without a pipeline, and beside one that\n\
         computes on all its threads (as many as cores), in turns. Stolen is what the machine was not given of its\n\
         processors\n",
        options.paced.as_secs()
    );
    println!(
        "{:<16}{:<10}{:>16}{:>16}{:>16}{:>16}{:>20}{:>12}",
        "batch timeout",
        "",
        "produce p50 ms",
        "produce p99 ms",
        "fetched p50 ms",
        "fetched p99 ms",
        "pipelines CPU s/s",
        "stolen ms"
    );
    for batch_timeout in BATCH_TIMEOUTS {
        let mut stage = Stage::open(&programs.agent(batch_timeout)).await?;
        let file = stage.folder().join(PIPELINES).join("busy.yaml");
        let mut alone = Vec::new();
        for (number, is_busy) in TURNS.into_iter().enumerate() {
            if is_busy {
                std::fs::write(&file, BUSY)?;
            } else if file.exists() {
                std::fs::remove_file(&file)?;
            }
            let topic = format!("beside-{number}").parse()?;
            stage.topics.make(&topic, PARTITIONS).await?;
            let (before, stolen_before) = (Cpu::of(stage.server.process())?, stolen()?);
            let client = &stage.topics.client;
            let trip =
                Trip { client, from: &topic, to: &topic, rate: RATE, warm_up: WARM_UP, time: options.paced };
            let Delays { mut acknowledged, mut seen } = Box::pin(trip.travel()).await?;
            let cpu = Cpu::of(stage.server.process())?.since(before).pipelines.as_secs_f64();
            let produce = [50, 99].map(|percent| percentile(&mut acknowledged, percent));
            let fetch = [50, 99].map(|percent| percentile(&mut seen, percent));
            println!(
                "{:<16}{:<10}{:>16.1}{:>16.1}{:>16.1}{:>16.1}{:>20.2}{:>12}{}",
                format!("{} ms", batch_timeout.as_millis()),
                if is_busy { "busy" } else { "alone" },
                produce[0],
                produce[1],
                fetch[0],
                fetch[1],
                cpu / (WARM_UP + options.paced).as_secs_f64(),
                stolen()?.saturating_sub(stolen_before).as_millis(),
                alone.first().map(|first| compared(*first, [produce[1], fetch[1]])).unwrap_or_default(),
            );
            alone.push([produce[1], fetch[1]]);
        }
        stage.server.stop().await?;
    }
    Ok(())
}

/// How much both p99 differ.
fn compared(alone: [f64; 2], now: [f64; 2]) -> String {
    let [produce, fetch] = [0, 1].map(|index: usize| (now[index] / alone[index] - 1.0) * 100.0);
    format!("   p99 {produce:+.1} %, {fetch:+.1} % (goal: +5)")
}
