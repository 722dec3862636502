//! What is known of an embedded plugin before its code is loaded.

use std::sync::Arc;

use forebay_metrics::Metrics;
use forebay_pipeline_config::spec::Description;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::{Embedded, Import, Plugin};
use crate::engine::Engines;
use crate::limits::Limits;
use crate::load::{LoadProblem, Loader};
use crate::plugins::{ask, linkers};

/// What a plugin says of itself, and what it takes: all that has to be known until somebody uses it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Described {
    /// What `describe` returns.
    description: String,
    /// The functions of each interface, in the order of the component.
    imports: Vec<(String, Vec<String>)>,
}

impl Described {
    pub(crate) fn new(description: String, imports: &[Import]) -> Self {
        let imports = imports.iter().map(|import| (import.interface.clone(), import.functions.clone()));
        Self { description, imports: imports.collect() }
    }

    /// Reads what [`Embedded::describe`] made.
    pub(crate) fn parse(text: &str) -> Result<(Description, Vec<Import>), LoadProblem> {
        let problem = |error: String| LoadProblem::Description(error);
        let Self { description, imports } =
            serde_json::from_str(text).map_err(|error| problem(error.to_string()))?;
        let description = Description::from_json(&description).map_err(|error| problem(error.to_string()))?;
        let imports = imports.into_iter().map(|(interface, functions)| Import { interface, functions });
        Ok((description, imports.collect()))
    }
}

impl Embedded {
    /// Asks a plugin for what can be embedded beside it as [`Embedded::described`], and looks at all that is looked at
    /// when a plugin is loaded.
    ///
    /// # Errors
    /// When it could not be loaded, or the engine can't be started.
    pub fn describe(&self) -> BoxFuture<'_, Result<String, LoadProblem>> {
        Box::pin(async {
            let failed = |error: String| LoadProblem::Describe(error);
            let engines = Engines::new().map_err(|error| failed(format!("{error:#}")))?;
            let (plain, epochs) = linkers(&engines).map_err(|error| failed(format!("{error:#}")))?;
            let loader = Loader {
                plain,
                epochs,
                cache: None,
                metrics: Arc::new(Metrics::default()),
                limits: Limits::default(),
                copied: None,
                engines,
            };
            let linked = loader.embedded(self)?;
            let description = ask(&loader, &linked).await?;
            let Plugin { info, .. } = loader.finish(linked, &description, true)?;
            let described = Described::new(description, &info.imports);
            serde_json::to_string(&described).map_err(|error| failed(error.to_string()))
        })
    }
}
