//! From a topic into one Parquet file.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::time::Duration;

use anyhow::ensure;
use forebay_lifecycle::clock;

use crate::broker::GRANTS;
use crate::event::SCHEMA;
use crate::options::Options;
use crate::pipeline::Kind;
use crate::setup::{Programs, Setup};
use crate::topics::PARTITIONS;

const PATIENCE: Duration = Duration::from_secs(90);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// What a file ends with.
const MAGIC: &[u8] = b"PAR1";

pub(crate) async fn print(options: &Options, programs: &Programs) -> anyhow::Result<()> {
    println!(
        "\nKafka to Parquet: {} events from our agent into one file with zstd; from the start of the pipeline to the end of\n\
         the file. Ours writes the file while it is made; Bento collects first\n",
        options.messages
    );
    println!(
        "{:<22}{:>10}{:>22}{:>18}{:>11}{:>10}",
        "", "rows/s", "CPU s per 10^6 rows", "rows/s, core", "peak MiB", "file MiB"
    );
    for setup in programs.setups(options) {
        if !setup.title.ends_with("Apache Kafka") {
            Box::pin(measure(&setup, options)).await?;
        }
    }
    Ok(())
}

fn text(setup: &Setup, kafka: &str, broker: &str, out: &Path, count: usize) -> String {
    let topic = format!(
        "{kafka}: {{{broker}topics: [events], consumer_group: parquet, checkpoint_limit: {count}, auto_replay_nacks: false}}"
    );
    let encode = format!("parquet_encode: {{schema: {SCHEMA}, default_compression: zstd}}");
    let file = format!("path: {}, codec: all-bytes", out.display());
    if matches!(setup.kind, Kind::Bento(_)) {
        return format!(
            "input: {{broker: {{inputs: [{{{topic}}}], batching: {{count: {count}}}}}}}\n\
             pipeline: {{threads: 1, processors: [{{{encode}}}]}}\noutput: {{file: {{{file}}}}}\n"
        );
    }
    let batching = format!("batching: {{count: {count}, processors: [{{{encode}}}]}}");
    format!("input: {{{topic}}}\npipeline: {{threads: 1}}\noutput: {{file: {{{file}, {batching}}}}}\n")
}

async fn measure(setup: &Setup, options: &Options) -> anyhow::Result<()> {
    let mut stage = setup.open().await?;
    let folder = stage.folder().join("out");
    std::fs::create_dir_all(&folder)?;
    if matches!(setup.kind, Kind::Managed) {
        // An agent reads its grants when it starts.
        let granted =
            format!("grants: [{{plugin: file, files: [{{path: '{}', access: write}}]}}]\n", folder.display());
        std::fs::write(stage.folder().join(GRANTS), granted)?;
        stage = setup.again(stage).await?;
    }
    let events = "events".parse()?;
    stage.topics.make(&events, PARTITIONS).await?;
    stage.topics.fill(&events, options.messages).await?;
    let out = folder.join("events.parquet");
    let (kafka, broker) = setup.kind.kafka(&stage.server);
    let began = clock::now();
    let mut pipeline = setup.start(&stage, &text(setup, kafka, &broker, &out, options.messages))?;
    let before = if matches!(setup.kind, Kind::Managed) { Some(pipeline.taken()?) } else { None };
    while !is_whole(&out)? {
        pipeline.check()?;
        ensure!(began.elapsed() < PATIENCE, "the file does not come to its end:\n{}", pipeline.log());
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    let took = began.elapsed();
    let taken = pipeline.taken()?;
    let taken = before.map_or(taken, |before| taken.since(before));
    let rows = options.messages as f64;
    let cpu = taken.pipeline.as_secs_f64();
    println!(
        "{:<22}{:>10.0}{:>22.2}{:>18.0}{:>11}{:>10}",
        setup.title,
        rows / took.as_secs_f64(),
        cpu * 1e6 / rows,
        rows / cpu,
        pipeline.peak()? >> 20,
        std::fs::metadata(&out)?.len() >> 20
    );
    drop(pipeline);
    stage.server.stop().await
}

/// Whether a file has come to the end that Parquet has.
fn is_whole(path: &Path) -> anyhow::Result<bool> {
    let Ok(mut file) = std::fs::File::open(path) else { return Ok(false) };
    let mut end = [0; MAGIC.len()];
    if file.metadata()?.len() <= 2 * MAGIC.len() as u64 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-i64::try_from(MAGIC.len())?))?;
    file.read_exact(&mut end)?;
    Ok(end == MAGIC)
}
