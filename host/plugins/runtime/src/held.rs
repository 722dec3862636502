//! Bytes that lie outside an instance's memory and belong to it all the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

/// Counts what is held for a guest: the batches of one instance, or what the host does for a component
/// on other threads.
#[derive(Debug)]
pub(crate) struct Held {
    bytes: AtomicUsize,
    limit: usize,
}

/// A part of what is held, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    held: Arc<Held>,
    bytes: usize,
}

/// That an instance would hold too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{bytes} bytes are held at once, the limit is {limit}")]
pub(crate) struct HoldsTooMuch {
    pub(crate) bytes: usize,
    pub(crate) limit: usize,
}

impl Held {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { bytes: AtomicUsize::new(0), limit })
    }

    /// Bytes that count until the last reference to them is gone, wherever that is.
    pub(crate) fn hold(self: &Arc<Self>, bytes: Vec<u8>) -> Result<Bytes, HoldsTooMuch> {
        let size = bytes.len();
        self.hold_as(bytes, size)
    }

    /// The same for bytes of which `size` count: those of others stay in memory with them.
    pub(crate) fn hold_as<T>(self: &Arc<Self>, bytes: T, size: usize) -> Result<Bytes, HoldsTooMuch>
    where
        T: AsRef<[u8]> + Send + 'static,
    {
        struct Owner<T> {
            bytes: T,
            _share: Share,
        }
        impl<T: AsRef<[u8]>> AsRef<[u8]> for Owner<T> {
            fn as_ref(&self) -> &[u8] {
                self.bytes.as_ref()
            }
        }
        let share = self.take(size)?;
        Ok(Bytes::from_owner(Owner { bytes, _share: share }))
    }

    /// How much is held now.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// How much may be.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// A share of so many bytes.
    pub(crate) fn take(self: &Arc<Self>, bytes: usize) -> Result<Share, HoldsTooMuch> {
        let mut share = Share { held: Arc::clone(self), bytes: 0 };
        share.grow(bytes)?;
        Ok(share)
    }
}

impl Share {
    /// Takes more.
    pub(crate) fn grow(&mut self, more: usize) -> Result<(), HoldsTooMuch> {
        let limit = self.held.limit;
        let add = |bytes: usize| bytes.checked_add(more).filter(|bytes| *bytes <= limit);
        match self.held.bytes.try_update(Ordering::Relaxed, Ordering::Relaxed, add) {
            Ok(_) => {
                self.bytes += more;
                Ok(())
            }
            Err(bytes) => Err(HoldsTooMuch { bytes: bytes.saturating_add(more), limit }),
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.held.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_can_be_taken_again() {
        let held = Held::new(10);
        let mut share = held.take(6).unwrap();
        assert_eq!(held.take(5).unwrap_err(), HoldsTooMuch { bytes: 11, limit: 10 });
        share.grow(4).unwrap();
        assert!(share.grow(usize::MAX).is_err());
        drop(share);
        assert!(held.take(10).is_ok());
    }

    #[test]
    fn bytes_are_held_by_their_last_reference() {
        let held = Held::new(10);
        let bytes = held.hold(vec![0; 10]).unwrap();
        let part = bytes.slice(..1);
        drop(bytes);
        assert!(held.take(1).is_err());
        drop(part);
        assert!(held.take(10).is_ok());
    }
}
