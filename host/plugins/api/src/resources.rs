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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use forebay_pipeline_config::spec::Description;
    use forebay_pipeline_config::{Catalog, LintOptions, examine};

    use super::*;

    fn resources(list: &str) -> Resources {
        let description = r#"{"contract": 1, "plugin": {"name": "test"}, "components": [
            {"kind": "processor", "name": "resource", "config": {"type": "string"}}]}"#;
        let mut catalog = Catalog::new();
        catalog.insert(Description::from_json(description).unwrap()).unwrap();
        let text = format!("processor_resources: [{list}]");
        let none = BTreeMap::<String, String>::new();
        Resources::new(examine("f", &text, &none, &catalog, LintOptions::default()).components)
    }

    #[test]
    fn a_resource_is_not_opened_within_itself() {
        let all = resources("{label: a, resource: b}, {label: b, resource: a}");
        let (found, in_a) = all.processor("a").unwrap();
        assert_eq!(found.path, "processor_resources.0");
        let (_, in_b) = in_a.processor("b").unwrap();
        assert_eq!(in_b.processor("a").unwrap_err(), ResourceError::Circle { label: "a".to_owned() });
        // Beside itself it may be.
        assert!(all.processor("b").unwrap().1.processor("a").is_ok() && in_a.processor("b").is_ok());
    }

    #[test]
    fn the_label_that_was_probably_meant_is_named() {
        let error = resources("{label: fetch, resource: b}").processor("fech").unwrap_err().to_string();
        let expected = "there is no processor `fech` among the processor_resources of this pipeline, did you mean \
                        `fetch`?";
        assert_eq!(error, expected);
    }
}
