//! An agent in a process of its own. What the two processes say to each other are lines: the agent says `LISTENING
//! address` and, when it stands still at a point, `AT point`; it is told `go`, and ends when nobody can tell it anything.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use async_trait::async_trait;
use forebay_lifecycle::Workers;
use forebay_storage_metadata::WallClock;
use forebay_storage_metadata_postgres::PostgresMetadataStore;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Semaphore;

use crate::ground::{Ground, settings};
use crate::hook::{Hook, Point, Step};

/// How long an agent may take to start.
const START: Duration = Duration::from_secs(30);

/// The variable by which the process is told where its metadata is.
const METADATA_URL: &str = "FOREBAY_LOAD_METADATA_URL";

/// How an agent is started.
#[derive(Debug, Clone)]
pub struct AgentOptions {
    /// The program: that of this package, `forebay-load-agent`.
    pub program: PathBuf,
    /// Where its bucket and its metadata are.
    pub folder: PathBuf,
    /// Where it stands still, and at which coming there, from 0 on.
    pub at: Option<(Point, usize)>,
    /// How old objects are that are deleted when they are not committed.
    pub orphan_grace: Duration,
    /// How long its files may get, in KiB.
    pub most_file_kib: Option<u64>,
    /// Where its metadata is instead, in PostgreSQL. Then it waits for others as agents do that nobody has told otherwise.
    pub metadata_url: Option<String>,
}

/// An agent as the process that started it sees it. It is killed when this is dropped.
#[derive(Debug)]
pub struct Agent {
    child: Child,
    pid: u32,
    tell: ChildStdin,
    told: Lines<BufReader<ChildStdout>>,
    pub address: SocketAddr,
}

impl AgentOptions {
    #[must_use]
    pub fn new(program: impl Into<PathBuf>, folder: &Path) -> Self {
        Self {
            program: program.into(),
            folder: folder.to_owned(),
            at: None,
            orphan_grace: Duration::from_secs(2),
            most_file_kib: None,
            metadata_url: None,
        }
    }

    fn command(&self) -> Command {
        let mut command = match self.most_file_kib {
            Some(kib) => {
                // Writes beyond the limit then fail, instead of ending the process.
                let script = r#"trap "" XFSZ; ulimit -S -f "$0"; exec "$@""#;
                let mut shell = Command::new("bash");
                shell.arg("-c").arg(script).arg(kib.to_string()).arg(&self.program);
                shell
            }
            None => Command::new(&self.program),
        };
        command.arg(&self.folder).arg(self.orphan_grace.as_millis().to_string());
        if let Some((point, nth)) = self.at {
            command.arg(point.name()).arg(nth.to_string());
        }
        if let Some(url) = &self.metadata_url {
            command.env(METADATA_URL, url);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        command
    }
}

impl Agent {
    /// Starts one, and waits until it listens.
    ///
    /// # Errors
    /// When it does not come to that.
    pub async fn start(options: &AgentOptions) -> anyhow::Result<Self> {
        let mut child = options.command().spawn().context("start the agent")?;
        let pid = child.id().context("the agent has a process")?;
        let tell = child.stdin.take().context("its standard input")?;
        let told = child.stdout.take().context("its standard output")?;
        let mut told = BufReader::new(told).lines();
        let line = tokio::time::timeout(START, told.next_line()).await.context("the agent is slow")??;
        let line = line.context("the agent ended")?;
        let address =
            line.strip_prefix("LISTENING ").with_context(|| format!("it says `{line}`"))?.parse()?;
        Ok(Self { child, pid, tell, told, address })
    }

    /// Waits until it stands still at its point.
    ///
    /// # Errors
    /// When it ends before.
    pub async fn reached(&mut self) -> anyhow::Result<()> {
        let line = self.told.next_line().await?.context("the agent ended")?;
        ensure!(line.starts_with("AT "), "the agent says `{line}`");
        Ok(())
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When it has ended.
    pub async fn go(&mut self) -> anyhow::Result<()> {
        Ok(self.tell.write_all(b"go\n").await?)
    }

    /// Sends a signal by its name.
    ///
    /// # Errors
    /// When it can't be sent.
    pub async fn signal(&self, name: &str) -> anyhow::Result<()> {
        self.run(&["kill", "-s", name]).await
    }

    /// Its files may be as long as they like from now on.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub async fn lift_file_limit(&self) -> anyhow::Result<()> {
        self.run(&["prlimit", "--fsize=unlimited", "--pid"]).await
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

    /// How much memory it has now, and how much it had at most.
    ///
    /// # Errors
    /// When it has ended.
    pub fn memory(&self) -> anyhow::Result<(u64, u64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let bytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
            kib.map(|kib| kib << 10).with_context(|| format!("/proc has no {name}"))
        };
        Ok((bytes("VmRSS:")?, bytes("VmHWM:")?))
    }

    /// Runs a command whose last argument is the process.
    async fn run(&self, command: &[&str]) -> anyhow::Result<()> {
        let (program, arguments) = command.split_first().context("a command")?;
        let status = Command::new(program).args(arguments).arg(self.pid.to_string()).status().await?;
        ensure!(status.success(), "{program} failed: {status}");
        Ok(())
    }
}

/// The other side: the process itself, until its standard input ends.
///
/// # Errors
/// When it does not start.
pub fn serve(arguments: impl IntoIterator<Item = String>) -> anyhow::Result<()> {
    let mut arguments = arguments.into_iter();
    let folder = PathBuf::from(arguments.next().context("the folder is missing")?);
    let grace = Duration::from_millis(arguments.next().context("the grace is missing")?.parse()?);
    let at = match (arguments.next(), arguments.next()) {
        (Some(point), Some(nth)) => Some((point.parse::<Point>()?, nth.parse::<usize>()?)),
        _ => None,
    };
    std::fs::create_dir_all(&folder)?;
    let workers = Workers::start("agent", 2)?;
    workers.block_on(async {
        let mut settings = settings(grace);
        let ground = match std::env::var(METADATA_URL) {
            Ok(url) => {
                settings.writer.batch_timeout = Duration::from_millis(250);
                let metadata = PostgresMetadataStore::open(url.parse()?).await?;
                Ground::over(&folder, Arc::new(metadata))?
            }
            Err(_) => Ground::in_folder(&folder, Arc::new(WallClock))?,
        };
        let released = Arc::new(Semaphore::new(0));
        let hook = Announced { at, passed: AtomicUsize::new(0), released: Arc::clone(&released) };
        let node = ground.start(Arc::new(hook), settings, workers.spawner()).await?;
        say(&format!("LISTENING {}", node.kafka_address().context("it has a port")?))?;
        let listening = tokio::task::spawn_blocking(move || {
            let lines = std::io::stdin().lines();
            lines.map_while(Result::ok).for_each(|_| released.add_permits(1));
        });
        listening.await?;
        Ok(())
    })
}

/// Says where it stands, and stands there until it is told to go.
#[derive(Debug)]
struct Announced {
    at: Option<(Point, usize)>,
    passed: AtomicUsize,
    released: Arc<Semaphore>,
}

#[async_trait]
impl Hook for Announced {
    async fn at(&self, point: Point) -> Step {
        if let Some((at, nth)) = self.at
            && point == at
            && self.passed.fetch_add(1, Ordering::SeqCst) == nth
        {
            // Who does not hear it will not tell it to go either.
            let _ = say(&format!("AT {}", point.name()));
            if let Ok(permit) = self.released.acquire().await {
                permit.forget();
            }
        }
        Step::GoOn
    }
}

fn say(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes())?;
    out.flush()
}
