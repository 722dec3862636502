//! What do consumer groups cost? The time that a hundred members need to agree, when all come at once and when one more
//! comes; and how often PostgreSQL is asked for a thousand groups of ten members that do nothing but say that they are
//! there. Three agents, over PostgreSQL.

#![expect(clippy::print_stdout, clippy::unwrap_used, clippy::cast_precision_loss, reason = "a bench")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use forebay_lifecycle::{Workers, clock};
use forebay_node::Node;
use forebay_storage_metadata_postgres::PostgresMetadataStore;
use forebay_tests_load::groups::{GroupLoad, Protocol, Rebalance};
use forebay_tests_load::{Addresses, Connection, Ground, Load, Nothing, Run, settings};
use forebay_tests_postgres::Server;
use futures_util::future::join_all;
use kafka_protocol::messages::{GroupId, HeartbeatRequest};
use kafka_protocol::protocol::StrBytes;

const MEMBERS: u32 = 100;
const PARTITIONS: i32 = 200;
const GROUPS: usize = 1_000;
/// On each, one member after the other is answered.
const CONNECTIONS: usize = 400;
const HEARTBEAT: i16 = 3;
/// As Kafka's clients have it.
const INTERVAL: Duration = Duration::from_secs(3);
const MEASURED: Duration = Duration::from_secs(15);

fn main() {
    let workers = Workers::start("groups", 2).unwrap();
    for protocol in [Protocol::Classic, Protocol::Consumer] {
        let server = Server::start().unwrap();
        workers.block_on(async {
            let (url, nodes) = agents(&server, &workers).await;
            let addresses = addresses(&nodes);
            let load = Load { partitions: PARTITIONS, ..Load::default() };
            Run::new("groups", 1, load, Addresses::of(addresses.clone())).create_topic().await.unwrap();
            let session_timeout = Duration::from_secs(10);
            let timeout = Duration::from_secs(20);
            let group = GroupLoad { session_timeout, timeout, ..GroupLoad::new(protocol, PARTITIONS) };
            let Rebalance { all_come, one_more } = Rebalance::measure(&group, MEMBERS, &addresses).await.unwrap();
            println!(
                "{protocol:?}: {MEMBERS} members that come at once agree in {:.2} s, with one more in {:.2} s",
                all_come.as_secs_f64(),
                one_more.as_secs_f64()
            );
            if protocol == Protocol::Classic {
                idle(&server, &url, &addresses).await;
            }
            for node in nodes {
                node.stop(Duration::from_secs(5)).await;
            }
        });
    }
}

async fn agents(server: &Server, workers: &Workers) -> (String, Vec<Node>) {
    let url = server.url_of_new_schema().unwrap();
    let objects = Ground::in_memory(Arc::new(forebay_storage_metadata::WallClock)).unwrap().objects;
    let mut nodes = Vec::new();
    for _ in 0..3 {
        let store = PostgresMetadataStore::open(url.parse().unwrap()).await.unwrap();
        let ground = Ground { objects: Arc::clone(&objects), metadata: Arc::new(store) };
        let mut settings = settings(Duration::from_mins(10));
        // Jobs are as seldom as agents have them that nobody has told otherwise.
        settings.cleaning = Some(forebay_node::CleaningSettings::default());
        settings.groups.consumer_session_timeout = Duration::from_secs(10);
        nodes.push(ground.start(Arc::new(Nothing), settings, workers.spawner()).await.unwrap());
    }
    (url, nodes)
}

fn addresses(nodes: &[Node]) -> Vec<SocketAddr> {
    nodes.iter().filter_map(Node::kafka_address).collect()
}

/// Copies a group of ten a thousand times, and lets all members give signs of life.
async fn idle(server: &Server, url: &str, addresses: &[SocketAddr]) {
    let schema = url.rsplit("%3D").next().unwrap();
    let group = GroupLoad {
        session_timeout: Duration::from_secs(30),
        topic: "load".to_owned(),
        ..GroupLoad::new(Protocol::Classic, PARTITIONS)
    };
    let (members, generation) = Rebalance::settle(&group, 10, addresses).await.unwrap();
    let copy = format!(
        "SET search_path = {schema}; \
         INSERT INTO consumer_groups (vc, group_id, version, state) \
             SELECT vc, 'idle' || n, nextval('group_versions'), state FROM consumer_groups, \
                 generate_series(1, {GROUPS}) AS n WHERE group_id = 'consumers'; \
         INSERT INTO group_members (vc, group_id, member, beat_at) \
             SELECT vc, 'idle' || n, member, floor(extract(epoch FROM clock_timestamp()) * 1000)::BIGINT \
             FROM group_members, generate_series(1, {GROUPS}) AS n WHERE group_id = 'consumers'; \
         ANALYZE"
    );
    server.sql(&copy).unwrap();
    let all: Vec<HeartbeatRequest> = (1..=GROUPS)
        .flat_map(|group| members.iter().map(move |member| (group, member.clone())))
        .map(|(group, member)| {
            HeartbeatRequest::default()
                .with_group_id(GroupId(StrBytes::from_string(format!("idle{group}"))))
                .with_generation_id(generation)
                .with_member_id(member)
        })
        .collect();
    let (stop, answered, wrong) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let connections = all.chunks(all.len().div_ceil(CONNECTIONS)).zip(addresses.iter().cycle());
    let signs = connections.map(|(own, address)| sign(own, *address, &stop, (&answered, &wrong)));
    let measuring = async {
        // Each agent has looked at each group by then.
        tokio::time::sleep(INTERVAL * 4).await;
        let queries = || server.sql("SELECT sum(xact_commit + xact_rollback) FROM pg_stat_database").unwrap();
        let number = |text: String| text.trim().parse::<f64>().unwrap();
        let (before, signs) = (number(queries()), answered.load(Ordering::SeqCst));
        tokio::time::sleep(MEASURED).await;
        let (after, signed) = (number(queries()), answered.load(Ordering::SeqCst));
        stop.store(true, Ordering::SeqCst);
        let seconds = MEASURED.as_secs_f64();
        println!(
            "{GROUPS} groups of {} idle members: {:.0} heartbeats/s, {:.0} queries/s for all 3 agents, {} refused",
            members.len(),
            (signed - signs) as f64 / seconds,
            (after - before) / seconds,
            wrong.load(Ordering::SeqCst)
        );
    };
    futures_util::future::join(measuring, join_all(signs)).await;
}

/// Signs of life of some members on one connection, one after the other, and then a pause.
async fn sign(
    own: &[HeartbeatRequest],
    address: SocketAddr,
    stop: &AtomicBool,
    (answered, wrong): (&AtomicUsize, &AtomicUsize),
) {
    let mut connection = Connection::open(address, Duration::from_secs(20)).await.unwrap();
    while !stop.load(Ordering::SeqCst) {
        let began = clock::now();
        for request in own {
            let answer = connection.ask(HEARTBEAT, request).await.unwrap();
            let count = if answer.error_code == 0 { answered } else { wrong };
            count.fetch_add(1, Ordering::SeqCst);
        }
        tokio::time::sleep(INTERVAL.saturating_sub(began.elapsed())).await;
    }
}
