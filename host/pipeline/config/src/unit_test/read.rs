//! From YAML to tests, field by field.

use std::sync::Arc;

use serde_json::Value as Json;

use super::{Condition, ConditionMapping, TestContent, TestMessage, TestTarget, UnitTest};
use crate::component::TextField;
use crate::excerpt::Mock;
use crate::lint::{Finding, Severity};
use crate::position::Position;
use crate::source::Source;
use crate::spec::{FieldSpec, FieldType};
use crate::suggest;
use crate::yaml::{Node, Value};

pub(super) const TEST: &[&str] = &[
    "name",
    "environment",
    "target_processors",
    "target_mapping",
    "mocks",
    "input_batch",
    "input_batches",
    "output_batches",
];
pub(super) const MESSAGE: &[&str] = &["content", "json_content", "file_content", "metadata"];
pub(super) const CONDITIONS: &[&str] = &[
    "bloblang",
    "content_equals",
    "content_matches",
    "metadata_equals",
    "file_equals",
    "file_json_equals",
    "file_json_contains",
    "json_equals",
    "json_contains",
];
/// What a test without a target is of.
const DEFAULT_TARGET: &str = "/pipeline/processors";

/// Collects what is wrong on the way. What can't be read is left out.
pub(super) struct Reader {
    pub(super) findings: Vec<Finding>,
    file: Arc<Source>,
}

impl Reader {
    pub(super) fn new(file: Arc<Source>) -> Self {
        Self { findings: Vec::new(), file }
    }

    pub(super) fn tests(&mut self, node: &Node) -> Vec<UnitTest> {
        self.items(node).iter().filter_map(|item| self.test(item)).collect()
    }

    fn test(&mut self, node: &Node) -> Option<UnitTest> {
        self.object(node, TEST)?;
        let Some(name) = node.get("name").and_then(|name| self.string(name)) else {
            self.fatal(node.span.start, "field name is required: it says which test fails");
            return None;
        };
        let mut environment = std::collections::BTreeMap::new();
        for (name, value) in self.entries(node.get("environment")) {
            environment.extend(self.string(value).map(|value| (name, value)));
        }
        let text = |reader: &mut Self, field: &str| node.get(field).and_then(|value| reader.string(value));
        let mapping = text(self, "target_mapping").filter(|path| !path.is_empty());
        let processors = text(self, "target_processors");
        let target = match mapping {
            Some(path) => TestTarget::Mapping(path),
            None => TestTarget::Processors(processors.unwrap_or_else(|| DEFAULT_TARGET.to_owned())),
        };
        let mut mocks = Vec::new();
        for (target, value) in self.entries(node.get("mocks")) {
            mocks.extend(self.json(value).map(|component| Mock { target, component }));
        }
        let mut input_batches = Vec::new();
        for batch in self.list(node.get("input_batches")) {
            input_batches.push(self.messages(batch));
        }
        if let Some(batch) = node.get("input_batch").filter(|batch| !batch.is_null()) {
            let messages = self.messages(batch);
            if !messages.is_empty() {
                input_batches.push(messages);
            }
        }
        let mut output_batches = Vec::new();
        for batch in self.list(node.get("output_batches")) {
            output_batches.push(self.items(batch).iter().map(|item| self.conditions(item)).collect());
        }
        let line = node.span.start.line;
        Some(UnitTest { name, line, environment, target, mocks, input_batches, output_batches })
    }

    fn messages(&mut self, batch: &Node) -> Vec<TestMessage> {
        self.items(batch).iter().filter_map(|item| self.message(item)).collect()
    }

    fn message(&mut self, node: &Node) -> Option<TestMessage> {
        self.object(node, MESSAGE)?;
        let mut content = TestContent::Text(String::new());
        if let Some(text) = node.get("content").and_then(|text| self.string(text)) {
            content = TestContent::Text(text);
        }
        if let Some(value) = node.get("json_content").and_then(|value| self.json(value)) {
            content = TestContent::Json(value);
        }
        if let Some(file) = node.get("file_content").and_then(|file| self.string(file))
            && !file.is_empty()
        {
            content = TestContent::File(file);
        }
        let metadata = self.values(node.get("metadata"));
        Some(TestMessage { content, metadata })
    }

    fn conditions(&mut self, node: &Node) -> Vec<Condition> {
        if self.object(node, CONDITIONS).is_none() {
            return Vec::new();
        }
        let Value::Mapping(entries) = &node.value else { return Vec::new() };
        let mut conditions: Vec<Condition> =
            entries.iter().filter_map(|(key, value)| self.condition(&key.text, value)).collect();
        conditions.sort_by_key(Condition::name);
        conditions
    }

    fn condition(&mut self, name: &str, value: &Node) -> Option<Condition> {
        Some(match name {
            "bloblang" => {
                let spec = FieldSpec::new(name, FieldType::String);
                let field = TextField::new(String::new(), &spec, value, &self.file);
                let text = self.string(value)?;
                Condition::Bloblang(ConditionMapping { text, field, file: Arc::clone(&self.file) })
            }
            "content_equals" => Condition::ContentEquals(self.string(value)?),
            "content_matches" => Condition::ContentMatches(self.string(value)?),
            "metadata_equals" => Condition::MetadataEquals(self.values(Some(value))),
            "file_equals" => Condition::FileEquals(self.string(value)?),
            "file_json_equals" => Condition::FileJsonEquals(self.string(value)?),
            "file_json_contains" => Condition::FileJsonContains(self.string(value)?),
            "json_equals" => Condition::JsonEquals(self.json(value)?),
            "json_contains" => Condition::JsonContains(self.json(value)?),
            _ => return None,
        })
    }

    /// Whether this is a mapping; fields of it that mean nothing are reported.
    fn object(&mut self, node: &Node, fields: &[&str]) -> Option<()> {
        let Value::Mapping(entries) = &node.value else {
            self.fatal(node.span.start, format!("expected object value, got {}", node.tag()));
            return None;
        };
        for (key, _) in entries.iter().filter(|(key, _)| !fields.contains(&key.text.as_str())) {
            let hint = suggest::hint(&key.text, fields.iter().copied());
            let message = format!("field {} not recognised{hint}", key.text);
            self.findings.push(Finding { at: key.span.start, message, severity: Severity::Lint });
        }
        Some(())
    }

    fn list<'n>(&mut self, node: Option<&'n Node>) -> &'n [Node] {
        node.filter(|node| !node.is_null()).map_or(&[], |node| self.items(node))
    }

    fn items<'n>(&mut self, node: &'n Node) -> &'n [Node] {
        match &node.value {
            Value::Sequence(items) => items,
            _ => {
                self.fatal(node.span.start, "expected array value");
                &[]
            }
        }
    }

    fn entries<'n>(&mut self, node: Option<&'n Node>) -> Vec<(String, &'n Node)> {
        match node.map(|node| (node, &node.value)) {
            None | Some((_, Value::Null)) => Vec::new(),
            Some((_, Value::Mapping(entries))) => {
                entries.iter().map(|(key, value)| (key.text.clone(), value)).collect()
            }
            Some((node, _)) => {
                self.fatal(node.span.start, format!("expected object value, got {}", node.tag()));
                Vec::new()
            }
        }
    }

    fn values(&mut self, node: Option<&Node>) -> Vec<(String, Json)> {
        let mut values = Vec::new();
        for (key, value) in self.entries(node) {
            values.extend(self.json(value).map(|value| (key, value)));
        }
        values
    }

    /// A string; a number or a boolean is the text that it is written as.
    fn string(&mut self, node: &Node) -> Option<String> {
        match node.value {
            Value::Null => Some(String::new()),
            Value::Sequence(_) | Value::Mapping(_) => {
                self.fatal(node.span.start, format!("expected string value, got {}", node.type_name()));
                None
            }
            _ => Some(node.text.clone()),
        }
    }

    fn json(&mut self, node: &Node) -> Option<Json> {
        node.to_json().map_err(|error| self.fatal(error.position, error.message)).ok()
    }

    fn fatal(&mut self, at: Position, message: impl Into<String>) {
        self.findings.push(Finding { at, message: message.into(), severity: Severity::Fatal });
    }
}
