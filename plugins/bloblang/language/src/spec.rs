//! How functions and methods describe themselves: one constant each, which documentation, the checker, the
//! evaluator and the example tests all read.

use std::borrow::Cow;
use std::fmt;

use crate::eval::{Call, Target};
use crate::failure::Failure;
use crate::value::Value;

/// A function, or a method on a value.
#[derive(Clone, Copy)]
pub struct FunctionSpec {
    pub name: &'static str,
    pub category: &'static str,
    pub status: Status,
    pub docs: &'static str,
    pub params: &'static [ParamSpec],
    /// Takes any number of values instead of `params`.
    pub variadic: bool,
    pub examples: &'static [Example],
    pub(crate) body: Body,
    pub(crate) check: Option<Check>,
    /// Its errors do not name the target. In Bento these are the methods that are added like plugins.
    pub(crate) unnamed: bool,
    /// Gives the same for the same target and arguments, and is evaluated when the mapping is compiled if it can be.
    pub(crate) fixed: bool,
    /// Looks at the world outside of the message, or changes it.
    pub impure: bool,
}

/// How far one may rely on a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Stable,
    Beta,
    Experimental,
    Deprecated,
    Hidden,
}

impl Status {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Beta => "beta",
            Self::Experimental => "experimental",
            Self::Deprecated => "deprecated",
            Self::Hidden => "hidden",
        }
    }
}

/// A parameter.
#[derive(Clone, Copy, Debug)]
pub struct ParamSpec {
    pub name: &'static str,
    pub kind: ParamKind,
    pub default: ParamDefault,
}

/// What an argument must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    Text,
    Integer,
    Float,
    Bool,
    Array,
    Any,
    /// A timestamp, text in RFC 3339, or a number of seconds since 1970.
    Timestamp,
    /// Text that is a path with dots; it is taken apart when the mapping is compiled.
    Path,
    /// A query that the function runs itself, as often as it likes and in whatever context.
    Query,
}

/// That something may be called `name`; `kind` says what.
#[cfg(test)]
pub(crate) fn check_name(kind: &str, name: &str) -> Result<(), String> {
    let part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    if name.split('_').all(part) {
        return Ok(());
    }
    Err(format!(
        "{kind} name '{name}' does not match the required regular expression /^[a-z0-9]+(_[a-z0-9]+)*$/"
    ))
}

/// What stands in for an argument that is not given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ParamDefault {
    Required,
    Optional,
    Text(&'static str),
    Integer(i64),
    Bool(bool),
}

/// A mapping that shows the function, run on inputs in order; an output is the content of the message after it, or
/// `Error("...")`.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    pub summary: &'static str,
    pub mapping: &'static str,
    pub cases: &'static [(&'static str, &'static str)],
}

pub(crate) type Evaluated = Result<Value, Failure>;

/// Looks at the arguments that are known when the mapping is compiled (`None`: not known yet).
pub(crate) type Check = fn(&[Option<&Value>]) -> Result<(), String>;

#[derive(Clone, Copy)]
pub(crate) enum Body {
    Function(fn(&Call<'_>) -> Evaluated),
    Method(fn(&Call<'_>, Cow<'_, Value>) -> Evaluated),
    /// A method that also wants to know why its target has no value.
    Rescue(fn(&Call<'_>, Result<Cow<'_, Value>, Failure>) -> Evaluated),
    /// A method that evaluates its target itself.
    Control(fn(&Call<'_>, &Target<'_>) -> Evaluated),
}

impl FunctionSpec {
    const fn new(name: &'static str, category: &'static str, docs: &'static str, body: Body) -> Self {
        Self {
            name,
            category,
            status: Status::Stable,
            docs,
            params: &[],
            variadic: false,
            examples: &[],
            body,
            check: None,
            unnamed: false,
            fixed: false,
            impure: false,
        }
    }

    pub(crate) const fn function(
        name: &'static str,
        category: &'static str,
        docs: &'static str,
        body: fn(&Call<'_>) -> Evaluated,
    ) -> Self {
        Self::new(name, category, docs, Body::Function(body))
    }

    pub(crate) const fn method(
        name: &'static str,
        category: &'static str,
        docs: &'static str,
        body: fn(&Call<'_>, Cow<'_, Value>) -> Evaluated,
    ) -> Self {
        Self::new(name, category, docs, Body::Method(body))
    }

    pub(crate) const fn rescue(
        name: &'static str,
        docs: &'static str,
        body: fn(&Call<'_>, Result<Cow<'_, Value>, Failure>) -> Evaluated,
    ) -> Self {
        Self::new(name, "General", docs, Body::Rescue(body))
    }

    pub(crate) const fn control(
        name: &'static str,
        docs: &'static str,
        body: fn(&Call<'_>, &Target<'_>) -> Evaluated,
    ) -> Self {
        Self::new(name, "General", docs, Body::Control(body))
    }

    pub(crate) const fn status(self, status: Status) -> Self {
        Self { status, ..self }
    }

    pub(crate) const fn params(self, params: &'static [ParamSpec]) -> Self {
        Self { params, ..self }
    }

    pub(crate) const fn variadic(self) -> Self {
        Self { variadic: true, ..self }
    }

    pub(crate) const fn checked(self, check: Check) -> Self {
        Self { check: Some(check), ..self }
    }

    pub(crate) const fn category(self, category: &'static str) -> Self {
        Self { category, ..self }
    }

    pub(crate) const fn unnamed(self) -> Self {
        Self { unnamed: true, ..self }
    }

    pub(crate) const fn fixed(self) -> Self {
        Self { fixed: true, ..self }
    }

    pub(crate) const fn impure(self) -> Self {
        Self { impure: true, ..self }
    }

    pub(crate) const fn examples(self, examples: &'static [Example]) -> Self {
        Self { examples, ..self }
    }
}

impl ParamSpec {
    pub(crate) const fn new(name: &'static str, kind: ParamKind) -> Self {
        Self { name, kind, default: ParamDefault::Required }
    }

    pub(crate) const fn or(self, default: ParamDefault) -> Self {
        Self { default, ..self }
    }

    pub(crate) const fn optional(self) -> Self {
        self.or(ParamDefault::Optional)
    }
}

impl Example {
    pub(crate) const fn new(
        summary: &'static str,
        mapping: &'static str,
        cases: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self { summary, mapping, cases }
    }
}

impl ParamKind {
    /// The name of the type in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text | Self::Path => "string",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Bool => "bool",
            Self::Array => "array",
            Self::Any => "any",
            Self::Timestamp => "timestamp",
            Self::Query => "query expression",
        }
    }
}

impl fmt::Debug for FunctionSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionSpec")
            .field("name", &self.name)
            .field("params", &self.params)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
