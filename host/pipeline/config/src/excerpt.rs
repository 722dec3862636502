//! Parts of a configuration that run without the rest: some processors, and the caches that they may use.
//!
//! What surrounds them is not looked at: a configuration whose input is unknown here can still have its processors
//! taken out.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::catalog::Catalog;
use crate::component::{self, ComponentConfig};
use crate::environment::{Variables, interpolate};
use crate::lint::{Examiner, LintOptions, Problem, Severity};
use crate::pipeline::caches;
use crate::pointer::{Pointer, labelled};
use crate::source::Source;
use crate::spec::Kind;
use crate::yaml::{self, Node, Value};

/// Some processors of a configuration, and its caches.
#[derive(Clone, Debug, PartialEq)]
pub struct Excerpt {
    pub processors: Vec<ComponentConfig>,
    pub caches: Vec<ComponentConfig>,
}

/// A component of a configuration that another one stands in for.
#[derive(Clone, Debug, PartialEq)]
pub struct Mock {
    /// Its label, or a JSON pointer to it.
    pub target: String,
    /// What takes its place. It keeps the label, unless it has one of its own.
    pub component: Json,
}

/// A file with configuration.
#[derive(Clone, Copy, Debug)]
pub struct ConfigFile<'a> {
    /// As messages name it.
    pub path: &'a str,
    pub text: &'a str,
}

/// Why processors can't be taken out of a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExcerptError {
    /// What is named is not there.
    #[error("{0}")]
    Missing(String),
    /// The configuration is at fault; there is at least one problem.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Problems(Vec<Problem>),
}

/// Takes out the processors that `target` names, by a label or by a JSON pointer to one or to a list. `resources` are
/// files with more caches. Variables that are not set are empty; lints are passed over.
///
/// # Errors
/// When something named is not there, or the processors or caches are not right.
pub fn excerpt(
    file: ConfigFile<'_>,
    resources: &[ConfigFile<'_>],
    variables: &dyn Variables,
    catalog: &Catalog,
    target: &str,
    mocks: &[Mock],
) -> Result<Excerpt, ExcerptError> {
    let mut part = Part::open(file, variables, catalog)?;
    for mock in mocks.iter().filter(|mock| mock.target.starts_with('/')) {
        part.replace(mock)?;
    }
    for mock in mocks.iter().filter(|mock| !mock.target.starts_with('/')) {
        part.replace(mock)?;
    }
    let processors = part.processors(target)?;
    let mut caches = part.caches();
    let mut problems = Vec::new();
    for resource in resources {
        let mut more = Part::open(*resource, variables, catalog)?;
        caches.extend(more.caches());
        problems.extend(more.into_problems());
    }
    caches::check_uses(&mut part.examiner, &caches);
    problems.extend(part.into_problems());
    if problems.is_empty() {
        Ok(Excerpt { processors, caches })
    } else {
        Err(ExcerptError::Problems(problems))
    }
}

/// A file that is being read.
struct Part<'a> {
    path: &'a str,
    root: Node,
    source: Arc<Source>,
    examiner: Examiner<'a>,
}

impl<'a> Part<'a> {
    fn open(
        ConfigFile { path, text }: ConfigFile<'a>,
        variables: &dyn Variables,
        catalog: &'a Catalog,
    ) -> Result<Self, ExcerptError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let source = Arc::new(interpolate(text, variables).source);
        let parsed = yaml::parse_text(source.expanded());
        let problems: Vec<Problem> = parsed
            .errors
            .into_iter()
            .map(|error| Problem::fatal(path, source.written_at(error.position), error.message))
            .collect();
        match parsed.root {
            Some(root) if problems.is_empty() => {
                let examiner = Examiner::new(catalog, LintOptions::default(), Arc::clone(&source));
                Ok(Self { path, root, source, examiner })
            }
            _ => Err(ExcerptError::Problems(problems)),
        }
    }

    fn replace(&mut self, Mock { target, component }: &Mock) -> Result<(), ExcerptError> {
        let pointer =
            if target.starts_with('/') { Pointer::parse(target) } else { labelled(&self.root, target) };
        let pointer = pointer.ok_or_else(|| {
            ExcerptError::Missing(format!(
                "mock for label '{target}' could not be applied as the label was not found in {}",
                self.path
            ))
        })?;
        let old = pointer.find(&self.root).ok();
        let span = old.map_or(self.root.span, |old| old.span);
        let mut component = component.clone();
        if let (Json::Object(fields), Some(label)) = (&mut component, old.and_then(|old| old.get("label"))) {
            fields.entry("label").or_insert_with(|| Json::String(label.text.clone()));
        }
        pointer
            .set(&mut self.root, Node::from_json(&component, span))
            .map_err(|why| ExcerptError::Missing(format!("failed to set mock '{target}': {why}")))
    }

    fn processors(&mut self, target: &str) -> Result<Vec<ComponentConfig>, ExcerptError> {
        let pointer =
            if target.starts_with('/') { Pointer::parse(target) } else { labelled(&self.root, target) };
        let pointer = pointer.ok_or_else(|| {
            ExcerptError::Missing(format!(
                "target for label '{target}' failed as the label was not found in {}",
                self.path
            ))
        })?;
        let node = pointer.find(&self.root).map_err(|why| {
            ExcerptError::Missing(format!("failed to resolve case processors from '{}': {why}", self.path))
        })?;
        let path = pointer.dotted();
        let examiner = &mut self.examiner;
        let found = match &node.value {
            Value::Sequence(items) => {
                let numbered = items.iter().enumerate();
                let read = numbered.filter_map(|(index, item)| {
                    component::examine(examiner, Kind::Processor, item, &format!("{path}.{index}"))
                });
                read.collect()
            }
            _ => component::examine(examiner, Kind::Processor, node, &path).into_iter().collect(),
        };
        Ok(found)
    }

    fn caches(&mut self) -> Vec<ComponentConfig> {
        caches::examine(&mut self.examiner, &self.root)
    }

    /// What makes the configuration unusable, in the order of the file.
    fn into_problems(self) -> Vec<Problem> {
        let Self { path, source, examiner, .. } = self;
        let fatal =
            examiner.into_findings().into_iter().filter(|finding| finding.severity == Severity::Fatal);
        let mut problems: Vec<Problem> = fatal
            .map(|finding| Problem::fatal(path, source.written_at(finding.at), finding.message))
            .collect();
        problems.sort_by_key(|problem| (problem.line, problem.column));
        problems
    }
}

#[cfg(test)]
mod tests;
