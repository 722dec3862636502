//! What tests stand on: folders, threads, agents.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::{Workers, chance};
use forebay_model::Roles;
use forebay_node::{Node, NodeSettings};
use forebay_storage_metadata::WallClock;
use forebay_tests_load::{Addresses, AgentOptions, Ground, Hook, Run, Summary, settings};

/// A folder that is gone when this is dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(format!("forebay-load-{:032x}", chance::bits()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn workers() -> Workers {
    Workers::start("load", 2).unwrap()
}

pub(crate) fn options(folder: &Folder) -> AgentOptions {
    AgentOptions::new(env!("CARGO_BIN_EXE_forebay-load-agent"), folder.path())
}

/// In memory, by the clock of the machine.
pub(crate) fn in_memory() -> Ground {
    Ground::in_memory(Arc::new(WallClock)).unwrap()
}

/// An agent in this process, with short patience for stores that do not answer.
pub(crate) async fn agent(ground: &Ground, hook: Arc<dyn Hook>, workers: &Workers) -> Node {
    agent_of(Roles::DEFAULT, ground, hook, workers).await
}

/// The same that does what its roles say.
pub(crate) async fn agent_of(roles: Roles, ground: &Ground, hook: Arc<dyn Hook>, workers: &Workers) -> Node {
    let mut settings = NodeSettings { roles, ..settings(Duration::from_secs(1)) };
    settings.writer.commit_timeout = Duration::from_millis(500);
    settings.writer.settle_timeout = Duration::from_secs(5);
    ground.start(hook, settings, workers.spawner()).await.unwrap()
}

pub(crate) fn addresses<'n>(nodes: impl IntoIterator<Item = &'n Node>) -> Addresses {
    Addresses::of(nodes.into_iter().filter_map(Node::kafka_address))
}

/// Judges, and prints what it came to.
pub(crate) async fn finish(run: Run) -> Summary {
    match run.finish().await {
        Ok(summary) => {
            println!("{summary}");
            summary
        }
        Err(error) => panic!("{error:#}"),
    }
}
