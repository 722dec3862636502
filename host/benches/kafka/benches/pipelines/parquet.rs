//! From a topic into one Parquet file, in a folder or in a bucket.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::time::Duration;

use anyhow::ensure;
use forebay_lifecycle::clock;

use crate::broker::GRANTS;
use crate::event::SCHEMA;
use crate::objects;
use crate::options::Options;
use crate::pipeline::Kind;
use crate::setup::{Programs, Setup};
use crate::topics::PARTITIONS;

const PATIENCE: Duration = Duration::from_secs(90);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// What a file ends with.
const MAGIC: &[u8] = b"PAR1";

/// Where a file is put.
enum Place {
    Folder,
    /// One of this process, which throws away what is put.
    Bucket(objects::Server),
}

pub(crate) async fn print(options: &Options, programs: &Programs) -> anyhow::Result<()> {
    let places = [
        ("one file", Place::Folder),
        ("one object on S3", Place::Bucket(objects::Server::start(Vec::new()))),
    ];
    for (title, place) in places {
        println!(
            "\nKafka to Parquet: {} events from our agent into {title} with zstd; from the start of the pipeline to the\n\
             end of the file. Ours writes the file while it is made; Bento collects first\n",
            options.messages
        );
        println!(
            "{:<22}{:>10}{:>22}{:>18}{:>11}{:>10}",
            "", "rows/s", "CPU s per 10^6 rows", "rows/s, core", "peak MiB", "file MiB"
        );
        for setup in programs.setups(options) {
            if !setup.title.ends_with("Apache Kafka") {
                Box::pin(measure(&setup, &place, options)).await?;
            }
        }
    }
    Ok(())
}

fn text(setup: &Setup, kafka: &str, broker: &str, (component, fields): (&str, &str), count: usize) -> String {
    let topic = format!(
        "{kafka}: {{{broker}topics: [events], consumer_group: parquet, checkpoint_limit: {count}, auto_replay_nacks: false}}"
    );
    let encode = format!("parquet_encode: {{schema: {SCHEMA}, default_compression: zstd}}");
    if matches!(setup.kind, Kind::Bento(_)) {
        return format!(
            "input: {{broker: {{inputs: [{{{topic}}}], batching: {{count: {count}}}}}}}\n\
             pipeline: {{threads: 1, processors: [{{{encode}}}]}}\noutput: {{{component}: {{{fields}}}}}\n"
        );
    }
    let batching = format!("batching: {{count: {count}, processors: [{{{encode}}}]}}");
    format!(
        "input: {{{topic}}}\npipeline: {{threads: 1}}\noutput: {{{component}: {{{fields}, {batching}}}}}\n"
    )
}

async fn measure(setup: &Setup, place: &Place, options: &Options) -> anyhow::Result<()> {
    let mut stage = setup.open().await?;
    let folder = stage.folder().join("out");
    std::fs::create_dir_all(&folder)?;
    if matches!(setup.kind, Kind::Managed) {
        // An agent reads its grants when it starts.
        std::fs::write(stage.folder().join(GRANTS), place.grants(&folder))?;
        stage = setup.again(stage).await?;
    }
    let events = "events".parse()?;
    stage.topics.make(&events, PARTITIONS).await?;
    stage.topics.fill(&events, options.messages).await?;
    let out = folder.join("events.parquet");
    let (kafka, broker) = setup.kind.kafka(&stage.server);
    let (component, fields) = place.output(&out);
    let earlier = place.taken();
    let began = clock::now();
    let text = text(setup, kafka, &broker, (component, &fields), options.messages);
    let mut pipeline = setup.start(&stage, &text)?;
    let before = if matches!(setup.kind, Kind::Managed) { Some(pipeline.taken()?) } else { None };
    let bytes = loop {
        if let Some(bytes) = place.size(&out, earlier)? {
            break bytes;
        }
        pipeline.check()?;
        ensure!(began.elapsed() < PATIENCE, "the file does not come to its end:\n{}", pipeline.log());
        tokio::time::sleep(LOOK_AGAIN).await;
    };
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
        bytes >> 20
    );
    drop(pipeline);
    stage.server.stop().await
}

impl Place {
    /// What an agent grants its pipelines.
    fn grants(&self, folder: &Path) -> String {
        match self {
            Self::Folder => {
                format!(
                    "grants: [{{plugin: file, files: [{{path: '{}', access: write}}]}}]\n",
                    folder.display()
                )
            }
            Self::Bucket(server) => format!(
                "grants: [{{plugin: s3, objects: [{{bucket: 's3://out', endpoint: 'http://{}', access: write}}]}}]\n",
                server.address
            ),
        }
    }

    /// The output, and its fields.
    fn output(&self, file: &Path) -> (&'static str, String) {
        match self {
            Self::Folder => ("file", format!("path: {}, codec: all-bytes", file.display())),
            Self::Bucket(server) => {
                ("aws_s3", format!("bucket: out, path: events.parquet, timeout: 300s, {}", server.fields()))
            }
        }
    }

    /// How many objects there are, and their bytes.
    fn taken(&self) -> (usize, u64) {
        match self {
            Self::Folder => (0, 0),
            Self::Bucket(server) => server.taken(),
        }
    }

    /// How large the file is, when it has come to its end.
    fn size(&self, file: &Path, earlier: (usize, u64)) -> anyhow::Result<Option<u64>> {
        match self {
            Self::Folder if is_whole(file)? => Ok(Some(std::fs::metadata(file)?.len())),
            Self::Folder => Ok(None),
            Self::Bucket(server) => {
                let (objects, bytes) = server.taken();
                Ok((objects > earlier.0).then(|| bytes - earlier.1))
            }
        }
    }
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
