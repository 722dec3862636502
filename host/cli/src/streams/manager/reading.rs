//! From the text of a pipeline to what can be run.

use std::sync::Arc;

use forebay_pipeline_config::{
    ConfigFile, Document, Examined, Forgiving, LintOptions, PipelineConfig, Problem, Severity, Variables,
};
use serde_json::{Map, Value as Json, json};

use super::Manager;
use crate::configuration;
use crate::streams::stream::Design;
use crate::variables::ProcessVariables;

/// The text of a pipeline.
pub(in crate::streams) struct Text<'a> {
    /// What it is called in messages.
    pub(in crate::streams) name: &'a str,
    pub(in crate::streams) text: &'a str,
    /// Whether lints are passed over.
    pub(in crate::streams) chilled: bool,
}

/// Why a text can't be run.
#[derive(Debug)]
pub(in crate::streams) enum Faults {
    /// What is wrong, in the order of the text.
    Lints(Vec<Problem>),
    /// It can't be read at all.
    Unreadable(Vec<Problem>),
}

impl Manager {
    /// Reads a pipeline.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(in crate::streams) async fn read(&self, text: Text<'_>) -> Result<Design, Faults> {
        let Text { name, text, chilled } = text;
        let document = {
            let variables = ProcessVariables(self.environment.clone());
            let forgiving = Forgiving(&variables);
            let variables: &dyn Variables = if chilled { &forgiving } else { &variables };
            Document::of_stream(ConfigFile { path: name, text }, &self.process().document, variables)
        };
        Box::pin(self.examine(name, document, chilled)).await
    }

    /// Reads many pipelines in one text, by their ids; variables in it are not replaced.
    ///
    /// # Errors
    /// What is wrong with each, or with the text.
    pub(in crate::streams) async fn read_all(
        &self,
        text: Text<'_>,
    ) -> Result<Vec<(String, Result<Design, Faults>)>, Vec<Problem>> {
        let Text { name, text, chilled } = text;
        let documents = Document::of_streams(ConfigFile { path: name, text }, &self.process().document)?;
        let mut designs = Vec::with_capacity(documents.len());
        for (id, document) in documents {
            let design = Box::pin(self.examine(name, document, chilled)).await;
            designs.push((id, design));
        }
        Ok(designs)
    }

    /// Reads a pipeline of which there are the values; lints are passed over.
    ///
    /// # Errors
    /// Why it can't be run.
    pub(in crate::streams) async fn read_written(&self, id: &str, written: &Json) -> Result<Design, Faults> {
        let text = json!({id: written}).to_string();
        let read = self.read_all(Text { name: "", text: &text, chilled: true }).await;
        let mut designs = read.map_err(Faults::Unreadable)?;
        designs.pop().map_or_else(|| Err(Faults::Unreadable(Vec::new())), |(_, design)| design)
    }

    async fn examine(&self, name: &str, document: Document, chilled: bool) -> Result<Design, Faults> {
        let components = self.components.as_ref();
        let examined =
            Box::pin(configuration::examine(&document, name, components, LintOptions::default())).await;
        let Examined { config, mut problems, .. } = examined;
        // What the resources are wrong with is told of them.
        problems.retain(|problem| problem.path == name || problem.severity == Severity::Fatal);
        if document.root().is_none() {
            return Err(Faults::Unreadable(problems));
        }
        let is_refused = |problem: &Problem| !chilled || problem.severity == Severity::Fatal;
        match config {
            Some(config) if !problems.iter().any(is_refused) => {
                Ok(Design { config: Arc::new(self.with_settings(config)), written: document.written() })
            }
            _ if chilled => Err(Faults::Unreadable(problems)),
            _ => Err(Faults::Lints(problems)),
        }
    }

    /// A pipeline with what the process says for all of them.
    fn with_settings(&self, config: PipelineConfig) -> PipelineConfig {
        PipelineConfig {
            error_handling: self.settings.error_handling,
            shutdown_timeout: self.settings.shutdown_timeout,
            ..config
        }
    }
}

/// A pipeline with changes to it: objects are merged, and everything else takes the place of what was there.
pub(in crate::streams) fn patched(mut written: Json, patch: Json) -> Json {
    match (&mut written, patch) {
        (Json::Object(all), Json::Object(changes)) => {
            merge(all, changes);
            written
        }
        (_, patch) => patch,
    }
}

fn merge(all: &mut Map<String, Json>, changes: Map<String, Json>) {
    for (name, change) in changes {
        match (all.get_mut(&name), change) {
            (Some(Json::Object(inner)), Json::Object(changes)) => merge(inner, changes),
            (_, change) => drop(all.insert(name, change)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_patch_is_merged_into_objects() {
        let written = json!({"input": {"generate": {"count": 1, "mapping": "x"}}, "list": [1, 2]});
        let patch = json!({"input": {"generate": {"count": 2}}, "list": [3], "output": {"drop": {}}});
        let expected = json!({
            "input": {"generate": {"count": 2, "mapping": "x"}}, "list": [3], "output": {"drop": {}}
        });
        assert_eq!(patched(written, patch), expected);
        assert_eq!(patched(json!({"a": {"b": 1}}), json!({"a": null})), json!({"a": null}));
    }
}
