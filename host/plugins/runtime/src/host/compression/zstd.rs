//! Frames of Zstandard.
//!
//! What the library needs beside its input and output is large and takes time to make, so each thread keeps it.

use std::cell::RefCell;

use zstd::zstd_safe::zstd_sys::{ZSTD_EndDirective, ZSTD_ErrorCode};
use zstd::zstd_safe::{self, CCtx, CParameter, DCtx, DParameter, InBuffer, OutBuffer, ResetDirective};

use super::patience::Patience;
use super::{PIECE, Unfit};

const USUAL: i32 = 1;

/// The most that a thread keeps for the next frame, in bytes. Level 1 needs 2 MiB for the largest piece.
const KEPT: usize = 4 << 20;

/// What is done without a look at the clock, which is a little faster, in bytes. Decompressing frames of many small
/// blocks takes about 7 ms for so many, and compressing random letters of an alphabet of four about 5.
const AT_ONCE: usize = 256 << 10;

/// What is made room for where a frame does not say how much it holds: as often as much as is there.
const GUESS: usize = 4;

/// The largest window of a frame in pieces, which there has to be memory for: 8 MiB, as a power of two.
const WINDOW: u32 = 23;

thread_local! {
    static COMPRESSING: RefCell<Option<CCtx<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSING: RefCell<Option<DCtx<'static>>> = const { RefCell::new(None) };
}

pub(super) fn compress(bytes: &[u8], level: Option<i32>, patience: &mut Patience) -> Result<Vec<u8>, String> {
    let level = level.unwrap_or(USUAL);
    let mut out = Vec::with_capacity(zstd_safe::compress_bound(bytes.len()));
    COMPRESSING.with_borrow_mut(|kept| {
        let context = kept.get_or_insert_with(CCtx::create);
        let done = if bytes.len() <= AT_ONCE {
            context.compress(&mut out, bytes, level).map(drop).map_err(name)
        } else {
            compress_in_pieces(context, bytes, level, &mut out, patience)
        };
        if done.is_err() || context.sizeof() > KEPT {
            *kept = None;
        }
        done
    })?;
    Ok(out)
}

fn compress_in_pieces(
    context: &mut CCtx<'_>,
    bytes: &[u8],
    level: i32,
    out: &mut Vec<u8>,
    patience: &mut Patience,
) -> Result<(), String> {
    context.reset(ResetDirective::SessionAndParameters).map_err(name)?;
    context.set_parameter(CParameter::CompressionLevel(level)).map_err(name)?;
    context.set_pledged_src_size(Some(bytes.len() as u64)).map_err(name)?;
    let mut output = OutBuffer::around(out);
    let mut rest = bytes;
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(rest.len().min(PIECE));
        let (directive, is_last) = match behind {
            [] => (ZSTD_EndDirective::ZSTD_e_end, true),
            _ => (ZSTD_EndDirective::ZSTD_e_continue, false),
        };
        let mut input = InBuffer::around(piece);
        let left = context.compress_stream2(&mut output, &mut input, directive).map_err(name)?;
        // A call takes all that it is given, and ends the frame, as long as there is room for what it makes.
        if input.pos() < piece.len() || (is_last && left > 0) {
            return Err("there is no room for it".to_owned());
        }
        patience.spend(piece.len()).map_err(|late| late.to_string())?;
        rest = behind;
    }
    Ok(())
}

pub(super) fn decompress(bytes: &[u8], room: usize, patience: &mut Patience) -> Result<Vec<u8>, Unfit> {
    let said = zstd_safe::get_frame_content_size(bytes).ok().flatten();
    let said = said.map(|said| usize::try_from(said).unwrap_or(usize::MAX));
    if said.is_some_and(|said| said > room) {
        return Err(Unfit::Room);
    }
    // Of several frames the first one speaks for itself only, and one that was streamed says nothing.
    let is_whole = bytes.len() <= AT_ONCE && zstd_safe::find_frame_compressed_size(bytes) == Ok(bytes.len());
    let guess = bytes.len().saturating_mul(GUESS);
    DECOMPRESSING.with_borrow_mut(|kept| {
        let context = kept.get_or_insert_with(DCtx::create);
        let done = match said {
            Some(said) if is_whole => decompress_at_once(context, bytes, said),
            _ => decompress_in_pieces(context, bytes, said.unwrap_or(guess), room, patience),
        };
        if done.is_err() || context.sizeof() > KEPT {
            *kept = None;
        }
        done
    })
}

fn decompress_at_once(context: &mut DCtx<'_>, bytes: &[u8], said: usize) -> Result<Vec<u8>, Unfit> {
    let mut out = Vec::with_capacity(said);
    context.decompress(&mut out, bytes).map_err(unfit)?;
    // A vector may have made more room than was asked for.
    if out.len() > said { Err(Unfit::Malformed("it holds more than it says".to_owned())) } else { Ok(out) }
}

fn decompress_in_pieces(
    context: &mut DCtx<'_>,
    bytes: &[u8],
    guess: usize,
    room: usize,
    patience: &mut Patience,
) -> Result<Vec<u8>, Unfit> {
    context.reset(ResetDirective::SessionAndParameters).map_err(unfit)?;
    context.set_parameter(DParameter::WindowLogMax(WINDOW)).map_err(unfit)?;
    // One more shows that there is more.
    let most = room + 1;
    let mut out: Vec<u8> = Vec::with_capacity(guess.clamp(1, most));
    // What is missing of a frame; zero between frames.
    let (mut rest, mut missing) = (bytes, 0);
    while !rest.is_empty() || missing > 0 {
        let length = out.len();
        if length == out.capacity() {
            out.reserve_exact(length.clamp(1, most - length));
        }
        let mut input = InBuffer::around(rest.get(..PIECE).unwrap_or(rest));
        let mut output = OutBuffer::around_pos(&mut out, length);
        missing = context.decompress_stream(&mut output, &mut input).map_err(unfit)?;
        let (read, made) = (input.pos(), out.len() - length);
        if out.len() > room {
            return Err(Unfit::Room);
        }
        if rest.is_empty() && made == 0 && missing > 0 {
            return Err(Unfit::Malformed("it ends within a frame".to_owned()));
        }
        rest = rest.get(read..).unwrap_or_default();
        patience.spend(read + made)?;
    }
    Ok(out)
}

fn name(code: usize) -> String {
    zstd_safe::get_error_name(code).to_owned()
}

fn unfit(code: usize) -> Unfit {
    let window = (ZSTD_ErrorCode::ZSTD_error_frameParameter_windowTooLarge as usize).wrapping_neg();
    if code == window { Unfit::Unsupported(name(code)) } else { Unfit::Malformed(name(code)) }
}
