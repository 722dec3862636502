//! `forebay playground`: an agent with everything in memory, and pipelines to look at.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context as _;
use forebay_metrics::{Metrics, Value};
use forebay_pipeline_config::LoggerConfig;
use forebay_pipeline_operations::Since;
use forebay_plugins_api::{Environment, Rights};

use crate::agent::{RunningAgent, Wanted};
use crate::args::Playground;
use crate::log;
use crate::sandbox::{Addresses, Sandbox, TemporaryFolder, program};

/// What the examples find their folder for files by.
const FILES: &str = "PLAYGROUND_FILES";
/// The topics of the examples: there before any of them starts.
const TOPICS: [&str; 2] = ["bento_test", "bento_test_mapped"];
/// Between two looks for the first record.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// What counts the messages of pipelines.
const INPUT_RECEIVED: &str = "warpstream_bento_input_received";
const OUTPUT_SENT: &str = "warpstream_bento_output_sent";

/// A pipeline to look at.
struct Example {
    name: &'static str,
    text: &'static str,
    what: &'static str,
}

const EXAMPLES: [Example; 3] = [
    Example {
        name: "generate.yaml",
        text: include_str!("../../../examples/playground/generate.yaml"),
        what: "puts an event a second into the topic bento_test",
    },
    Example {
        name: "mapping.yaml",
        text: include_str!("../../../examples/playground/mapping.yaml"),
        what: "maps each of them into the topic bento_test_mapped",
    },
    Example {
        name: "parquet.yaml",
        text: include_str!("../../../examples/playground/parquet.yaml"),
        what: "writes those to Parquet files, one every ten seconds",
    },
];

pub(crate) fn playground(flags: Playground) -> anyhow::Result<ExitCode> {
    let Playground { bucket_url, folder, no_examples, plugins, duration, ports } = flags;
    let start = Since::now();
    log::start().set(&LoggerConfig { level: ports.log_level, ..LoggerConfig::default() });
    let own = TemporaryFolder::make("playground")?;
    let files = own.folder("parquet")?;
    let examples: &[Example] = if no_examples || folder.is_some() { &[] } else { &EXAMPLES };
    let topics: &[&str] = if examples.is_empty() { &[] } else { &TOPICS };
    let pipelines = match folder {
        Some(folder) => folder,
        None => own.folder("pipelines")?,
    };
    for Example { name, text, .. } in examples {
        let path = pipelines.join(name);
        std::fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
    }
    let bucket = bucket_url.unwrap_or_else(|| "mem://playground".to_owned());
    let sandbox = Sandbox::open(&bucket, "sqlite://:memory:", &ports)?;
    let variables = BTreeMap::from([(FILES.to_owned(), files.display().to_string())]);
    // Whoever plays has the rights of whoever starts it.
    let wanted = Wanted::alone(pipelines.clone(), plugins, sandbox.machine.cores)
        .with(Rights::Starter, Environment::new(variables))
        .after_topics(topics.iter().map(|topic| topic.parse()).collect::<Result<_, _>>()?);
    let (metrics, spawner) = (Arc::clone(sandbox.stores.metrics()), sandbox.workers.spawner());
    let ends = Since::text(duration);
    sandbox.run(Some(wanted), duration, |running, at| {
        println!(
            "WARNING: this is a playground. Its records are gone when it ends, after {ends} at the latest.\n"
        );
        welcome(&Shown { at, bucket: &bucket, pipelines: &pipelines, files: &files, examples });
        let first = Arc::<OnceLock<Duration>>::default();
        if !examples.is_empty() {
            spawner.spawn(look_for_first(Arc::clone(&metrics), start, Arc::clone(&first)));
        }
        Ok(counts(running, (metrics, files), first))
    })
}

/// What there is to say.
struct Shown<'a> {
    at: Addresses,
    bucket: &'a str,
    pipelines: &'a Path,
    files: &'a Path,
    examples: &'a [Example],
}

fn welcome(shown: &Shown<'_>) {
    let Shown { at: Addresses { kafka, http }, bucket, pipelines, files, examples } = shown;
    // What stands behind a question mark may be a key.
    let bucket = bucket.split('?').next().unwrap_or_default();
    println!("Kafka      localhost:{kafka}");
    println!("HTTP       http://localhost:{http}/pipelines, /metrics, /v1/status");
    println!("bucket     {bucket}");
    println!("pipelines  {}", pipelines.display());
    for Example { name, what, .. } in *examples {
        println!("             {name:13}  {what}");
    }
    println!("             Change, add or remove a file there: that takes effect within a second.");
    let port = if *kafka == 9092 { String::new() } else { format!(" -bootstrap-port {kafka}") };
    let agent = if *http == 8080 { String::new() } else { format!(" -agentURL http://localhost:{http}") };
    let forebay = program();
    println!("\nTry, in another terminal:");
    println!("  {forebay} pipelines{agent}");
    println!("  {forebay} kcmd -type produce -topic hello -records one,,two{port}");
    println!(
        "  {forebay} kcmd -type fetch -topic {}{port}",
        if examples.is_empty() { "hello" } else { "bento_test" }
    );
    println!("  kcat -b localhost:{kafka} -L");
    if !examples.is_empty() {
        println!("  kcat -b localhost:{kafka} -t bento_test_mapped -C");
        println!("  ls -l {}", files.display());
        println!("  sed -i s/bento_test_mapped/bento_test_2/ {}/mapping.yaml", pipelines.display());
    }
    println!("  curl -s localhost:{http}/metrics | grep warpstream_bento_output_sent\n");
}

/// Waits until a pipeline has sent something, and notes how long that took from the start on.
async fn look_for_first(metrics: Arc<Metrics>, start: Since, first: Arc<OnceLock<Duration>>) {
    while sum(&metrics, OUTPUT_SENT, None) == 0 {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    let _ = first.set(start.elapsed());
}

/// Says how many messages each pipeline has received and sent.
fn counts(
    running: &RunningAgent,
    (metrics, files): (Arc<Metrics>, PathBuf),
    first: Arc<OnceLock<Duration>>,
) -> impl Fn() -> String + Send + Sync + use<> {
    let managed = running.pipelines().map(|pipelines| pipelines.managed().clone());
    move || {
        let names = managed.iter().flat_map(|managed| managed.status().pipelines);
        let mut said: Vec<String> = names
            .map(|pipeline| {
                let sum = |family: &str| sum(&metrics, family, Some(&pipeline.name));
                let (received, sent) = (sum(INPUT_RECEIVED), sum(OUTPUT_SENT));
                let name = &pipeline.name;
                match pipeline.instances.iter().find_map(|instance| instance.error.as_deref()) {
                    Some(_) => format!("{name}: failing, see `forebay pipelines`"),
                    None if !pipeline.problems.is_empty() => {
                        format!("{name}: at fault, see `forebay pipelines`")
                    }
                    None => format!("{name}: {received} in, {sent} out"),
                }
            })
            .collect();
        let written = std::fs::read_dir(&files).map_or(0, Iterator::count);
        if written > 0 {
            said.push(if written == 1 { "1 file".to_owned() } else { format!("{written} files") });
        }
        if let Some(first) = first.get() {
            said.push(format!("first record after {} ms", first.as_millis()));
        }
        if said.is_empty() { "no pipelines yet".to_owned() } else { said.join(" | ") }
    }
}

/// All counters with a name, of one pipeline or of all.
fn sum(metrics: &Metrics, name: &str, pipeline: Option<&str>) -> u64 {
    let families = metrics.snapshot().families;
    let samples = families.iter().filter(|family| family.name == name).flat_map(|family| &family.samples);
    let of_pipeline = samples.filter(|sample| {
        pipeline.is_none_or(|pipeline| {
            sample.labels.iter().any(|(label, value)| label == "pipeline" && value == pipeline)
        })
    });
    of_pipeline
        .map(|sample| match &sample.value {
            Value::Counter(count) => *count,
            Value::Gauge(_) | Value::Timing(..) => 0,
        })
        .sum()
}
