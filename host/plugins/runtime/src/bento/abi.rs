//! The functions of `bento_wasm`.
//!
//! Who owns what, as in Bento: bytes for the module are put into memory that its allocator gives, and
//! where that is `malloc`, are freed when the message is done; one that has `allocate` frees
//! them itself. Bytes of the module are copied, and given to its `deallocate` at once, where it has that.
//!
//! A function that can't do what it should flags the message and returns 0; the module goes on.

use wasmtime::{Caller, Linker};

use super::instance::{Runner, only_a_trap};
use super::message::Work;
use crate::limits::Refusal;

const MODULE: &str = "bento_wasm";

type Guest<'a> = Caller<'a, Runner>;

/// An error that the module may not see, and that flags its message.
struct Refused(String);

/// What ends in a `Refused` goes on, what ends otherwise does not.
type Outcome<T> = wasmtime::Result<Result<T, Refused>>;

macro_rules! tri {
    ($outcome:expr) => {
        match $outcome {
            Ok(value) => value,
            Err(refused) => return Ok(Err(refused)),
        }
    };
}

pub(super) fn link(linker: &mut Linker<Runner>) -> wasmtime::Result<()> {
    linker.func_wrap_async(
        MODULE,
        "v0_msg_set_bytes",
        |mut guest: Guest<'_>, (at, length): (u32, u32)| {
            Box::new(async move {
                let outcome = set_bytes(&mut guest, at, length).await;
                settle(&mut guest, outcome).map(drop)
            })
        },
    )?;
    linker.func_wrap_async(MODULE, "v0_msg_as_bytes", |mut guest: Guest<'_>, (): ()| {
        Box::new(async move {
            let outcome = as_bytes(&mut guest).await;
            settle(&mut guest, outcome)
        })
    })?;
    linker.func_wrap_async(
        MODULE,
        "v0_msg_set_meta",
        |mut guest: Guest<'_>, (key, key_length, at, length): (u32, u32, u32, u32)| {
            Box::new(async move {
                let outcome = set_meta(&mut guest, (key, key_length), (at, length)).await;
                settle(&mut guest, outcome).map(drop)
            })
        },
    )?;
    linker.func_wrap_async(MODULE, "v0_msg_get_meta", |mut guest: Guest<'_>, (at, length): (u32, u32)| {
        Box::new(async move {
            let outcome = get_meta(&mut guest, at, length).await;
            settle(&mut guest, outcome)
        })
    })?;
    Ok(())
}

async fn set_bytes(guest: &mut Guest<'_>, at: u32, length: u32) -> Outcome<u64> {
    let bytes = tri!(take(guest, at, length, "").await?);
    work(guest)?.set_payload(bytes)?;
    Ok(Ok(0))
}

async fn as_bytes(guest: &mut Guest<'_>) -> Outcome<u64> {
    let payload = work(guest)?.payload();
    put(guest, &payload).await
}

async fn set_meta(guest: &mut Guest<'_>, key: (u32, u32), value: (u32, u32)) -> Outcome<u64> {
    let key = tri!(take(guest, key.0, key.1, "meta key ").await?);
    let value = tri!(take(guest, value.0, value.1, "meta value ").await?);
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    work(guest)?.set_metadata(text(key), text(value))?;
    Ok(Ok(0))
}

async fn get_meta(guest: &mut Guest<'_>, at: u32, length: u32) -> Outcome<u64> {
    let key = tri!(take(guest, at, length, "meta key ").await?);
    let value = work(guest)?.metadata(&String::from_utf8_lossy(&key));
    put(guest, &value).await
}

/// The batch under work. There is none while the module starts, nor inside its allocator, which could
/// go on for ever otherwise, each call of ours calling it again.
fn work<'a>(guest: &'a mut Guest<'_>) -> wasmtime::Result<&'a mut Work> {
    let runner = guest.data_mut();
    if runner.in_allocator {
        return Err(Refusal::contract("its allocator calls functions of bento_wasm"));
    }
    runner
        .work
        .as_mut()
        .ok_or_else(|| Refusal::contract("it calls functions of bento_wasm before it is called"))
}

/// Flags the message with what was refused.
fn settle(guest: &mut Guest<'_>, outcome: Outcome<u64>) -> wasmtime::Result<u64> {
    Ok(match outcome? {
        Ok(value) => value,
        Err(Refused(reason)) => {
            work(guest)?.flag(reason);
            0
        }
    })
}

/// Copies bytes out of the module, which has them deallocated.
async fn take(guest: &mut Guest<'_>, at: u32, length: u32, what: &str) -> Outcome<Vec<u8>> {
    work(guest)?;
    let Some(exports) = guest.data().exports.clone() else { return Ok(Ok(Vec::new())) };
    let range = at as usize..at as usize + length as usize;
    let Some(bytes) = exports.memory.data(&*guest).get(range).map(<[u8]>::to_vec) else {
        let reason = format!("failed to read out-bound {what}memory: prevented read");
        return Ok(Err(Refused(reason)));
    };
    if let Some(deallocate) = exports.deallocate {
        guest.data_mut().in_allocator = true;
        let freed = deallocate.call_async(&mut *guest, (at, length)).await;
        guest.data_mut().in_allocator = false;
        // As in Bento: what it makes of an address that was not of its allocator is its own affair.
        if let Err(error) = freed
            && !only_a_trap(&error)
        {
            return Err(error);
        }
    }
    Ok(Ok(bytes))
}

/// Puts bytes into memory that the module allocates; where, and how many.
async fn put(guest: &mut Guest<'_>, bytes: &[u8]) -> Outcome<u64> {
    let Some(exports) = guest.data().exports.clone() else { return Ok(Ok(0)) };
    let failed = |reason: &str| Ok(Err(Refused(format!("failed to allocate in-bound memory: {reason}"))));
    let Some(allocate) = exports.allocate.as_ref().or(exports.malloc.as_ref()) else {
        return failed("the module exports neither malloc nor allocate");
    };
    let Ok(length) = u32::try_from(bytes.len()) else { return failed("the message is too large") };
    guest.data_mut().in_allocator = true;
    let allocated = allocate.call_async(&mut *guest, length).await;
    guest.data_mut().in_allocator = false;
    let at = allocated?;
    if exports.allocate.is_none() && exports.free.is_some() {
        guest.data_mut().to_free.push(at);
    }
    let range = at as usize..at as usize + bytes.len();
    match exports.memory.data_mut(&mut *guest).get_mut(range) {
        Some(room) => room.copy_from_slice(bytes),
        None => return failed("failed to write in-bound memory"),
    }
    Ok(Ok(u64::from(at) << 32 | u64::from(length)))
}
