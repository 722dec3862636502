//! Whether a description makes sense in itself, so that nothing that reads it needs to ask.
//!
//! Checked: no component twice, no field twice, no field without a name or nested deeper than [`MAX_DEPTH`], fields
//! only in objects, options, languages and interpolation only on strings, defaults that fit, one scanner at most.

use std::collections::HashSet;

use serde_json::Value as Json;

use super::{ComponentSpec, DescriptionError, FieldKind, FieldSpec, FieldType};

/// How deep fields may be nested.
const MAX_DEPTH: usize = 32;

pub(super) fn components(components: &[ComponentSpec]) -> Result<(), DescriptionError> {
    let mut seen = HashSet::new();
    for spec in components {
        let result = if seen.insert((spec.kind, &spec.name)) {
            component(spec)
        } else {
            Err("the description holds it twice".to_owned())
        };
        result.map_err(|reason| DescriptionError::Invalid {
            component: format!("{} {}", spec.kind, spec.name),
            reason,
        })?;
    }
    Ok(())
}

fn component(spec: &ComponentSpec) -> Result<(), String> {
    field(&spec.config, "the configuration", 0)?;
    if scanners(&spec.config) > 1 {
        return Err("it has more than one scanner field".to_owned());
    }
    Ok(())
}

fn scanners(spec: &FieldSpec) -> usize {
    let own = usize::from(spec.field_type == FieldType::Scanner);
    own + spec.fields.iter().map(scanners).sum::<usize>()
}

fn field(spec: &FieldSpec, path: &str, depth: usize) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err(format!("{path} is nested deeper than {MAX_DEPTH} levels"));
    }
    if !spec.fields.is_empty() && spec.field_type != FieldType::Object {
        return Err(format!("{path} has fields but is of type {}", spec.field_type.as_str()));
    }
    let only_strings = !spec.options.is_empty() || spec.interpolated || spec.mapping.is_some();
    if only_strings && spec.field_type != FieldType::String {
        let own = spec.field_type.as_str();
        return Err(format!(
            "{path} is of type {own}, and only strings have options, interpolation or a mapping"
        ));
    }
    let mut names = HashSet::new();
    for child in &spec.fields {
        if child.name.is_empty() {
            return Err(format!("{path} has a field without a name"));
        }
        if !names.insert(&child.name) {
            return Err(format!("{path} has the field {} twice", child.name));
        }
        let child_path =
            if depth == 0 { format!("field {}", child.name) } else { format!("{path}.{}", child.name) };
        field(child, &child_path, depth + 1)?;
    }
    match &spec.default {
        Some(default) if !default.is_null() && !fits(default, spec) => {
            Err(format!("the default {default} of {path} does not fit its type"))
        }
        _ => Ok(()),
    }
}

fn fits(value: &Json, spec: &FieldSpec) -> bool {
    match (spec.kind, value) {
        (FieldKind::Scalar, value) => fits_one(value, spec),
        (FieldKind::Array, Json::Array(items)) => items.iter().all(|item| fits_one(item, spec)),
        (FieldKind::Map, Json::Object(entries)) => entries.values().all(|entry| fits_one(entry, spec)),
        _ => false,
    }
}

fn fits_one(value: &Json, spec: &FieldSpec) -> bool {
    match spec.field_type {
        FieldType::String => value.is_string(),
        FieldType::Int => value.is_i64() || value.is_u64(),
        FieldType::Float => value.is_number(),
        FieldType::Bool => value.is_boolean(),
        FieldType::Object => value.as_object().is_some_and(|entries| object_fits(entries, spec)),
        FieldType::Input | FieldType::Output | FieldType::Processor | FieldType::Scanner => value.is_object(),
        FieldType::Unknown => true,
    }
}

/// An object's default may leave fields to their own defaults, but not leave required ones out.
fn object_fits(entries: &serde_json::Map<String, Json>, spec: &FieldSpec) -> bool {
    let known = |name: &String| spec.fields.iter().any(|field| field.name == *name);
    entries.keys().all(known)
        && spec.fields.iter().all(|field| match entries.get(&field.name) {
            Some(value) => fits(value, field),
            None => !field.is_required(),
        })
}
