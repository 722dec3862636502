use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::BATCH_TIMEOUT;
use crate::s3::S3;
use crate::server::{Peer, Ports};

/// Our agent.
#[derive(Debug, Clone)]
pub(crate) struct Forebay {
    pub(crate) program: PathBuf,
    pub(crate) store: Store,
    pub(crate) batch_timeout: Duration,
}

/// Where its segments are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Store {
    /// Synced files.
    File,
    /// The server of this process, which answers a put after so long.
    S3 { put: Duration },
}

impl Forebay {
    /// The program that `FOREBAY_BIN` names, or the one that was built, or else an agent without plugins.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../target/release/forebay");
        let program = match std::env::var_os("FOREBAY_BIN") {
            Some(program) => program.into(),
            None if built.exists() => built.canonicalize()?,
            None => env!("CARGO_BIN_EXE_forebay-bench-agent").into(),
        };
        Ok(Self { program, store: Store::File, batch_timeout: BATCH_TIMEOUT })
    }
}

impl Peer for Forebay {
    fn title(&self) -> String {
        match self.store {
            Store::File => "Forebay file".to_owned(),
            Store::S3 { .. } => "Forebay S3".to_owned(),
        }
    }

    fn open_store(&self, folder: &Path) -> anyhow::Result<Option<S3>> {
        match self.store {
            Store::File => Ok(None),
            Store::S3 { put } => S3::start(&folder.join("s3"), put).map(Some),
        }
    }

    fn command(&self, folder: &Path, store: Option<&S3>, ports: Ports) -> anyhow::Result<Command> {
        let bucket = match store {
            None => format!("file://{}", folder.join("bucket").display()),
            Some(s3) => s3.url(),
        };
        let mut command = Command::new(&self.program);
        command
            .arg("agent")
            .args(["-bucketURL", &bucket])
            .args(["-metadataURL", &format!("sqlite://{}", folder.join("metadata.db").display())])
            .args(["-listenAddress", "127.0.0.1", "-roles", "proxy"])
            .args(["-kafkaPort", &ports.kafka.to_string()])
            .args(["-httpPort", &ports.other.to_string()])
            .args(["-batchTimeout", &format!("{}ms", self.batch_timeout.as_millis())])
            .env("AWS_ACCESS_KEY_ID", "bench")
            .env("AWS_SECRET_ACCESS_KEY", "bench");
        Ok(command)
    }

    fn has_metrics(&self) -> bool {
        true
    }
}
