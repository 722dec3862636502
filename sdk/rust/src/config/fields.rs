use serde_json::{Map, Value};

use super::{Config, Pointer, wrong_type};
use crate::Problem;

/// The fields of an object in a configuration. Those that nobody asks for are the host's to refuse.
#[derive(Debug)]
pub struct Fields<'a> {
    object: &'a Map<String, Value>,
    at: &'a Pointer<'a>,
}

impl<'a> Fields<'a> {
    /// Looks at an object.
    ///
    /// # Errors
    /// When it is none.
    pub fn of(value: &'a Value, at: &'a Pointer<'a>) -> Result<Self, Problem> {
        match value {
            Value::Object(object) => Ok(Self { object, at }),
            _ => Err(wrong_type("object", value, at)),
        }
    }

    /// A field that is required, or optional by its type.
    ///
    /// # Errors
    /// When it is missing or malformed.
    pub fn get<C: Config>(&self, name: &str) -> Result<C, Problem> {
        match self.object.get(name) {
            Some(value) => C::parse(value, &self.at.key(name)),
            None if C::OPTIONAL => C::parse(&Value::Null, &self.at.key(name)),
            None => Err(Problem::new(format!("field {name} is required")).at(self.at)),
        }
    }

    /// A field that has a default.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn get_or<C: Config>(&self, name: &str, default: impl FnOnce() -> Value) -> Result<C, Problem> {
        match self.object.get(name) {
            Some(value) => C::parse(value, &self.at.key(name)),
            None => C::parse(&default(), &self.at.key(name)),
        }
    }

    /// As [`Fields::get_or`], for a string that must be one of `options`.
    ///
    /// # Errors
    /// When it is malformed or another string.
    pub fn check_options(&self, name: &str, options: &[&str]) -> Result<(), Problem> {
        match self.object.get(name) {
            Some(Value::String(text)) if !options.contains(&text.as_str()) => {
                Err(Problem::new(format!("value {text} is not one of {options:?}")).at(self.at.key(name)))
            }
            _ => Ok(()),
        }
    }
}
