//! What do a Parquet file of many events, and reading it again, cost, beside Bento and beside the library alone?
//!
//! Whole processes: from a file of lines of JSON into one Parquet file with zstd, and back from that into nothing. Ours
//! writes the file while it is made, which takes a batching policy at the output; Bento's output `file` has none, so that it
//! collects at the input. The floor is the same work natively: lines, serde_json, the crate that the plugin has inside.
//!
//! Rows are read twice: into nothing, for which Bento never makes JSON of them, and into lines. Options are the numbers of
//! events to do it with (`cargo xtask bench parquet 100000`); figures stand in `README.md`.

#![expect(clippy::print_stdout, clippy::unwrap_used, clippy::cast_precision_loss, reason = "a bench")]

#[path = "parquet/floor.rs"]
mod floor;
#[path = "programs/programs.rs"]
mod programs;

use std::fmt::Write as _;
use std::path::Path;

use programs::{Program, Took, programs, scratch};

const EVENTS: [usize; 2] = [100_000, 500_000];

/// Of each event; the last field fills it up to 1 KiB.
const SCHEMA: &str = "[{name: id, type: INT64}, {name: user, type: UTF8}, {name: kind, type: UTF8}, \
                      {name: price, type: DOUBLE}, {name: at, type: INT64}, {name: ok, type: BOOLEAN}, \
                      {name: note, type: UTF8}]";

fn main() {
    let programs = programs();
    println!("events of 1 KiB; of each run: rows per second, CPU s per 10^6 rows, MiB resident at most\n");
    print!("{:<26}", "work");
    for Program { title, .. } in &programs {
        print!("{title:>32}");
    }
    println!("{:>32}", "the library alone");
    let options: Vec<usize> = std::env::args().filter_map(|option| option.parse().ok()).collect();
    for count in if options.is_empty() { EVENTS.to_vec() } else { options } {
        let lines = scratch("events.jsonl", &events(count));
        let out = scratch("events.parquet", "");
        print!("{:<26}", format!("encode {count}"));
        for program in &programs {
            std::fs::write(&out, "").unwrap();
            let pipeline = scratch("encode.yaml", &encoding(program, &lines, &out, count));
            report(count, program.run(&pipeline));
            std::fs::remove_file(pipeline).unwrap();
        }
        let floor = scratch("floor.parquet", "");
        report(count, floor::encode(&lines, &floor));
        let decoded = scratch("decoded.jsonl", "");
        let into_lines = format!("file: {{path: {}, codec: lines}}", decoded.display());
        for (what, output) in [("decode", "drop: {}"), ("decode to lines", into_lines.as_str())] {
            print!("\n{:<26}", format!("{what} {count}"));
            for program in &programs {
                std::fs::write(&decoded, "").unwrap();
                // Of the library's file, so that all read the same.
                let input = format!("parquet: {{paths: [{}], batch_count: 1000}}", floor.display());
                let text = format!("input: {{{input}}}\npipeline: {{threads: 1}}\noutput: {{{output}}}\n");
                let pipeline = scratch("decode.yaml", &text);
                report(count, program.run(&pipeline));
                std::fs::remove_file(pipeline).unwrap();
            }
            report(count, floor::decode(&floor));
        }
        println!();
        for file in [lines, out, floor, decoded] {
            std::fs::remove_file(file).unwrap();
        }
    }
}

fn report(count: usize, Took { wall, cpu, peak }: Took) {
    let rate = count as f64 / wall.as_secs_f64();
    let cpu = cpu.as_secs_f64() * 1e6 / count as f64;
    print!("{:>32}", format!("{rate:.0}, {cpu:.2}, {}", peak >> 20));
}

fn encoding(program: &Program, lines: &Path, out: &Path, count: usize) -> String {
    let input = format!("file: {{paths: [{}], scanner: {{lines: {{}}}}}}", lines.display());
    let encode = format!("parquet_encode: {{schema: {SCHEMA}, default_compression: zstd}}");
    let file = format!("path: {}, codec: all-bytes", out.display());
    if program.title == "Bento" {
        let input = format!("broker: {{inputs: [{{{input}}}], batching: {{count: {count}}}}}");
        return format!(
            "input: {{{input}}}\npipeline: {{threads: 1, processors: [{{{encode}}}]}}\noutput: {{file: {{{file}}}}}\n"
        );
    }
    let batching = format!("batching: {{count: {count}, processors: [{{{encode}}}]}}");
    format!("input: {{{input}}}\npipeline: {{threads: 1}}\noutput: {{file: {{{file}, {batching}}}}}\n")
}

/// Lines of events; each note is words in another order, so that it compresses as text does.
fn events(count: usize) -> String {
    const WORDS: [&str; 16] = [
        "river", "lamp", "turbine", "object", "stone", "record", "winter", "offset", "garden", "commit",
        "paper", "bucket", "morning", "segment", "copper", "window",
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut text = String::with_capacity(count * 1030);
    for id in 0..count {
        let start = text.len();
        let (user, kind, price) = (next() % 50_000, WORDS[(next() % 8) as usize], next() % 100_000);
        let at = 1_700_000_000_000 + id as u64 * 13;
        let ok = next() % 10 > 0;
        write!(
            text,
            r#"{{"id":{id},"user":"user-{user}","kind":"{kind}","price":{price}.25,"at":{at},"ok":{ok},"note":""#
        )
        .unwrap();
        while text.len() - start < 1010 {
            let mut bits = next();
            for _ in 0..4 {
                text.push_str(WORDS[(bits & 15) as usize]);
                write!(text, "{} ", bits >> 58).unwrap();
                bits >>= 4;
            }
        }
        text.push_str("\"}\n");
    }
    text
}
