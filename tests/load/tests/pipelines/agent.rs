//! Agents of the scenarios: `forebay agent`, which comes back where it was.

use std::net::SocketAddr;
use std::time::Duration;

use forebay_tests_load::Connection;
use forebay_tests_pipelines::{Api, Folder, Running};

use crate::workload::PATIENCE;

/// How long members of groups by KIP-848 may be silent at an agent with short sessions.
pub(crate) const SHORT_SESSION: Duration = Duration::from_secs(10);

/// How an agent is started, again and again.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    port: String,
    bucket: String,
    metadata: String,
    /// Whether it runs the pipelines of the folder.
    has_pipelines: bool,
    /// Whether sessions are short.
    is_impatient: bool,
}

impl Site {
    /// An agent that has a bucket and metadata of this name for itself.
    pub(crate) fn new(folder: &Folder, name: &str) -> Self {
        Self {
            port: free_port(),
            bucket: format!("file://{}", folder.path(&format!("{name}-bucket")).display()),
            metadata: format!("sqlite://{name}.db"),
            has_pipelines: false,
            is_impatient: false,
        }
    }

    /// It runs the pipelines of the folder `pipelines`.
    pub(crate) fn with_pipelines(self) -> Self {
        Self { has_pipelines: true, ..self }
    }

    /// Members of groups by KIP-848 may be silent for [`SHORT_SESSION`]: of those that wait for the end of one, each would
    /// wait for 45 seconds. Where all is to come out once, a machine that is busy must not look like a member that is gone.
    pub(crate) fn with_short_sessions(self) -> Self {
        Self { is_impatient: true, ..self }
    }

    /// Its metadata is in PostgreSQL, where others find it.
    pub(crate) fn on(self, metadata: &str) -> Self {
        Self { metadata: metadata.to_owned(), ..self }
    }

    /// Another agent over the same stores.
    pub(crate) fn beside(&self) -> Self {
        Self { port: free_port(), ..self.clone() }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        format!("127.0.0.1:{}", self.port).parse().unwrap()
    }

    /// Starts it, and waits until it serves.
    pub(crate) fn start(&self, folder: &Folder) -> Running {
        let stores = ["agent", "-bucketURL", &self.bucket, "-metadataURL", &self.metadata];
        let ports = ["-listenAddress=127.0.0.1", "-kafkaPort", &self.port, "-httpPort=off"];
        let pipelines: &[&str] = match self.has_pipelines {
            true => &["-enableManagedPipelines", "-pipelinesDir", "pipelines"],
            false => &[],
        };
        let session =
            format!("-clusterConfig=group.consumer.session.timeout.ms={}", SHORT_SESSION.as_millis());
        let sessions: &[&str] = if self.is_impatient { &[&session] } else { &[] };
        let agent = folder.forebay(&stores).args(&ports).args(&["-batchTimeout", "25ms"]);
        let agent = agent.args(pipelines).args(sessions);
        let mut running = agent.start();
        running.until_log_has("the agent is ready");
        running
    }

    /// A connection of the checker's own.
    pub(crate) async fn connect(&self) -> Connection {
        Connection::open(self.address(), PATIENCE).await.unwrap()
    }
}

fn free_port() -> String {
    Api::at_free_address().address().rsplit(':').next().unwrap().to_owned()
}
