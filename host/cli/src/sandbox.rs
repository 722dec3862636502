//! What `playground` and `demo` share: an agent for this machine alone, in a folder that goes when it ends.

use std::io::{self, IsTerminal as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use forebay_lifecycle::{Workers, chance, clock};
use forebay_model::{Role, Roles};
use forebay_node::{Machine, NodeSettings, Stores};
use forebay_pipeline_operations::Since;

use crate::agent::{RunningAgent, Wanted};
use crate::args::Ports;
use crate::signals::Signals;

/// Between two lines of counts: rewritten on a terminal, and one below the other elsewhere.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(10)];
/// How long what is under way has in the end.
const PATIENCE: Duration = Duration::from_secs(10);
const CLEAR: &str = "\r\x1b[K";

/// This program, as whoever reads it can start it: it need not lie where shells look.
pub(crate) fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "forebay".to_owned())
}

/// A folder that is removed in the end.
#[derive(Debug)]
pub(crate) struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    /// Makes a new one.
    ///
    /// # Errors
    /// It can't be made.
    pub(crate) fn make(name: &str) -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("forebay-{name}-{:016x}", chance::number()));
        std::fs::create_dir_all(&path).with_context(|| format!("make the folder {}", path.display()))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Makes a folder in it.
    ///
    /// # Errors
    /// It can't be made.
    pub(crate) fn folder(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.0.join(name);
        std::fs::create_dir_all(&path).with_context(|| format!("make the folder {}", path.display()))?;
        Ok(path)
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // The system clears it some day where this does not.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An agent for this machine alone.
pub(crate) struct Sandbox {
    pub(crate) workers: Workers,
    pub(crate) machine: Machine,
    pub(crate) stores: Stores,
    pub(crate) settings: NodeSettings,
}

impl Sandbox {
    /// Opens the stores.
    ///
    /// # Errors
    /// One can't be opened.
    pub(crate) fn open(bucket: &str, metadata: &str, ports: &Ports) -> anyhow::Result<Self> {
        let machine = Machine::detect();
        let stores = Stores::open(bucket, metadata, std::env::vars())?;
        let at = |port| Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let settings = NodeSettings {
            roles: Roles::DEFAULT.iter().chain([Role::Pipelines]).collect(),
            kafka: at(ports.kafka),
            http: at(ports.http),
            advertised_host: Some("localhost".to_owned()),
            ..NodeSettings::for_machine(machine)
        };
        let workers = Workers::start("agent", machine.cores).context("start threads")?;
        Ok(Self { workers, machine, stores, settings })
    }

    /// Runs the agent until a signal comes, or the time is over. `welcome` is told where it listens, and then what it
    /// gives says how things are, again and again.
    ///
    /// # Errors
    /// The agent can't be started.
    pub(crate) fn run<S: Fn() -> String + Send + Sync>(
        self,
        wanted: Option<Wanted>,
        duration: Duration,
        welcome: impl FnOnce(&RunningAgent, Addresses) -> anyhow::Result<S>,
    ) -> anyhow::Result<ExitCode> {
        let Self { workers, machine: _, stores, settings } = self;
        workers.block_on(async {
            let mut signals = Signals::listen()?;
            let running = Box::pin(RunningAgent::start(settings, stores, wanted, &workers)).await?;
            let addresses = Addresses::of(&running)?;
            let status = welcome(&running, addresses)?;
            let start = clock::now();
            tokio::select! {
                () = signals.next() => {}
                () = running.failed() => {}
                () = tokio::time::sleep(duration) => print!("\nthe time is over"),
                () = tell(&status, start) => {}
            }
            println!("\n{}", line(&status, start));
            println!("stopping: what is under way is delivered; one more signal ends it at once");
            running.stop(PATIENCE, &mut signals).await
        })
    }
}

/// Where an agent listens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addresses {
    pub(crate) kafka: u16,
    pub(crate) http: u16,
}

impl Addresses {
    fn of(running: &RunningAgent) -> anyhow::Result<Self> {
        let node = running.node();
        let ports = node.kafka_address().zip(node.http_address());
        let (kafka, http) = ports.context("ask where the agent listens")?;
        Ok(Self { kafka: kafka.port(), http: http.port() })
    }
}

/// Says how things are, for ever.
async fn tell(status: &(impl Fn() -> String + Sync), start: Instant) {
    let is_terminal = io::stdout().is_terminal();
    let pause = PAUSES[usize::from(!is_terminal)];
    loop {
        tokio::time::sleep(pause).await;
        let line = line(status, start);
        let mut out = io::stdout().lock();
        let written = if is_terminal { write!(out, "{CLEAR}{line}") } else { writeln!(out, "{line}") };
        // Nothing can be done about a terminal that is gone.
        let _ = written.and_then(|()| out.flush());
    }
}

fn line(status: &impl Fn() -> String, start: Instant) -> String {
    let seconds = clock::now().saturating_duration_since(start).as_secs();
    format!("{:>8}  {}", Since::text(Duration::from_secs(seconds)), status())
}
