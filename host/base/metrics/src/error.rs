use std::fmt;

use crate::registry::{MOST_FAMILIES, MOST_LABELS};

/// A name that can't be used for a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetricError {
    /// The name, or that of a label, is not of the form `[a-zA-Z_][a-zA-Z0-9_]*`, or a text is too long.
    Name(String),
    /// The name that it was given in place of its own is malformed, or that of a label.
    Named { name: String, instead: String },
    /// The name stands for a metric of another kind already.
    Kind(String),
    /// There are too many different names.
    TooMany,
    /// There are too many different labels under this name.
    TooManyLabels(String),
}

impl fmt::Display for MetricError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(
                f,
                "metric `{name}`: names of metrics and labels are of the form [a-zA-Z_][a-zA-Z0-9_]*, values of labels are short"
            ),
            Self::Named { name, instead } => write!(
                f,
                "metric `{name}` can't be called `{instead}`: names of metrics and labels are of the form [a-zA-Z_][a-zA-Z0-9_]*"
            ),
            Self::Kind(name) => write!(f, "metric `{name}` is of another kind already"),
            Self::TooManyLabels(name) => {
                write!(f, "metric `{name}` is labelled in more than {MOST_LABELS} ways")
            }
            Self::TooMany => write!(f, "there are more than {MOST_FAMILIES} metric names"),
        }
    }
}

impl std::error::Error for MetricError {}
