//! The configurations of a process that runs many pipelines: one for the process, with what all of them use, and one
//! for each pipeline, with nothing but that.

use std::sync::Arc;

use super::{Document, File, problem, resources};
use crate::catalog::Catalog;
use crate::component::AgentCluster;
use crate::environment::Variables;
use crate::excerpt::ConfigFile;
use crate::lint::{Problem, Severity};
use crate::pipeline;
use crate::position::{Position, Span};
use crate::source::{OtherFile, Source};
use crate::spec::Kind;
use crate::suggest;
use crate::yaml::{self, Key, Node, Value};

/// What a pipeline is made of.
const OF_PIPELINE: [&str; 4] = ["input", "buffer", "pipeline", "output"];

impl Document {
    /// The same for a process that runs many pipelines: what is of one pipeline has no place in it.
    #[must_use]
    pub fn of_process(mut self) -> Self {
        let Some(Value::Mapping(entries)) = self.root.as_mut().map(|root| &mut root.value) else {
            return self;
        };
        let mut found = Vec::new();
        entries.retain(|(key, _)| {
            let is_of_pipeline = OF_PIPELINE.contains(&key.text.as_str());
            if is_of_pipeline {
                found.push((key.span.start, format!("field {} not recognised", key.text)));
            }
            !is_of_pipeline
        });
        for (at, message) in found {
            let (number, ..) = self.source.file_at(at);
            if !self.quiet.get(number).copied().unwrap_or_default() {
                let name = self.source.name_at(at).map_or(self.path.as_str(), AsRef::as_ref);
                let lint = problem(name, self.source.written_at(at), message, Severity::Lint);
                self.problems.push((number, lint));
            }
        }
        self
    }

    /// One pipeline of a process, which uses the resources of that.
    pub fn of_stream(file: ConfigFile<'_>, process: &Self, variables: &dyn Variables) -> Self {
        let (read, source) = File::read(file, variables);
        let mut document = Self::empty(file.path);
        let tree = document.add(read);
        document.use_resources(tree, source, process);
        document
    }

    /// The pipelines of a text that holds them by their ids. Variables are not replaced.
    ///
    /// # Errors
    /// The text is no mapping.
    pub fn of_streams(file: ConfigFile<'_>, process: &Self) -> Result<Vec<(String, Self)>, Vec<Problem>> {
        let source = Source::new(file.text.to_owned(), file.text.to_owned(), Vec::new());
        let parsed = yaml::parse_text(source.expanded());
        let mut problems: Vec<Problem> = parsed
            .errors
            .into_iter()
            .map(|error| problem(file.path, error.position, error.message, Severity::Fatal))
            .collect();
        let entries = match parsed.root.map(|root| (root.span, root.value)) {
            Some((_, Value::Mapping(entries))) => entries,
            Some((span, _)) if problems.is_empty() => {
                let message = "expected an object of ids with pipelines".to_owned();
                problems.push(problem(file.path, span.start, message, Severity::Fatal));
                Vec::new()
            }
            _ => Vec::new(),
        };
        if !problems.is_empty() {
            return Err(problems);
        }
        let of_entry = |(key, tree): (Key, Node)| {
            let mut document = Self::empty(file.path);
            document.quiet.push(false);
            document.use_resources(Some(tree), source.clone(), process);
            (key.text, document)
        };
        Ok(entries.into_iter().map(of_entry).collect())
    }

    /// The same process with a resource more, or in place of the one with that label. `file` holds the component.
    pub fn with_resource(
        &self,
        (kind, label): (Kind, &str),
        file: ConfigFile<'_>,
        variables: &dyn Variables,
    ) -> Self {
        let mut document = self.clone();
        let (read, source) = File::read(file, variables);
        let mut all = Source::clone(&self.source);
        let number = document.quiet.len();
        let before = all.append(OtherFile::Resources(file.path.into()), source);
        let component = document.add(read).map(|component| component.behind_lines(before));
        let list = pipeline::RESOURCES.iter().find(|(_, of)| *of == kind);
        if let (Some(component), Some((list, _))) = (component, list) {
            let more = listed(list, label, component);
            let root = document.root.get_or_insert_with(|| Node::from_json(&serde_json::json!({}), NOWHERE));
            remove(root, list, label);
            let found = resources::append(root, more);
            document.find(&all, number, file.path, found);
        }
        document.source = Arc::new(all);
        document
    }

    /// What is wrong with its resources in the file with a name.
    pub fn problems_in(&self, name: &str, catalog: &Catalog) -> Vec<Problem> {
        let mut problems = self.examine(catalog, crate::lint::LintOptions::default()).problems;
        problems.retain(|problem| problem.path == name);
        problems
    }

    /// The values of the first file, with the variables in it replaced.
    pub fn written(&self) -> serde_json::Value {
        let written = self.written.as_ref().and_then(|root| root.to_json().ok());
        written.unwrap_or(serde_json::Value::Null)
    }

    fn empty(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            root: None,
            source: Arc::new(Source::new(String::new(), String::new(), Vec::new())),
            problems: Vec::new(),
            quiet: Vec::new(),
            written: None,
            agent: AgentCluster::default(),
        }
    }

    /// Takes the tree of a pipeline, and the resources of the process behind it.
    fn use_resources(&mut self, tree: Option<Node>, mut all: Source, process: &Self) {
        self.written.clone_from(&tree);
        self.agent.clone_from(&process.agent);
        let tree = tree.map(|tree| self.only_pipeline(tree, &all));
        let before = all.append_all(&process.path, &process.source);
        // What is wrong there was said when the process was started.
        self.quiet.extend(process.quiet.iter().map(|_| true));
        self.root = tree.map(|mut tree| {
            let shared = process.root.clone().map(|root| root.behind_lines(before));
            if let Some(Value::Mapping(mut entries)) = shared.map(|root| root.value) {
                let is_list =
                    |(key, _): &(Key, Node)| pipeline::RESOURCES.iter().any(|(list, _)| *list == key.text);
                entries.retain(is_list);
                if let Value::Mapping(own) = &mut tree.value {
                    own.extend(entries);
                }
            }
            tree
        });
        self.source = Arc::new(all);
    }

    /// Takes everything out of a pipeline that has no place in it.
    fn only_pipeline(&mut self, mut tree: Node, source: &Source) -> Node {
        let is_quiet = self.quiet.first().copied().unwrap_or_default();
        let Value::Mapping(entries) = &mut tree.value else { return tree };
        entries.retain(|(key, _)| {
            let name = key.text.as_str();
            if OF_PIPELINE.contains(&name) || name == pipeline::TESTS {
                return true;
            }
            if !is_quiet {
                let hint = suggest::hint(name, OF_PIPELINE);
                let message = format!("field {name} not recognised{hint}");
                let at = source.written_at(key.span.start);
                self.problems.push((0, problem(&self.path, at, message, Severity::Lint)));
            }
            false
        });
        tree
    }
}

const NOWHERE: Span = Span { start: Position::START, end: Position::START };

/// A file of resources with nothing but one, which has this label.
fn listed(list: &str, label: &str, mut component: Node) -> Node {
    let span = component.span;
    if let Value::Mapping(entries) = &mut component.value {
        entries.retain(|(key, _)| key.text != "label");
        let key = Key { text: "label".to_owned(), span: Span { end: span.start, ..span } };
        entries.insert(0, (key, Node::from_json(&label.into(), span)));
    }
    let mut more = Node::from_json(&serde_json::json!({}), span);
    let mut items = Node::from_json(&serde_json::json!([]), span);
    items.value = Value::Sequence(vec![component]);
    more.value = Value::Mapping(vec![(Key { text: list.to_owned(), span }, items)]);
    more
}

fn remove(root: &mut Node, list: &str, label: &str) {
    let Value::Mapping(entries) = &mut root.value else { return };
    let found = entries.iter_mut().find(|(key, _)| key.text == list);
    if let Some(Value::Sequence(items)) = found.map(|(_, items)| &mut items.value) {
        items.retain(|item| item.get("label").is_none_or(|known| known.text != label));
    }
}

#[cfg(test)]
mod tests;
