//! PostgreSQL servers for tests: each in a temporary folder and on a port of its own, which may be killed, paused,
//! copied and promoted. A server ends, and its folder goes, when its [`Server`] is dropped or the process of the test
//! ends in any way.
//!
//! They do not sync to disk, unless they are told to: what a test is about is rarely a power failure.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use forebay_lifecycle::chance;

/// How often a server is started that was killed a moment ago. Each takes some hundredths of a second.
const ATTEMPTS: usize = 50;

/// Where Debian has the programs of each version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// Starts the server, says when it is ready, and ends it when nobody is there to hear of it any more. `keep` leaves the
/// folder.
const WATCHMAN: &str = r#"
trap "" INT TERM
folder=$1; port=$2; ready=$3; shift 3
"$@" >"$folder/log" 2>&1 </dev/null & server=$!
until "$ready" -q -h 127.0.0.1 -p "$port"; do
    kill -0 $server 2>/dev/null || { cat "$folder/log"; exit 1; }
    sleep 0.02
done
echo "READY $server"
read -r word
kill -QUIT $server 2>/dev/null
wait $server
[ "$word" = keep ] || rm -rf "$folder"
"#;

/// A server, running or not.
#[derive(Debug)]
pub struct Server {
    folder: PathBuf,
    port: u16,
    settings: Vec<String>,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    watchman: Child,
    pid: u32,
}

impl Server {
    /// A new one, which does not sync.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, or does not start.
    pub fn start() -> Result<Self> {
        Self::start_with(&["fsync=off", "synchronous_commit=on", "full_page_writes=off"])
    }

    /// A new one, with settings of `postgresql.conf`.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, or does not start.
    pub fn start_with(settings: &[&str]) -> Result<Self> {
        Self::start_with_files(settings, &[])
    }

    /// A new one, with settings, and with files in its folder of data, which nobody else may read.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, or does not start.
    pub fn start_with_files(settings: &[&str], files: &[(&str, &str)]) -> Result<Self> {
        let folder = new_folder()?;
        let initdb = run_as_owner(&program("initdb")?)
            .args(["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C"])
            .arg("-D")
            .arg(folder.join("data"))
            .output()
            .context("run initdb")?;
        ensure!(initdb.status.success(), "initdb: {}", String::from_utf8_lossy(&initdb.stderr));
        for (name, contents) in files {
            let path = folder.join("data").join(name);
            fs::write(&path, contents)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
            give_to_owner(&path)?;
        }
        let mut settings: Vec<String> = settings.iter().map(|setting| (*setting).to_owned()).collect();
        settings.extend(
            ["shared_buffers=64MB", "max_connections=150", "wal_level=replica", "max_wal_senders=4"]
                .map(ToOwned::to_owned),
        );
        let mut server = Self { folder, port: free_port()?, settings, running: None };
        server.start_again()?;
        Ok(server)
    }

    /// Starts one that is not running, on its old port.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_again(&mut self) -> Result<()> {
        for _ in 0..ATTEMPTS {
            match self.try_start() {
                // A process of the one that was killed has not come to its end yet.
                Err(error) if error.to_string().contains("still in use") => {}
                started => return started,
            }
        }
        self.try_start()
    }

    fn try_start(&mut self) -> Result<()> {
        let mut watchman = Command::new("bash");
        watchman.args(["-c", WATCHMAN, "watchman"]).arg(&self.folder).arg(self.port.to_string());
        watchman.arg(program("pg_isready")?).args(as_owner()).arg(program("postgres")?);
        watchman.arg("-D").arg(self.folder.join("data")).arg("-p").arg(self.port.to_string());
        watchman.arg("-k").arg(&self.folder).args(["-h", "127.0.0.1"]);
        for setting in &self.settings {
            watchman.arg("-c").arg(setting);
        }
        let mut watchman = watchman.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let out = watchman.stdout.take().context("the watchman has an output")?;
        let mut said = String::new();
        for line in BufReader::new(out).lines() {
            let line = line?;
            if let Some(pid) = line.strip_prefix("READY ") {
                self.running = Some(Running { pid: pid.parse()?, watchman });
                return Ok(());
            }
            said.push_str(&line);
            said.push('\n');
        }
        bail!("PostgreSQL did not start: {said}");
    }

    /// Where the database `postgres` of it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres?sslmode=disable", self.port)
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where a new schema is, with nothing in it.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn url_of_new_schema(&self) -> Result<String> {
        let schema = format!("s{:032x}", chance::bits());
        self.sql(&format!("CREATE SCHEMA {schema}"))?;
        Ok(format!("{}&options=-c%20search_path%3D{schema}", self.url()))
    }

    /// Runs SQL, and gives its output.
    ///
    /// # Errors
    /// When it fails.
    pub fn sql(&self, sql: &str) -> Result<String> {
        let output = Command::new(program("psql")?)
            .args(["-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-c", sql])
            .args(["-h", "127.0.0.1", "-U", "postgres", "-p"])
            .arg(self.port.to_string())
            .arg("postgres")
            .output()?;
        ensure!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Kills all processes of it, as `kill -9` does, or a machine that loses its power when it syncs.
    ///
    /// # Errors
    /// When it is not running.
    pub fn kill(&mut self) -> Result<()> {
        self.signal("KILL")?;
        self.end("keep")
    }

    /// Stops all processes of it where they are.
    ///
    /// # Errors
    /// When it is not running.
    pub fn pause(&self) -> Result<()> {
        self.signal("STOP")
    }

    /// Lets them go on.
    ///
    /// # Errors
    /// When it is not running.
    pub fn resume(&self) -> Result<()> {
        self.signal("CONT")
    }

    /// A copy that follows it and only reads, until it is promoted.
    ///
    /// # Errors
    /// When it can't be copied.
    pub fn standby(&self) -> Result<Self> {
        let folder = new_folder()?;
        let copy = run_as_owner(&program("pg_basebackup")?)
            .args(["-h", "127.0.0.1", "-U", "postgres", "--no-sync", "-c", "fast", "-R", "-p"])
            .arg(self.port.to_string())
            .arg("-D")
            .arg(folder.join("data"))
            .output()
            .context("run pg_basebackup")?;
        ensure!(copy.status.success(), "pg_basebackup: {}", String::from_utf8_lossy(&copy.stderr));
        let mut standby = Self { folder, port: free_port()?, settings: self.settings.clone(), running: None };
        standby.start_again()?;
        Ok(standby)
    }

    /// Commits are acknowledged only when standbys have them.
    ///
    /// # Errors
    /// When it can't be set.
    pub fn wait_for_standbys(&self) -> Result<()> {
        self.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")?;
        self.sql("SELECT pg_reload_conf()").map(drop)
    }

    /// Makes a standby one that writes.
    ///
    /// # Errors
    /// When it is none.
    pub fn promote(&self) -> Result<()> {
        // What it took over from the one that it followed must not make it wait for standbys of its own.
        self.sql("ALTER SYSTEM RESET synchronous_standby_names")?;
        self.sql("SELECT pg_reload_conf()")?;
        self.sql("SELECT pg_promote()").map(drop)
    }

    fn signal(&self, name: &str) -> Result<()> {
        let pid = self.running.as_ref().context("the server is not running")?.pid;
        // The first of them starts no more when it is stopped.
        let pids = std::iter::once(pid).chain(children(pid)?).map(|pid| pid.to_string());
        let kill = Command::new("kill").arg("-s").arg(name).arg(pid.to_string()).status()?;
        ensure!(kill.success(), "the server has ended by itself");
        // One of them may have come to its end.
        Command::new("kill").arg("-s").arg(name).args(pids.skip(1)).stderr(Stdio::null()).status()?;
        Ok(())
    }

    fn end(&mut self, word: &str) -> Result<()> {
        let Some(Running { mut watchman, .. }) = self.running.take() else { return Ok(()) };
        if let Some(mut tell) = watchman.stdin.take() {
            // Who does not hear it has ended.
            let _ = writeln!(tell, "{word}");
        }
        watchman.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A server that is paused does not end.
        let _ = self.resume();
        let _ = self.end("remove");
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A program of PostgreSQL: of Debian's newest version, or the one that is found by its name.
fn program(name: &str) -> Result<PathBuf> {
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().filter_map(Result::ok);
    let version = |path: &Path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let mut newest: Vec<_> =
        versions.map(|entry| entry.path()).filter(|path| version(path).is_some()).collect();
    newest.sort_by_key(|path| version(path));
    let of_debian = newest.iter().rev().map(|path| path.join("bin").join(name)).find(|path| path.exists());
    if let Some(path) = of_debian {
        return Ok(path);
    }
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).map(|folder| folder.join(name)).find(|path| path.exists());
    found.with_context(|| format!("{name} of PostgreSQL is missing: run `cargo xtask setup`"))
}

/// What runs a command as somebody whom PostgreSQL accepts: it does not run as root.
fn as_owner() -> Vec<&'static str> {
    if is_root() {
        vec!["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    } else {
        Vec::new()
    }
}

fn run_as_owner(program: &Path) -> Command {
    let prefix = as_owner();
    let mut command = match prefix.split_first() {
        Some((first, rest)) => {
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        }
        None => Command::new(program),
    };
    command.current_dir("/");
    command
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn new_folder() -> Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("forebay-pg-{:032x}", chance::bits()));
    fs::create_dir_all(&folder)?;
    give_to_owner(&folder)?;
    Ok(folder)
}

fn give_to_owner(path: &Path) -> Result<()> {
    if is_root() {
        let status = Command::new("chown").arg("postgres").arg(path).status()?;
        ensure!(status.success(), "there is no user postgres: run `cargo xtask setup`");
    }
    Ok(())
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// The processes that a process has started.
fn children(parent: u32) -> Result<Vec<u32>> {
    let mut children = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // One that has ended since is no longer one.
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        let fields = stat.rsplit(") ").next().unwrap_or_default();
        if fields.split(' ').nth(1).and_then(|field| field.parse().ok()) == Some(parent) {
            children.push(pid);
        }
    }
    Ok(children)
}
