use forebay_sdk::streams::{ByteStream, Chunk};

/// How many bytes are read at once.
pub(crate) const READ: u32 = 64 << 10;

/// Bytes to cut: those of a stream, or what another source makes of them.
pub(crate) trait Source {
    /// As [`ByteStream::read`]. After [`Chunk::Woken`] it goes on where it was; nothing is read after
    /// [`Chunk::Failed`].
    fn read(&mut self) -> Chunk;
}

impl Source for ByteStream {
    fn read(&mut self) -> Chunk {
        Self::read(self, READ)
    }
}
