use std::cell::RefCell;
use std::rc::Rc;

use crate::compression::{Algorithm, CompressionError};

type Result = std::result::Result<Vec<u8>, CompressionError>;
type Compress = Rc<dyn Fn(Algorithm, Option<i32>, &[u8]) -> Result>;
type Decompress = Rc<dyn Fn(Algorithm, &[u8], usize) -> Result>;

thread_local! {
    static CODEC: RefCell<Option<(Compress, Decompress)>> = const { RefCell::new(None) };
}

/// Says what [`compression`](crate::compression) gives. By itself it has no algorithm, as a host may not have one.
pub fn set_compression(
    compress: impl Fn(Algorithm, Option<i32>, &[u8]) -> Result + 'static,
    decompress: impl Fn(Algorithm, &[u8], usize) -> Result + 'static,
) {
    CODEC.set(Some((Rc::new(compress), Rc::new(decompress))));
}

pub(crate) fn compress(algorithm: Algorithm, level: Option<i32>, bytes: &[u8]) -> Result {
    match CODEC.with_borrow(Clone::clone) {
        Some((compress, _)) => compress(algorithm, level, bytes),
        None => Err(none(algorithm)),
    }
}

pub(crate) fn decompress(algorithm: Algorithm, bytes: &[u8], most: usize) -> Result {
    match CODEC.with_borrow(Clone::clone) {
        Some((_, decompress)) => decompress(algorithm, bytes, most),
        None => Err(none(algorithm)),
    }
}

fn none(algorithm: Algorithm) -> CompressionError {
    CompressionError::Unsupported(format!("there is no {} natively but that of a test", algorithm.name()))
}
