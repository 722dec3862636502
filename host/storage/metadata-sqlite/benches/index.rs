//! What does a look into the index cost when it has a thousand rows, and ten million? One log has all of them, in a file,
//! so that the look at its start is that of a reader who is behind by the whole history. Times are medians.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench")]

#[path = "../tests/places/folder.rs"]
mod folder;
#[path = "../../metadata/benches/index/looks.rs"]
mod looks;

use std::path::Path;

use folder::Folder;
use forebay_lifecycle::clock;
use forebay_model::{PartitionCount, VirtualClusterId};
use forebay_storage_metadata::{Configs, NewTopic, Topics as _, VirtualClusters as _};
use forebay_storage_metadata_sqlite::{Location, SqliteMetadataStore};
use looks::{BYTES, IN_SEGMENT, OFFSETS, ROWS, look, look_for_time};
use rusqlite::Connection;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(Box::pin(bench()));
}

async fn bench() {
    let folder = Folder::new();
    let path = folder.path().join("metadata.db");
    let open = || SqliteMetadataStore::open(&Location::File(path.clone())).unwrap();
    let cluster: VirtualClusterId = "vci_bench".parse().unwrap();
    let store = open();
    store.create_virtual_cluster(&cluster).await.unwrap();
    let partitions = PartitionCount::new(1).unwrap();
    let topic = NewTopic { name: "a".parse().unwrap(), partitions, configs: Configs::default() };
    let topic = store.create_topic(&cluster, &topic).await.unwrap().id;
    drop(store);
    println!(
        "{:>10} {:>8} | {:>8} {:>8} {:>8} | {:>8}",
        "rows", "filled s", "start us", "middle", "end", "time us"
    );
    let mut had = 0;
    for rows in ROWS {
        let began = clock::now();
        add_rows(&path, had, rows);
        had = rows;
        let filled = began.elapsed().as_secs_f64();
        let store = open();
        let mut took = Vec::new();
        for offset in [0, rows / 2 * OFFSETS, (rows - 1) * OFFSETS] {
            took.push(look(&store, &cluster, topic, offset).await.as_micros());
        }
        let time = look_for_time(&store, &cluster, topic, rows / 2).await.as_micros();
        println!("{rows:>10} {filled:>8.1} | {:>8} {:>8} {:>8} | {time:>8}", took[0], took[1], took[2]);
    }
}

fn add_rows(path: &Path, had: i64, rows: i64) {
    let connection = Connection::open(path).unwrap();
    let fill = format!(
        "PRAGMA synchronous = OFF; BEGIN; \
         WITH RECURSIVE s(n) AS (SELECT {had} / {IN_SEGMENT} UNION ALL \
             SELECT n + 1 FROM s WHERE n + 1 < {rows} / {IN_SEGMENT}) \
         INSERT INTO segments (segment, vc, name, state, size, runs, changed_at, commit_id, committed_at) \
             SELECT n, 1, printf('segments/%032x', n), 0, {BYTES} * {IN_SEGMENT}, {IN_SEGMENT}, 0, randomblob(16), 0 \
             FROM s; \
         WITH RECURSIVE r(n) AS (SELECT {had} UNION ALL SELECT n + 1 FROM r WHERE n + 1 < {rows}) \
         INSERT INTO runs (vc, log, base_offset, end_offset, segment, position, length, max_timestamp, running_max) \
             SELECT l.vc, l.log, n * {OFFSETS}, (n + 1) * {OFFSETS}, n / {IN_SEGMENT}, n % {IN_SEGMENT} * {BYTES}, \
                 {BYTES}, n, n FROM logs l, r; \
         UPDATE logs SET high_watermark = {rows} * {OFFSETS}, bytes = {rows} * {BYTES}, running_max = {rows} - 1; \
         COMMIT;"
    );
    connection.execute_batch(&fill).unwrap();
}
