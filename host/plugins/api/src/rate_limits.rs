use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use forebay_pipeline_config::{Label, nearest};

/// A limit on how often, or how much, something is done, which many keep to at once.
#[async_trait]
pub trait RateLimit: Send + Sync {
    /// Asks whether something may be done now, for a message of so many bytes where it is done for one. Zero is yes;
    /// anything else is how long to wait before asking again, with the same message. Each question counts.
    ///
    /// # Errors
    /// Why the limit can't say; worth another try.
    ///
    /// # Cancel safety
    /// Whether a question that is dropped counts is not known.
    async fn access(&self, bytes: Option<usize>) -> Result<Duration, String>;
}

/// The rate limits of a pipeline, by the labels of its `rate_limit_resources`. Cheap to clone.
#[derive(Clone, Default)]
pub struct RateLimits(Arc<HashMap<String, Arc<dyn RateLimit>>>);

/// Why a rate limit did not say how long to wait.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RateLimitError {
    /// The pipeline has none with this label.
    #[error("rate limit resource '{label}' was not found{hint}")]
    Unknown { label: String, hint: String },
    #[error("rate limit '{label}': {reason}")]
    Failed { label: String, reason: String },
}

impl RateLimits {
    /// These rate limits.
    pub fn new(limits: impl IntoIterator<Item = (Label, Arc<dyn RateLimit>)>) -> Self {
        Self(Arc::new(limits.into_iter().map(|(label, limit)| (label.as_str().to_owned(), limit)).collect()))
    }

    /// The same labels for somebody who is beside the pipeline: nothing is held up, and nothing counts.
    #[must_use]
    pub fn unlimited(&self) -> Self {
        let free = |label: &String| (label.clone(), Arc::new(Free) as Arc<dyn RateLimit>);
        Self(Arc::new(self.0.keys().map(free).collect()))
    }

    /// Whether there is a rate limit with this label.
    ///
    /// # Errors
    /// There is none; the error names the one that was probably meant.
    pub fn check(&self, label: &str) -> Result<(), RateLimitError> {
        self.find(label).map(drop)
    }

    /// As [`RateLimit::access`] of the one with this label.
    ///
    /// # Errors
    /// When there is none, or it fails.
    pub async fn access(&self, label: &str, bytes: Option<usize>) -> Result<Duration, RateLimitError> {
        let failed = |reason| RateLimitError::Failed { label: label.to_owned(), reason };
        self.find(label)?.access(bytes).await.map_err(failed)
    }

    fn find(&self, label: &str) -> Result<&Arc<dyn RateLimit>, RateLimitError> {
        self.0.get(label).ok_or_else(|| {
            let near = nearest(label, self.0.keys().map(String::as_str));
            let hint = near.map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
            RateLimitError::Unknown { label: label.to_owned(), hint }
        })
    }
}

struct Free;

#[async_trait]
impl RateLimit for Free {
    async fn access(&self, _: Option<usize>) -> Result<Duration, String> {
        Ok(Duration::ZERO)
    }
}

impl fmt::Debug for RateLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimits").field("labels", &self.0.keys()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Never;

    #[async_trait]
    impl RateLimit for Never {
        async fn access(&self, bytes: Option<usize>) -> Result<Duration, String> {
            bytes.map_or_else(|| Err("no message".to_owned()), |_| Ok(Duration::MAX))
        }
    }

    #[tokio::test]
    async fn limits_are_found_by_their_labels_and_bind_nobody_beside_the_pipeline() {
        let limits = RateLimits::new([("slow".parse().unwrap(), Arc::new(Never) as Arc<dyn RateLimit>)]);
        assert_eq!(limits.access("slow", Some(1)).await, Ok(Duration::MAX));
        let error = limits.access("slow", None).await.unwrap_err().to_string();
        assert_eq!(error, "rate limit 'slow': no message");
        assert_eq!(limits.unlimited().access("slow", None).await, Ok(Duration::ZERO));
        let error = limits.check("slwo").unwrap_err().to_string();
        assert_eq!(error, "rate limit resource 'slwo' was not found, did you mean `slow`?");
    }
}
