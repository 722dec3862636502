//! Whole processes: how fast is a start, and how fast is the example?

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a bench"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use forebay_lifecycle::clock;

const RUNS: usize = 5;

fn main() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    start(&workspace);
    example(&workspace);
}

/// From the start of the process to the end of a pipeline of one message.
fn start(workspace: &Path) {
    let text = std::fs::read_to_string(workspace.join("examples/generate/pipeline.yaml")).unwrap();
    let pipeline = scratch("start.yaml", &text.replace("count: 200", "count: 1"));
    let mut runs: Vec<f64> =
        (0..=RUNS * 4).map(|_| run(workspace, &pipeline).0.as_secs_f64() * 1e3).collect();
    // The first start reads the program from the disk.
    runs.remove(0);
    runs.sort_by(f64::total_cmp);
    println!(
        "start to end with all default plugins and one message: {:.0} ms, median of {} (aim: 200)",
        runs[runs.len() / 2],
        runs.len()
    );
}

/// The example, with one thread and with two.
fn example(workspace: &Path) {
    let input = workspace.join("target/example/events.ndjson");
    let bytes = std::fs::metadata(&input)
        .unwrap_or_else(|_| panic!("{}: run cargo xtask playground first", input.display()))
        .len() as f64;
    let text = std::fs::read_to_string(workspace.join("examples/file-to-file/pipeline.yaml")).unwrap();
    let plain = text.split("  processors:").next().unwrap().to_owned()
        + "  processors: []\n\noutput:"
        + text.split("output:").nth(1).unwrap();
    println!("file to file, {:.0} MiB, median of {RUNS}", bytes / f64::from(1 << 20));
    for (title, text) in [("two mappings", &text), ("no processors", &plain)] {
        for threads in [1, 2] {
            let threads_field = format!("threads: {threads}");
            let output = scratch("out.ndjson", "");
            let text = text
                .replace("threads: 1", &threads_field)
                .replace("target/example/out.ndjson", output.to_str().unwrap());
            let pipeline = scratch("example.yaml", &text);
            let mut runs: Vec<(Duration, Duration)> = (0..RUNS)
                .map(|_| {
                    std::fs::remove_file(&output).unwrap();
                    run(workspace, &pipeline)
                })
                .collect();
            runs.sort();
            let (wall, cpu) = runs[RUNS / 2];
            let megabytes = bytes / 1e6 / wall.as_secs_f64();
            let per_gibibyte = cpu.as_secs_f64() * f64::from(1 << 30) / bytes;
            println!(
                "  {title:<14} {threads} thread(s): {megabytes:>6.1} MB/s {per_gibibyte:>7.1} CPU s per GiB"
            );
            std::fs::remove_file(&output).unwrap();
        }
    }
}

/// Runs a pipeline to its end; its time, and its time on all processors.
fn run(workspace: &Path, pipeline: &Path) -> (Duration, Duration) {
    let before = processors();
    let start = clock::now();
    let status = Command::new(env!("CARGO_BIN_EXE_forebay"))
        .arg("run")
        .arg(pipeline)
        .env("FOREBAY_HTTP_ADDRESS", "off")
        .current_dir(workspace)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    (clock::now() - start, processors() - before)
}

/// The processor time of all children that have ended (Linux counts it in hundredths of a second).
fn processors() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[13].parse::<u64>().unwrap() + fields[14].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

fn scratch(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("forebay-bench-{}-{name}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}
