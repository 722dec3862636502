//! The tests that a template has in its file.

use std::sync::Arc;

use serde_json::Value as Json;

use super::{Expand, Template, Test};
use crate::catalog::Catalog;
use crate::component::{self, Fields};
use crate::lint::{Examiner, Finding, LintOptions, Problem, Severity};
use crate::position::Position;
use crate::yaml::Node;

impl Template {
    /// What fails of its tests: settings of which nothing or no component comes, or another configuration than is
    /// expected. The catalog has everything that the template may make use of.
    pub fn test(&self, expand: &dyn Expand, catalog: &Catalog) -> Vec<Problem> {
        self.tests.iter().flat_map(|test| self.run(test, expand, catalog)).collect()
    }

    fn run(&self, test: &Test, expand: &dyn Expand, catalog: &Catalog) -> Vec<Problem> {
        let Test { name, config, expected } = test;
        let at = config.span;
        let failed = |at: Position, message: &str| {
            let problem = Problem::fatal(&self.path, at, format!("test '{name}': {message}"));
            vec![Problem { severity: Severity::Lint, ..problem }]
        };
        let source = Arc::clone(self.texts.source());
        let mut examiner = Examiner::new(catalog, LintOptions::default(), Arc::clone(&source));
        let mut fields = Fields::new(&mut examiner, Some(self.spec.kind), String::new());
        let settings = fields.whole(Some(config), &self.spec.config, at);
        let _ = fields.finish();
        let findings = examiner.into_findings();
        if findings.iter().any(|finding| finding.severity == Severity::Fatal) {
            let line = |finding: Finding| {
                failed(finding.at, &format!("invalid config for template component: {}", finding.message))
            };
            return findings.into_iter().flat_map(line).collect();
        }
        let made = match expand.expand(&settings) {
            Ok(made) => made,
            Err(reason) => {
                return failed(at.start, &format!("mapping failed for template component: {reason}"));
            }
        };
        if let Some(expected) = expected.as_ref().filter(|expected| !is_same(expected, &made)) {
            let message =
                format!("mismatch between expected and actual resulting config: {expected} => {made}");
            return failed(at.start, &message);
        }
        let mut examiner = Examiner::new(catalog, LintOptions::default(), source);
        let path = self.spec.kind.to_string();
        let _ = component::examine(&mut examiner, self.spec.kind, &Node::from_json(&made, at), &path);
        let line = |finding: Finding| {
            failed(finding.at, &format!("lint error in resulting config: {}", finding.message))
        };
        examiner.into_findings().into_iter().flat_map(line).collect()
    }
}

/// Whether values are the same, where `1.0` is the same as `1`.
fn is_same(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Number(one), Json::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Json::Object(one), Json::Object(other)) => {
            let has =
                |(name, value): (&String, &Json)| other.get(name).is_some_and(|other| is_same(value, other));
            one.len() == other.len() && one.iter().all(has)
        }
        _ => one == other,
    }
}
