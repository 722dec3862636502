//! Bytes that are too many to be held at once.

use std::fmt;

use crate::Error;
use crate::bindings::capabilities::forebay::plugin::streams as wit;
use crate::waits::Woken;

/// What a read gave.
#[derive(Debug)]
pub enum Chunk {
    /// At least one byte and at most as many as were asked for.
    Bytes(Vec<u8>),
    /// There are no more, now and later.
    Ended,
    /// Nothing came, but something else is pending: return from the export, so that the host can
    /// tell you.
    Woken(Woken),
    /// The source failed; the stream is of no more use.
    Failed(Error),
}

impl From<wit::Chunk> for Chunk {
    fn from(chunk: wit::Chunk) -> Self {
        match chunk {
            wit::Chunk::Bytes(bytes) => Self::Bytes(bytes),
            wit::Chunk::Ended => Self::Ended,
            wit::Chunk::Woken(woken) => Self::Woken(woken),
            wit::Chunk::Failed(reason) => Self::Failed(Error::new(reason)),
        }
    }
}

/// Bytes to read, in order.
pub struct ByteStream(Source);

enum Source {
    Host(wit::ByteStream),
    #[cfg(not(target_arch = "wasm32"))]
    Scripted(std::collections::VecDeque<Chunk>),
}

impl ByteStream {
    /// Waits until there are bytes, and takes up to `most` of them (at least 1, at most 16 MiB).
    /// May wait without bound; it returns [`Chunk::Woken`] when a shutdown is pending.
    pub fn read(&mut self, most: u32) -> Chunk {
        match &mut self.0 {
            Source::Host(stream) => stream.read(most).into(),
            #[cfg(not(target_arch = "wasm32"))]
            Source::Scripted(chunks) => match chunks.pop_front() {
                Some(Chunk::Bytes(mut bytes)) => {
                    if bytes.len() > most as usize {
                        chunks.push_front(Chunk::Bytes(bytes.split_off(most as usize)));
                    }
                    Chunk::Bytes(bytes)
                }
                Some(other) => other,
                None => Chunk::Ended,
            },
        }
    }

    /// Reads all that is left.
    ///
    /// # Errors
    /// When the source failed, when there are more than `most` bytes, and when a shutdown is pending.
    pub fn read_to_end(&mut self, most: usize) -> Result<Vec<u8>, Error> {
        let mut all = Vec::new();
        loop {
            match self.read(1 << 20) {
                Chunk::Bytes(bytes) if all.len() + bytes.len() > most => {
                    return Err(Error::new(format!("there are more than {most} bytes")));
                }
                Chunk::Bytes(bytes) => all.extend_from_slice(&bytes),
                Chunk::Ended => return Ok(all),
                Chunk::Woken(_) => return Err(Error::new("interrupted by a shutdown")),
                Chunk::Failed(error) => return Err(error),
            }
        }
    }

    /// The stream as the host knows it; none where a test has made it.
    pub(crate) fn into_host(self) -> Option<wit::ByteStream> {
        match self.0 {
            Source::Host(stream) => Some(stream),
            #[cfg(not(target_arch = "wasm32"))]
            Source::Scripted(_) => None,
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn scripted(chunks: impl IntoIterator<Item = Chunk>) -> Self {
        Self(Source::Scripted(chunks.into_iter().collect()))
    }
}

impl fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByteStream").finish_non_exhaustive()
    }
}

impl From<wit::ByteStream> for ByteStream {
    fn from(stream: wit::ByteStream) -> Self {
        Self(Source::Host(stream))
    }
}

#[cfg(target_arch = "wasm32")]
impl From<ByteStream> for wit::ByteStream {
    fn from(ByteStream(Source::Host(stream)): ByteStream) -> Self {
        stream
    }
}

/// Bytes to write, in order.
pub struct ByteSink(Target);

enum Target {
    Host(wit::ByteSink),
    #[cfg(not(target_arch = "wasm32"))]
    Kept(std::rc::Rc<std::cell::RefCell<Vec<u8>>>),
}

impl ByteSink {
    /// Waits until the receiver has room; that is how it holds the writer back.
    ///
    /// # Errors
    /// When the receiver is gone: abort.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        match &mut self.0 {
            Target::Host(sink) => sink.write(bytes).map_err(Error::new),
            #[cfg(not(target_arch = "wasm32"))]
            Target::Kept(kept) => {
                kept.borrow_mut().extend_from_slice(bytes);
                Ok(())
            }
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn kept(bytes: std::rc::Rc<std::cell::RefCell<Vec<u8>>>) -> Self {
        Self(Target::Kept(bytes))
    }
}

impl fmt::Debug for ByteSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByteSink").finish_non_exhaustive()
    }
}

impl From<wit::ByteSink> for ByteSink {
    fn from(sink: wit::ByteSink) -> Self {
        Self(Target::Host(sink))
    }
}
