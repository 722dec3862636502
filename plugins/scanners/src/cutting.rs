use forebay_sdk::streams::Chunk;
use forebay_sdk::{Error, Scanned, waits};

use crate::out::Out;
use crate::plan::{Plan, Scan};
use crate::source::Source;

/// Cuts bytes into messages, whatever the chunks that they come in.
pub(crate) trait Cut {
    /// Adds the messages that end in `bytes`; returns how many bytes it took. Those that it did not take, as
    /// `out` is full, it is given again.
    ///
    /// # Errors
    /// What is wrong with the bytes. The messages before that count.
    fn push(&mut self, bytes: &[u8], out: &mut Out) -> Result<usize, Error>;

    /// Adds the messages that end where the bytes do; whether these are all, or `out` is full.
    ///
    /// # Errors
    /// When a message is not complete.
    fn finish(&mut self, out: &mut Out) -> Result<bool, Error>;

    /// Adds what counts as a message although the source failed in the middle of it.
    fn broken_off(&mut self, _out: &mut Out) {}

    /// Whether the messages are over before the bytes are.
    fn is_over(&self) -> bool {
        false
    }
}

/// How streams are cut by values that `new` makes, one for each stream.
pub(crate) struct Leaf<F>(pub(crate) F);

impl<C: Cut + 'static, F: Fn() -> C> Plan for Leaf<F> {
    fn begin(&self, source: Box<dyn Source>, _name: &str) -> Result<Box<dyn Scan>, Error> {
        let cut = (self.0)();
        Ok(Box::new(Cutting {
            source: Some(source),
            cut,
            bytes: Vec::new(),
            taken: 0,
            is_at_end: false,
            failed: None,
        }))
    }
}

/// A stream that is being cut.
struct Cutting<C> {
    source: Option<Box<dyn Source>>,
    cut: C,
    bytes: Vec<u8>,
    /// How many of them were cut.
    taken: usize,
    is_at_end: bool,
    /// Reported after the messages before it.
    failed: Option<Error>,
}

/// After so many bytes without a message, others have their turn: a few bytes can become many.
const PATIENCE: usize = 16 << 20;

impl<C: Cut> Scan for Cutting<C> {
    fn next(&mut self) -> Result<Scanned, Error> {
        let mut read = 0;
        loop {
            if let Some(error) = self.failed.take() {
                self.source = None;
                return Err(error);
            }
            let Some(source) = &mut self.source else { return Ok(Scanned::Ended) };
            let mut out = Out::with_room(self.bytes.len() - self.taken);
            if self.taken < self.bytes.len() {
                let left = self.bytes.get(self.taken..).unwrap_or_default();
                match self.cut.push(left, &mut out) {
                    Ok(taken) => self.taken += taken,
                    Err(error) => self.failed = Some(error),
                }
                if self.cut.is_over() {
                    self.source = None;
                }
            } else if self.is_at_end {
                match self.cut.finish(&mut out) {
                    Ok(true) => self.source = None,
                    Ok(false) => {}
                    Err(error) => self.failed = Some(error),
                }
            } else {
                match source.read() {
                    Chunk::Bytes(bytes) => {
                        read += bytes.len();
                        (self.bytes, self.taken) = (bytes, 0);
                    }
                    Chunk::Ended => self.is_at_end = true,
                    Chunk::Woken(_) => return Ok(Scanned::Idle),
                    Chunk::Failed(error) => {
                        self.cut.broken_off(&mut out);
                        self.failed = Some(error);
                    }
                }
            }
            if !out.is_empty() {
                return Ok(Scanned::Batch(out.finish()));
            }
            if read > PATIENCE {
                return Ok(Scanned::Idle);
            }
            waits::give_way();
        }
    }
}
