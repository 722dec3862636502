//! Frames of Zstandard.
//!
//! What the library needs beside its input and output is large and takes time to make, so each thread keeps it.

use std::cell::RefCell;

use zstd::zstd_safe::{self, CCtx, DCtx, zstd_sys::ZSTD_ErrorCode};

use super::Unfit;

const USUAL: i32 = 1;

/// The most that a thread keeps for the next frame, in bytes. Level 1 needs 1.3 MiB for the largest piece.
const KEPT: usize = 4 << 20;

thread_local! {
    static COMPRESSING: RefCell<Option<CCtx<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSING: RefCell<Option<DCtx<'static>>> = const { RefCell::new(None) };
}

pub(super) fn compress(bytes: &[u8], level: Option<i32>) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(zstd_safe::compress_bound(bytes.len()));
    COMPRESSING.with_borrow_mut(|kept| {
        let context = kept.get_or_insert_with(CCtx::create);
        let done = context.compress(&mut out, bytes, level.unwrap_or(USUAL));
        if context.sizeof() > KEPT {
            *kept = None;
        }
        done.map_err(|code| zstd_safe::get_error_name(code).to_owned())
    })?;
    Ok(out)
}

pub(super) fn decompress(bytes: &[u8], room: usize) -> Result<Vec<u8>, Unfit> {
    // Of several frames the first one speaks for itself only, and one that was streamed says nothing.
    let said = zstd_safe::get_frame_content_size(bytes).ok().flatten();
    let said = said.map_or(room, |said| usize::try_from(said).unwrap_or(usize::MAX));
    if said > room {
        return Err(Unfit::Room);
    }
    match decompress_into(bytes, said) {
        Err(Unfit::Room) if said < room => decompress_into(bytes, room),
        done => done,
    }
}

fn decompress_into(bytes: &[u8], capacity: usize) -> Result<Vec<u8>, Unfit> {
    let too_small = (ZSTD_ErrorCode::ZSTD_error_dstSize_tooSmall as usize).wrapping_neg();
    let mut out: Vec<u8> = Vec::with_capacity(capacity);
    DECOMPRESSING.with_borrow_mut(|kept| {
        let context = kept.get_or_insert_with(DCtx::create);
        let done = context.decompress(&mut out, bytes);
        done.map_err(|code| {
            if code == too_small { Unfit::Room } else { Unfit::malformed(&zstd_safe::get_error_name(code)) }
        })
    })?;
    // A vector may have made more room than was asked for.
    if out.len() > capacity { Err(Unfit::Room) } else { Ok(out) }
}
