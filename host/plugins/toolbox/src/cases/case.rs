//! One case of `tests.yaml`.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, bail};
use forebay_pipeline_config::spec::Kind;
use forebay_pipeline_config::yaml::{self, Node};
use forebay_pipeline_config::{Entry, LimitsConfig, Position, parse_duration, read_settings};
use forebay_plugins_api::Form;
use serde_json::Value as Json;

use super::message::{Expected, Given};
use super::pattern::Pattern;
use super::reader::Reader;
use crate::host::Loaded;

/// What is done, and what is to come of it.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) at: Position,
    pub(super) entry: Entry,
    /// With all defaults; or why the host itself refuses it.
    pub(super) config: Result<Json, String>,
    /// What is handed over, batch by batch.
    pub(super) batches: Vec<Vec<Given>>,
    /// For a scanner: the bytes of the stream, and how many come at a time.
    pub(super) stream: (String, usize),
    /// For a mapping language.
    pub(super) source: (String, Form),
    /// For a cache.
    pub(super) steps: Vec<Step>,
    pub(super) files: Vec<(String, String)>,
    pub(super) limits: Option<LimitsConfig>,
    pub(super) expected: Expectations,
}

/// What is to come of a case. What is absent is not looked at.
#[derive(Debug, Default)]
pub(super) struct Expectations {
    pub(super) output: Option<Vec<Expected>>,
    /// Indexes, over all batches, of what no result comes from.
    pub(super) dropped: Option<Vec<u32>>,
    /// What an output fails to deliver, by index.
    pub(super) failed: BTreeMap<u32, Pattern>,
    pub(super) written: Vec<(String, String)>,
    /// That opening or a call fails as a whole.
    pub(super) error: Option<Pattern>,
}

/// One call of a cache.
#[derive(Debug)]
pub(super) enum Step {
    Get { key: String, value: Option<String> },
    Set { key: String, value: String, expires: Option<Duration> },
    Add { key: String, value: String, expires: Option<Duration>, added: bool },
    Delete { key: String },
}

impl Case {
    /// # Errors
    /// Everything that is wrong with the text, a line each.
    pub(super) fn read_all(path: &str, text: &str, loaded: &Loaded) -> Result<Vec<Self>> {
        let parsed = yaml::parse(text);
        let mut reader = Reader { path, problems: Vec::new() };
        for error in parsed.errors {
            reader.problem(error.position, error.message);
        }
        let mut cases = Vec::new();
        if let Some(root) = &parsed.root {
            reader.only(root, &["cases"]);
            match root.get("cases") {
                Some(list) => {
                    let items = reader.items(list).unwrap_or_default();
                    cases.extend(items.iter().filter_map(|item| Self::read(&mut reader, text, item, loaded)));
                }
                None => reader.problem(root.span.start, "field `cases` is required: the list of cases"),
            }
        }
        if !reader.problems.is_empty() {
            bail!("{}", reader.problems.join("\n"));
        }
        Ok(cases)
    }

    fn read(reader: &mut Reader<'_>, text: &str, node: &Node, loaded: &Loaded) -> Option<Self> {
        let at = node.span.start;
        reader.entries(node)?;
        let Some(name) = node.get("name").and_then(|name| reader.text(name)) else {
            reader.problem(at, "field `name` is required: a sentence that says what must be so");
            return None;
        };
        let entry = component(reader, node, loaded)?;
        let kind = entry.spec.kind;
        let known: Vec<&str> =
            [&["name", kind.as_str(), "config", "limits", "files", "written", "error"][..], fields(kind)]
                .concat();
        reader.only(node, &known);
        let expected = Expectations::read(reader, node);
        let config = match kind {
            Kind::Mapping => Ok(Json::Null),
            _ => {
                let (spec, catalog) = (&entry.spec, &loaded.catalog);
                match read_settings(reader.path, text, spec, node.get("config"), at, catalog) {
                    Ok(config) => Ok(config),
                    Err(problems) => Err(refusal(reader, &problems, expected.error.as_ref())?),
                }
            }
        };
        Some(Self {
            name,
            at,
            config,
            batches: batches(reader, node),
            stream: stream(reader, node),
            source: source(reader, node, kind),
            steps: steps(reader, node),
            files: node.get("files").map(|files| reader.texts(files)).unwrap_or_default(),
            limits: limits(reader, node),
            expected,
            entry,
        })
    }
}

impl Expectations {
    fn read(reader: &mut Reader<'_>, node: &Node) -> Self {
        let pattern = |reader: &mut Reader<'_>, node: &Node| match Pattern::parse(&reader.text(node)?) {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                reader.problem(node.span.start, error);
                None
            }
        };
        let error = node.get("error").and_then(|error| pattern(reader, error));
        let output = node.get("output").filter(|output| !output.is_scalar()).and_then(|list| {
            let items = reader.items(list)?;
            Some(items.iter().filter_map(|item| Expected::read(reader, item)).collect())
        });
        let dropped = node.get("dropped").and_then(|list| {
            let items = reader.items(list)?;
            Some(items.iter().filter_map(|item| reader.number(item)).collect())
        });
        let mut failed = BTreeMap::new();
        if let Some(list) = node.get("failed") {
            for (key, value) in reader.entries(list).unwrap_or_default() {
                match (key.text.parse(), pattern(reader, value)) {
                    (Ok(index), Some(pattern)) => drop(failed.insert(index, pattern)),
                    (Err(_), _) => reader.problem(key.span.start, "expected the index of a message"),
                    (_, None) => {}
                }
            }
        }
        let written = node.get("written").map(|files| reader.texts(files)).unwrap_or_default();
        Self { output, dropped, failed, written, error }
    }
}

/// Why the host itself refuses a configuration, where that is what the case is about.
fn refusal(
    reader: &mut Reader<'_>,
    problems: &[forebay_pipeline_config::Problem],
    expected: Option<&Pattern>,
) -> Option<String> {
    if expected.is_some_and(|expected| problems.iter().all(|problem| expected.matches(&problem.message))) {
        return problems.first().map(|problem| problem.message.clone());
    }
    reader.problems.extend(problems.iter().map(ToString::to_string));
    None
}

/// The fields that only cases of one kind have.
fn fields(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Processor => &["input", "batches", "output", "dropped"],
        Kind::Input => &["output"],
        Kind::Output => &["input", "batches", "failed"],
        Kind::Mapping => &["source", "form", "input", "batches", "output", "dropped"],
        Kind::Scanner => &["stream", "chunk", "output"],
        Kind::Cache => &["steps"],
        // No plugin has one.
        Kind::Buffer => &[],
        Kind::RateLimit => &[],
    }
}

/// The component that a case is about: the one that it names, or else the only one of the plugin.
fn component(reader: &mut Reader<'_>, node: &Node, loaded: &Loaded) -> Option<Entry> {
    let named = Kind::ALL.into_iter().find_map(|kind| {
        // `input` and `output` are also lists of messages.
        let (key, value) = node.entry(kind.as_str()).filter(|(_, value)| value.is_scalar())?;
        Some((kind, key.span.start, value))
    });
    let found = match named {
        Some((kind, at, value)) => {
            let name = reader.text(value)?;
            loaded.component(kind, Some(&name)).map_err(|error| (at, error))
        }
        None => match loaded.components().as_slice() {
            [one] => Ok(*one),
            _ => Err((
                node.span.start,
                anyhow::anyhow!(
                    "say which component this is about, as in `processor: name`: the plugin has several"
                ),
            )),
        },
    };
    match found {
        Ok(entry) => Some(entry.clone()),
        Err((at, error)) => {
            reader.problem(at, error);
            None
        }
    }
}

fn batches(reader: &mut Reader<'_>, node: &Node) -> Vec<Vec<Given>> {
    let messages = |reader: &mut Reader<'_>, list: &Node| -> Vec<Given> {
        let items = reader.items(list).unwrap_or_default();
        items.iter().filter_map(|item| Given::read(reader, item)).collect()
    };
    match (node.get("input").filter(|input| !input.is_scalar()), node.get("batches")) {
        (Some(_), Some(both)) => {
            reader.problem(both.span.start, "a case has either `input`, which is one batch, or `batches`");
            Vec::new()
        }
        (Some(one), None) => vec![messages(reader, one)],
        (None, Some(several)) => {
            let items = reader.items(several).unwrap_or_default();
            items.iter().map(|item| messages(reader, item)).collect()
        }
        (None, None) => Vec::new(),
    }
}

fn stream(reader: &mut Reader<'_>, node: &Node) -> (String, usize) {
    let text = node.get("stream").and_then(|stream| reader.text(stream)).unwrap_or_default();
    let chunk = node.get("chunk").and_then(|chunk| reader.number(chunk)).unwrap_or(65_536);
    (text, (chunk as usize).max(1))
}

fn source(reader: &mut Reader<'_>, node: &Node, kind: Kind) -> (String, Form) {
    let form = match node.get("form").and_then(|form| reader.text(form)).as_deref() {
        None | Some("mapping") => Form::Mapping,
        Some("mutation") => Form::Mutation,
        Some("query") => Form::Query,
        Some("interpolation") => Form::Interpolation,
        Some(other) => {
            let at = node.get("form").map_or(node.span.start, |form| form.span.start);
            reader.problem(at, format!("`{other}` is no form: mapping, mutation, query or interpolation"));
            Form::Mapping
        }
    };
    if kind == Kind::Mapping && node.get("source").is_none() {
        reader.problem(node.span.start, "field `source` is required: the text to compile");
    }
    (node.get("source").and_then(|source| reader.text(source)).unwrap_or_default(), form)
}

fn steps(reader: &mut Reader<'_>, node: &Node) -> Vec<Step> {
    let Some(list) = node.get("steps") else { return Vec::new() };
    let items = reader.items(list).unwrap_or_default();
    items.iter().filter_map(|item| step(reader, item)).collect()
}

/// `{get: key, value: v}`, `{set: key, value: v, expires: 1s}`, `{add: key, value: v, added: true}`, `{delete: key}`.
fn step(reader: &mut Reader<'_>, node: &Node) -> Option<Step> {
    reader.only(node, &["get", "set", "add", "delete", "value", "expires", "added"]);
    let value = node.get("value").filter(|value| !value.is_null()).and_then(|value| reader.text(value));
    let expires = node.get("expires").and_then(|expires| duration(reader, expires));
    let mut key = |name: &str| node.get(name).and_then(|key| reader.text(key));
    if let Some(key) = key("get") {
        return Some(Step::Get { key, value });
    }
    if let Some(key) = key("delete") {
        return Some(Step::Delete { key });
    }
    if let Some(key) = key("set") {
        return Some(Step::Set { key, value: value.unwrap_or_default(), expires });
    }
    if let Some(key) = key("add") {
        let added = node.get("added").and_then(|added| reader.boolean(added)).unwrap_or(true);
        return Some(Step::Add { key, value: value.unwrap_or_default(), expires, added });
    }
    reader.problem(node.span.start, "a step has one of get, set, add and delete, with a key");
    None
}

fn limits(reader: &mut Reader<'_>, node: &Node) -> Option<LimitsConfig> {
    let node = node.get("limits")?;
    reader.only(node, &LimitsConfig::NAMES);
    let mut limits = LimitsConfig::default();
    for name in LimitsConfig::NAMES {
        let Some(value) = node.get(name) else { continue };
        let Some(text) = reader.text(value) else { continue };
        if let Some(Err(problem)) = limits.set(name, &text) {
            reader.problem(value.span.start, problem);
        }
    }
    Some(limits)
}

fn duration(reader: &mut Reader<'_>, node: &Node) -> Option<Duration> {
    match parse_duration(&reader.text(node)?) {
        Ok(duration) => Some(duration),
        Err(error) => {
            reader.problem(node.span.start, error);
            None
        }
    }
}
