use std::ops::Range;

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

impl Processed {
    /// Splits results of a batch of independent messages: those of one message belong together from here on, and what is
    /// alone stays with its neighbours. `ends` says how many results there are after those of each message.
    #[must_use]
    pub fn apart(self, ends: &[usize]) -> Vec<Self> {
        let sources = match &self.origins {
            Origins::Each(sources) => sources.as_slice(),
            // Each message has one result.
            Origins::Same | Origins::Whole => return vec![self],
        };
        let mut done = Vec::new();
        let mut alone = 0;
        let mut start = 0;
        for end in ends.iter().copied() {
            if end - start > 1 {
                done.push(self.piece(sources, alone..start, true));
                done.push(self.piece(sources, start..end, false));
                alone = end;
            }
            start = end;
        }
        done.push(self.piece(sources, alone..start, true));
        done.into_iter().flatten().collect()
    }

    fn piece(&self, sources: &[u32], range: Range<usize>, independent: bool) -> Option<Self> {
        let origins =
            Origins::Each(sources.get(range.clone()).filter(|sources| !sources.is_empty())?.to_vec());
        Some(Self { batch: self.batch.slice(range).with_independent(independent), origins })
    }
}

/// The batch as it is.
impl From<Batch> for Processed {
    fn from(batch: Batch) -> Self {
        Self { batch, origins: Origins::Same }
    }
}
