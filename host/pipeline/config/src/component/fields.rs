//! Settings against their specification: types converted, defaults filled in, components taken out. A scanner inside
//! of a scanner stays as well: `{"lines": {...}}`, with its defaults.
//!
//! As in Bento a number or a boolean where a string is expected is its text, and a number with nothing behind the
//! point is an integer. A quoted number or boolean is read where one is expected, because a variable is often quoted.
//! `null` is the same as leaving a field out.

mod scalar;

use serde_json::{Map, Value as Json, json};

use crate::component::{Child, ComponentConfig, LimitsConfig, ResourceUse, TextField, examine};
use crate::lint::Examiner;
use crate::position::Span;
use crate::spec::{FieldKind, FieldSpec, FieldType, Kind};
use crate::suggest;
use crate::yaml::{Key, Node, Value};

/// The walk over the settings of one component.
pub(crate) struct Fields<'e, 'a> {
    examiner: &'e mut Examiner<'a>,
    /// What the settings are those of, where that is a component.
    kind: Option<Kind>,
    /// The dotted path that the components in the settings continue.
    path: String,
    /// Where the walk is in the settings.
    at: Vec<String>,
    texts: Vec<TextField>,
    children: Vec<Child>,
    /// The processor resources that are named.
    uses: Vec<ResourceUse>,
    /// The values of secret fields.
    secrets: Vec<String>,
}

impl<'e, 'a> Fields<'e, 'a> {
    pub(crate) fn new(examiner: &'e mut Examiner<'a>, kind: Option<Kind>, path: String) -> Self {
        Self {
            examiner,
            kind,
            path,
            at: Vec::new(),
            texts: Vec::new(),
            children: Vec::new(),
            uses: Vec::new(),
            secrets: Vec::new(),
        }
    }

    /// The processor resources that the settings name themselves.
    pub(crate) fn take_uses(&mut self) -> Vec<ResourceUse> {
        std::mem::take(&mut self.uses)
    }

    pub(crate) fn finish(self) -> (Vec<TextField>, Vec<Child>, Vec<String>) {
        (self.texts, self.children, self.secrets)
    }

    /// The settings as a whole. `at` is where the component is named.
    pub(crate) fn whole(&mut self, node: Option<&Node>, spec: &FieldSpec, at: Span) -> Json {
        if let Some(node) = node.filter(|node| !node.is_null()) {
            return self.value(node, spec, at).unwrap_or(Json::Null);
        }
        if let Some(default) = &spec.default {
            return self.default(default, spec, at).unwrap_or(Json::Null);
        }
        if spec.is_plain_object() {
            return self.default(&json!({}), spec, at).unwrap_or(Json::Null);
        }
        if !spec.optional {
            self.examiner.fatal(at.start, "a value is required here");
        }
        Json::Null
    }

    /// The stated fields of an object; what else it holds is not looked at. `at` is where missing fields are missed.
    pub(crate) fn known(
        &mut self,
        entries: &[(Key, Node)],
        specs: &[FieldSpec],
        at: Span,
    ) -> Map<String, Json> {
        let mut object = Map::new();
        for spec in specs {
            self.at.push(spec.name.clone());
            let given = entries.iter().find(|(key, value)| key.text == spec.name && !value.is_null());
            let value = match given {
                Some((key, node)) => {
                    self.deprecation(key, spec);
                    self.value(node, spec, node.span)
                }
                None => self.absent(spec, at),
            };
            self.at.pop();
            if let Some(value) = value {
                object.insert(spec.name.clone(), value);
            }
        }
        object
    }

    fn deprecation(&mut self, key: &Key, spec: &FieldSpec) {
        if spec.deprecated && self.examiner.options.reject_deprecated {
            self.examiner.lint(key.span.start, format!("field {} is deprecated", spec.name));
        }
    }

    fn absent(&mut self, spec: &FieldSpec, at: Span) -> Option<Json> {
        if let Some(default) = &spec.default {
            return self.default(default, spec, at);
        }
        if spec.optional {
            return None;
        }
        if spec.is_required() {
            self.examiner.fatal(at.start, format!("field {} is required", spec.name));
            return None;
        }
        self.default(&json!({}), spec, at)
    }

    fn default(&mut self, default: &Json, spec: &FieldSpec, at: Span) -> Option<Json> {
        if default.is_null() {
            return Some(Json::Null);
        }
        self.value(&Node::from_json(default, at), spec, at)
    }

    fn value(&mut self, node: &Node, spec: &FieldSpec, at: Span) -> Option<Json> {
        match (spec.kind, &node.value) {
            (FieldKind::Scalar, _) => self.single(node, spec, at),
            (FieldKind::Array, Value::Sequence(items)) => {
                let mut values = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    self.at.push(index.to_string());
                    values.extend(self.single(item, spec, item.span));
                    self.at.pop();
                }
                self.has_value(spec).then_some(Json::Array(values))
            }
            (FieldKind::Map, Value::Mapping(entries)) => {
                let mut values = Map::new();
                for (key, item) in entries {
                    self.at.push(key.text.clone());
                    if let Some(value) = self.single(item, spec, item.span) {
                        values.insert(key.text.clone(), value);
                    }
                    self.at.pop();
                }
                self.has_value(spec).then_some(Json::Object(values))
            }
            // What the command line sets is one scalar, and a list where one belongs.
            (FieldKind::Array, _) if node.is_scalar() && self.examiner.source.is_setting(node.span.start) => {
                self.at.push("0".to_owned());
                let value = self.single(node, spec, at);
                self.at.pop();
                value.map(|value| json!([value]))
            }
            (FieldKind::Array, _) => {
                self.examiner.fatal(node.span.start, "expected array value");
                None
            }
            (FieldKind::Map, _) => {
                self.examiner.fatal(node.span.start, format!("expected object value, got {}", node.tag()));
                None
            }
        }
    }

    fn single(&mut self, node: &Node, spec: &FieldSpec, at: Span) -> Option<Json> {
        if let Some(kind) = spec.field_type.component() {
            let stays = self.has_value(spec);
            let component = self.component(kind, node)?;
            return if stays { self.inside(component, node) } else { None };
        }
        match spec.field_type {
            FieldType::Object => self.object(node, spec, at),
            FieldType::String if spec.mapping.is_some() && names_language(node) => {
                self.in_language(node, spec)
            }
            FieldType::Unknown => match node.to_json() {
                Ok(value) => {
                    if spec.resource.as_deref() == Some("processor") {
                        self.uses_within(node);
                    }
                    Some(value)
                }
                Err(error) => {
                    self.examiner.fatal(error.position, error.message);
                    None
                }
            },
            _ => self.scalar(node, spec),
        }
    }

    /// All texts in a value that is of no type: labels of resources, or names of what stands beside it.
    fn uses_within(&mut self, node: &Node) {
        match &node.value {
            Value::Sequence(items) => items.iter().for_each(|item| self.uses_within(item)),
            _ if node.is_scalar() && !node.is_null() => {
                let (label, at) = (node.text.clone(), node.span.start);
                self.uses.push(ResourceUse { label, at, may_be_own: true });
            }
            _ => {}
        }
    }

    fn object(&mut self, node: &Node, spec: &FieldSpec, at: Span) -> Option<Json> {
        let Value::Mapping(entries) = &node.value else {
            self.examiner.fatal(node.span.start, format!("expected object value, got {}", node.tag()));
            return None;
        };
        let names: Vec<&str> = spec.fields.iter().map(|field| field.name.as_str()).collect();
        self.others_are_unknown(entries, &names);
        Some(Json::Object(self.known(entries, &spec.fields, at)))
    }

    fn others_are_unknown(&mut self, entries: &[(Key, Node)], names: &[&str]) {
        for (key, _) in entries.iter().filter(|(key, _)| !names.contains(&key.text.as_str())) {
            let hint = suggest::hint(&key.text, names.iter().copied());
            self.examiner.lint(key.span.start, format!("field {} not recognised{hint}", key.text));
        }
    }

    /// A mapping as `{language, code}`. In the language that the field has anyway it is read as the text alone, so
    /// that whoever knows only that language need not know this form.
    fn in_language(&mut self, node: &Node, spec: &FieldSpec) -> Option<Json> {
        let Value::Mapping(entries) = &node.value else { return None };
        let member = |name: &str| node.get(name).filter(|value| !value.is_null());
        self.others_are_unknown(entries, &["language", "code"]);
        let own = spec.mapping.as_deref().unwrap_or_default();
        let language = member("language").map_or(own, |language| language.text.as_str());
        if let Some(named) = member("language").filter(|_| language != own)
            && self.examiner.catalog.get(Kind::Mapping, language).is_none()
        {
            let hint = suggest::hint(language, self.examiner.catalog.nearest(Kind::Mapping, language));
            let message = format!("mapping language `{language}` not recognised{hint}");
            self.examiner.fatal(named.span.start, message);
            return None;
        }
        let Some(code) = member("code") else {
            self.examiner.fatal(node.span.start, "field code is required");
            return None;
        };
        if language == own {
            return self.scalar(code, spec);
        }
        self.at.push("code".to_owned());
        let text = self.scalar(code, &FieldSpec { mapping: Some(language.to_owned()), ..spec.clone() });
        self.at.pop();
        Some(json!({"language": language, "code": text?}))
    }

    fn scalar(&mut self, node: &Node, spec: &FieldSpec) -> Option<Json> {
        let value = match scalar::convert(node, spec.field_type) {
            Ok(value) => value,
            Err(message) => {
                self.examiner.fatal(node.span.start, message);
                return None;
            }
        };
        if spec.field_type != FieldType::String {
            return Some(value);
        }
        let is_evaluated = spec.interpolated && node.text.contains("${!");
        if !spec.options.is_empty() && !is_evaluated && !spec.options.contains(&node.text) {
            let hint = suggest::hint(&node.text, spec.options.iter().map(String::as_str));
            let options = spec.options.join(", ");
            let message = format!("value `{}` is not one of the options {options}{hint}", node.text);
            self.examiner.lint(node.span.start, message);
        }
        if spec.secret && !node.text.is_empty() {
            self.secrets.push(node.text.clone());
        }
        // Where an empty text is what a field has by itself, it stands for none.
        let is_none = node.text.is_empty() && spec.default.as_ref().is_some_and(|default| default == "");
        let names_none = is_none || (spec.optional && node.text.is_empty());
        match spec.resource.as_deref() {
            Some("cache") if !is_evaluated => {
                self.examiner.resource_used(Kind::Cache, &node.text, node.span.start);
            }
            Some("rate_limit") if !is_evaluated && !names_none => {
                self.examiner.resource_used(Kind::RateLimit, &node.text, node.span.start);
            }
            Some("processor") if !is_evaluated => {
                let (label, at) = (node.text.clone(), node.span.start);
                self.uses.push(ResourceUse { label, at, may_be_own: false });
            }
            _ => {}
        }
        if (spec.interpolated || spec.mapping.is_some()) && !is_none {
            self.texts.push(TextField::new(self.pointer(), spec, node, &self.examiner.source));
        }
        Some(value)
    }

    /// Whether a field is part of the settings: components are not, but for scanners inside of scanners, which
    /// their plugin opens itself.
    fn has_value(&self, spec: &FieldSpec) -> bool {
        match spec.field_type.component() {
            None => true,
            Some(kind) => kind == Kind::Scanner && self.kind == Some(Kind::Scanner),
        }
    }

    /// What a scanner inside of another one is in the settings of that. They share an instance, which would see its
    /// secrets.
    fn inside(&mut self, component: ComponentConfig, node: &Node) -> Option<Json> {
        let ComponentConfig { name, pin, limits, config, secrets, .. } = component;
        let message = if pin.is_some() || limits != LimitsConfig::default() {
            "a scanner inside of another one has the build and the limits of that"
        } else if !secrets.is_empty() {
            "a scanner with secrets can't stand inside of another one"
        } else {
            return Some(json!({name.as_str(): config}));
        };
        self.examiner.fatal(node.span.start, message);
        None
    }

    /// Reads a component, which becomes a child.
    fn component(&mut self, kind: Kind, node: &Node) -> Option<ComponentConfig> {
        let mut path = self.path.clone();
        for segment in &self.at {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(segment);
        }
        let component = examine(self.examiner, kind, node, &path)?;
        self.children.push(Child { pointer: self.pointer(), component: component.clone() });
        Some(component)
    }

    fn pointer(&self) -> String {
        self.at.iter().map(|segment| format!("/{}", segment.replace('~', "~0").replace('/', "~1"))).collect()
    }
}

/// Whether this is the object form of a mapping.
fn names_language(node: &Node) -> bool {
    node.get("language").is_some() || node.get("code").is_some()
}
