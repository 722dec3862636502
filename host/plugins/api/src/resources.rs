use std::fmt;
use std::sync::Arc;

use forebay_pipeline_config::{ComponentConfig, nearest};

/// The processors of `processor_resources`, as one of the components of a pipeline sees them. Cheap to clone.
///
/// They are configurations: each use opens instances of its own.
#[derive(Clone, Default)]
pub struct Resources {
    all: Arc<[ComponentConfig]>,
    within: Option<Arc<Within>>,
}

/// A resource that the component is in, and the one that this is in.
struct Within {
    label: String,
    outer: Option<Arc<Self>>,
}

/// Why a resource can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResourceError {
    /// The pipeline has none with this label.
    #[error("there is no processor `{label}` among the processor_resources of this pipeline{hint}")]
    Unknown { label: String, hint: String },
    /// It would hold itself.
    #[error("processor `{label}` uses itself")]
    Circle { label: String },
}

impl Resources {
    /// These processors. Of several with the same label the first one counts.
    pub fn new(processors: impl IntoIterator<Item = ComponentConfig>) -> Self {
        Self { all: processors.into_iter().collect(), within: None }
    }

    /// The processor with this label, and the resources as what is in it sees them.
    ///
    /// # Errors
    /// When there is none, or when it is what the component is in.
    pub fn processor(&self, label: &str) -> Result<(&ComponentConfig, Self), ResourceError> {
        fn own(config: &ComponentConfig) -> Option<&str> {
            config.label.as_ref().map(|label| label.as_str())
        }
        let Some(config) = self.all.iter().find(|config| own(config) == Some(label)) else {
            let near = nearest(label, self.all.iter().filter_map(own));
            let hint = near.map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
            return Err(ResourceError::Unknown { label: label.to_owned(), hint });
        };
        let mut outer = self.within.as_ref();
        while let Some(within) = outer {
            if within.label == label {
                return Err(ResourceError::Circle { label: label.to_owned() });
            }
            outer = within.outer.as_ref();
        }
        let within = Arc::new(Within { label: label.to_owned(), outer: self.within.clone() });
        Ok((config, Self { all: Arc::clone(&self.all), within: Some(within) }))
    }
}

impl fmt::Debug for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels = self.all.iter().map(|config| &config.label);
        f.debug_struct("Resources").field("labels", &labels.collect::<Vec<_>>()).finish_non_exhaustive()
    }
}
