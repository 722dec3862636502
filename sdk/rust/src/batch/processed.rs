use super::{Batch, narrow};

/// From which messages of a source the messages of a result come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// Message i comes from message i; both have the same length.
    Same,
    /// Message i comes from the message with this index. A source message that no entry names was
    /// dropped on purpose and is acknowledged.
    Each(Vec<u32>),
    /// Every message depends on all of the source.
    Whole,
}

impl Origins {
    /// [`Origins::Each`] of these indexes.
    pub fn each(indexes: impl IntoIterator<Item = usize>) -> Self {
        Self::Each(indexes.into_iter().map(narrow).collect())
    }
}

/// A result of a processor or a mapping: a batch and where its messages come from.
#[derive(Debug)]
pub struct Processed {
    pub batch: Batch,
    pub origins: Origins,
}

/// The batch as it is.
impl From<Batch> for Processed {
    fn from(batch: Batch) -> Self {
        Self { batch, origins: Origins::Same }
    }
}
