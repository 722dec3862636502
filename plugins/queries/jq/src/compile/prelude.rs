//! The functions that are written in the language itself.

use std::collections::HashMap;

use super::Compiled;
use crate::parser;
use crate::syntax::{Definition, Query};

const SOURCE: &str = include_str!("prelude.jq");

/// The definitions by name and number of parameters.
pub(super) fn definitions() -> Compiled<HashMap<(String, usize), Definition>> {
    let mut definitions = HashMap::new();
    let mut at = parser::parse(SOURCE)?.query;
    while let Query::Define(definition, rest) = at {
        definitions.insert((definition.name.clone(), definition.parameters.len()), *definition);
        at = *rest;
    }
    Ok(definitions)
}
