//! Decoders by themselves: no input ends in a panic, breaks what holds of all that is read, or takes more memory than its
//! bytes explain.

use forebay_tests_load::Effort;
use forebay_tests_load::fuzz::{
    BATCHES, COMPRESSIONS, FOOTERS, OLD_PRODUCE, Target, XERIAL, frame_of, frames,
};

use crate::guard::samples;

fn explored(target: &Target, rounds: usize) {
    let explored = target.explore(Effort::from_environment(), rounds);
    println!("{}: {:?}", target.name, explored.unwrap_or_else(|found| panic!("{found}")));
}

/// A frame for each API and version that is served.
pub(crate) fn corpus() -> Vec<Vec<u8>> {
    let samples = samples::all().into_iter();
    samples.map(|sample| frame_of(sample.api, sample.version, &sample.body).unwrap()).collect()
}

#[test]
fn frames_and_requests() {
    explored(&frames(corpus), 30_000);
}

#[test]
fn old_produce() {
    explored(&OLD_PRODUCE, 20_000);
}

#[test]
fn record_batches() {
    explored(&BATCHES, 10_000);
}

#[test]
fn compressions() {
    explored(&COMPRESSIONS, 10_000);
}

#[test]
fn xerial_snappy() {
    explored(&XERIAL, 20_000);
}

#[test]
fn footers() {
    explored(&FOOTERS, 20_000);
}
