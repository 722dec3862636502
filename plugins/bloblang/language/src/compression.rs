//! Compression, as Go's packages do it: the same words for what is wrong and, where it says so, the same bytes.

mod algorithm;
mod brotli;
mod bzip2;
pub(crate) mod flate;
mod framed;
mod lz4;
mod snappy;
mod zstd;

pub(crate) use algorithm::Algorithm;
pub(crate) use brotli::{decompress as brotli, window as brotli_window};
pub(crate) use lz4::decompress_raw as lz4_block;

/// That so many bytes more may be made.
fn room(made: usize, more: usize, limit: usize) -> Result<(), String> {
    if more > limit.saturating_sub(made) {
        return Err(format!("the content is longer than {limit} bytes"));
    }
    Ok(())
}

fn ends() -> String {
    "unexpected EOF".to_owned()
}

/// Takes the first bytes off, of which there must be enough.
fn take<'b, const N: usize>(rest: &mut &'b [u8]) -> Result<&'b [u8; N], String> {
    let (taken, after) = rest.split_first_chunk::<N>().ok_or_else(ends)?;
    *rest = after;
    Ok(taken)
}

#[cfg(test)]
mod tests;
