use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What one permit stands for. A semaphore has room for more memory than there is, in these.
const UNIT: usize = 1 << 10;

/// A bounded amount of memory that is shared: whoever wants some waits until there is as much.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    free: Arc<Semaphore>,
    units: u32,
}

/// Some of it, given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Held(
    #[expect(dead_code, reason = "dropping it gives the memory back")] OwnedSemaphorePermit,
);

impl Memory {
    pub(crate) fn new(bytes: usize) -> Self {
        let units = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX).max(1);
        let free = Semaphore::new((units as usize).min(Semaphore::MAX_PERMITS));
        Self { free: Arc::new(free), units }
    }

    /// Waits for `bytes`, in the order of those who wait. Who wants more than there is altogether gets all of it.
    ///
    /// # Cancel safety
    /// Whoever no longer waits has lost its place and nothing else.
    pub(crate) async fn acquire(&self, bytes: usize) -> Held {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).clamp(1, self.units);
        let permit = Arc::clone(&self.free).acquire_many_owned(units).await;
        Held(permit.expect("the semaphore is never closed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn memory_is_given_out_up_to_its_bound_and_comes_back() {
        let memory = Memory::new(10 * UNIT);
        let first = memory.acquire(8 * UNIT).await;
        let mut waiting = Box::pin(memory.acquire(usize::MAX));
        assert!(futures_util::poll!(&mut waiting).is_pending());
        drop(first);
        let all = waiting.await;
        assert_eq!(memory.free.available_permits(), 0);
        drop(all);
        assert_eq!(memory.free.available_permits(), 10);
    }
}
