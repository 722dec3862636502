use std::fmt;

use forebay_model::ByteCount;

/// What a writer has taken and not written yet, and its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Bytes of batches without an answer.
    pub unflushed_bytes: ByteCount,
    /// Segments that were flushed and have no outcome.
    pub unflushed_files: usize,
    /// The limit of bytes.
    pub most_bytes: ByteCount,
    /// The limit of segments.
    pub most_files: usize,
}

/// What there is too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Bytes.
    Bytes,
    /// Segments.
    Files,
}

impl Load {
    /// What is at its limit. While anything is, nothing more is taken.
    #[must_use]
    pub fn over(&self) -> Option<Signal> {
        if self.unflushed_bytes >= self.most_bytes {
            Some(Signal::Bytes)
        } else if self.unflushed_files >= self.most_files {
            Some(Signal::Files)
        } else {
            None
        }
    }

    /// Whether nothing is under way.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.unflushed_bytes == ByteCount::ZERO && self.unflushed_files == 0
    }
}

impl Signal {
    /// As it is called in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Files => "files",
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
