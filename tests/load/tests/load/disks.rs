//! No more room: files can't grow beyond a limit, those of the metadata store neither.

use std::time::Duration;

use forebay_tests_load::{Addresses, Agent, AgentOptions, Load, Run};

use crate::ground::{Folder, finish, options, workers};

fn load() -> Load {
    Load { requests: 50, value_bytes: 4_000, timeout: Duration::from_secs(2), ..Load::default() }
}

#[test]
fn that_are_full_for_a_while() {
    let folder = Folder::new();
    workers().block_on(async {
        // Enough to begin with: it is the write-ahead log of the metadata store that meets the limit first.
        let options = AgentOptions { most_file_kib: Some(400), ..options(&folder) };
        let agent = Agent::start(&options).await.unwrap();
        let mut run = Run::new("disk full", 1, load(), Addresses::of([agent.address]));
        run.create_topic().await.unwrap();
        let was_lifted = run
            .work(async {
                tokio::time::sleep(Duration::from_secs(3)).await;
                agent.lift_file_limit().await.unwrap();
            })
            .await;
        assert!(was_lifted, "the producers never met the limit");
        finish(run).await;
    });
}

/// Full, killed while it is, and started again with room.
#[test]
fn that_are_full_when_the_agent_is_killed() {
    let folder = Folder::new();
    workers().block_on(async {
        let full = AgentOptions { most_file_kib: Some(300), ..options(&folder) };
        let agent = Agent::start(&full).await.unwrap();
        let addresses = Addresses::of([agent.address]);
        let mut run = Run::new("disk full, then kill -9", 2, load(), addresses.clone());
        run.create_topic().await.unwrap();
        let mut second = None;
        let was_killed = run
            .work(async {
                tokio::time::sleep(Duration::from_secs(3)).await;
                agent.kill().await.unwrap();
                let agent = Agent::start(&options(&folder)).await.unwrap();
                addresses.set([agent.address]);
                second = Some(agent);
            })
            .await;
        assert!(was_killed, "the producers never met the limit");
        finish(run).await;
        drop(second);
    });
}
