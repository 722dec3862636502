//! How fast mappings run natively, and how fast they compile.
//!
//! `cargo bench -p forebay-bloblang` prints a table; `--bench mappings -- FILTER` takes only the cases whose names hold
//! FILTER. Each figure is the best of several rounds, on one core.

mod cases;
mod documents;
mod long;
mod surroundings;

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant};

use cases::CASES;
use forebay_bloblang::{Form, Mapping};
use surroundings::{Nowhere, One};

const ROUNDS: usize = 40;
/// Short, so that some rounds are not disturbed by whatever else runs.
const ROUND: Duration = Duration::from_millis(4);

/// The time of one call, best of all rounds.
#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn measure(mut call: impl FnMut()) -> Duration {
    let mut times = 1;
    loop {
        let start = Instant::now();
        (0..times).for_each(|_| call());
        if start.elapsed() >= ROUND {
            break;
        }
        times *= 2;
    }
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        (0..times).for_each(|_| call());
        best = best.min(start.elapsed() / times);
    }
    best
}

fn run(out: &mut String, filter: &str) {
    let _ = writeln!(out, "{:<24} {:>12} {:>12} {:>12}", "ns per message", "200 B", "1 KiB", "10 KiB");
    for (name, form, source) in CASES.iter().filter(|(name, ..)| name.contains(filter)) {
        let _ = write!(out, "{name:<24}");
        for size in [200, 1024, 10 * 1024] {
            let message = One(documents::of(size));
            let mut mapping = Mapping::compile(source, *form).expect("a mapping that compiles");
            let mut written = Vec::new();
            let outcome = mapping.run(&message, 0, &mut Nowhere, &mut written);
            assert_eq!(outcome.error, None, "{name}");
            let time = measure(|| {
                written.clear();
                mapping.run(&message, 0, &mut Nowhere, &mut written);
            });
            let _ = write!(out, " {:>12}", time.as_nanos());
        }
        out.push('\n');
    }
}

fn compile(out: &mut String, filter: &str) {
    if !"compile".contains(filter) {
        return;
    }
    for lines in [1, 30, 200] {
        let source = long::of(lines);
        let time = measure(|| {
            let compiled = Mapping::compile(&source, Form::Mapping);
            assert!(compiled.is_ok());
        });
        let _ = writeln!(out, "compile {lines:>3} lines: {:>8} us", time.as_micros());
    }
}

fn main() {
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with("--")).unwrap_or_default();
    let mut out = String::new();
    run(&mut out, &filter);
    compile(&mut out, &filter);
    let _ = std::io::stdout().write_all(out.as_bytes());
}
