use std::fmt;

use crate::Batch;

/// From which messages of a source the messages of a result come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// Message i comes from message i.
    Same,
    /// Message i comes from the source message with this index. A source message that no entry
    /// names was dropped on purpose.
    Each(Vec<u32>),
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
            Self::Each(each) if each.iter().any(|index| *index as usize >= source) => {
                Err(OriginsError::OutOfRange)
            }
            Self::Same | Self::Each(_) | Self::Whole => Ok(()),
        }
    }
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
