//! Responses to messages, on their way back to the input that waits for them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{Batch, Origins};

/// Bytes of responses to one batch of an input.
const MOST_BYTES: usize = 64 << 20;
/// Batches of responses to one batch of an input.
const MOST_BATCHES: usize = 10_000;

/// Keeps the responses to what an input has handed out. Clones are the same store.
#[derive(Debug, Clone, Default)]
pub struct ResponseStore(Arc<Mutex<Stored>>);

#[derive(Debug, Default)]
struct Stored {
    batches: Vec<Batch>,
    bytes: usize,
}

/// Why a response was not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RespondError {
    /// Nobody waits for one: the input of the message takes none.
    #[error("result store not found within batch context")]
    NobodyWaits,
    #[error("the responses to one batch have more than {MOST_BATCHES} batches or {MOST_BYTES} bytes")]
    TooMuch,
}

impl ResponseStore {
    /// Adds a response, which is kept without its own way back.
    ///
    /// # Errors
    /// There are too many already.
    pub fn add(&self, response: &Batch) -> Result<(), RespondError> {
        let response = response.without_responses();
        let bytes = response.byte_size();
        let mut stored = self.lock();
        if stored.batches.len() >= MOST_BATCHES || stored.bytes.saturating_add(bytes) > MOST_BYTES {
            return Err(RespondError::TooMuch);
        }
        stored.bytes += bytes;
        stored.batches.push(response);
        Ok(())
    }

    /// All responses so far, in their order; then there are none.
    #[must_use]
    pub fn take(&self) -> Vec<Batch> {
        std::mem::take(&mut *self.lock()).batches
    }

    fn lock(&self) -> MutexGuard<'_, Stored> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// The stores of some messages.
#[derive(Debug, Clone, Default)]
pub(crate) enum Stores {
    /// Nobody waits for responses.
    #[default]
    None,
    /// All have the same one.
    One(ResponseStore),
    Each(Arc<[Option<ResponseStore>]>),
}

impl Stores {
    pub(crate) fn get(&self, row: usize) -> Option<&ResponseStore> {
        match self {
            Self::None => None,
            Self::One(store) => Some(store),
            Self::Each(each) => each.get(row)?.as_ref(),
        }
    }

    /// Those of messages with these stores.
    fn of_each<'s>(each: impl Iterator<Item = Option<&'s ResponseStore>>) -> Self {
        let each: Arc<[_]> = each.map(|store| store.cloned()).collect();
        let Some(Some(first)) = each.first() else {
            return if each.iter().all(Option::is_none) { Self::None } else { Self::Each(each) };
        };
        let is_one = each.iter().all(|store| store.as_ref().is_some_and(|store| store.is(first)));
        if is_one { Self::One(first.clone()) } else { Self::Each(each) }
    }
}

impl Batch {
    /// This batch, responses to which go into a store.
    #[must_use]
    pub fn with_responses(&self, store: &ResponseStore) -> Self {
        self.with_stores(&Stores::One(store.clone()))
    }

    /// This batch with nobody who waits for responses.
    #[must_use]
    pub fn without_responses(&self) -> Self {
        if self.has_responses() { self.with_stores(&Stores::None) } else { self.clone() }
    }

    /// This batch, which was made of `source` and, where its messages have lost their way back, gets that of the
    /// messages which `origins` name. They have been checked.
    #[must_use]
    pub fn answering(self, source: &Self, origins: &Origins) -> Self {
        if self.has_responses() || !source.has_responses() {
            return self;
        }
        let stores = source.stores_of(origins, self.len());
        Self::from_columns(self.joined().with_stores(stores))
    }

    /// Stores this batch as the response to itself, as it is now. Messages that stand for themselves are each a response.
    ///
    /// # Errors
    /// Nobody waits for one, or there are too many.
    pub fn respond(&self) -> Result<(), RespondError> {
        if !self.independent() {
            return self.respond_with(self);
        }
        let mut responded = Err(RespondError::NobodyWaits);
        for message in (0..self.len()).filter_map(|index| self.slice(index, index + 1)) {
            match message.respond_with(&message) {
                Ok(()) => responded = Ok(()),
                Err(RespondError::NobodyWaits) => {}
                Err(error @ RespondError::TooMuch) => return Err(error),
            }
        }
        responded
    }

    /// Stores a response to this batch.
    ///
    /// # Errors
    /// Nobody waits for a response to its first message, or there are too many.
    pub fn respond_with(&self, response: &Self) -> Result<(), RespondError> {
        self.store(0).ok_or(RespondError::NobodyWaits)?.add(response)
    }

    /// The stores of messages that come from these.
    pub(crate) fn stores_of(&self, origins: &Origins, messages: usize) -> Stores {
        if !self.has_responses() {
            return Stores::None;
        }
        let at = |index: &u32| self.store(*index as usize);
        match origins {
            Origins::Same => Stores::of_each((0..self.len()).map(|index| self.store(index))),
            Origins::Each(each) => Stores::of_each(each.iter().map(at)),
            Origins::Sets(sets) => Stores::of_each(sets.iter().map(|set| set.first().and_then(at))),
            Origins::Whole => {
                let first = self.store(0);
                Stores::of_each(std::iter::repeat_n(first, messages))
            }
        }
    }
}
