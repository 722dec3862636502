use std::fmt;

use crate::Error;
use crate::bindings::capabilities::forebay::plugin::operations as wit;

/// A started put, produce, sync or request, which the host does while the guest goes on. Whoever
/// started it returns it to the host, which awaits it. Dropping it does not undo it.
pub struct Operation(wit::Operation);

impl Operation {
    /// A number that is unique in this instance, to find one's own notes by.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.0.id()
    }

    /// How it ended; absent while it runs.
    #[must_use]
    pub fn outcome(&self) -> Option<Result<(), Error>> {
        self.0.outcome().map(|outcome| outcome.map_err(Error::new))
    }
}

impl Operation {
    pub(crate) fn resource(&self) -> &wit::Operation {
        &self.0
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation").finish_non_exhaustive()
    }
}

impl From<wit::Operation> for Operation {
    fn from(operation: wit::Operation) -> Self {
        Self(operation)
    }
}

impl From<Operation> for wit::Operation {
    fn from(Operation(operation): Operation) -> Self {
        operation
    }
}
