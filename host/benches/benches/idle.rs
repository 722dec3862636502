//! What memory do 1,000 pipelines without traffic take, beside Bento?
//!
//! Each is a `generate` that waits, a mapping and a `drop`, all in one process in streams mode. Two figures: the
//! resident set, in which a page counts as often as it is mapped, and the proportional one, in which it counts once.
//! Instances of a plugin share most of their pages, so only the second one is what the machine has to have.

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
/// After that nothing is opened any more.
const REST: Duration = Duration::from_secs(2);

const PIPELINE: &str = "\
input: {generate: {interval: 1h, mapping: 'root.id = uuid_v4()'}}
pipeline: {threads: 1, processors: [{mapping: 'root.a = this.id'}]}
output: {drop: {}}
";

fn main() {
    let pipelines = std::env::var("IDLE_PIPELINES").ok().and_then(|count| count.parse().ok());
    let pipelines: usize = pipelines.unwrap_or(PIPELINES);
    let folder = folder(pipelines);
    println!("{pipelines} pipelines without traffic\n");
    println!("{:<12}{:>16}{:>20}{:>24}", "program", "resident, MiB", "proportional, MiB", "ready after, ms");
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/release/forebay");
    let bento = std::env::var_os("BENTO_BIN").map(PathBuf::from);
    for (title, program) in [("Forebay", Some(ours)), ("Bento", bento)] {
        let Some(program) = program else {
            println!("BENTO_BIN is not set: no figures of {title}");
            continue;
        };
        let (resident, proportional, ready) = measure(&program, &folder);
        println!("{title:<12}{resident:>16}{proportional:>20}{:>24}", ready.as_millis());
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// A folder with the configurations of so many.
fn folder(pipelines: usize) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("forebay-bench-idle-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for number in 0..pipelines {
        std::fs::write(folder.join(format!("p{number}.yaml")), PIPELINE).unwrap();
    }
    folder
}

/// MiB that a program takes when all its pipelines run, and how long it took until they did.
fn measure(program: &Path, folder: &Path) -> (u64, u64, Duration) {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let settings = folder.with_extension("settings.yaml");
    std::fs::write(&settings, format!("http: {{address: '{address}'}}\n")).unwrap();
    let begun = clock::now();
    let mut command = Command::new(program);
    command.arg("streams").arg("-o").arg(&settings).arg(folder);
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut process = quiet.spawn().unwrap();
    while !is_ready(address) {
        assert!(process.try_wait().unwrap().is_none(), "{} has ended", program.display());
        assert!(begun.elapsed() < PATIENCE, "{} is not ready", program.display());
        std::thread::park_timeout(Duration::from_millis(20));
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
    std::fs::remove_file(settings).unwrap();
    took
}

/// Whether a program says that all its pipelines are connected.
fn is_ready(address: SocketAddr) -> bool {
    let asked = TcpStream::connect(address).and_then(|mut stream| {
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.write_all(b"GET /ready HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    });
    asked.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}
