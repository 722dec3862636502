//! The labels of resources that a configuration names.

use forebay_pipeline_config::spec::{FieldKind, FieldSpec};
use serde_json::Value;

/// The labels in a configuration that its description marks as those of such a resource.
pub(crate) fn named<'a>(config: &'a Value, spec: &FieldSpec, resource: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    gather(config, spec, resource, &mut found);
    found
}

fn gather<'a>(value: &'a Value, spec: &FieldSpec, resource: &str, found: &mut Vec<&'a str>) {
    match (spec.kind, value) {
        (FieldKind::Array, Value::Array(items)) => {
            for item in items {
                gather_one(item, spec, resource, found);
            }
        }
        (FieldKind::Map, Value::Object(entries)) => {
            for item in entries.values() {
                gather_one(item, spec, resource, found);
            }
        }
        _ => gather_one(value, spec, resource, found),
    }
}

fn gather_one<'a>(value: &'a Value, spec: &FieldSpec, resource: &str, found: &mut Vec<&'a str>) {
    match value {
        Value::String(label) if spec.resource.as_deref() == Some(resource) => found.push(label),
        Value::Object(entries) => {
            for field in &spec.fields {
                if let Some(item) = entries.get(&field.name) {
                    gather(item, field, resource, found);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn labels_are_found_wherever_they_stand() {
        let spec: FieldSpec = serde_json::from_value(json!({"type": "object", "fields": [
            {"name": "cache", "type": "string", "resource": "cache"},
            {"name": "limit", "type": "string", "resource": "rate_limit"},
            {"name": "limits", "type": "string", "kind": "array", "resource": "rate_limit"},
            {"name": "targets", "type": "object", "kind": "map", "fields": [
                {"name": "limit", "type": "string", "resource": "rate_limit"}]}]}))
        .unwrap();
        let config = json!({"cache": "c", "limit": "a", "limits": ["b", "d"], "targets": {"x": {"limit": "e"}},
            "other": "f"});
        assert_eq!(named(&config, &spec, "rate_limit"), ["a", "b", "d", "e"]);
        assert_eq!(named(&config, &spec, "cache"), ["c"]);
        assert!(named(&json!(null), &spec, "rate_limit").is_empty());
    }
}
