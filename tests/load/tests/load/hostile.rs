//! Clients that send nonsense, claim much, send slowly, or only wait. The agent's memory stays bounded, and other clients
//! notice nothing.

mod bombs;
mod frames;
mod idle;
mod slow;

use std::net::SocketAddr;
use std::time::Duration;

use forebay_tests_load::{Addresses, Agent, Connection, Load, Run, Summary};

use crate::ground::{Folder, finish, options, workers};

/// What the limits of an agent of ours add up to: requests, answers, blocks and what is unflushed, 128 MiB each; with
/// as much again for what is being compressed, encoded or given back.
const MOST_MEMORY: u64 = 1 << 30;

const PATIENCE: Duration = Duration::from_secs(20);

/// What well-behaved clients do beside an attack.
fn load() -> Load {
    Load { requests: 60, timeout: Duration::from_secs(10), ..Load::default() }
}

/// Attacks an agent while other clients work. They must not notice.
fn attacked<A: Future<Output = ()>>(name: &str, attack: impl FnOnce(SocketAddr) -> A) -> Summary {
    let folder = Folder::new();
    workers().block_on(async {
        let agent = Agent::start(&options(&folder)).await.unwrap();
        let mut run = Run::new(name, 1, load(), Addresses::of([agent.address]));
        run.create_topic().await.unwrap();
        // Once without, so that there is something to compare with.
        run.work(std::future::pending()).await;
        let quiet = run.summary().clone();
        let (before, _) = agent.memory().unwrap();
        run.again();
        let was_over = run.work(attack(agent.address)).await;
        let (after, most) = agent.memory().unwrap();
        let summary = finish(run).await;
        println!(
            "  slowest {:?} without, {:?} with; memory {} MiB before, {} MiB after, {} MiB at most",
            quiet.slowest,
            summary.slowest,
            before >> 20,
            after >> 20,
            most >> 20,
        );
        let clients = 8;
        let noticed = (summary.refused, summary.unknown, summary.fetch_errors, summary.connections);
        assert_eq!(noticed, (0, 0, 0, 2 * clients), "others noticed");
        assert!(most < MOST_MEMORY, "{} MiB", most >> 20);
        assert!(was_over, "the attack lasted longer than the clients that were to notice it");
        summary
    })
}

async fn connect(address: SocketAddr) -> Connection {
    Connection::open(address, PATIENCE).await.unwrap()
}
