//! What goes on until a limit ends it.
#![expect(clippy::collection_is_never_read, reason = "what is held is not to be read")]

use std::hint::black_box;
use std::io::Write;
use std::time::Duration;

use forebay_sdk::{Batch, Error, Origins, Processed, Processing, files, log};

pub(crate) fn compute() -> Result<Processing, Error> {
    let mut rounds = 0_u64;
    loop {
        rounds = black_box(rounds.wrapping_add(1));
    }
}

pub(crate) fn allocate() -> Result<Processing, Error> {
    let mut held = Vec::new();
    loop {
        held.push(black_box(vec![1_u8; 1 << 20]));
    }
}

/// Sleeps by a way that the host does not offer for that.
#[expect(clippy::disallowed_methods, reason = "what this guest is for")]
pub(crate) fn sleep() -> Result<Processing, Error> {
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

pub(crate) fn print() -> Result<Processing, Error> {
    loop {
        writeln!(std::io::stdout(), "this is printed without end")?;
    }
}

pub(crate) fn hold_batches(batch: &Batch) -> Result<Processing, Error> {
    let mut held = Vec::new();
    loop {
        held.push(batch.slice(0..1));
    }
}

pub(crate) fn hold_bytes() -> Result<Processing, Error> {
    let payload = vec![b'x'; 1 << 20];
    let mut held = Vec::new();
    loop {
        held.push(Batch::from_payloads([&payload]));
    }
}

/// One payload, returned many times.
pub(crate) fn return_much(batch: &Batch) -> Result<Processing, Error> {
    let large = Batch::from_payloads([vec![b'x'; 1 << 20]]);
    let results = (0..5).map(|_| batch_of(batch, &large)).collect();
    Ok(Processing::Done(results))
}

fn batch_of(source: &Batch, large: &Batch) -> Processed {
    Processed { batch: large.slice(0..1), origins: Origins::each(vec![0; 1.min(source.len())]) }
}

pub(crate) fn fail_at_length() -> Result<Processing, Error> {
    Err(Error::new("\u{fc}".repeat(1 << 20)))
}

pub(crate) fn call_the_host() -> Result<Processing, Error> {
    loop {
        // Denied every time; asking is what counts.
        let _ = files::open("/etc/hostname");
    }
}

pub(crate) fn flood_the_log() -> Result<Processing, Error> {
    for line in 0..10_000 {
        log::info(format!("line {line} of a flood"));
    }
    Err(Error::new("logged 10000 lines"))
}
