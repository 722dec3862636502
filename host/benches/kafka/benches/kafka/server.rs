use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use anyhow::{Context as _, bail};
use forebay_kafka_client::Connection;
use forebay_lifecycle::clock;

use crate::s3::S3;

/// How long a server may take to start, and to stop.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A kind of server that is measured.
pub(crate) trait Peer {
    fn title(&self) -> String;

    /// Starts what the server stores objects in, in `folder`.
    ///
    /// # Errors
    /// When it does not start.
    fn open_store(&self, folder: &Path) -> anyhow::Result<Option<S3>>;

    /// What starts the server in `folder`, on these ports. It finds there what the one before it has left.
    ///
    /// # Errors
    /// When the folder can't be made ready.
    fn command(&self, folder: &Path, store: Option<&S3>, ports: Ports) -> anyhow::Result<Command>;

    /// Whether it has metrics of requests to its object store.
    fn has_metrics(&self) -> bool;
}

/// Ports of loopback that nobody has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) kafka: u16,
    pub(crate) other: u16,
}

/// A process that serves.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) kafka: SocketAddr,
    pub(crate) http: SocketAddr,
}

impl Server {
    /// Starts it, and waits until it answers.
    ///
    /// # Errors
    /// When it does not come to that.
    pub(crate) async fn start(peer: &dyn Peer, folder: &Path, store: Option<&S3>) -> anyhow::Result<Self> {
        let free =
            [TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?, TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?];
        let [kafka, http] = [free[0].local_addr()?, free[1].local_addr()?];
        drop(free);
        let ports = Ports { kafka: kafka.port(), other: http.port() };
        let log = folder.join("server.log");
        let out = std::fs::File::options().create(true).append(true).open(&log)?;
        let mut command = peer.command(folder, store, ports)?;
        command.stdin(std::process::Stdio::null()).stdout(out.try_clone()?).stderr(out);
        let child = command.spawn().with_context(|| format!("start {}", peer.title()))?;
        let mut server = Self { child, kafka, http };
        let began = clock::now();
        loop {
            if let Some(status) = server.child.try_wait()? {
                let log = std::fs::read_to_string(&log).unwrap_or_default();
                bail!("{} has ended, {status}:\n{log}", peer.title());
            }
            if let Ok(mut connection) = Connection::open("127.0.0.1", kafka.port(), "bench").await
                && connection.cluster().await.is_ok_and(|cluster| !cluster.brokers.is_empty())
            {
                return Ok(server);
            }
            if began.elapsed() > PATIENCE {
                bail!("{} does not answer", peer.title());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// The time of processors that it has taken, all threads together, to a hundredth of a second.
    ///
    /// # Errors
    /// When it has ended.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        cpu_of(&self.process().to_string())
    }

    /// The number of its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// How many bytes of memory it has now.
    ///
    /// # Errors
    /// When it has ended.
    pub(crate) fn memory(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        kib.map(|kib| kib << 10).context("/proc has no VmRSS")
    }

    /// Tells it to stop, and waits until it has.
    ///
    /// # Errors
    /// When it does not.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        Command::new("kill").arg(self.process().to_string()).status()?;
        let began = clock::now();
        while self.child.try_wait()?.is_none() {
            if began.elapsed() > PATIENCE {
                bail!("the server does not stop");
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The time of processors that a process has taken; `self` is this one.
pub(crate) fn cpu_of(process: &str) -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11);
    let mut ticks =
        || fields.next().and_then(|field| field.parse::<u64>().ok()).context("/proc has no times");
    Ok(Duration::from_millis((ticks()? + ticks()?) * 10))
}
