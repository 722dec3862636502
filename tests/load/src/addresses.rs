use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

/// Where agents are reached now. Clones are the same: who starts another agent tells all clients.
#[derive(Debug, Clone, Default)]
pub struct Addresses(Arc<RwLock<Vec<SocketAddr>>>);

impl Addresses {
    #[must_use]
    pub fn of(addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        let all = Self::default();
        all.set(addresses);
        all
    }

    pub fn set(&self, addresses: impl IntoIterator<Item = SocketAddr>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = addresses.into_iter().collect();
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> Vec<SocketAddr> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The one for the `turn`th connection of a client, if there is any.
    #[must_use]
    pub fn get(&self, turn: usize) -> Option<SocketAddr> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.get(turn.checked_rem(all.len())?).copied()
    }
}
