//! How fast are pipelines that do little with a message, beside Bento?
//!
//! Whole processes with one and the same configuration. Bento runs with one thread of Go's when `BENTO_BIN` names its
//! program, and so do the processors here. A word on the command line picks the pipelines whose names have it:
//! `cargo xtask bench engine generate`.

#![expect(clippy::print_stdout, clippy::unwrap_used, clippy::cast_precision_loss, reason = "a bench")]

#[path = "programs/programs.rs"]
mod programs;

use std::path::Path;

use programs::{Program, Took, programs, scratch};

const RUNS: usize = 3;
const MESSAGES: usize = 1_000_000;
const LINE: &str = r#"{"id":1,"name":"a message of the bench","level":"info","tags":["a","b"],"value":12.5}"#;

fn main() {
    let programs = programs();
    println!("{MESSAGES} messages of {} bytes, best of {RUNS} runs\n", LINE.len());
    print!("{:<34}", "pipeline");
    for Program { title, .. } in &programs {
        print!("{:>34}", format!("{title}: messages/s, CPU s per 10^6"));
    }
    println!("{:>24}", if programs.len() > 1 { "ratio of each" } else { "" });
    let lines = scratch("lines.txt", &format!("{LINE}\n").repeat(MESSAGES));
    let out = scratch("out.txt", "");
    let file = format!("file: {{paths: [{}], scanner: {{lines: {{}}}}}}", lines.display());
    let generate =
        format!("generate: {{count: {MESSAGES}, interval: '', batch_size: 100, mapping: 'root = {LINE}'}}");
    let cases = [
        ("generate to drop", generate.as_str(), chain(0), "drop: {}".to_owned()),
        ("file to file", &file, chain(0), format!("file: {{path: {}, codec: lines}}", out.display())),
        ("file, 10 processors, drop", &file, chain(10), "drop: {}".to_owned()),
        ("file to a broker of 5", &file, chain(0), broker(5)),
        ("file, 50 processors, broker of 10", &file, chain(50), broker(10)),
    ];
    // What cargo says itself begins with a dash.
    let wanted = std::env::args().skip(1).find(|word| !word.starts_with('-')).unwrap_or_default();
    for (name, input, processors, output) in cases.into_iter().filter(|case| case.0.contains(&wanted)) {
        let text = format!(
            "input:\n  {input}\npipeline:\n  threads: 1\n  processors: [{processors}]\noutput:\n  {output}\n"
        );
        let pipeline = scratch("pipeline.yaml", &text);
        print!("{name:<34}");
        let took: Vec<Took> = programs.iter().map(|program| best(program, &pipeline, &out)).collect();
        for Took { wall, cpu, .. } in &took {
            let rate = MESSAGES as f64 / wall.as_secs_f64();
            print!("{:>34}", format!("{rate:.0}, {:.2}", cpu.as_secs_f64() * 1e6 / MESSAGES as f64));
        }
        if let [ours, theirs] = took.as_slice() {
            let wall = theirs.wall.as_secs_f64() / ours.wall.as_secs_f64();
            let cpu = theirs.cpu.as_secs_f64() / ours.cpu.as_secs_f64();
            print!("{:>24}", format!("{wall:.1}, {cpu:.1}"));
        }
        println!();
        std::fs::remove_file(pipeline).unwrap();
    }
    std::fs::remove_file(lines).unwrap();
    std::fs::remove_file(out).unwrap();
}

/// So many processors of the host that look at nothing.
fn chain(length: usize) -> String {
    vec!["{bounds_check: {}}"; length].join(", ")
}

fn broker(outputs: usize) -> String {
    format!("broker: {{outputs: [{}]}}", vec!["{drop: {}}"; outputs].join(", "))
}

/// The best figures of some runs.
fn best(program: &Program, pipeline: &Path, out: &Path) -> Took {
    let runs = (0..RUNS).map(|_| {
        std::fs::write(out, "").unwrap();
        program.run(pipeline)
    });
    let better =
        |a: Took, b: Took| Took { wall: a.wall.min(b.wall), cpu: a.cpu.min(b.cpu), peak: a.peak.max(b.peak) };
    runs.reduce(better).unwrap()
}
