use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;

use crate::s3::S3;
use crate::server::{Peer, Ports};

/// Apache Kafka: one node that is its own controller.
#[derive(Debug, Clone)]
pub(crate) struct Apache {
    pub(crate) home: PathBuf,
    /// Whether each batch is synced before it is acknowledged, as ours are.
    pub(crate) flush_each: bool,
}

/// As its own scripts start it.
const JVM: [&str; 7] = [
    "-Xmx1G",
    "-Xms1G",
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
];
/// Any 16 bytes, as Kafka writes them.
const CLUSTER_ID: &str = "Zm9yZWJheS1iZW5jaC0xMg";

impl Apache {
    /// Where `KAFKA_HOME` says.
    pub(crate) fn find() -> Option<Self> {
        std::env::var_os("KAFKA_HOME").map(|home| Self { home: home.into(), flush_each: false })
    }

    fn java(&self) -> Command {
        let mut java = Command::new("java");
        java.args(JVM).arg("-cp").arg(self.home.join("libs/*"));
        java
    }
}

impl Peer for Apache {
    fn title(&self) -> String {
        if self.flush_each { "Kafka, flush".to_owned() } else { "Kafka".to_owned() }
    }

    fn open_store(&self, _folder: &Path) -> anyhow::Result<Option<S3>> {
        Ok(None)
    }

    fn command(&self, folder: &Path, _store: Option<&S3>, ports: Ports) -> anyhow::Result<Command> {
        let properties = folder.join("server.properties");
        let Ports { kafka, other } = ports;
        let log = folder.join("log");
        let is_new = !log.exists();
        let flush = if self.flush_each { "log.flush.interval.messages=1\n" } else { "" };
        std::fs::write(
            &properties,
            format!(
                "process.roles=broker,controller\n\
                 node.id=1\n\
                 controller.quorum.voters=1@127.0.0.1:{other}\n\
                 listeners=PLAINTEXT://127.0.0.1:{kafka},CONTROLLER://127.0.0.1:{other}\n\
                 advertised.listeners=PLAINTEXT://127.0.0.1:{kafka}\n\
                 controller.listener.names=CONTROLLER\n\
                 offsets.topic.replication.factor=1\n\
                 log.dirs={}\n{flush}",
                log.display()
            ),
        )?;
        if is_new {
            let format = ["kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c"];
            let formatted = self.java().args(format).arg(&properties).output()?;
            let told = String::from_utf8_lossy(&formatted.stdout);
            let reason = String::from_utf8_lossy(&formatted.stderr);
            ensure!(formatted.status.success(), "Kafka does not make its folder ready: {told}{reason}");
        }
        let mut java = self.java();
        java.arg("kafka.Kafka").arg(&properties);
        Ok(java)
    }

    fn has_metrics(&self) -> bool {
        false
    }
}
