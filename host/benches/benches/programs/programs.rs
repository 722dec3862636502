//! Our program and Bento's, run as whole processes.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use forebay_lifecycle::clock;

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
    /// Runs a pipeline to its end; how long that takes, and how much time of processors, all threads together.
    pub(crate) fn run(&self, pipeline: &Path) -> (Duration, Duration) {
        let (before, begun) = (cpu_of_children(), clock::now());
        let status = Command::new(&self.path)
            .arg("run")
            .args(self.arguments)
            .arg(pipeline)
            .env("GOMAXPROCS", "1")
            .env("FOREBAY_HTTP_ADDRESS", "off")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "{} failed on {}", self.path.display(), pipeline.display());
        (begun.elapsed(), cpu_of_children() - before)
    }
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
