//! From the text of a configuration to a pipeline, or to everything that is wrong with it.
//!
//! A problem is either a lint, which Bento lets pass with `--chilled` or behind `# BENTO LINT DISABLE`, or fatal: the
//! text then does not say what to run. All are reported together, in the order of the file.

mod examiner;

use std::fmt;
use std::sync::Arc;

use crate::catalog::Catalog;
use crate::component::{ComponentConfig, Fields};
use crate::document::{Document, Files};
use crate::environment::Variables;
use crate::pipeline::PipelineConfig;
use crate::position::{Position, Span};
use crate::source::Source;
use crate::spec::ComponentSpec;
use crate::yaml;

pub(crate) use examiner::{Examiner, Finding, MAX_DEPTH};

/// Something wrong with a configuration. Shown as `path(line,column) message`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, as the caller named it.
    pub path: String,
    pub line: usize,
    /// In characters, counted from one.
    pub column: usize,
    pub message: String,
    pub severity: Severity,
}

/// Whether a configuration with a problem could be run at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Lint,
    Fatal,
}

/// Lints that are off unless asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LintOptions {
    /// Report components and fields that are deprecated.
    pub reject_deprecated: bool,
    /// Report components without a label.
    pub require_labels: bool,
    /// Pass over an input or an output that is not there, and over labels that nothing here has: a file may hold only
    /// what tests are about, and others the resources.
    pub allow_parts: bool,
}

/// What a text gave.
#[derive(Debug)]
pub struct Examined {
    /// There unless a problem is fatal: what a run that ignores lints would run.
    pub config: Option<PipelineConfig>,
    /// Every component that could be read, also when something else is fatal.
    pub components: Vec<ComponentConfig>,
    /// In the order of the file.
    pub problems: Vec<Problem>,
}

/// Reads a configuration that must have no problems.
///
/// # Errors
/// Every problem found, in the order of the file; never empty.
pub fn read(
    path: &str,
    text: &str,
    variables: &dyn Variables,
    catalog: &Catalog,
) -> Result<PipelineConfig, Vec<Problem>> {
    let Examined { config, problems, .. } = examine(path, text, variables, catalog, LintOptions::default());
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        _ => Err(problems),
    }
}

/// Reads a configuration and finds its problems.
pub fn examine(
    path: &str,
    text: &str,
    variables: &dyn Variables,
    catalog: &Catalog,
    options: LintOptions,
) -> Examined {
    Document::read(&Files::one(path, text), variables).examine(catalog, options)
}

/// Reads the settings of a component that stand in a text of another form, such as the cases of a test.
/// `settings` is the node of `text` that holds them, `at` the place where the component is named.
///
/// # Errors
/// Every problem found, in the order of the file; never empty.
pub fn read_settings(
    path: &str,
    text: &str,
    spec: &ComponentSpec,
    settings: Option<&yaml::Node>,
    at: Position,
    catalog: &Catalog,
) -> Result<serde_json::Value, Vec<Problem>> {
    let source = Arc::new(Source::new(text.to_owned(), text.to_owned(), Vec::new()));
    let mut examiner = Examiner::new(catalog, LintOptions::default(), source);
    let mut fields = Fields::new(&mut examiner, Some(spec.kind), String::new());
    let config = fields.whole(settings, &spec.config, Span { start: at, end: at });
    let mut problems: Vec<Problem> = examiner
        .into_findings()
        .into_iter()
        .map(|Finding { at, message, severity }| Problem {
            path: path.to_owned(),
            line: at.line,
            column: at.column,
            message,
            severity,
        })
        .collect();
    if problems.is_empty() {
        return Ok(config);
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    Err(problems)
}

impl Problem {
    pub(crate) fn fatal(path: &str, at: Position, message: String) -> Self {
        let severity = Severity::Fatal;
        Self { path: path.to_owned(), line: at.line, column: at.column, message, severity }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}({},{}) {}", self.path, self.line, self.column, self.message)
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests;
