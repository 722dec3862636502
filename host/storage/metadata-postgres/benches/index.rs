//! What does a look into the index cost when it has a thousand rows, and ten million? One log has all of them, so that the
//! look at its start is that of a reader who is behind by the whole history. Times are medians, of a program that waits
//! for each answer; the pages that the server has looked at say the same on any machine. Then the plan that it had.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench")]

#[path = "../../metadata/benches/index/looks.rs"]
mod looks;

use forebay_lifecycle::clock;
use forebay_model::{PartitionCount, TopicId, VirtualClusterId};
use forebay_storage_metadata::{Configs, NewTopic, Topics as _, VirtualClusters as _};
use forebay_storage_metadata_postgres::{PostgresMetadataStore, hot_statements};
use forebay_tests_postgres::Server;
use looks::{BYTES, IN_SEGMENT, OFFSETS, ROWS, look, look_for_time};

const SETTINGS: [&str; 4] =
    ["fsync=off", "full_page_writes=off", "max_wal_size=16GB", "checkpoint_timeout=1h"];

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(Box::pin(bench()));
}

async fn bench() {
    let server = Server::start_with(&SETTINGS).unwrap();
    let store = PostgresMetadataStore::open(server.url().parse().unwrap()).await.unwrap();
    let cluster: VirtualClusterId = "vci_bench".parse().unwrap();
    store.create_virtual_cluster(&cluster).await.unwrap();
    let partitions = PartitionCount::new(1).unwrap();
    let topic = NewTopic { name: "a".parse().unwrap(), partitions, configs: Configs::default() };
    let topic = store.create_topic(&cluster, &topic).await.unwrap().id;
    println!(
        "{:>10} {:>8} | {:>8} {:>8} {:>8} | {:>6} {:>6} {:>6} | {:>8}",
        "rows", "filled s", "start us", "middle", "end", "pages", "middle", "end", "time us"
    );
    let mut had = 0;
    let mut plan = String::new();
    for rows in ROWS {
        let began = clock::now();
        server.sql(&more_rows(had, rows)).unwrap();
        server.sql("VACUUM ANALYZE runs").unwrap();
        server.sql("VACUUM ANALYZE segments").unwrap();
        had = rows;
        let filled = began.elapsed();
        let places = [0, rows / 2 * OFFSETS, (rows - 1) * OFFSETS];
        let (mut took, mut pages) = (Vec::new(), Vec::new());
        for offset in places {
            took.push(look(&store, &cluster, topic, offset).await.as_micros());
            plan = explained(&server, topic, offset);
            pages.push(pages_of(&plan));
        }
        let time = look_for_time(&store, &cluster, topic, rows / 2).await.as_micros();
        println!(
            "{rows:>10} {:>8.1} | {:>8} {:>8} {:>8} | {:>6} {:>6} {:>6} | {time:>8}",
            filled.as_secs_f64(),
            took[0],
            took[1],
            took[2],
            pages[0],
            pages[1],
            pages[2]
        );
    }
    println!("\nthe plan at the end of the largest:\n{plan}");
}

fn more_rows(had: i64, rows: i64) -> String {
    format!(
        "INSERT INTO segments (vc, segment, name, state, size, runs, changed_at, commit_id, committed_at) \
             SELECT 1, s, 'segments/' || lpad(to_hex(s), 32, '0'), 0, {BYTES} * {IN_SEGMENT}, {IN_SEGMENT}, 0, \
                 gen_random_uuid(), 0 \
             FROM generate_series({had} / {IN_SEGMENT}, {rows} / {IN_SEGMENT} - 1) AS s; \
         INSERT INTO runs (vc, log, base_offset, end_offset, segment, position, length, max_timestamp, running_max) \
             SELECT l.vc, l.log, r * {OFFSETS}, (r + 1) * {OFFSETS}, r / {IN_SEGMENT}, r % {IN_SEGMENT} * {BYTES}, \
                 {BYTES}, r, r FROM logs l, generate_series({had}::BIGINT, {rows} - 1) AS r; \
         UPDATE logs SET high_watermark = {rows}::BIGINT * {OFFSETS}, bytes = {rows}::BIGINT * {BYTES}, \
             running_max = {rows} - 1; \
         ANALYZE logs"
    )
}

/// How the server went about a look, as it does without knowing the parameters.
fn explained(server: &Server, topic: TopicId, offset: i64) -> String {
    let (_, statement) = hot_statements().into_iter().find(|(what, _)| *what == "find records").unwrap();
    server
        .sql(&format!(
            "SET plan_cache_mode = force_generic_plan; PREPARE look AS {statement}; \
             EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF) EXECUTE look(1, \
             ARRAY['{}']::UUID[], ARRAY[0]::BIGINT[], ARRAY[{offset}]::BIGINT[], 16)",
            topic.uuid()
        ))
        .unwrap()
}

/// How many pages it has looked at, the same one several times where it was.
fn pages_of(plan: &str) -> u64 {
    let buffers = plan.lines().find(|line| line.contains("Buffers: shared")).unwrap_or_default();
    let counts = buffers.split([' ', '=']).filter_map(|word| word.parse::<u64>().ok());
    counts.sum()
}
