//! What templates call the metrics of the components that they make.

use std::fmt;
use std::sync::Arc;

use forebay_metrics::{Labels, Metrics, Naming};

/// Gives the metrics of what a template makes other names and labels.
pub trait NameMetrics: Send + Sync {
    /// What a metric with this name and these labels is called where the template is used under a label, which may be
    /// empty; nothing of one that is told to nobody.
    fn name(&self, used_as: &str, name: &str, labels: &Labels) -> Option<(String, Labels)>;
}

/// What the metrics of a component are called by: the templates that it comes from. Cheap to clone.
#[derive(Clone, Default)]
pub struct MetricNaming(
    /// The innermost first, which is asked first.
    Vec<Used>,
);

/// A template that is used under a label.
#[derive(Clone)]
struct Used {
    by: Arc<dyn NameMetrics>,
    label: Arc<str>,
}

impl MetricNaming {
    /// The same inside of a use of one more template, under a label.
    #[must_use]
    pub fn within(&self, by: Arc<dyn NameMetrics>, label: &str) -> Self {
        let inner = Used { by, label: label.into() };
        Self([inner].into_iter().chain(self.0.iter().cloned()).collect())
    }

    /// Whether they keep their names.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same metrics as the component is to see them.
    #[must_use]
    pub fn of(&self, metrics: &Metrics) -> Metrics {
        let named = |metrics: Metrics, used: &Used| metrics.named_by(Arc::new(used.clone()));
        self.0.iter().fold(metrics.clone(), named)
    }
}

impl Naming for Used {
    fn name(&self, name: &str, labels: &Labels) -> Option<(String, Labels)> {
        self.by.name(&self.label, name, labels)
    }
}

impl PartialEq for MetricNaming {
    fn eq(&self, other: &Self) -> bool {
        let is_same =
            |(one, other): (&Used, &Used)| Arc::ptr_eq(&one.by, &other.by) && one.label == other.label;
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(is_same)
    }
}

impl fmt::Debug for MetricNaming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|used| &used.label)).finish()
    }
}
