/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Ask again, after a pause: a commit under the same id.
    Retry,
    /// Somebody else was first: look again, then decide.
    Conflict,
    /// Whoever asked has been replaced and must stop.
    Fenced,
    /// What the call is about does not exist.
    NotFound,
    /// The call is wrong and stays wrong.
    Invalid,
    /// What is stored can't be what was written.
    Corrupt,
    /// A fault of this program.
    Internal,
}

/// What any call may meet that has nothing to do with what it asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreFailure {
    /// The store can't be reached or refuses to work; nothing was done.
    #[error("the metadata store is not available: {reason}")]
    Unavailable {
        /// What the store said.
        reason: String,
    },
    /// The store went away in the middle: what was asked has been done as a whole, or not at all.
    #[error("the metadata store did not say whether it is done: {reason}; ask again")]
    Unsettled {
        /// What the store said.
        reason: String,
    },
    /// What is stored can't be what was written.
    #[error("the metadata store holds what it can't have written: {reason}")]
    Corrupt {
        /// What is where.
        reason: String,
    },
    /// A fault of this program.
    #[error("the metadata store was asked in a way it does not understand: {reason}")]
    Internal {
        /// What the store said.
        reason: String,
    },
}

impl StoreFailure {
    /// What to do about it.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Unavailable { .. } | Self::Unsettled { .. } => Kind::Retry,
            Self::Corrupt { .. } => Kind::Corrupt,
            Self::Internal { .. } => Kind::Internal,
        }
    }
}
