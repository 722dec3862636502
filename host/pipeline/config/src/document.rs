//! The files of a configuration as one tree: the main file, what the command line sets in it, and further files with
//! resources, whose lists are appended to those of the main file.

mod resources;
mod setting;
mod streams;

use std::sync::Arc;

use crate::catalog::Catalog;
use crate::component::AgentCluster;
use crate::environment::{Variables, interpolate};
use crate::excerpt::ConfigFile;
use crate::lint::{Examined, Examiner, Finding, LintOptions, Problem, Severity};
use crate::pipeline;
use crate::position::Position;
use crate::source::{OtherFile, Source};
use crate::yaml::{self, Node};

use setting::Setting;

/// The first line of a file that wants no lints.
const DISABLED: &str = "# BENTO LINT DISABLE";

/// What a configuration is made of.
#[derive(Clone, Copy, Debug)]
pub struct Files<'a> {
    pub main: ConfigFile<'a>,
    /// Files that have nothing but resources, and tests.
    pub resources: &'a [ConfigFile<'a>],
    /// Expressions `path=value` that set fields of the main file.
    pub settings: &'a [String],
}

/// Files that were read as YAML, with their variables replaced.
#[derive(Clone, Debug)]
pub struct Document {
    path: String,
    root: Option<Node>,
    source: Arc<Source>,
    /// What was wrong so far, each with the number of its file.
    problems: Vec<(usize, Problem)>,
    /// By the numbers of files: whether one wants no lints.
    quiet: Vec<bool>,
    /// The tree of a pipeline among many as it was read.
    written: Option<Node>,
    /// Where `kafka_franz_warpstream` goes.
    agent: AgentCluster,
}

impl<'a> Files<'a> {
    /// A configuration in one file.
    pub fn one(path: &'a str, text: &'a str) -> Self {
        Self { main: ConfigFile { path, text }, resources: &[], settings: &[] }
    }
}

impl Document {
    /// Reads files. What is wrong with them comes out of [`Document::examine`].
    pub fn read(files: &Files<'_>, variables: &dyn Variables) -> Self {
        let Files { main, resources, settings } = files;
        let (main_file, source) = File::read(*main, variables);
        let mut document = Self {
            path: main.path.to_owned(),
            root: None,
            source: Arc::new(Source::new(String::new(), String::new(), Vec::new())),
            problems: Vec::new(),
            quiet: Vec::new(),
            written: None,
            agent: AgentCluster::default(),
        };
        let mut all = source;
        let mut root = document.add(main_file);
        for text in *settings {
            document.set(&mut all, &mut root, text);
        }
        for resource in *resources {
            let (file, source) = File::read(*resource, variables);
            let before = all.append(OtherFile::Resources(resource.path.into()), source);
            let number = document.quiet.len();
            let more = document.add(file).map(|more| more.behind_lines(before));
            if let (Some(root), Some(more)) = (&mut root, more) {
                let found = resources::append(root, more);
                document.find(&all, number, resource.path, found);
            }
        }
        document.root = root;
        document.source = Arc::new(all);
        document
    }

    /// The same, whose blocks `kafka_franz_warpstream` go to this cluster.
    #[must_use]
    pub fn towards(self, agent: AgentCluster) -> Self {
        Self { agent, ..self }
    }

    /// Finds what is wrong, and the pipeline where nothing fatal is.
    pub fn examine(&self, catalog: &Catalog, options: LintOptions) -> Examined {
        let mut problems = self.problems.clone();
        let (mut config, mut components) = (None, Vec::new());
        if let Some(root) = &self.root {
            let mut examiner = Examiner::new(catalog, options, Arc::clone(&self.source));
            examiner.agent.clone_from(&self.agent);
            (config, components) = pipeline::examine(&mut examiner, root);
            for Finding { at, message, severity } in examiner.into_findings() {
                let number = self.source.file_at(at).0;
                let is_quiet = self.quiet.get(number).copied().unwrap_or_default();
                if severity == Severity::Fatal || !is_quiet {
                    let path = self.source.name_at(at).map_or(self.path.as_str(), AsRef::as_ref);
                    let at = self.source.written_at(at);
                    problems.push((number, problem(path, at, message, severity)));
                }
            }
        }
        problems.sort_by_key(|(file, problem)| (*file, problem.line, problem.column));
        let problems: Vec<Problem> = problems.into_iter().map(|(_, problem)| problem).collect();
        let is_fatal = problems.iter().any(|problem| problem.severity == Severity::Fatal);
        Examined { config: config.filter(|_| !is_fatal), components, problems }
    }

    /// Brings problems into the order of the files and of the places in them.
    pub fn sort(&self, problems: &mut [Problem]) {
        problems.sort_by_key(|found| (self.source.number_of(&found.path), found.line, found.column));
    }

    /// Whether this is about resources or tests for other files: it has these, and nothing of a pipeline.
    pub fn is_part(&self) -> bool {
        let has = |name: &str| self.root.as_ref().is_some_and(|root| root.get(name).is_some());
        let lists = pipeline::RESOURCES.map(|(list, _)| list);
        lists.into_iter().chain([pipeline::TESTS]).any(has)
            && !["input", "pipeline", "output"].into_iter().any(has)
    }

    /// The configuration as one tree; none where a file is no YAML.
    pub fn root(&self) -> Option<&Node> {
        self.root.as_ref()
    }

    /// Notes what is wrong with the next file as YAML; its tree.
    fn add(&mut self, file: File) -> Option<Node> {
        let number = self.quiet.len();
        self.problems.extend(file.problems.into_iter().map(|problem| (number, problem)));
        self.quiet.push(file.is_quiet);
        file.root
    }

    /// Does as a setting says.
    fn set(&mut self, all: &mut Source, root: &mut Option<Node>, text: &str) {
        let number = self.quiet.len();
        let written = Source::new(text.to_owned(), text.to_owned(), Vec::new());
        let result = Setting::parse(text);
        let name = format!("--set {}", result.as_ref().map_or(text, |setting| setting.path));
        let before = all.append(OtherFile::Setting(name.as_str().into()), written);
        self.quiet.push(self.quiet.first().copied().unwrap_or_default());
        let done = result.and_then(|setting| match root {
            Some(root) => setting.apply(root, before),
            None => Ok(()),
        });
        if let Err(message) = done {
            self.problems.push((number, problem(&name, Position::START, message, Severity::Fatal)));
        }
    }

    fn find(&mut self, all: &Source, number: usize, path: &str, found: Vec<Finding>) {
        for Finding { at, message, severity } in found {
            if severity == Severity::Fatal || !self.quiet[number] {
                self.problems.push((number, problem(path, all.written_at(at), message, severity)));
            }
        }
    }
}

/// One file that was read.
struct File {
    root: Option<Node>,
    problems: Vec<Problem>,
    is_quiet: bool,
}

impl File {
    fn read(ConfigFile { path, text }: ConfigFile<'_>, variables: &dyn Variables) -> (Self, Source) {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let interpolated = interpolate(text, variables);
        let mut problems = Vec::new();
        if let (Some(first), Some(message)) = (interpolated.unset().first(), interpolated.unset_message()) {
            problems.push(problem(path, first.position, message, Severity::Lint));
        }
        let source = interpolated.source;
        let parsed = yaml::parse_text(source.expanded());
        for error in parsed.errors {
            problems.push(problem(path, source.written_at(error.position), error.message, Severity::Fatal));
        }
        (Self { root: parsed.root, problems, is_quiet: text.starts_with(DISABLED) }, source)
    }
}

fn problem(path: &str, at: Position, message: String, severity: Severity) -> Problem {
    Problem { path: path.to_owned(), line: at.line, column: at.column, message, severity }
}

#[cfg(test)]
mod tests;
