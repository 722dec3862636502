//! What texts in a mapping language can call: for lists, documentation and completion.

use serde_json::{Value, json};

/// The functions and methods of a language.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Vocabulary {
    pub functions: Vec<Callable>,
    pub methods: Vec<Callable>,
}

/// A function, or a method on a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Callable {
    pub name: &'static str,
    /// `stable`, `beta`, `experimental`, `deprecated` or `hidden`.
    pub status: &'static str,
    pub category: &'static str,
    /// Markdown.
    pub docs: &'static str,
    pub params: Vec<Param>,
    /// Takes any number of arguments instead.
    pub variadic: bool,
    pub examples: Vec<CallExample>,
}

/// A text that shows how something is called, and what becomes of messages.
#[derive(Debug, Clone, PartialEq)]
pub struct CallExample {
    pub summary: &'static str,
    pub mapping: &'static str,
    /// The contents of messages before and after, in order; `Error("...")` where the text fails.
    pub results: Vec<(&'static str, &'static str)>,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    pub name: &'static str,
    /// What an argument must be, in the words of the language.
    pub kind: &'static str,
    pub optional: bool,
    /// What stands in for an argument that is not given, if anything does.
    pub default: Option<Value>,
}

impl Vocabulary {
    pub(crate) fn is_empty(&self) -> bool {
        self.functions.is_empty() && self.methods.is_empty()
    }
}

impl Callable {
    pub(crate) fn into_json(self) -> Value {
        let Self { name, status, category, docs, params, variadic, examples } = self;
        let params: Vec<Value> = params.into_iter().map(Param::into_json).collect();
        let mut json = json!({"name": name, "status": status, "category": category, "docs": docs});
        if !params.is_empty() {
            json["params"] = params.into();
        }
        if variadic {
            json["variadic"] = true.into();
        }
        if !examples.is_empty() {
            json["examples"] = examples.into_iter().map(CallExample::into_json).collect();
        }
        json
    }
}

impl CallExample {
    fn into_json(self) -> Value {
        let Self { summary, mapping, results } = self;
        json!({"summary": summary, "mapping": mapping, "results": results})
    }
}

impl Param {
    fn into_json(self) -> Value {
        let Self { name, kind, optional, default } = self;
        let mut json = json!({"name": name, "type": kind});
        if optional {
            json["optional"] = true.into();
        }
        if let Some(default) = default {
            json["default"] = default;
        }
        json
    }
}
