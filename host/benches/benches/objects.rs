//! How fast are buckets read, and how much memory does a file take that is put while it is made, beside Bento?
//!
//! Whole processes, with a server of this process that has its objects by rule: nothing is read from a disk, and what is
//! put is thrown away. Small objects are read once from a server that answers at once, and once from one that takes 10
//! ms for each answer, as a store does that is not on this machine.
//!
//! `small`, `large` or `events` as an option runs that part alone.

#![expect(clippy::print_stdout, clippy::unwrap_used, clippy::cast_precision_loss, reason = "a bench")]

#[path = "programs/programs.rs"]
mod programs;
#[path = "objects/server.rs"]
#[expect(dead_code, reason = "another bench asks what was put")]
mod server;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use programs::{Program, Took, programs, scratch};
use server::{Bucket, Server};

/// Objects of 1 KiB.
const SMALL: usize = 10_000;
/// Objects of 100 MiB.
const LARGE: usize = 100;
/// Events of 1 KiB in one object. Bento collects all of them in memory, and gets no more than the first of these.
const EVENTS: [usize; 3] = [100_000, 250_000, 500_000];

const SCHEMA: &str = "[{name: id, type: INT64}, {name: user, type: UTF8}, {name: kind, type: UTF8}, \
                      {name: price, type: DOUBLE}, {name: note, type: UTF8}]";

fn main() {
    let only: Vec<String> = std::env::args().skip(1).filter(|option| !option.starts_with('-')).collect();
    let is_wanted = |part: &str| only.is_empty() || only.iter().any(|only| only == part);
    let programs = programs();
    let lines = Arc::new(lines());
    let bucket = |name, count, size, after| Bucket { name, count, size, bytes: Arc::clone(&lines), after };
    let mut buckets = vec![
        bucket("near", SMALL, 1 << 10, Duration::ZERO),
        bucket("far", SMALL, 1 << 10, Duration::from_millis(10)),
        bucket("large", LARGE, 100 << 20, Duration::ZERO),
    ];
    let names = ["events0", "events1", "events2"];
    for (name, count) in names.into_iter().zip(EVENTS) {
        buckets.push(bucket(name, 1, (count as u64) << 10, Duration::ZERO));
    }
    let server = Server::start(buckets);
    println!("of each run: per second, CPU s, MiB resident at most\n");
    print!("{:<40}", "work");
    for Program { title, .. } in &programs {
        print!("{title:>32}");
    }
    println!();
    if is_wanted("small") {
        for (bucket, what) in [("near", "at once"), ("far", "after 10 ms")] {
            print!("{:<40}", format!("{SMALL} objects of 1 KiB, {what}"));
            for program in &programs {
                let took = read(program, &server, bucket, "to_the_end: {}");
                report(took, SMALL as f64, "objects");
            }
            println!();
        }
    }
    if is_wanted("large") {
        print!("{:<40}", format!("{LARGE} objects of 100 MiB, in lines"));
        for program in &programs {
            report(read(program, &server, "large", "lines: {}"), (LARGE * 100) as f64, "MiB");
        }
        println!();
    }
    if is_wanted("events") {
        for (bucket, count) in names.into_iter().zip(EVENTS) {
            print!("{:<40}", format!("{count} events into one Parquet file"));
            for program in &programs {
                if program.title == "Bento" && count > EVENTS[0] {
                    print!("{:>32}", "-");
                } else {
                    report(encode(program, &server, bucket, count), count as f64, "rows");
                }
            }
            println!();
        }
    }
}

fn report(Took { wall, cpu, peak }: Took, count: f64, unit: &str) {
    let rate = count / wall.as_secs_f64();
    print!("{:>32}", format!("{rate:.0} {unit}, {:.2}, {}", cpu.as_secs_f64(), peak >> 20));
}

/// Reads a bucket into nothing.
fn read(program: &Program, server: &Server, bucket: &str, scanner: &str) -> Took {
    let fields = server.fields();
    run(
        program,
        &format!(
            "input: {{aws_s3: {{bucket: {bucket}, scanner: {{{scanner}}}, {fields}}}}}\n\
             pipeline: {{threads: 1}}\noutput: {{drop: {{}}}}\n"
        ),
    )
}

/// Makes one Parquet file of the lines of an object.
fn encode(program: &Program, server: &Server, bucket: &str, count: usize) -> Took {
    let fields = server.fields();
    let encode = format!("parquet_encode: {{schema: {SCHEMA}, default_compression: zstd}}");
    run(
        program,
        &format!(
            "input: {{aws_s3: {{bucket: {bucket}, scanner: {{lines: {{}}}}, {fields}}}}}\n\
             pipeline: {{threads: 1}}\n\
             output: {{aws_s3: {{bucket: out, path: events.parquet, timeout: 300s, {fields}, \
             batching: {{count: {count}, processors: [{{{encode}}}]}}}}}}\n"
        ),
    )
}

fn run(program: &Program, text: &str) -> Took {
    let pipeline = scratch("objects.yaml", text);
    let took = program.run(&pipeline);
    std::fs::remove_file(pipeline).unwrap();
    took
}

/// Events of 1 KiB each, one a line; 4 MiB of them.
fn lines() -> Vec<u8> {
    const WORDS: [&str; 8] = ["river", "lamp", "turbine", "object", "stone", "record", "winter", "offset"];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut text = String::with_capacity(4 << 20);
    for id in 0..4096_usize {
        let start = text.len();
        let (user, kind, price) = (next() % 50_000, WORDS[(next() % 8) as usize], next() % 100_000);
        write!(text, r#"{{"id":{id},"user":"user-{user}","kind":"{kind}","price":{price}.25,"note":""#)
            .unwrap();
        while text.len() - start < 1021 {
            let bits = next();
            write!(text, "{} {} ", WORDS[(bits & 7) as usize], bits >> 50).unwrap();
        }
        text.truncate(start + 1021);
        text.push_str("\"}\n");
    }
    text.into_bytes()
}
