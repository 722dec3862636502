//! One field of a configuration: its type, whether it must be given, and what helps a person to give it.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;

use super::is_false;
use crate::spec::Kind;

/// What a field of a configuration takes.
///
/// A field with neither a default nor `optional` is required. An object without either is filled from the defaults
/// of its own fields when it is left out, and required only if one of those is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FieldSpec {
    /// Empty only for the configuration as a whole.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(rename = "type", default)]
    pub field_type: FieldType,
    #[serde(default)]
    pub kind: FieldKind,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// `Some(null)` where the default is `null`.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub default: Option<Json>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub optional: bool,
    /// The values a string may have; empty for any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Json>,
    /// A string with `${! }` in it, evaluated for each message.
    #[serde(default, skip_serializing_if = "is_false")]
    pub interpolated: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub secret: bool,
    /// The language that the string is written in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<String>,
    /// What a text in that language is: `mapping` where it is left out, `mutation` or `query`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// What the string is the label of: `cache`, `rate_limit` or `processor`. Others are not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub deprecated: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub advanced: bool,
    /// The fields of an object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Self>,
}

/// What one value of a field is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    String,
    Int,
    Float,
    Bool,
    /// Has the fields it states and no others: `unknown` takes any.
    #[default]
    Object,
    Input,
    Output,
    Processor,
    Scanner,
    /// Anything.
    Unknown,
}

/// How many values a field takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    #[default]
    Scalar,
    Array,
    Map,
}

impl FieldSpec {
    pub fn new(name: &str, field_type: FieldType) -> Self {
        Self { name: name.to_owned(), field_type, ..Self::default() }
    }

    #[must_use]
    pub fn of_kind(self, kind: FieldKind) -> Self {
        Self { kind, ..self }
    }

    #[must_use]
    pub fn with_default(self, default: impl Into<Json>) -> Self {
        Self { default: Some(default.into()), ..self }
    }

    #[must_use]
    pub fn with_fields(self, fields: Vec<Self>) -> Self {
        Self { fields, ..self }
    }

    /// Whether it must be given.
    pub fn is_required(&self) -> bool {
        if self.default.is_some() || self.optional {
            return false;
        }
        !self.is_plain_object() || self.fields.iter().any(Self::is_required)
    }

    /// One object with fields, rather than a list or a map of such.
    pub(crate) fn is_plain_object(&self) -> bool {
        self.field_type == FieldType::Object && self.kind == FieldKind::Scalar
    }

    #[must_use]
    pub fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    #[must_use]
    pub fn with_docs(self, docs: &str) -> Self {
        Self { docs: docs.to_owned(), ..self }
    }

    #[must_use]
    pub fn interpolated(self) -> Self {
        Self { interpolated: true, ..self }
    }

    /// A string that is a text in the mapping language of this name.
    #[must_use]
    pub fn in_language(self, language: &str) -> Self {
        Self { mapping: Some(language.to_owned()), ..self }
    }

    /// The values that the string may have.
    #[must_use]
    pub fn with_options(self, options: &[&str]) -> Self {
        Self { options: options.iter().map(|option| (*option).to_owned()).collect(), ..self }
    }

    /// A string that is the label of such a resource: `cache`, `rate_limit` or `processor`.
    #[must_use]
    pub fn label_of(self, resource: &str) -> Self {
        Self { resource: Some(resource.to_owned()), ..self }
    }

    #[must_use]
    pub fn advanced(self) -> Self {
        Self { advanced: true, ..self }
    }
}

impl FieldType {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Int => "int",
            Self::Float => "float",
            Self::Bool => "bool",
            Self::Object => "object",
            Self::Input => "input",
            Self::Output => "output",
            Self::Processor => "processor",
            Self::Scanner => "scanner",
            Self::Unknown => "unknown",
        }
    }

    /// The kind of the component that the field holds, if it holds one.
    pub fn component(self) -> Option<Kind> {
        match self {
            Self::Input => Some(Kind::Input),
            Self::Output => Some(Kind::Output),
            Self::Processor => Some(Kind::Processor),
            Self::Scanner => Some(Kind::Scanner),
            Self::String | Self::Int | Self::Float | Self::Bool | Self::Object | Self::Unknown => None,
        }
    }
}

/// Tells a `null` from a field that is not there.
fn given<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(input).map(Some)
}
