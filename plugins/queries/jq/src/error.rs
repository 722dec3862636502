//! Why a program gives no value, in the words of gojq.

use crate::show::{json, preview, typed};
use crate::value::Value;

/// What ends a program, unless it is caught.
#[derive(Clone, Debug)]
pub(crate) enum Error {
    /// Of an operation.
    Said(String),
    /// What a program raised with `error`.
    Raised(Value),
    /// `halt`, which is not caught.
    Halted(Value),
    /// A limit, which is not caught either.
    Exceeded(String),
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self::Said(text.into())
    }

    pub(crate) fn exceeded(what: &str) -> Self {
        Self::Exceeded(what.to_owned())
    }

    pub(crate) fn no_object(value: &Value) -> Self {
        Self::Said(format!("expected an object but got: {}", typed(value)))
    }

    pub(crate) fn no_array(value: &Value) -> Self {
        Self::Said(format!("expected an array but got: {}", typed(value)))
    }

    pub(crate) fn no_key(value: &Value) -> Self {
        Self::Said(format!("expected a string for object key but got: {}", typed(value)))
    }

    pub(crate) fn no_place(of: &str, value: &Value) -> Self {
        Self::Said(format!("expected a number for indexing {of} but got: {}", typed(value)))
    }

    pub(crate) fn no_range(value: &Value) -> Self {
        Self::Said(format!("expected \"start\" and \"end\" for slicing but got: {}", typed(value)))
    }

    /// A function is for another type.
    pub(crate) fn type0(name: &str, value: &Value) -> Self {
        Self::Said(format!("{name} cannot be applied to: {}", typed(value)))
    }

    /// The same of a function with arguments.
    pub(crate) fn typed(name: &str, value: &Value, arguments: &[&Value]) -> Self {
        Self::Said(format!("{} cannot be applied to: {}", called(name, arguments), typed(value)))
    }

    /// What went wrong inside a function.
    pub(crate) fn within(self, name: &str, value: &Value, arguments: &[&Value]) -> Self {
        match self {
            Self::Said(text) => Self::Said(format!(
                "{} cannot be applied to {}: {text}",
                called(name, arguments),
                preview(value)
            )),
            other => other,
        }
    }

    pub(crate) fn operator(name: &str, left: &Value, right: &Value) -> Self {
        Self::Said(format!("cannot {name}: {} and {}", typed(left), typed(right)))
    }

    pub(crate) fn zero(name: &str, left: &Value, right: &Value) -> Self {
        Self::Said(format!("cannot {name} {} by: {}", typed(left), typed(right)))
    }

    /// What a `catch` is given; `None` where it may not have it.
    pub(crate) fn caught(&self) -> Option<Value> {
        match self {
            Self::Said(text) => Some(Value::from(text.as_str())),
            Self::Raised(value) => Some(value.clone()),
            Self::Halted(_) | Self::Exceeded(_) => None,
        }
    }
}

fn called(name: &str, arguments: &[&Value]) -> String {
    if arguments.is_empty() {
        return name.to_owned();
    }
    let shown: Vec<_> = arguments.iter().map(|argument| preview(argument)).collect();
    format!("{name}({})", shown.join("; "))
}

fn said(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("error: {text}"),
        other => format!("error: {}", json(other)),
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Said(text) | Self::Exceeded(text) => f.write_str(text),
            Self::Raised(value) => f.write_str(&said(value)),
            Self::Halted(value) => write!(f, "halt {}", said(value)),
        }
    }
}
