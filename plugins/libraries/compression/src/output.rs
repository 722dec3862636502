/// What is being decompressed: it is appended to what is there already, up to a limit.
#[derive(Debug)]
pub(crate) struct Output<'o> {
    pub(crate) bytes: &'o mut Vec<u8>,
    start: usize,
    limit: usize,
}

impl<'o> Output<'o> {
    pub(crate) fn new(bytes: &'o mut Vec<u8>, limit: usize) -> Self {
        Self { start: bytes.len(), bytes, limit }
    }

    /// How much was made.
    pub(crate) fn made(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// How much more may be made.
    pub(crate) fn left(&self) -> usize {
        self.limit.saturating_sub(self.made())
    }

    /// What was made since that much was.
    pub(crate) fn since(&self, made: usize) -> &[u8] {
        self.bytes.get(self.start + made..).unwrap_or_default()
    }

    /// That so many bytes more may be made.
    pub(crate) fn room(&self, more: usize) -> Result<(), String> {
        if more > self.left() {
            return Err(format!("the content is longer than {} bytes", self.limit));
        }
        Ok(())
    }

    pub(crate) fn extend(&mut self, more: &[u8]) -> Result<(), String> {
        self.room(more.len())?;
        self.bytes.extend_from_slice(more);
        Ok(())
    }
}
