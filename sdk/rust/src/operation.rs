use std::fmt;

use crate::Error;
use crate::bindings::capabilities::forebay::plugin::operations as wit;

/// A started put, produce, sync or request, which the host does while the guest goes on. Whoever
/// started it returns it to the host, which awaits it. Dropping it does not undo it.
pub struct Operation(Work);

enum Work {
    Host(wit::Operation),
    /// What a test has the answer of.
    #[cfg(not(target_arch = "wasm32"))]
    Ended {
        id: u64,
        outcome: Result<(), String>,
    },
}

impl Operation {
    /// A number that is unique in this instance, to find one's own notes by.
    #[must_use]
    pub fn id(&self) -> u64 {
        match &self.0 {
            Work::Host(operation) => operation.id(),
            #[cfg(not(target_arch = "wasm32"))]
            Work::Ended { id, .. } => *id,
        }
    }

    /// How it ended; absent while it runs.
    #[must_use]
    pub fn outcome(&self) -> Option<Result<(), Error>> {
        let outcome = match &self.0 {
            Work::Host(operation) => operation.outcome(),
            #[cfg(not(target_arch = "wasm32"))]
            Work::Ended { outcome, .. } => Some(outcome.clone()),
        };
        outcome.map(|outcome| outcome.map_err(Error::new))
    }
}

impl Operation {
    /// The operation as the host knows it; none where a test has made it.
    pub(crate) fn resource(&self) -> Option<&wit::Operation> {
        match &self.0 {
            Work::Host(operation) => Some(operation),
            #[cfg(not(target_arch = "wasm32"))]
            Work::Ended { .. } => None,
        }
    }

    /// One that has ended, of a test.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn ended(id: u64, outcome: Result<(), String>) -> Self {
        Self(Work::Ended { id, outcome })
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation").finish_non_exhaustive()
    }
}

impl From<wit::Operation> for Operation {
    fn from(operation: wit::Operation) -> Self {
        Self(Work::Host(operation))
    }
}

#[cfg(target_arch = "wasm32")]
impl From<Operation> for wit::Operation {
    fn from(Operation(Work::Host(operation)): Operation) -> Self {
        operation
    }
}
