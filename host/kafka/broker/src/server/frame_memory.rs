use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::acquire::{Held, Memory};

/// What a frame takes before more than its first byte has come.
const FIRST: usize = 4 << 10;
/// The most that is taken at once, so that nobody waits behind somebody who wants very much.
const MOST_AT_ONCE: usize = 1 << 20;

/// The memory that the frames of all connections share. A frame takes what it has, not what it says that it will have:
/// otherwise a few clients that promise much and send nothing would keep everybody else waiting.
///
/// Frames that have begun could wait for one another for ever. So one of them at a time may go beyond the bound, until it
/// is complete: what is taken altogether is the bound and one frame.
#[derive(Debug, Clone)]
pub(super) struct Frames {
    memory: Memory,
    beyond: Arc<Semaphore>,
}

/// What one frame has taken.
#[derive(Debug)]
pub(super) struct FrameMemory {
    frames: Frames,
    held: Vec<Held>,
    bytes: usize,
    beyond: Option<OwnedSemaphorePermit>,
}

impl Frames {
    pub(super) fn new(bytes: usize) -> Self {
        Self { memory: Memory::new(bytes), beyond: Arc::new(Semaphore::new(1)) }
    }

    pub(super) fn frame(&self) -> FrameMemory {
        FrameMemory { frames: self.clone(), held: Vec::new(), bytes: 0, beyond: None }
    }
}

impl FrameMemory {
    /// Takes more for a frame of `length` bytes, of which `read` have come; up to how many may come now.
    ///
    /// # Cancel safety
    /// Nothing more is taken.
    pub(super) async fn grow(&mut self, read: usize, length: usize) -> usize {
        if read < self.bytes {
            return self.bytes;
        }
        let more = (read * 3).clamp(FIRST, MOST_AT_ONCE).min(length - read);
        if self.beyond.is_none() {
            let Frames { memory, beyond } = &self.frames;
            // Who has nothing yet keeps nobody waiting, and can wait.
            let may_go_beyond = !self.held.is_empty();
            tokio::select! {
                biased;
                held = memory.acquire(more) => self.held.push(held),
                permit = Arc::clone(beyond).acquire_owned(), if may_go_beyond => self.beyond = permit.ok(),
            }
        }
        self.bytes = read + more;
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_frame_takes_what_it_has() {
        let frames = Frames::new(2 * FIRST);
        let mut slow = frames.frame();
        assert_eq!(slow.grow(0, 100 << 20).await, FIRST);
        let mut other = frames.frame();
        assert_eq!(other.grow(0, 100).await, 100);
    }

    #[tokio::test]
    async fn one_of_those_that_have_begun_goes_on_when_there_is_nothing_left() {
        let frames = Frames::new(2 * FIRST);
        let (mut one, mut other, mut third) = (frames.frame(), frames.frame(), frames.frame());
        one.grow(0, 1 << 20).await;
        other.grow(0, 1 << 20).await;
        assert!(futures_util::poll!(Box::pin(third.grow(0, 10))).is_pending());
        assert_eq!(one.grow(FIRST, 1 << 20).await, 4 * FIRST);
        assert!(futures_util::poll!(Box::pin(other.grow(FIRST, 1 << 20))).is_pending());
        assert_eq!(one.grow(4 * FIRST, 1 << 20).await, 16 * FIRST);
        drop(one);
        assert!(other.grow(FIRST, 1 << 20).await > FIRST);
        assert_eq!(third.grow(0, 10).await, 10);
    }
}
