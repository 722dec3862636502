//! Compression, as Go's packages do it: the same words for what is wrong and, where it says so, the same bytes.
//!
//! Pure functions over bytes: no I/O, and no state but that of [`Pieces`]. [`Algorithm`] is what Bento has names for; the rest is what formats of
//! files have inside. Whatever comes in, no more is made of it than a limit that the caller names.
//!
//! ```
//! use forebay_compression::Algorithm;
//!
//! let gzip = Algorithm::to_compress("gzip")?;
//! let compressed = gzip.compress(b"a text, a text", -1)?;
//! assert_eq!(gzip.decompress(&compressed, 100)?, b"a text, a text");
//! assert!(gzip.decompress(&compressed, 10).is_err());
//! # Ok::<(), String>(())
//! ```

mod algorithm;
mod brotli;
mod bzip2;
mod flate;
mod framed;
mod lz4;
mod output;
mod pieces;
mod snappy;
mod zstd;

pub use algorithm::Algorithm;
pub use brotli::{decompress as brotli, window as brotli_window};
pub use lz4::decompress_raw as lz4_block;
pub use pieces::Pieces;

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
