use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::s3::S3;
use crate::server::{Peer, Ports};

/// An agent that runs the pipelines of its folder.
#[derive(Debug, Clone)]
pub(crate) struct Agent {
    pub(crate) program: PathBuf,
    pub(crate) batch_timeout: Duration,
}

/// Where the pipelines of an agent are, in its folder.
pub(crate) const PIPELINES: &str = "pipelines";
/// What they are granted beside the agent's own topics.
pub(crate) const GRANTS: &str = "grants.yaml";
/// More bytes per second than any pipeline comes to.
const UNLIMITED: &str = "100000000000";

impl Peer for Agent {
    fn title(&self) -> String {
        "Forebay".to_owned()
    }

    fn open_store(&self, _folder: &Path) -> anyhow::Result<Option<S3>> {
        Ok(None)
    }

    fn command(&self, folder: &Path, _store: Option<&S3>, ports: Ports) -> anyhow::Result<Command> {
        let pipelines = folder.join(PIPELINES);
        std::fs::create_dir_all(&pipelines)?;
        let grants = folder.join(GRANTS);
        if !grants.exists() {
            std::fs::write(&grants, "grants: []\n")?;
        }
        let mut command = Command::new(&self.program);
        command
            .arg("agent")
            .args(["-bucketURL", &format!("file://{}", folder.join("bucket").display())])
            .args(["-metadataURL", &format!("sqlite://{}", folder.join("metadata.db").display())])
            .args(["-listenAddress", "127.0.0.1"])
            .args(["-kafkaPort", &ports.kafka.to_string()])
            .args(["-httpPort", &ports.other.to_string()])
            .args(["-batchTimeout", &format!("{}ms", self.batch_timeout.as_millis())])
            .args(["-enableManagedPipelines", "-overridePipelinesSharedRateLimitPerVCPU", UNLIMITED])
            .arg("-pipelinesDir")
            .arg(pipelines)
            .arg("-pluginGrants")
            .arg(grants);
        Ok(command)
    }

    fn has_metrics(&self) -> bool {
        true
    }
}
