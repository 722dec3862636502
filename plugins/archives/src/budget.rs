//! How much may be made of what comes in, whatever it promises.

use forebay_sdk::Error;

/// Bytes of all results of one batch. As they grow they are moved, so that an instance with the usual 256 MiB can just
/// hold them. Tests that reach a limit should not take long to.
pub(crate) const BYTES: usize = if cfg!(test) { 16 << 20 } else { 64 << 20 };

/// Results of one batch.
pub(crate) const RESULTS: usize = if cfg!(test) { 100_000 } else { 4 << 20 };

/// What is left for the results of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    bytes: usize,
    results: usize,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self { bytes: BYTES, results: RESULTS }
    }

    /// How many bytes there may still be.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes off a result of so many bytes.
    pub(crate) fn spend(&mut self, bytes: usize) -> Result<(), Error> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or_else(|| {
            Error::new(format!(
                "the results of a batch would hold more than {BYTES} bytes, which is the limit"
            ))
        })?;
        self.results = self.results.checked_sub(1).ok_or_else(|| {
            Error::new(format!("there would be more than {RESULTS} results of a batch, which is the limit"))
        })?;
        Ok(())
    }
}
