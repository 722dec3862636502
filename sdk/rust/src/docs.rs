//! What a plugin says of itself: the JSON of `description.md`.

use serde_json::{Map, Value, json};

use crate::config::{Config, Spec};
use crate::{Cache, Callable, Input, MappingLanguage, Output, Processor, Scanner, Vocabulary};

/// The version of the form of the description.
const CONTRACT: u32 = 1;

/// What a component says of itself beside its fields. What is left out is taken from the doc comment
/// of its configuration: the first paragraph is the summary, the rest the description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Docs {
    /// One sentence.
    pub summary: &'static str,
    /// Markdown.
    pub description: &'static str,
    /// `stable`, `beta`, `experimental` or `deprecated`.
    pub status: &'static str,
    pub examples: &'static [Example],
}

/// A configuration that shows what a component is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    pub title: &'static str,
    pub summary: &'static str,
    /// YAML.
    pub config: &'static str,
}

impl Docs {
    /// All of it from the configuration; stable.
    pub const DEFAULT: Self = Self { summary: "", description: "", status: "stable", examples: &[] };
}

/// The description of one component.
#[derive(Debug, Clone)]
pub struct ComponentDescription(Map<String, Value>);

impl ComponentDescription {
    /// A component with a configuration.
    #[must_use]
    pub fn new(kind: &str, name: &str, docs: &Docs, config: Spec) -> Self {
        let documented = config.documentation().to_owned();
        let (first, rest) = documented.split_once("\n\n").unwrap_or((&documented, ""));
        let or = |said: &'static str, other: &str| {
            if said.is_empty() { other.to_owned() } else { said.to_owned() }
        };
        let summary = or(docs.summary, &first.replace('\n', " "));
        let description = or(docs.description, rest.trim());
        Self::without_config(kind, name, docs)
            .with("summary", summary.into())
            .with("description", description.into())
            .with("config", config.docs_removed().into_json())
    }

    /// A mapping language, which has none.
    #[must_use]
    pub fn without_config(kind: &str, name: &str, docs: &Docs) -> Self {
        let Docs { summary, description, status, examples } = *docs;
        let examples: Vec<_> = examples
            .iter()
            .map(|Example { title, summary, config }| json!({"title": title, "summary": summary, "config": config}))
            .collect();
        Self(Map::new())
            .with("kind", kind.into())
            .with("name", name.into())
            .with("status", status.into())
            .with("summary", summary.into())
            .with("description", description.into())
            .with("examples", examples.into())
    }

    /// Says of an input that it reads rejected messages again itself.
    #[must_use]
    pub fn rereads(self, rereads: bool) -> Self {
        if rereads { self.with("rereads", true.into()) } else { self }
    }

    /// Says of an input that it takes responses.
    #[must_use]
    pub fn responds(self, responds: bool) -> Self {
        if responds { self.with("responds", true.into()) } else { self }
    }

    /// Says of an input by which metadata its batches are told apart.
    #[must_use]
    pub fn lanes(self, keys: &[&str]) -> Self {
        if keys.is_empty() { self } else { self.with("lanes", keys.into()) }
    }

    /// Says of a processor that it has the incremental form too, of messages or of the pieces of one.
    #[must_use]
    pub fn incremental(self, of_pieces: bool) -> Self {
        let incremental = self.with("incremental", true.into());
        if of_pieces { incremental.with("pieces", true.into()) } else { incremental }
    }

    /// Says of an output that it takes messages while they are made.
    #[must_use]
    pub fn streams(self) -> Self {
        self.with("streams", true.into())
    }

    /// Says of a language what can be called in it.
    #[must_use]
    pub fn vocabulary(self, vocabulary: Vocabulary) -> Self {
        if vocabulary.is_empty() {
            return self;
        }
        let Vocabulary { functions, methods } = vocabulary;
        let list = |callables: Vec<Callable>| callables.into_iter().map(Callable::into_json).collect();
        self.with("functions", list(functions)).with("methods", list(methods))
    }

    fn with(mut self, member: &str, value: Value) -> Self {
        self.0.insert(member.to_owned(), value);
        self
    }
}

/// The description of a plugin.
#[must_use]
pub fn describe(name: &str, version: &str, summary: &str, components: Vec<ComponentDescription>) -> String {
    let components: Vec<_> = components.into_iter().map(|component| Value::Object(component.0)).collect();
    json!({
        "contract": CONTRACT,
        "plugin": {"name": name, "version": version, "summary": summary},
        "components": components,
    })
    .to_string()
}

/// The description of an input.
#[must_use]
pub fn input<T: Input>() -> ComponentDescription {
    ComponentDescription::new("input", T::NAME, &T::DOCS, T::Config::spec())
        .rereads(T::REREADS)
        .responds(T::RESPONDS)
        .lanes(T::LANES)
}

/// The description of a processor.
#[must_use]
pub fn processor<T: Processor>() -> ComponentDescription {
    ComponentDescription::new("processor", T::NAME, &T::DOCS, T::Config::spec())
}

/// The description of an output.
#[must_use]
pub fn output<T: Output>() -> ComponentDescription {
    ComponentDescription::new("output", T::NAME, &T::DOCS, T::Config::spec())
}

/// The description of a mapping language.
#[must_use]
pub fn mapping<T: MappingLanguage>() -> ComponentDescription {
    ComponentDescription::without_config("mapping", T::NAME, &T::DOCS).vocabulary(T::vocabulary())
}

/// The description of a scanner.
#[must_use]
pub fn scanner<T: Scanner>() -> ComponentDescription {
    ComponentDescription::new("scanner", T::NAME, &T::DOCS, T::Config::spec())
}

/// The description of a cache.
#[must_use]
pub fn cache<T: Cache>() -> ComponentDescription {
    ComponentDescription::new("cache", T::NAME, &T::DOCS, T::Config::spec())
}
