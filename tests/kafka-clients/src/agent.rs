use std::net::SocketAddr;
use std::time::Duration;

use forebay_lifecycle::Workers;
use forebay_node::{CleaningSettings, Node, NodeSettings, Stores};

/// An agent on free ports of this machine, stopped when this is dropped.
#[derive(Debug)]
pub struct Agent {
    address: SocketAddr,
    node: Option<Node>,
    workers: Workers,
}

/// How long what is under way at the end is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

impl Agent {
    /// Over memory.
    ///
    /// # Panics
    /// When there is no memory store, no thread or no port to be had.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::over(Stores::in_memory().expect("memory can be had"))
    }

    /// Over these stores.
    ///
    /// # Panics
    /// When there is no thread or no port to be had.
    #[must_use]
    pub fn over(stores: Stores) -> Self {
        // Some records are of long ago, and what is older than topics keep it would be removed.
        let cleaning =
            CleaningSettings { trim_every: Duration::from_hours(24), ..CleaningSettings::default() };
        Self::with(NodeSettings { cleaning: Some(cleaning), ..NodeSettings::loopback() }, stores)
    }

    /// With these settings.
    ///
    /// # Panics
    /// When there is no thread or no port to be had.
    #[must_use]
    pub fn with(settings: NodeSettings, stores: Stores) -> Self {
        let workers = Workers::start("agent", 2).expect("two threads can be had");
        let started = Node::start(settings, stores, workers.spawner());
        let node = workers.block_on(Box::pin(started)).expect("the agent starts");
        let address = node.kafka_address().expect("an agent on loopback serves clients");
        Self { address, node: Some(node), workers }
    }

    /// Ends it where it is: nothing is answered any more, and nobody is told.
    pub fn kill(mut self) {
        drop(self.node.take());
    }

    /// Where clients come, as `host:port`.
    #[must_use]
    pub fn bootstrap(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if let Some(node) = self.node.take() {
            self.workers.block_on(node.stop(PATIENCE));
        }
    }
}
