//! What one walk over a configuration carries along: the catalog, the labels seen, the findings so far.

use std::collections::HashMap;
use std::sync::Arc;

use crate::catalog::Catalog;
use crate::component::AgentCluster;
use crate::lint::{LintOptions, Severity};
use crate::position::{Position, Span};
use crate::source::Source;
use crate::spec::Kind;
use crate::template::MetricNaming;

/// Findings after this many are dropped: nobody reads them, and a hostile text could have a million.
const MAX_FINDINGS: usize = 1_000;
/// How many uses of templates are read, those in what templates make included.
const MAX_EXPANSIONS: usize = 1_000;
/// How deep components may contain each other. Defaults can hold components, so the depth of the text is no limit.
pub(crate) const MAX_DEPTH: usize = 64;

pub(crate) struct Examiner<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) options: LintOptions,
    pub(crate) source: Arc<Source>,
    /// Where `kafka_franz_warpstream` goes.
    pub(crate) agent: AgentCluster,
    /// Of the templates that what is read comes from.
    pub(crate) metric_naming: MetricNaming,
    findings: Vec<Finding>,
    /// By file: those of resources may be used for others in another file.
    labels: HashMap<(usize, String), Position>,
    /// The labels of shared components, such as caches, that others name, and where.
    resource_uses: Vec<(Kind, String, Position)>,
    depth: usize,
    /// How many uses of templates were read.
    expansions: usize,
    /// How many findings are fatal.
    fatal: usize,
}

/// A problem at a place of the text that was parsed.
pub(crate) struct Finding {
    pub(crate) at: Position,
    pub(crate) message: String,
    pub(crate) severity: Severity,
}

impl<'a> Examiner<'a> {
    pub(crate) fn new(catalog: &'a Catalog, options: LintOptions, source: Arc<Source>) -> Self {
        Self {
            catalog,
            options,
            source,
            agent: AgentCluster::default(),
            metric_naming: MetricNaming::default(),
            findings: Vec::new(),
            labels: HashMap::new(),
            resource_uses: Vec::new(),
            depth: 0,
            expansions: 0,
            fatal: 0,
        }
    }

    pub(crate) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    pub(crate) fn lint(&mut self, at: Position, message: impl Into<String>) {
        self.push(at, message.into(), Severity::Lint);
    }

    pub(crate) fn fatal(&mut self, at: Position, message: impl Into<String>) {
        self.push(at, message.into(), Severity::Fatal);
    }

    fn push(&mut self, at: Position, message: String, severity: Severity) {
        // The last place is kept for a fatal finding: whether there is one decides over the configuration.
        let is_full = match severity {
            Severity::Lint => self.findings.len() >= MAX_FINDINGS,
            Severity::Fatal => self.findings.len() > MAX_FINDINGS,
        };
        self.fatal += usize::from(severity == Severity::Fatal);
        if !is_full {
            self.findings.push(Finding { at, message, severity });
        }
    }

    /// How many findings there were so far that are fatal.
    pub(crate) fn fatal_count(&self) -> usize {
        self.fatal
    }

    /// How many findings there are.
    pub(crate) fn findings_count(&self) -> usize {
        self.findings.len()
    }

    /// Says before everything that was found at a place since then whose it is.
    pub(crate) fn prefix_since(&mut self, before: usize, at: Span, prefix: &str) {
        let since = self.findings.iter_mut().skip(before);
        for finding in since.filter(|finding| finding.at == at.start && !finding.message.starts_with(prefix))
        {
            finding.message.insert_str(0, prefix);
        }
    }

    /// Whether one more use of a template is read; `false`, with a finding, after too many: templates can make use of
    /// templates.
    pub(crate) fn may_expand(&mut self, at: Position) -> bool {
        self.expansions += 1;
        if self.expansions == MAX_EXPANSIONS + 1 {
            self.fatal(
                at,
                format!("templates are used more than {MAX_EXPANSIONS} times, by way of others as well"),
            );
        }
        self.expansions <= MAX_EXPANSIONS
    }

    /// Remembers a label; where it was seen before, if it was.
    pub(crate) fn label_seen_before(&mut self, label: &str, at: Position) -> Option<Position> {
        let key = (self.source.file_at(at).0, label.to_owned());
        if let Some(first) = self.labels.get(&key) {
            return Some(*first);
        }
        self.labels.insert(key, at);
        None
    }

    /// Notes that a component uses the shared one of this kind and with this label.
    pub(crate) fn resource_used(&mut self, kind: Kind, label: &str, at: Position) {
        self.resource_uses.push((kind, label.to_owned(), at));
    }

    /// What was noted of a kind.
    pub(crate) fn take_resource_uses(&mut self, kind: Kind) -> Vec<(String, Position)> {
        let taken = self.resource_uses.extract_if(.., |(of, ..)| *of == kind);
        taken.map(|(_, label, at)| (label, at)).collect()
    }

    /// Enters a component; `false`, with a finding, if components are nested too deep. Followed by [`Self::leave`]
    /// only if it was `true`.
    pub(crate) fn enter(&mut self, at: Position) -> bool {
        if self.depth == MAX_DEPTH {
            self.fatal(at, format!("components are nested deeper than {MAX_DEPTH} levels"));
            return false;
        }
        self.depth += 1;
        true
    }

    pub(crate) fn leave(&mut self) {
        self.depth -= 1;
    }
}
