//! How many messages does a mapping get through per second of processor time, beside Bento?
//!
//! Whole processes with one and the same configuration: a file of lines, one mapping, the standard output.
//! A second run without the mapping tells what the mapping alone costs. Bento runs with one thread of Go's
//! when `BENTO_BIN` names its program.

#![expect(clippy::print_stdout, clippy::unwrap_used, clippy::cast_precision_loss, reason = "a bench")]

#[path = "../../../plugins/bloblang/language/benches/mappings/cases.rs"]
mod cases;
#[path = "../../../plugins/bloblang/language/benches/mappings/documents.rs"]
mod documents;
#[path = "programs/programs.rs"]
mod programs;

use std::path::{Path, PathBuf};

use forebay_bloblang::Form;
use programs::{Program, programs, scratch};

/// Sizes of documents in bytes, and how many of them are read.
const SIZES: [(usize, usize); 3] = [(200, 200_000), (1024, 100_000), (10_240, 20_000)];
const RUNS: usize = 3;

fn main() {
    let programs = programs();
    println!(
        "microseconds of processor time per message, least of {RUNS} runs; whole process (mapping alone)\n"
    );
    print!("{:<20}{:>6}", "mapping", "bytes");
    for Program { title, .. } in &programs {
        print!("{title:>20}");
    }
    println!("{:>20}", if programs.len() > 1 { "Bento / Forebay" } else { "" });
    let inputs: Vec<PathBuf> = SIZES.iter().map(|(size, messages)| input(*size, *messages)).collect();
    let bare: Vec<Vec<f64>> = (0..SIZES.len())
        .map(|size| {
            programs.iter().map(|program| cost(program, &inputs[size], SIZES[size].1, "[]")).collect()
        })
        .collect();
    for (name, form, mapping) in cases::CASES {
        for (index, (size, messages)) in SIZES.iter().enumerate() {
            print!("{name:<20}{size:>6}");
            let mut figures = Vec::new();
            for (of, program) in programs.iter().enumerate() {
                let whole = cost(program, &inputs[index], *messages, &processors_of(*form, mapping));
                let alone = whole - bare[index][of];
                print!("{:>20}", format!("{whole:.2} ({alone:.2})"));
                figures.push((whole, alone));
            }
            if let [ours, theirs] = figures.as_slice() {
                print!("{:>20}", format!("{:.1} ({:.1})", theirs.0 / ours.0, theirs.1 / ours.1));
            }
            println!();
        }
    }
    for input in inputs {
        std::fs::remove_file(input).unwrap();
    }
}

/// A list of one processor, in YAML.
fn processors_of(form: Form, source: &str) -> String {
    let name = match form {
        Form::Mapping => "mapping",
        Form::Mutation => "mutation",
    };
    // A JSON string is a YAML string.
    format!("[ {{ {name}: {} }} ]", serde_json::to_string(source).unwrap())
}

/// Runs a pipeline to its end; microseconds of processor time for each message.
fn cost(program: &Program, input: &Path, messages: usize, processors: &str) -> f64 {
    let text = format!(
        "input:\n  file:\n    paths: [ {} ]\n    scanner:\n      lines: {{}}\n\n\
         pipeline:\n  threads: 1\n  processors: {processors}\n\noutput:\n  stdout: {{}}\n",
        input.display()
    );
    let pipeline = scratch("mapping.yaml", &text);
    let least = (0..RUNS).map(|_| program.run(&pipeline).cpu).min().unwrap();
    std::fs::remove_file(pipeline).unwrap();
    least.as_secs_f64() * 1e6 / messages as f64
}

/// A file of so many documents of about `size` bytes, one a line.
fn input(size: usize, messages: usize) -> PathBuf {
    let mut line = documents::of(size);
    line.push(b'\n');
    let lines = String::from_utf8(line.repeat(messages)).unwrap();
    scratch(&format!("{size}.ndjson"), &lines)
}
