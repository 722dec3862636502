//! From which messages of a source the messages of a result come, also over several steps.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use crate::Batch;

/// From which messages of a source the messages of a result come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// Message i comes from message i.
    Same,
    /// Message i comes from the source message with this index. A source message that no entry
    /// names was dropped on purpose.
    Each(Vec<u32>),
    /// Message i depends on all the source messages with these indexes, of which there is at least one.
    Sets(Vec<Arc<[u32]>>),
    /// Every message depends on all of the source.
    Whole,
}

/// A result of a processor.
#[derive(Debug, Clone)]
pub struct Processed {
    pub batch: Batch,
    pub origins: Origins,
}

/// Origins that do not fit the batches they are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OriginsError {
    /// `Same`, but the lengths differ; or not one entry for every message.
    Length { messages: usize, origins: usize },
    /// An index that the source does not have.
    OutOfRange,
}

impl Origins {
    /// Checks that these are the origins of `messages` messages in a source of `source`.
    ///
    /// # Errors
    /// When they are not.
    pub fn check(&self, messages: usize, source: usize) -> Result<(), OriginsError> {
        match self {
            Self::Same if messages != source => Err(OriginsError::Length { messages, origins: source }),
            Self::Each(each) if messages != each.len() => {
                Err(OriginsError::Length { messages, origins: each.len() })
            }
            Self::Sets(sets) if messages != sets.len() => {
                Err(OriginsError::Length { messages, origins: sets.len() })
            }
            Self::Each(each) if each.iter().any(|index| *index as usize >= source) => {
                Err(OriginsError::OutOfRange)
            }
            Self::Sets(sets) if !sets.iter().all(|set| is_within(set, source)) => {
                Err(OriginsError::OutOfRange)
            }
            Self::Same | Self::Each(_) | Self::Sets(_) | Self::Whole => Ok(()),
        }
    }

    /// The origins, in the source of these, of `messages` messages that were made of the messages which have these
    /// origins. `further` says of which, and has been checked.
    #[must_use]
    pub fn then(&self, further: &Self, messages: usize) -> Self {
        match (self, further) {
            (_, Self::Same) => self.clone(),
            (Self::Same, _) => further.clone(),
            (Self::Whole, _) => Self::Whole,
            (Self::Each(first), Self::Each(then)) => {
                Self::Each(then.iter().map(|index| first[*index as usize]).collect())
            }
            (Self::Each(first), Self::Sets(then)) => {
                let through = |set: &Arc<[u32]>| set.iter().map(|index| first[*index as usize]).collect();
                Self::Sets(then.iter().map(through).collect())
            }
            (Self::Each(first), Self::Whole) => Self::Sets(vec![first.as_slice().into(); messages]),
            (Self::Sets(first), Self::Each(then)) => {
                Self::Sets(then.iter().map(|index| Arc::clone(&first[*index as usize])).collect())
            }
            (Self::Sets(first), Self::Sets(then)) => {
                let through = |set: &Arc<[u32]>| union(set.iter().map(|index| &first[*index as usize]));
                Self::Sets(then.iter().map(through).collect())
            }
            (Self::Sets(first), Self::Whole) => Self::Sets(vec![union(first); messages]),
        }
    }

    /// The origins of several results of a source of `source` messages, put one after the other: of each its own,
    /// and how many messages it has.
    #[must_use]
    pub fn joined(parts: &[(Self, usize)], source: usize) -> Self {
        if let [(only, _)] = parts {
            return only.clone();
        }
        let all = || (0..).take(source);
        if parts.iter().all(|(origins, _)| matches!(origins, Self::Same | Self::Each(_))) {
            let each = parts.iter().flat_map(|(origins, _)| match origins {
                Self::Each(each) => each.clone(),
                _ => all().collect(),
            });
            return Self::Each(each.collect());
        }
        if parts.iter().all(|(origins, _)| matches!(origins, Self::Whole)) {
            return Self::Whole;
        }
        let sets = parts.iter().flat_map(|(origins, messages)| -> Vec<Arc<[u32]>> {
            match origins {
                Self::Same => all().map(|index| Arc::from([index])).collect(),
                Self::Each(each) => each.iter().map(|index| Arc::from([*index])).collect(),
                Self::Sets(sets) => sets.clone(),
                Self::Whole => vec![all().collect(); *messages],
            }
        });
        Self::Sets(sets.collect())
    }
}

fn is_within(set: &[u32], source: usize) -> bool {
    !set.is_empty() && set.iter().all(|index| (*index as usize) < source)
}

fn union<'a>(sets: impl IntoIterator<Item = &'a Arc<[u32]>>) -> Arc<[u32]> {
    let all: BTreeSet<u32> = sets.into_iter().flat_map(|set| set.iter().copied()).collect();
    all.into_iter().collect()
}

impl fmt::Display for OriginsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { messages, origins } => {
                write!(f, "malformed origins: {messages} messages with the origins of {origins}")
            }
            Self::OutOfRange => f.write_str("malformed origins: an index is not one of the source"),
        }
    }
}

impl std::error::Error for OriginsError {}
