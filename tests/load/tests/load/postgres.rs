//! One, two and three agents on one PostgreSQL, which is killed, paused, and replaced by its standby. Each agent has
//! connections of its own; clients go to any of them.

use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::Workers;
use forebay_node::Node;
use forebay_storage_metadata_postgres::PostgresMetadataStore;
use forebay_tests_load::{Addresses, Ground, Load, Nothing, Run};
use forebay_tests_postgres::Server;

use crate::ground::{addresses, agent, finish, in_memory, workers};

/// Agents on a bucket in memory and on PostgreSQL.
pub(crate) async fn agents(url: &str, count: usize, workers: &Workers) -> Vec<Node> {
    let objects = in_memory().objects;
    let mut nodes = Vec::new();
    for _ in 0..count {
        let store = PostgresMetadataStore::open(url.parse().unwrap()).await.unwrap();
        let ground = Ground { objects: Arc::clone(&objects), metadata: Arc::new(store) };
        nodes.push(agent(&ground, Arc::new(Nothing), workers).await);
    }
    nodes
}

/// Clients at work on so many agents while something happens to the database.
async fn run(name: &str, nodes: &[Node], fault: impl Future<Output = ()>) {
    let addresses: Addresses = addresses(nodes);
    let load = Load { requests: 50, timeout: Duration::from_millis(500), ..Load::default() };
    let name = format!("PostgreSQL {name}, {} agents", nodes.len());
    let mut run = Run::new(name, nodes.len() as u64, load, addresses);
    run.create_topic().await.unwrap();
    let is_over = run.work(fault).await;
    assert!(is_over, "the clients were done before");
    finish(run).await;
}

pub(crate) async fn stop(nodes: Vec<Node>) {
    for node in nodes {
        node.stop(Duration::from_secs(10)).await;
    }
}

/// Long enough for clients to be in the middle of their work.
const MIDDLE: Duration = Duration::from_millis(250);

#[test]
fn is_killed() {
    let workers = workers();
    let mut server = Server::start().unwrap();
    for count in 1..=3 {
        let url = server.url_of_new_schema().unwrap();
        workers.block_on(async {
            let nodes = agents(&url, count, &workers).await;
            run("kill -9", &nodes, async {
                for _ in 0..2 {
                    tokio::time::sleep(MIDDLE).await;
                    server.kill().unwrap();
                    server.start_again().unwrap();
                }
            })
            .await;
            stop(nodes).await;
        });
    }
}

#[test]
fn is_paused() {
    let workers = workers();
    let server = Server::start().unwrap();
    for count in 1..=3 {
        let url = server.url_of_new_schema().unwrap();
        workers.block_on(async {
            let nodes = agents(&url, count, &workers).await;
            run("SIGSTOP", &nodes, async {
                for _ in 0..2 {
                    tokio::time::sleep(MIDDLE).await;
                    server.pause().unwrap();
                    // Past the patience of clients and of the log.
                    tokio::time::sleep(Duration::from_millis(900)).await;
                    server.resume().unwrap();
                }
            })
            .await;
            stop(nodes).await;
        });
    }
}

#[test]
fn is_replaced_by_its_standby() {
    let workers = workers();
    for count in 1..=3 {
        let mut primary = Server::start().unwrap();
        let standby = primary.standby().unwrap();
        primary.wait_for_standbys().unwrap();
        let (first, second) = (primary.port(), standby.port());
        let url =
            format!("postgres://postgres@127.0.0.1:{first},127.0.0.1:{second}/postgres?sslmode=disable");
        workers.block_on(async {
            let nodes = agents(&url, count, &workers).await;
            run("promoted standby", &nodes, async {
                tokio::time::sleep(MIDDLE).await;
                primary.kill().unwrap();
                standby.promote().unwrap();
            })
            .await;
            stop(nodes).await;
        });
    }
}
