//! What ends an instance by itself.

use std::hint::black_box;

use forebay_sdk::{Error, Processing};

#[expect(clippy::panic, reason = "what this guest is for")]
pub(crate) fn panic() -> Result<Processing, Error> {
    panic!("panicked on purpose")
}

/// A panic with a text of several lines.
pub(crate) fn assertion() -> Result<Processing, Error> {
    assert_eq!(black_box(1), 2, "asserted on purpose");
    Ok(Processing::Done(Vec::new()))
}

pub(crate) fn unreachable() -> Result<Processing, Error> {
    core::arch::wasm32::unreachable()
}

pub(crate) fn recurse() -> Result<Processing, Error> {
    Err(Error::new(format!("came back from {} levels", deep(1))))
}

fn deep(level: u64) -> u64 {
    let held = black_box([level; 4]);
    if held[0] == 0 { 0 } else { deep(black_box(level + 1)) + held[3] }
}

/// Takes a refusal of memory well, and panics for another reason.
pub(crate) fn ask_for_too_much() -> Result<Processing, Error> {
    let mut bytes: Vec<u8> = Vec::new();
    if black_box(&mut bytes).try_reserve_exact(1 << 30).is_ok() {
        return Err(Error::new("got a gigabyte"));
    }
    panic()
}
