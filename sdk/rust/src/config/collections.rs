use std::collections::BTreeMap;

use serde_json::Value;

use super::{Config, Pointer, Spec, wrong_type};
use crate::Problem;

impl<C: Config> Config for Option<C> {
    const OPTIONAL: bool = true;

    fn spec() -> Spec {
        C::spec().optional()
    }

    fn parse(value: &Value, at: &Pointer<'_>) -> Result<Self, Problem> {
        if value.is_null() { Ok(None) } else { C::parse(value, at).map(Some) }
    }
}

impl<C: Config> Config for Vec<C> {
    fn spec() -> Spec {
        C::spec().array()
    }

    fn parse(value: &Value, at: &Pointer<'_>) -> Result<Self, Problem> {
        let elements = value.as_array().ok_or_else(|| wrong_type("array", value, at))?;
        let parse = |(index, element)| C::parse(element, &at.index(index));
        elements.iter().enumerate().map(parse).collect()
    }
}

impl<C: Config> Config for BTreeMap<String, C> {
    fn spec() -> Spec {
        C::spec().map()
    }

    fn parse(value: &Value, at: &Pointer<'_>) -> Result<Self, Problem> {
        let members = value.as_object().ok_or_else(|| wrong_type("object", value, at))?;
        let parse = |(key, member): (&String, _)| Ok((key.clone(), C::parse(member, &at.key(key))?));
        members.iter().map(parse).collect()
    }
}

impl<C: Config> Config for Box<C> {
    const OPTIONAL: bool = C::OPTIONAL;

    fn spec() -> Spec {
        C::spec()
    }

    fn parse(value: &Value, at: &Pointer<'_>) -> Result<Self, Problem> {
        C::parse(value, at).map(Self::new)
    }
}
