//! Parts of a configuration that run without the rest: some processors, the caches and rate limits that they may use, and
//! the processor resources that they do use.
//!
//! What surrounds them is not looked at: a configuration whose input is unknown here can still have its processors
//! taken out.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::catalog::Catalog;
use crate::component::{self, ComponentConfig};
use crate::environment::{Variables, interpolate};
use crate::lint::{Examiner, LintOptions, Problem, Severity};
use crate::pipeline::resources::{self, Labels};
use crate::pipeline::{caches, rate_limits};
use crate::pointer::{Pointer, labelled};
use crate::source::Source;
use crate::spec::Kind;
use crate::yaml::{self, Node, Value};

/// Some processors of a configuration, its caches and rate limits, and the processor resources that the processors use,
/// directly or by way of each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Excerpt {
    pub processors: Vec<ComponentConfig>,
    pub caches: Vec<ComponentConfig>,
    pub rate_limits: Vec<ComponentConfig>,
    pub resources: Vec<ComponentConfig>,
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
/// files with more caches, rate limits and processor resources. Variables that are not set are empty; lints are passed over.
///
/// # Errors
/// When something named is not there, or the processors, caches, rate limits or resources are not right.
pub fn excerpt(
    file: ConfigFile<'_>,
    resources: &[ConfigFile<'_>],
    variables: &dyn Variables,
    catalog: &Catalog,
    target: &str,
    mocks: &[Mock],
) -> Result<Excerpt, ExcerptError> {
    let mut parts = vec![Part::open(file, variables, catalog)?];
    let part = &mut parts[0];
    for mock in mocks.iter().filter(|mock| mock.target.starts_with('/')) {
        part.replace(mock)?;
    }
    for mock in mocks.iter().filter(|mock| !mock.target.starts_with('/')) {
        part.replace(mock)?;
    }
    let processors = part.processors(target)?;
    for resource in resources {
        parts.push(Part::open(*resource, variables, catalog)?);
    }
    let caches: Vec<_> = parts.iter_mut().flat_map(Part::caches).collect();
    let rate_limits: Vec<_> = parts.iter_mut().flat_map(Part::rate_limits).collect();
    let resources = used_resources(&mut parts, &processors);
    for part in &mut parts {
        caches::check_uses(&mut part.examiner, &caches);
        rate_limits::check_uses(&mut part.examiner, &rate_limits);
    }
    let problems: Vec<_> = parts.into_iter().flat_map(Part::into_problems).collect();
    if problems.is_empty() {
        Ok(Excerpt { processors, caches, rate_limits, resources })
    } else {
        Err(ExcerptError::Problems(problems))
    }
}

/// The processor resources that processors of the first part use, directly or by way of each other. Those that nobody
/// uses are not looked at.
fn used_resources(parts: &mut [Part<'_>], processors: &[ComponentConfig]) -> Vec<ComponentConfig> {
    let mut wanted: Vec<String> = processors.iter().flat_map(labels_used).collect();
    let mut asked = HashSet::new();
    let mut found: Vec<(usize, ComponentConfig)> = Vec::new();
    while let Some(label) = wanted.pop() {
        if !asked.insert(label.clone()) {
            continue;
        }
        let mut numbered = parts.iter_mut().enumerate();
        let resource = numbered.find_map(|(file, part)| Some((file, part.resource(&label)?)));
        if let Some((file, Some(resource))) = resource {
            wanted.extend(labels_used(&resource));
            found.push((file, resource));
        }
    }
    let users: Vec<_> = processors.iter().map(|processor| (0, processor)).collect();
    let used: Vec<_> = found.iter().map(|(file, resource)| (*file, resource)).collect();
    let labels = Labels::of(parts.iter().map(|part| &part.root));
    for (file, at, message) in resources::faults(&users, &used, &labels) {
        parts[file].examiner.fatal(at, message);
    }
    found.into_iter().map(|(_, resource)| resource).collect()
}

fn labels_used(component: &ComponentConfig) -> Vec<String> {
    let all = component.with_descendants().into_iter();
    all.flat_map(|inner| inner.resource_uses().iter().map(|used| used.label.clone())).collect()
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

    fn rate_limits(&mut self) -> Vec<ComponentConfig> {
        rate_limits::examine(&mut self.examiner, &self.root)
    }

    /// The processor resource with this label, if there is one here; `Some(None)` if it can't be read.
    fn resource(&mut self, label: &str) -> Option<Option<ComponentConfig>> {
        let has_label = |item: &Node| item.get("label").is_some_and(|found| found.text == label);
        let mut numbered = resources::items(&self.root).iter().enumerate();
        let (index, item) = numbered.find(|(_, item)| has_label(item))?;
        let path = format!("{}.{index}", resources::FIELD);
        Some(component::examine(&mut self.examiner, Kind::Processor, item, &path))
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
        // What is a resource and the target of a test is read twice.
        problems.dedup();
        problems
    }
}

#[cfg(test)]
mod tests;
