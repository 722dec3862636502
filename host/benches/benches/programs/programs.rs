//! Our program and Bento's, run as whole processes.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use forebay_lifecycle::clock;

/// What a run took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Took {
    pub(crate) wall: Duration,
    /// Of all threads together.
    pub(crate) cpu: Duration,
    /// Bytes that were resident at most, as of the last look, some milliseconds before the end.
    pub(crate) peak: u64,
}

impl fmt::Display for Took {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wall, cpu, peak } = self;
        write!(f, "{:.2} s, {:.2} s of processors, {} MiB", wall.as_secs_f64(), cpu.as_secs_f64(), peak >> 20)
    }
}

pub(crate) struct Program {
    pub(crate) title: &'static str,
    path: PathBuf,
    /// Between `run` and the file.
    arguments: &'static [&'static str],
}

/// Our program, and Bento's where there is one.
pub(crate) fn programs() -> Vec<Program> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/release/forebay");
    assert!(path.exists(), "{}: run cargo xtask build first", path.display());
    let mut programs = vec![Program { title: "Forebay", path, arguments: &[] }];
    match std::env::var_os("BENTO_BIN") {
        // It would listen on every address.
        Some(bento) => programs.push(Program {
            title: "Bento",
            path: bento.into(),
            arguments: &["--set", "http.enabled=false"],
        }),
        None => println!("BENTO_BIN is not set: no figures of Bento"),
    }
    programs
}

impl Program {
    /// Runs a pipeline to its end.
    pub(crate) fn run(&self, pipeline: &Path) -> Took {
        let (before, begun) = (cpu_of_children(), clock::now());
        let mut process = Command::new(&self.path)
            .arg("run")
            .args(self.arguments)
            .arg(pipeline)
            .env("GOMAXPROCS", "1")
            .env("FOREBAY_HTTP_ADDRESS", "off")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut peak = 0;
        let status = loop {
            peak = peak.max(resident_peak(process.id()));
            match process.try_wait().unwrap() {
                Some(status) => break status,
                None => std::thread::park_timeout(Duration::from_millis(3)),
            }
        };
        assert!(status.success(), "{} failed on {}", self.path.display(), pipeline.display());
        Took { wall: begun.elapsed(), cpu: cpu_of_children() - before, peak }
    }
}

/// Bytes that were resident at most; none when the process has ended.
fn resident_peak(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().map_or(0, |kibibytes| kibibytes << 10)
}

/// The processor time of all children that have ended (Linux counts it in hundredths of a second).
fn cpu_of_children() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[13].parse::<u64>().unwrap() + fields[14].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

/// A file of this process among those that are for a while.
pub(crate) fn scratch(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("forebay-bench-{}-{name}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}
