/// Bytes that were not decompressed yet.
#[derive(Debug, Default)]
pub(super) struct Input {
    bytes: Vec<u8>,
    taken: usize,
    is_finished: bool,
}

impl Input {
    pub(super) fn push(&mut self, bytes: Vec<u8>) {
        if self.taken == self.bytes.len() {
            self.bytes = bytes;
        } else {
            self.bytes.drain(..self.taken);
            self.bytes.extend_from_slice(&bytes);
        }
        self.taken = 0;
    }

    /// Says that there are no more bytes.
    pub(super) fn finish(&mut self) {
        self.is_finished = true;
    }

    pub(super) fn is_finished(&self) -> bool {
        self.is_finished
    }

    pub(super) fn rest(&self) -> &[u8] {
        self.bytes.get(self.taken..).unwrap_or_default()
    }

    /// Whether all bytes were taken and there are no more.
    pub(super) fn is_at_end(&self) -> bool {
        self.is_finished && self.rest().is_empty()
    }

    /// The next bytes, so many of them, without taking them; `None` before they are all there.
    pub(super) fn peek(&self, count: usize) -> Option<&[u8]> {
        self.rest().get(..count)
    }

    pub(super) fn take(&mut self, count: usize) {
        self.taken = self.bytes.len().min(self.taken + count);
    }
}
