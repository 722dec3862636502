//! Clients that send nonsense, claim much, send slowly, or only wait. The agent's memory stays bounded, and other clients
//! notice nothing.

mod bombs;
mod frames;
mod idle;
mod readers;
mod slow;

use std::net::SocketAddr;
use std::time::Duration;

use forebay_tests_load::{Addresses, Agent, Connection, Load, Run, Summary};

use crate::ground::{Folder, finish, options, workers};

/// What the limits of an agent of ours add up to: requests, answers, blocks and what is unflushed, 128 MiB each; with
/// as much again for what is being compressed, encoded or given back.
const MOST_MEMORY: u64 = 1 << 30;

const PATIENCE: Duration = Duration::from_secs(60);

/// What well-behaved clients do beside an attack.
fn load() -> Load {
    Load { requests: 60, timeout: Duration::from_secs(10), ..Load::default() }
}

/// Attacks an agent while other clients work: from its begin on, and one more time when what `attack` gives is there. They
/// must not notice.
fn attacked<A: Future>(name: &str, attack: impl FnOnce(SocketAddr) -> A) -> Summary {
    let folder = Folder::new();
    workers().block_on(async {
        let agent = Agent::start(&options(&folder)).await.unwrap();
        let mut run = Run::new(name, 1, load(), Addresses::of([agent.address]));
        run.create_topic().await.unwrap();
        // Once without, so that there is something to compare with.
        run.work(std::future::pending()).await;
        let quiet = run.summary().slowest;
        let (before, _) = agent.memory().unwrap();
        let mut attack = Box::pin(attack(agent.address));
        let mut done = None;
        let mut rounds = 1;
        loop {
            run.again();
            rounds += 1;
            let was_done = done.is_some();
            run.work(async {
                if done.is_none() {
                    done = Some(attack.as_mut().await);
                }
                std::future::pending::<()>().await;
            })
            .await;
            if was_done {
                break;
            }
        }
        let (after, most) = agent.memory().unwrap();
        drop(done);
        let summary = finish(run).await;
        let mib = [before, after, most].map(|bytes| bytes >> 20);
        println!("  slowest {quiet:?} without, {:?} with; MiB before, with, most: {mib:?}", summary.slowest);
        let clients = 8;
        let noticed = (summary.refused, summary.unknown, summary.fetch_errors, summary.connections);
        assert_eq!(noticed, (0, 0, 0, rounds * clients), "others noticed");
        assert!(most < MOST_MEMORY, "{mib:?}");
        summary
    })
}

async fn connect(address: SocketAddr) -> Connection {
    Connection::open(address, PATIENCE).await.unwrap()
}
