//! Batches that the host holds.

use std::mem::ManuallyDrop;

use super::{Batch, Origins, Processed};
use crate::bindings::capabilities::forebay::plugin::batches as wit;

pub(crate) enum Handle {
    Owned(wit::Batch),
    /// Lent for one call, which drops it.
    Borrowed(ManuallyDrop<wit::Batch>),
}

impl Handle {
    /// A second handle of what the host has lent for the length of one call.
    pub(crate) fn borrowed(batch: &wit::Batch) -> Self {
        #[expect(unsafe_code, reason = "the generated type has no other constructor")]
        // SAFETY: the number is that of a batch, and the second handle is never dropped.
        let second = unsafe { wit::Batch::from_handle(batch.handle()) };
        Self::Borrowed(ManuallyDrop::new(second))
    }

    pub(crate) fn resource(&self) -> &wit::Batch {
        match self {
            Self::Owned(batch) => batch,
            Self::Borrowed(batch) => batch,
        }
    }

    pub(crate) fn into_resource(self) -> wit::Batch {
        match self {
            Self::Owned(batch) => batch,
            Self::Borrowed(batch) => batch.slice(0, batch.length()),
        }
    }

    pub(super) fn length(&self) -> usize {
        self.resource().length() as usize
    }

    pub(super) fn independent(&self) -> bool {
        self.resource().independent()
    }

    pub(super) fn columns(&self, mask: u32) -> Vec<u8> {
        self.resource().columns(mask)
    }

    pub(super) fn from_columns(columns: Vec<u8>) -> Self {
        Self::Owned(wit::Batch::from_columns(&columns))
    }

    pub(super) fn derive(&self, columns: Vec<u8>, origins: &Origins) -> Self {
        let origins = match origins {
            Origins::Same => wit::Origins::Same,
            Origins::Each(indexes) => wit::Origins::Each(indexes.clone()),
            Origins::Whole => wit::Origins::Whole,
        };
        Self::Owned(self.resource().derive(&columns, &origins))
    }

    pub(super) fn slice(&self, start: u32, end: u32) -> Self {
        Self::Owned(self.resource().slice(start, end))
    }

    pub(super) fn select(&self, indexes: &[u32]) -> Self {
        Self::Owned(self.resource().select(indexes))
    }

    pub(super) fn respond(&self, response: &Self) -> Result<bool, String> {
        self.resource().respond(response.resource())
    }

    pub(super) fn concatenate(handles: Vec<Self>) -> Self {
        Self::Owned(wit::Batch::concatenate(handles.into_iter().map(Self::into_resource).collect()))
    }
}

impl From<wit::Batch> for Batch {
    fn from(batch: wit::Batch) -> Self {
        Self::from_handle(Handle::Owned(batch))
    }
}

impl From<Batch> for wit::Batch {
    fn from(batch: Batch) -> Self {
        batch.into_handle().into_resource()
    }
}

impl From<Processed> for wit::Processed {
    fn from(Processed { batch, origins }: Processed) -> Self {
        let origins = match origins {
            Origins::Same => wit::Origins::Same,
            Origins::Each(indexes) => wit::Origins::Each(indexes),
            Origins::Whole => wit::Origins::Whole,
        };
        Self { batch: batch.into(), origins }
    }
}

impl From<wit::Processed> for Processed {
    fn from(wit::Processed { batch, origins }: wit::Processed) -> Self {
        let origins = match origins {
            wit::Origins::Same => Origins::Same,
            wit::Origins::Each(indexes) => Origins::Each(indexes),
            wit::Origins::Whole => Origins::Whole,
        };
        Self { batch: batch.into(), origins }
    }
}
