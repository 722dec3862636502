//! The functions of WASI preview 1 that modules of Rust, TinyGo and C import by themselves: a clock,
//! random bytes, and printing. Nothing else is there: no file, no variable, no argument.
//!
//! wasmtime's own implementation would bring a second way to describe interfaces along, with its
//! parsers, for these few.

use std::sync::OnceLock;
use std::time::{Duration, Instant, UNIX_EPOCH};

use forebay_lifecycle::clock;
use wasmtime::{Caller, Linker};
use wasmtime_wasi::Rng as _;

use super::instance::Runner;

pub(super) const MODULE: &str = "wasi_snapshot_preview1";
/// Those that are here.
pub(super) const NAMES: [&str; 13] = [
    "args_get",
    "args_sizes_get",
    "clock_res_get",
    "clock_time_get",
    "environ_get",
    "environ_sizes_get",
    "fd_fdstat_get",
    "fd_prestat_get",
    "fd_read",
    "fd_write",
    "proc_exit",
    "random_get",
    "sched_yield",
];

// The numbers of errors, in the order of the interface.
const DONE: i32 = 0;
const BAD_FILE: i32 = 8;
const FAULT: i32 = 21;
const INVALID: i32 = 28;
pub(super) const NOT_SUPPORTED: i32 = 58;

/// How much is printed by one call at most.
const MOST_PRINTED: usize = 64 << 10;
/// The most random bytes of one call.
const MOST_RANDOM: usize = 1 << 20;

type Guest<'a> = Caller<'a, Runner>;

/// That a module has ended itself.
#[derive(Debug, thiserror::Error)]
#[error("it exited with code {0}")]
pub(super) struct Exited(pub(super) i32);

pub(super) fn link(linker: &mut Linker<Runner>) -> wasmtime::Result<()> {
    for nothing in ["args_get", "environ_get"] {
        linker.func_wrap(MODULE, nothing, |_: i32, _: i32| DONE)?;
    }
    for sizes in ["args_sizes_get", "environ_sizes_get"] {
        linker.func_wrap(MODULE, sizes, |mut guest: Guest<'_>, count: u32, bytes: u32| {
            both(write(&mut guest, count, &[0; 4]), || write(&mut guest, bytes, &[0; 4]))
        })?;
    }
    linker.func_wrap(MODULE, "clock_res_get", |mut guest: Guest<'_>, id: i32, at: u32| {
        if id > 1 { INVALID } else { write(&mut guest, at, &1_u64.to_le_bytes()) }
    })?;
    linker.func_wrap(MODULE, "clock_time_get", |mut guest: Guest<'_>, id: i32, _: i64, at: u32| {
        let now = if id == 0 {
            clock::wall().duration_since(UNIX_EPOCH).unwrap_or_default()
        } else {
            since_start()
        };
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        if id > 1 { INVALID } else { write(&mut guest, at, &now.to_le_bytes()) }
    })?;
    linker.func_wrap(MODULE, "fd_fdstat_get", |mut guest: Guest<'_>, file: u32, at: u32| {
        // A character device without flags, that may be read and written.
        let mut details = [0; 24];
        details[0] = 2;
        details[8] = 0b100_0010;
        if file > 2 { BAD_FILE } else { write(&mut guest, at, &details) }
    })?;
    linker.func_wrap(MODULE, "fd_prestat_get", |_: i32, _: i32| BAD_FILE)?;
    linker.func_wrap(MODULE, "fd_read", |mut guest: Guest<'_>, file: u32, _: u32, _: u32, read: u32| {
        if file == 0 { write(&mut guest, read, &[0; 4]) } else { BAD_FILE }
    })?;
    linker.func_wrap(MODULE, "fd_write", fd_write)?;
    linker.func_wrap(MODULE, "proc_exit", |code: i32| -> wasmtime::Result<()> {
        Err(wasmtime::Error::new(Exited(code)))
    })?;
    linker.func_wrap(MODULE, "random_get", |mut guest: Guest<'_>, at: u32, length: u32| {
        let Some(room) = room(&mut guest, at, length as usize) else { return FAULT };
        if room.len() > MOST_RANDOM {
            return INVALID;
        }
        wasmtime_wasi::thread_rng().fill_bytes(room);
        DONE
    })?;
    linker.func_wrap(MODULE, "sched_yield", || DONE)?;
    Ok(())
}

/// The time of a clock that is never set.
fn since_start() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    clock::now() - *START.get_or_init(clock::now)
}

/// Prints what several pieces of memory hold; at most so much at once, as is allowed.
fn fd_write(mut guest: Guest<'_>, file: u32, pieces: u32, count: u32, written: u32) -> i32 {
    if file != 1 && file != 2 {
        return BAD_FILE;
    }
    let mut text = Vec::new();
    for index in 0..count as usize {
        let Some(piece) = piece(&mut guest, pieces as usize + index * 8) else { return FAULT };
        let left = MOST_PRINTED - text.len();
        text.extend_from_slice(&piece[..piece.len().min(left)]);
        if text.len() == MOST_PRINTED {
            break;
        }
    }
    guest.data().printed.print(&text);
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    write(&mut guest, written, &length.to_le_bytes())
}

/// The bytes that a pair of an address and a length stands for.
fn piece<'a>(guest: &'a mut Guest<'_>, at: usize) -> Option<&'a [u8]> {
    let pair: [u8; 8] = memory(guest)?.get(at..at + 8)?.try_into().ok()?;
    let [a, b, c, d, e, f, g, h] = pair;
    let (at, length) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
    memory(guest)?.get(at as usize..at as usize + length as usize)
}

fn write(guest: &mut Guest<'_>, at: u32, bytes: &[u8]) -> i32 {
    match room(guest, at, bytes.len()) {
        Some(room) => {
            room.copy_from_slice(bytes);
            DONE
        }
        None => FAULT,
    }
}

fn both(first: i32, second: impl FnOnce() -> i32) -> i32 {
    if first == DONE { second() } else { first }
}

fn room<'a>(guest: &'a mut Guest<'_>, at: u32, length: usize) -> Option<&'a mut [u8]> {
    memory(guest)?.get_mut(at as usize..at as usize + length)
}

fn memory<'a>(guest: &'a mut Guest<'_>) -> Option<&'a mut [u8]> {
    let memory = guest.data().exports.as_ref()?.memory;
    Some(memory.data_mut(guest))
}
