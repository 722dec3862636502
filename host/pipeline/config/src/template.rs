//! Templates: components that a mapping makes of a few fields, out of other components.
//!
//! A template is a file that states a component and its fields, and a mapping from those to the configuration of another
//! component of the same kind. Where a configuration uses one, the mapping is evaluated while that is read, and what it
//! gives is read in its place: everything that it is wrong with is told at the use.

mod naming;
mod read;
mod test;
mod used;

use std::fmt;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::component::ComponentConfig;
use crate::spec::ComponentSpec;
use crate::yaml::Node;

pub use naming::{MetricNaming, NameMetrics};
pub(crate) use read::PLUGIN;
pub(crate) use used::{Use, examine};

/// What evaluates the mapping of a template.
pub trait Expand: Send + Sync {
    /// The configuration of a component, from the settings of the template.
    ///
    /// # Errors
    /// Why the mapping gives none.
    fn expand(&self, settings: &Json) -> Result<Json, String>;

    /// What names the metrics of what is made, where the template says so.
    fn naming(&self) -> Option<Arc<dyn NameMetrics>> {
        None
    }
}

/// A template that was read.
#[derive(Clone, Debug)]
pub struct Template {
    /// The file, as the caller named it.
    pub path: String,
    pub spec: ComponentSpec,
    pub mapping: TemplateMapping,
    /// What the metrics of its components are called.
    pub metrics_mapping: Option<TemplateMapping>,
    /// Its texts and where they stand, to be checked like those of a component.
    pub texts: ComponentConfig,
    tests: Vec<Test>,
}

/// A mapping, in a language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateMapping {
    pub language: String,
    pub code: String,
}

/// Settings of a template, and what is to come of them.
#[derive(Clone, Debug)]
struct Test {
    name: String,
    config: Node,
    expected: Option<Json>,
}

/// The mapping of a template in a catalog.
#[derive(Clone)]
pub(crate) struct Expansion(pub(crate) Arc<dyn Expand>);

impl PartialEq for Expansion {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Expansion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Expansion")
    }
}

#[cfg(test)]
mod tests;
