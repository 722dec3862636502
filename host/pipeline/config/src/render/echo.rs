//! A configuration as it is read: variables replaced, settings of the command line applied, the sections of the root
//! with their defaults, and fields in the order of their specifications. Secrets are not shown.

use serde_json::{Value as Json, json};

use crate::build;
use crate::catalog::Catalog;
use crate::component::reserved;
use crate::pipeline;
use crate::position::{Position, Span};
use crate::spec::{FieldKind, FieldSpec, FieldType, Kind};
use crate::yaml::{Key, Node, Value};

/// What stands in the place of a secret.
const SCRUBBED: &str = "!!!SECRET_SCRUBBED!!!";

type Entries = Vec<(Key, Node)>;

/// The normal form of a configuration, from the tree of its files.
pub fn normal(root: &Node, catalog: &Catalog) -> Node {
    let Value::Mapping(entries) = &root.value else { return root.clone() };
    let order = Order { catalog };
    let given = |name: &str| {
        let entry = entries.iter().find(|(key, value)| key.text == name && !value.is_null());
        entry.map(|(_, value)| value)
    };
    let specs = pipeline::root_fields();
    let mut shown: Entries = Vec::new();
    for spec in &specs {
        let value = match given(&spec.name) {
            Some(value) => Some(order.value(value, spec, Missing::Defaults)),
            None => order.default(spec),
        };
        shown.extend(value.map(|value| (key(&spec.name), value)));
    }
    for (name, kind) in pipeline::RESOURCES {
        let list = given(name).map_or_else(|| nothing(&json!([])), |list| order.components(list, kind));
        shown.push((key(name), list));
    }
    let is_shown = |name: &str| shown.iter().any(|(key, _)| key.text == name);
    let others: Vec<_> = entries.iter().filter(|(key, _)| !is_shown(&key.text)).cloned().collect();
    shown.extend(others);
    mapping(shown)
}

/// The normal form of one component, as it is written.
pub(crate) fn component(node: &Node, kind: Kind, catalog: &Catalog) -> Node {
    Order { catalog }.component(node, kind)
}

/// What becomes of fields that are not given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    Defaults,
    /// As in Bento, components are shown as they are written.
    Nothing,
}

struct Order<'c> {
    catalog: &'c Catalog,
}

impl Order<'_> {
    /// What a field of the root is by itself.
    fn default(&self, spec: &FieldSpec) -> Option<Node> {
        if let Some(default) = &spec.default {
            return Some(nothing(default));
        }
        let is_section = spec.is_plain_object() && !spec.optional && !spec.is_required();
        is_section.then(|| self.value(&mapping(Vec::new()), spec, Missing::Defaults))
    }

    fn value(&self, node: &Node, spec: &FieldSpec, missing: Missing) -> Node {
        match (spec.kind, &node.value) {
            (FieldKind::Array, Value::Sequence(items)) => {
                let items = items.iter().map(|item| self.single(item, spec, missing)).collect();
                Node { value: Value::Sequence(items), ..node.clone() }
            }
            (FieldKind::Map, Value::Mapping(entries)) => {
                let ordered =
                    entries.iter().map(|(key, item)| (key.clone(), self.single(item, spec, missing)));
                mapping(ordered.collect())
            }
            _ => self.single(node, spec, missing),
        }
    }

    fn single(&self, node: &Node, spec: &FieldSpec, missing: Missing) -> Node {
        if let Some(kind) = spec.field_type.component() {
            return self.component(node, kind);
        }
        if spec.secret && node.is_scalar() && !node.text.is_empty() {
            return Node::from_json(&Json::from(SCRUBBED), node.span);
        }
        match &node.value {
            Value::Mapping(entries) if spec.field_type == FieldType::Object => {
                self.object(entries, &spec.fields, missing)
            }
            _ => node.clone(),
        }
    }

    /// The fields in the order of their specifications, and then those that have none.
    fn object(&self, entries: &Entries, specs: &[FieldSpec], missing: Missing) -> Node {
        let mut shown: Entries = Vec::with_capacity(entries.len());
        for spec in specs {
            match entries.iter().find(|(key, _)| key.text == spec.name) {
                Some((key, value)) => shown.push((key.clone(), self.value(value, spec, missing))),
                None if missing == Missing::Defaults => {
                    shown.extend(self.default(spec).map(|value| (key(&spec.name), value)));
                }
                None => {}
            }
        }
        let is_known = |name: &str| specs.iter().any(|spec| spec.name == name);
        shown.extend(entries.iter().filter(|(key, _)| !is_known(&key.text)).cloned());
        mapping(shown)
    }

    fn components(&self, list: &Node, kind: Kind) -> Node {
        let Value::Sequence(items) = &list.value else { return list.clone() };
        let items = items.iter().map(|item| self.component(item, kind)).collect();
        Node { value: Value::Sequence(items), ..list.clone() }
    }

    /// A component without `type`, which its name says already.
    fn component(&self, node: &Node, kind: Kind) -> Node {
        let Value::Mapping(entries) = &node.value else { return node.clone() };
        let named = node.get("type").map(|named| named.text.as_str());
        let is_name =
            |text: &str| !reserved(kind).contains(&text) && self.catalog.knows(kind, build::split(text).0);
        let name =
            named.or_else(|| entries.iter().map(|(key, _)| key.text.as_str()).find(|text| is_name(text)));
        let Some(name) = name else { return node.clone() };
        let plain = build::split(name).0;
        let spec = self.catalog.get(kind, plain).map(|entry| &entry.spec.config);
        let is_own = |text: &str| build::split(text).0 == plain;
        let mut shown: Entries = entries.iter().filter(|(key, _)| key.text == "label").cloned().collect();
        let own = entries.iter().find(|(key, _)| is_own(&key.text));
        let settings = match (own, spec) {
            (Some((_, settings)), Some(spec)) => self.value(settings, spec, Missing::Nothing),
            (Some((_, settings)), None) => settings.clone(),
            (None, _) => mapping(Vec::new()),
        };
        shown.push((key(name), settings));
        for (key, value) in entries {
            match key.text.as_str() {
                "label" | "type" => {}
                "processors" if reserved(kind).contains(&"processors") => {
                    shown.push((key.clone(), self.components(value, Kind::Processor)));
                }
                text if is_own(text) => {}
                _ => shown.push((key.clone(), value.clone())),
            }
        }
        mapping(shown)
    }
}

fn key(name: &str) -> Key {
    Key { text: name.to_owned(), span: Span::empty(Position::START) }
}

fn mapping(entries: Entries) -> Node {
    Node { value: Value::Mapping(entries), ..nothing(&json!({})) }
}

/// A value that is written nowhere.
fn nothing(value: &Json) -> Node {
    Node::from_json(value, Span::empty(Position::START))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::document::{Document, Files};
    use crate::spec::Description;

    const NORMAL: &str = "\
input:
  label: in
  stdin: {}
pipeline:
  threads: -1
  processors: []
  in_flight_bytes: 256MiB
output:
  http:
    url: x
    login:
      user: me
      password: '!!!SECRET_SCRUBBED!!!'
    inner:
    - label: x
      log:
        level: '5'
        message: |-
          a
          b
  processors:
  - log:
      message: m
shutdown_delay: 0s
shutdown_timeout: 20s
logger:
  level: TRACE
  format: logfmt
  add_timestamp: false
  static_fields: {}
error_handling:
  strategy: none
  log:
    enabled: false
    add_payload: false
    sampling_ratio: 1.0
http:
  enabled: true
  address: 0.0.0.0:4195
  root_path: /bento
  debug_endpoints: false
  cert_file: ''
  key_file: ''
  cors:
    enabled: false
    allowed_origins: []
    allowed_headers: []
    allowed_methods:
    - GET
    - HEAD
    - POST
    - PUT
    - PATCH
    - DELETE
  basic_auth:
    enabled: false
    realm: restricted
    username: ''
    password_hash: ''
    algorithm: sha256
    salt: ''
input_resources: []
processor_resources: []
output_resources: []
cache_resources: []
rate_limit_resources: []
";

    #[test]
    fn what_is_read_is_shown_in_order_with_defaults_and_without_secrets() {
        let description = json!({"contract": 1, "plugin": {"name": "test"}, "components": [
            {"kind": "input", "name": "stdin"},
            {"kind": "output", "name": "http", "config": {"type": "object", "fields": [
                {"name": "url", "type": "string"},
                {"name": "login", "type": "object", "optional": true, "fields": [
                    {"name": "user", "type": "string"},
                    {"name": "password", "type": "string", "secret": true}]},
                {"name": "inner", "type": "processor", "kind": "array", "default": []}]}},
            {"kind": "processor", "name": "log", "config": {"type": "object", "fields": [
                {"name": "level", "type": "string", "default": "INFO"}, {"name": "message", "type": "string"}]}},
        ]});
        let mut catalog = Catalog::new();
        catalog.insert(Description::from_json(&description.to_string()).unwrap()).unwrap();
        let text = "\
output:
  type: http
  http:
    inner: [{type: log, log: {message: \"a\\nb\", level: '5'}, label: x}]
    login: {password: hidden, user: ${NAME}}
    url: x
  processors: [{log: {message: m}}]
pipeline: {processors: []}
input: {stdin: {}, label: in}
";
        let variables = BTreeMap::from([("NAME".to_owned(), "me".to_owned())]);
        let settings = ["logger.level=TRACE".to_owned()];
        let document = Document::read(&Files { settings: &settings, ..Files::one("f", text) }, &variables);
        let shown = normal(document.root().unwrap(), &catalog).to_text().unwrap();
        assert_eq!(shown, NORMAL);
    }
}
