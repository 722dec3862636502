//! `kill -9` of the program as users have it, while clients work.

use std::path::Path;
use std::time::Duration;

use forebay_tests_load::{Addresses, Effort, Load, Random, Run, Shipped};

use crate::ground::{Folder, finish, workers};

#[test]
fn nothing_is_lost_when_the_shipped_program_is_killed() {
    let Some(program) = Shipped::program(Path::new(env!("CARGO_BIN_EXE_forebay-load-agent"))) else {
        println!("NOT DONE: there is no target/release/forebay; `cargo xtask build` makes it");
        return;
    };
    for seed in Effort::from_environment().seeds() {
        let folder = Folder::new();
        let mut random = Random(seed);
        workers().block_on(async {
            let mut agent = Some(Shipped::start(&program, folder.path()).await.unwrap());
            let addresses = Addresses::of(agent.as_ref().map(|agent| agent.address));
            let load = Load { requests: 200, value_bytes: 1_000, ..Load::default() };
            let mut run = Run::new("kill -9 of the shipped program", seed, load, addresses.clone());
            run.create_topic().await.unwrap();
            let mut kills = 0;
            run.work(async {
                for _ in 0..6 {
                    tokio::time::sleep(Duration::from_millis(100 + random.below(300))).await;
                    if let Some(agent) = agent.take() {
                        agent.kill().await.unwrap();
                        kills += 1;
                    }
                    let new = Shipped::start(&program, folder.path()).await.unwrap();
                    addresses.set([new.address]);
                    agent = Some(new);
                }
            })
            .await;
            if agent.is_none() {
                let new = Shipped::start(&program, folder.path()).await.unwrap();
                addresses.set([new.address]);
                agent = Some(new);
            }
            println!("{kills} kills:");
            assert!(kills > 0, "it was never killed");
            finish(run).await;
            drop(agent);
        });
    }
}
