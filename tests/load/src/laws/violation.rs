use std::fmt;

use crate::value::Value;

/// A law that was broken, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// A value was acknowledged, and is nowhere.
    Lost { value: Value, offset: i64 },
    /// A value was acknowledged at another offset than the one where it is.
    Elsewhere { value: Value, acked: i64, found: i64 },
    /// Two tries of an idempotent producer were told different offsets.
    TwoAnswers { value: Value, offsets: [i64; 2] },
    /// A value is at more offsets than it may.
    Doubled { value: Value, offsets: [i64; 2] },
    /// Two readings of one offset gave different values.
    TwoValues { partition: i32, offset: i64, values: [Option<Value>; 2] },
    /// Something was read that is not what anybody sent to this partition.
    Alien { partition: i32, offset: i64 },
    /// The record with this offset is not there, but later ones are.
    Gap { partition: i32, offset: i64 },
    /// There are records, and a reader was given none.
    Nothing { partition: i32, from: i64, high_watermark: i64 },
    /// A value of an idempotent producer comes where another one should.
    Disordered { value: Value, offset: i64, expected: u32 },
    /// Of a request some batches are there, and some are not.
    Torn { request: u64, missing: Value },
    /// A value has a lower offset than one that was acknowledged before it was sent.
    Overtaken { earlier: Value, at: i64, later: Value, below: i64 },
    /// A log was shorter than it had been before.
    Shrunk { partition: i32, from: i64, to: i64 },
    /// A log ended before something that had been acknowledged.
    Unseen { partition: i32, acked: i64, high_watermark: i64 },
    /// A log began, or was read, below where it began before or what was deleted.
    Revived { partition: i32, from: i64, log_start: i64 },
    /// A log began beyond what anybody had deleted.
    Vanished { partition: i32, log_start: i64, deleted: i64 },
    /// Two producers got the same id and epoch.
    SameProducer { producer: i64, epoch: i16 },
}

impl Violation {
    /// The law, in a word: for counting.
    #[must_use]
    pub fn law(&self) -> &'static str {
        match self {
            Self::Lost { .. } => "lost",
            Self::Elsewhere { .. } => "elsewhere",
            Self::TwoAnswers { .. } => "two answers",
            Self::Doubled { .. } => "doubled",
            Self::TwoValues { .. } => "two values",
            Self::Alien { .. } => "alien",
            Self::Gap { .. } => "gap",
            Self::Nothing { .. } => "nothing",
            Self::Disordered { .. } => "disordered",
            Self::Torn { .. } => "torn",
            Self::Overtaken { .. } => "overtaken",
            Self::Shrunk { .. } => "shrunk",
            Self::Unseen { .. } => "unseen",
            Self::Revived { .. } => "revived",
            Self::Vanished { .. } => "vanished",
            Self::SameProducer { .. } => "same producer",
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {self:?}", self.law())
    }
}
