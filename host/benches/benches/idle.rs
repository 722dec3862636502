//! What memory do processes take that have nothing to do, beside Bento?
//!
//! An agent, an agent that runs one pipeline, and 1,000 pipelines in one process in streams mode. Each pipeline is a
//! `generate` that waits, a mapping and a `drop`. Two figures: the resident set, in which a page counts as often as it is
//! mapped, and the proportional one, in which it counts once. Instances of a plugin share most of their pages, so only
//! the second one is what the machine has to have.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use forebay_lifecycle::clock;

/// How many pipelines, unless `IDLE_PIPELINES` says so.
const PIPELINES: usize = 1000;
/// Until all are running.
const PATIENCE: Duration = Duration::from_secs(300);
/// Between two questions whether a process is ready.
const LOOK: Duration = Duration::from_millis(2);
/// After that nothing is opened any more.
const REST: Duration = Duration::from_secs(2);

const PIPELINE: &str = "\
input: {generate: {interval: 1h, mapping: 'root.id = uuid_v4()'}}
pipeline: {threads: 1, processors: [{mapping: 'root.a = this.id'}]}
output: {drop: {}}
";

/// What a program does, and where it says that it is ready.
struct Case<'a> {
    title: &'a str,
    program: &'a Path,
    arguments: Vec<String>,
    address: SocketAddr,
    ready: &'static str,
}

fn main() {
    let pipelines = std::env::var("IDLE_PIPELINES").ok().and_then(|count| count.parse().ok());
    let pipelines: usize = pipelines.unwrap_or(PIPELINES);
    let (many, one) = (folder("many", pipelines), folder("one", 1));
    println!("{pipelines} pipelines without traffic, and agents\n");
    println!("{:<34}{:>16}{:>20}{:>24}", "process", "resident, MiB", "proportional, MiB", "ready after, ms");
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/release/forebay");
    let bento = std::env::var_os("BENTO_BIN").map(PathBuf::from);
    let agents = [("Forebay, an agent", None), ("Forebay, an agent with a pipeline", Some(one.as_path()))];
    for (title, pipelines) in agents {
        let address = free_address();
        let arguments = agent(address, pipelines);
        print(&Case { title, program: &ours, arguments, address, ready: "/v1/status" });
    }
    let programs = [("Forebay, many pipelines", Some(&ours)), ("Bento, many pipelines", bento.as_ref())];
    for (title, program) in programs {
        let Some(program) = program else {
            println!("BENTO_BIN is not set: no figures of Bento");
            continue;
        };
        let (address, settings) = (free_address(), many.with_extension("settings.yaml"));
        std::fs::write(&settings, format!("http: {{address: '{address}'}}\n")).unwrap();
        let paths = [&settings, &many].map(|path| path.display().to_string());
        let [settings_path, many_path] = paths;
        let arguments = vec!["-c".to_owned(), settings_path, "streams".to_owned(), many_path];
        print(&Case { title, program, arguments, address, ready: "/ready" });
        std::fs::remove_file(settings).unwrap();
    }
    for folder in [many, one] {
        std::fs::remove_dir_all(folder).unwrap();
    }
}

fn print(case: &Case<'_>) {
    let (resident, proportional, ready) = measure(case);
    println!("{:<34}{resident:>16}{proportional:>20}{:>24}", case.title, ready.as_millis());
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// The arguments of an agent with everything in memory.
fn agent(address: SocketAddr, pipelines: Option<&Path>) -> Vec<String> {
    let port = address.port().to_string();
    let store = ["agent", "-bucketURL", "mem://idle", "-metadataURL", "sqlite://:memory:"];
    let places = ["-listenAddress", "127.0.0.1", "-kafkaPort", "0", "-httpPort", &port];
    let mut arguments: Vec<String> = store.into_iter().chain(places).map(str::to_owned).collect();
    if let Some(folder) = pipelines {
        let folder = folder.display().to_string();
        arguments.extend(["-enableManagedPipelines".to_owned(), "-pipelinesDir".to_owned(), folder]);
    }
    arguments
}

/// A folder with the configurations of so many.
fn folder(name: &str, pipelines: usize) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("forebay-bench-idle-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for number in 0..pipelines {
        std::fs::write(folder.join(format!("p{number}.yaml")), PIPELINE).unwrap();
    }
    folder
}

/// MiB that a process takes when it is ready, and how long it took until it was.
fn measure(case: &Case<'_>) -> (u64, u64, Duration) {
    let Case { title, program, arguments, address, ready } = case;
    let begun = clock::now();
    let mut command = Command::new(program);
    let quiet = command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut process = quiet.spawn().unwrap();
    while !is_ready(*address, ready) {
        assert!(process.try_wait().unwrap().is_none(), "{title} has ended");
        assert!(begun.elapsed() < PATIENCE, "{title} is not ready");
        std::thread::park_timeout(LOOK);
    }
    let ready = begun.elapsed();
    let until = clock::now() + REST;
    while clock::now() < until {
        std::thread::park_timeout(Duration::from_millis(100));
    }
    let rollup = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", process.id())).unwrap();
    let mebibytes = |name: &str| {
        let line = rollup.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() >> 10
    };
    let took = (mebibytes("Rss:"), mebibytes("Pss:"), ready);
    process.kill().unwrap();
    process.wait().unwrap();
    took
}

/// Whether a process says at a path that it is ready.
fn is_ready(address: SocketAddr, path: &str) -> bool {
    let asked = TcpStream::connect(address).and_then(|mut stream| {
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    });
    asked.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}
