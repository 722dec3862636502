use std::time::Duration;

use crate::acquire::{Held, Memory};

/// Bytes of an answer that is given when there is no memory for the whole one.
const SMALL: usize = 64 << 10;
/// How long somebody waits for the memory of the whole one.
const PATIENCE: Duration = Duration::from_millis(100);

/// The memory of answers to fetches. Whoever asks for much and does not take it keeps what it holds until it is given up.
/// So a part of the memory is only for small answers: some readers that take nothing can't keep all others from reading,
/// who go on with less at a time.
#[derive(Debug)]
pub(crate) struct FetchMemory {
    whole: Memory,
    small: Memory,
}

impl FetchMemory {
    pub(crate) fn new(bytes: usize) -> Self {
        let small = bytes / 4;
        Self { whole: Memory::new(bytes - small), small: Memory::new(small) }
    }

    /// Waits for `bytes`, or for fewer where that takes long. Returns how many the answer may have.
    ///
    /// # Cancel safety
    /// Whoever no longer waits has lost its place and nothing else.
    pub(crate) async fn acquire(&self, bytes: usize) -> (Held, usize) {
        if let Ok(held) = tokio::time::timeout(PATIENCE, self.whole.acquire(bytes)).await {
            return (held, bytes);
        }
        let bytes = bytes.min(SMALL);
        (self.small.acquire(bytes).await, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_holds_much_leaves_room_for_small_answers() {
        let memory = FetchMemory::new(100 * SMALL);
        let (all, given) = memory.acquire(usize::MAX).await;
        assert_eq!(given, usize::MAX);
        let mut held = Vec::new();
        for _ in 0..25 {
            let (one, given) = memory.acquire(10 * SMALL).await;
            assert_eq!(given, SMALL);
            held.push(one);
        }
        drop(all);
        assert_eq!(memory.acquire(10 * SMALL).await.1, 10 * SMALL);
        drop(held);
    }
}
