use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

/// How long it may take to start.
const START: Duration = Duration::from_secs(30);

/// `forebay agent`, the program as users have it: told by flags alone, over a bucket and metadata in a folder. It is killed
/// when this is dropped.
#[derive(Debug)]
pub struct Shipped {
    child: Child,
    /// What it says; it may go on saying things.
    _said: Lines<BufReader<ChildStderr>>,
    pub address: SocketAddr,
}

impl Shipped {
    /// The program: what `FOREBAY_LOAD_PROGRAM` names, or that of the release profile in the folder that `beside` was
    /// built in, which is a program of another profile. None where neither was built.
    #[must_use]
    pub fn program(beside: &Path) -> Option<PathBuf> {
        let named = std::env::var_os("FOREBAY_LOAD_PROGRAM").map(PathBuf::from);
        let built = beside.parent().and_then(Path::parent).map(|target| target.join("release/forebay"));
        named.or(built).filter(|program| program.is_file())
    }

    /// Starts it, and waits until it says that it is ready.
    ///
    /// # Errors
    /// When it does not come to that.
    pub async fn start(program: &Path, folder: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new(program)
            .arg("agent")
            .arg("-bucketURL")
            .arg(format!("file://{}", folder.join("bucket").display()))
            .arg("-metadataURL")
            .arg(format!("sqlite://{}", folder.join("metadata.db").display()))
            .args([
                "-kafkaPort",
                "0",
                "-httpPort",
                "off",
                "-listenAddress",
                "127.0.0.1",
                "-batchTimeout",
                "25ms",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {}", program.display()))?;
        let mut lines = BufReader::new(child.stderr.take().context("its standard error")?).lines();
        let ready = async {
            while let Some(line) = lines.next_line().await? {
                let address = line.split(' ').find_map(|field| field.strip_prefix("kafka="));
                if let Some(address) = address {
                    return Ok(address.parse::<SocketAddr>()?);
                }
            }
            bail!("the agent ended before it was ready")
        };
        let address = tokio::time::timeout(START, ready).await.context("the agent is slow")??;
        Ok(Self { child, _said: lines, address })
    }

    /// Kills it, as `kill -9` does, and waits until it is gone.
    ///
    /// # Errors
    /// When it had ended by itself.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("the agent has ended by itself: {status}");
        }
        Ok(self.child.kill().await?)
    }
}
