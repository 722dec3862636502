//! How PostgreSQL goes about the statements that must stay cheap, on tables with some rows: never through a whole table,
//! and also not compiled where it expects a billion rows of the index.

use forebay_storage_metadata_postgres::{PostgresMetadataStore, hot_statements};
use forebay_tests_postgres::Server;

const ROWS: &str = "
    INSERT INTO virtual_clusters (id, created_at) VALUES ('vci_a', 0);
    INSERT INTO topics (vc, topic, name, collision_key, partitions, created_at)
        SELECT 1, gen_random_uuid(), 't' || t, 't' || t, 100, 0 FROM generate_series(1, 50) AS t;
    INSERT INTO logs (vc, topic, partition, high_watermark)
        SELECT 1, topic, p, 1000 FROM topics, generate_series(0, 99) AS p;
    INSERT INTO topics (vc, topic, name, collision_key, partitions, created_at)
        SELECT 1, gen_random_uuid(), 'u' || t, 'u' || t, 1, 0 FROM generate_series(1, 5000) AS t;
    INSERT INTO segments (vc, name, state, size, runs, changed_at, commit_id, committed_at)
        SELECT 1, 's' || s, 0, 1, 1000, 0, gen_random_uuid(), 0 FROM generate_series(1, 2000) AS s;
    INSERT INTO runs (vc, log, base_offset, end_offset, segment, position, length, max_timestamp, running_max)
        SELECT 1, log, r * 10, r * 10 + 10, 1 + r * 20, 0, 100, r, r FROM logs, generate_series(0, 19) AS r;
    INSERT INTO producers (vc, log, producer, epoch, next_sequence, hour, batches)
        SELECT 1, log, p, 0, 1, 0, '' FROM logs, generate_series(1, 2) AS p;
    INSERT INTO minutes (vc, log, base_offset, offset_count, minute, minute_count)
        SELECT 1, log, 0, 10, 0, 1 FROM logs;
    INSERT INTO agents (vc, agent, node, beat_at, roles, cores, version)
        SELECT vc, gen_random_uuid(), a, 0, 'proxy,jobs', 2, '1'
        FROM generate_series(1, 1000) AS vc, generate_series(1, 3) AS a;
    INSERT INTO consumer_groups (vc, group_id, version, state)
        SELECT 1, 'g' || g, g, '' FROM generate_series(1, 1000) AS g;
    INSERT INTO group_members (vc, group_id, member, beat_at)
        SELECT 1, 'g' || g, 'm' || m, 0 FROM generate_series(1, 1000) AS g, generate_series(1, 10) AS m;
    INSERT INTO group_offsets (vc, group_id, topic, partition, committed_offset, metadata, committed_at)
        SELECT 1, 'g' || g, topic, partition, 5, '', 0 FROM generate_series(1, 20) AS g, logs;
    UPDATE consumer_groups SET state = repeat('x', 500)::BYTEA;
    ANALYZE;
    UPDATE pg_class SET reltuples = 1e9 WHERE relname = 'runs' AND relnamespace = current_schema()::REGNAMESPACE;";

const OF_JOBS: [&str; 3] = ["find old runs", "find the runs of segments", "lock runs to replace"];

#[tokio::test]
async fn no_hot_statement_reads_a_whole_table() {
    let server = Server::start().unwrap();
    let url = server.url_of_new_schema().unwrap();
    let schema = url.rsplit("%3D").next().unwrap().to_owned();
    drop(PostgresMetadataStore::open(url.parse().unwrap()).await.unwrap());
    server.sql(&format!("SET search_path = {schema}; {ROWS}")).unwrap();
    for (what, statement) in hot_statements() {
        let count = (1..99).rev().find(|number| statement.contains(&format!("${number}"))).unwrap();
        let nothing = vec!["NULL"; count].join(", ");
        // As for statements that were prepared long ago: without looking at the parameters.
        let plan = server
            .sql(&format!(
                "SET search_path = {schema}; SET plan_cache_mode = force_generic_plan; PREPARE hot AS {statement}; \
                 EXPLAIN (COSTS OFF) EXECUTE hot({nothing})"
            ))
            .unwrap();
        println!("-- {what}\n{plan}");
        // Nor is what clients wait for compiled, also where a session does not forbid it.
        assert!(OF_JOBS.contains(&what) || !plan.contains("JIT"), "{what}:\n{plan}");
        assert!(plan.contains("Index") || plan.contains("Insert on"), "{what}:\n{plan}");
        assert!(!plan.contains("Seq Scan"), "{what}:\n{plan}");
    }
}
