//! What texts in a mapping language can call.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// A function, or a method on a value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Callable {
    pub name: String,
    /// As of components, or `hidden`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub status: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub category: String,
    /// Markdown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<Param>,
    /// Takes any number of arguments instead.
    #[serde(default, skip_serializing_if = "super::is_false")]
    pub variadic: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<CallExample>,
}

/// A text that shows how something is called, and what becomes of messages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CallExample {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    pub mapping: String,
    /// The contents of messages before and after, in order.
    #[serde(default)]
    pub results: Vec<(String, String)>,
}

/// A parameter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Param {
    pub name: String,
    /// What an argument must be, in the words of the language.
    #[serde(rename = "type", default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "super::is_false")]
    pub optional: bool,
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub default: Json,
}
