use crate::timing::Distribution;

/// Names and values, in the order in which they were given.
pub type Labels = Vec<(String, String)>;

/// All metrics at one moment, ordered by name and labels.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    pub families: Vec<Family>,
}

/// Everything of one name.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    pub name: String,
    pub help: String,
    pub kind: Kind,
    pub samples: Vec<Sample>,
}

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Timing,
}

/// One series of a family.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub labels: Labels,
    pub value: Value,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Counter(u64),
    Gauge(f64),
    /// Since the start, and lately.
    Timing(Distribution, Distribution),
}

impl Value {
    /// What kind of metric has such a value.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Counter(_) => Kind::Counter,
            Self::Gauge(_) => Kind::Gauge,
            Self::Timing(..) => Kind::Timing,
        }
    }

    /// Two series that have become one: what was counted is added up, and of two gauges this one counts.
    #[must_use]
    pub fn with(self, other: &Self) -> Self {
        match (self, other) {
            (Self::Counter(one), Self::Counter(other)) => Self::Counter(one.wrapping_add(*other)),
            (Self::Timing(all, recent), Self::Timing(other, lately)) => {
                Self::Timing(all.with(other), recent.with(lately))
            }
            (one, _) => one,
        }
    }
}
