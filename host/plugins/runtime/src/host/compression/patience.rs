use std::time::{Duration, Instant};

use forebay_lifecycle::clock;

use super::{PIECE, Unfit};

/// How long a call may still take.
#[derive(Debug)]
pub(super) struct Patience {
    end: Instant,
    /// Bytes since the clock was looked at.
    done: usize,
}

/// It has ended.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("it takes too long")]
pub(super) struct Late;

impl Patience {
    pub(super) fn new(most: Duration) -> Self {
        Self { end: clock::now() + most, done: 0 }
    }

    /// Counts bytes that were read or made, and looks at the clock when they are more than a piece.
    pub(super) fn spend(&mut self, bytes: usize) -> Result<(), Late> {
        self.done = self.done.saturating_add(bytes);
        if self.done <= PIECE {
            return Ok(());
        }
        self.done = 0;
        if clock::now() < self.end { Ok(()) } else { Err(Late) }
    }
}

impl From<Late> for Unfit {
    fn from(late: Late) -> Self {
        Self::Unsupported(late.to_string())
    }
}
