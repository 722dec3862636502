//! `forebay plugin bench`: what a processor costs, beside a batch that is only handed through.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use forebay_lifecycle::clock;
use forebay_pipeline_config::Entry;
use forebay_pipeline_config::spec::Kind;
use forebay_pipeline_message::{Batch, MetadataWriter, Value};
use forebay_plugins_api::{Components as _, Processor, Wakes};
use serde_json::Value as Json;

use crate::cases;
use crate::component;
use crate::host::{Host, Loaded, read, setup};
use crate::run::settings;

/// What to measure.
#[derive(Debug)]
pub struct Bench {
    /// A component, or the folder that one was built in.
    pub path: PathBuf,
    /// Which of its processors, where it has several.
    pub processor: Option<String>,
    /// The processor's settings, as YAML.
    pub config: Option<String>,
    /// What every message holds, instead of filler.
    pub content: Option<Vec<u8>>,
    /// How long each figure is measured.
    pub time: Duration,
}

const BATCHES: [usize; 4] = [1, 20, 100, 1000];
const SIZES: [usize; 2] = [200, 1024];
/// Every figure is the least of so many rounds: others may use the machine, and they only add.
const ROUNDS: u32 = 3;

/// The default processor that only hands batches through: a line for the log that nobody wants.
const THROUGH: (&str, &str) = ("log", "log");

/// Prints size, time to compile and to open, and nanoseconds for each message.
///
/// # Errors
/// When the plugin can't be loaded, its configuration is at fault, or it fails.
pub async fn bench(what: Bench, host: &Host<'_>, out: &mut dyn Write) -> Result<()> {
    let Bench { path, processor, config, content, time } = what;
    // Without the code that was kept, to see how long compiling takes.
    let fresh = Host { embedded: &[], grants: host.grants.clone(), limits: host.limits.clone(), cache: None };
    let compiling = fresh.load(read(&path)?).await?;
    let loaded = host.open(&path).await?;
    let entry = loaded.component(Kind::Processor, processor.as_deref())?.clone();
    let config = settings(&loaded, &entry, config.as_deref())?;
    let start = clock::now();
    drop(open(&loaded, &entry, &config).await?);
    let opening = clock::now() - start;
    writeln!(
        out,
        "{}: {}, compiled in {:.2} s, opened in {:.2} ms",
        loaded.info.name,
        component::bytes(loaded.size),
        compiling.time.as_secs_f64(),
        opening.as_secs_f64() * 1000.0
    )?;
    drop(compiling);
    writeln!(
        out,
        "\n{:<34}{:>7}{:>10}{:>10}{:>10}{:>10}",
        "ns per message", "bytes", "x 1", "x 20", "x 100", "x 1000"
    )?;
    let payloads = match content {
        Some(content) => vec![content],
        None => SIZES.map(|size| vec![b'x'; size]).to_vec(),
    };
    for payload in payloads {
        let name = format!("{} {}", entry.spec.kind, entry.spec.name);
        let mut rows = Vec::new();
        if let Some(through) = loaded.catalog.get(Kind::Processor, THROUGH.0) {
            let through = through.clone();
            let settings = settings(&loaded, &through, Some("level: TRACE"))?;
            let subject = Subject { loaded: &loaded, entry: &through, plugin: THROUGH.1, config: &settings };
            rows.push(("handed through", figures(&subject, &payload, time).await?));
        }
        let subject =
            Subject { loaded: &loaded, entry: &entry, plugin: loaded.info.name.as_str(), config: &config };
        rows.push((&name, figures(&subject, &payload, time).await?));
        for (title, figures) in rows {
            write_row(out, title, payload.len(), figures.map(|figure| figure.wall))?;
            write_row(out, "  of it CPU in the plugin", payload.len(), figures.map(|figure| figure.cpu))?;
        }
    }
    let memory = loaded.metric("plugin_memory_high_water_bytes", loaded.info.name.as_str());
    writeln!(out, "\nmemory of an instance: {:.1} MiB at most", memory / 1_048_576.0)?;
    Ok(())
}

/// A processor to measure.
struct Subject<'a> {
    loaded: &'a Loaded,
    entry: &'a Entry,
    plugin: &'a str,
    config: &'a Json,
}

/// Nanoseconds for each message.
#[derive(Clone, Copy)]
struct Figure {
    wall: f64,
    cpu: f64,
}

async fn open(loaded: &Loaded, entry: &Entry, config: &Json) -> Result<Box<dyn Processor>> {
    let wakes = Arc::new(Wakes::default());
    let opened = loaded.plugins.open_processor(setup(entry, config.clone(), &wakes)).await;
    opened.context("open the processor")
}

async fn figures(subject: &Subject<'_>, payload: &[u8], time: Duration) -> Result<[Figure; 4]> {
    let mut figures = [Figure { wall: f64::MAX, cpu: f64::MAX }; 4];
    let mut processor = open(subject.loaded, subject.entry, subject.config).await?;
    for (figure, messages) in figures.iter_mut().zip(BATCHES) {
        let batch = batch(messages, payload);
        for _ in 0..ROUNDS {
            let round = round(subject, processor.as_mut(), &batch, time / ROUNDS).await?;
            figure.wall = figure.wall.min(round.wall);
            figure.cpu = figure.cpu.min(round.cpu);
        }
    }
    processor.close().await;
    Ok(figures)
}

async fn round(
    subject: &Subject<'_>,
    processor: &mut dyn Processor,
    batch: &Batch,
    time: Duration,
) -> Result<Figure> {
    let cpu = || subject.loaded.metric("plugin_cpu_nanoseconds", subject.plugin);
    let (before, start) = (cpu(), clock::now());
    let mut messages = 0.0;
    let elapsed = loop {
        if let Err(lost) = cases::process(processor, batch.clone()).await {
            bail!(lost);
        }
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53")]
        let done = batch.len() as f64;
        messages += done;
        let elapsed = clock::now() - start;
        if elapsed >= time {
            break elapsed;
        }
    };
    Ok(Figure { wall: elapsed.as_secs_f64() * 1e9 / messages, cpu: (cpu() - before) / messages })
}

fn write_row(out: &mut dyn Write, title: &str, size: usize, figures: [f64; 4]) -> Result<()> {
    let [one, twenty, hundred, thousand] = figures;
    writeln!(out, "{title:<34}{size:>7}{one:>10.1}{twenty:>10.1}{hundred:>10.1}{thousand:>10.1}")?;
    Ok(())
}

/// Messages with three metadata entries each, as from a Kafka topic.
fn batch(messages: usize, payload: &[u8]) -> Batch {
    let mut metadata = MetadataWriter::default();
    for index in 0..messages {
        metadata.push("topic", Value::Text("orders"));
        metadata.push("partition", Value::Signed(7));
        metadata.push("offset", Value::Unsigned(index as u64));
        metadata.end_message();
    }
    Batch::from_parts((0..messages).map(|_| Some(payload)), true, metadata, [])
}
