//! Secret fields: a guest gets a reference in the place of each.

use forebay_pipeline_config::spec::{FieldKind, FieldSpec};
use serde_json::{Value, json};

/// The configuration as a guest sees it: every field that its description marks as secret, and that
/// is set, holds `{"$secret": POINTER}`, where the pointer leads to the field. Only the host can
/// follow it.
pub(crate) fn hide(config: &Value, spec: &FieldSpec) -> Value {
    hide_at(config, spec, "")
}

fn hide_at(value: &Value, spec: &FieldSpec, pointer: &str) -> Value {
    match (spec.kind, value) {
        (FieldKind::Array, Value::Array(items)) => {
            let item = |(index, item): (usize, &Value)| hide_one(item, spec, &format!("{pointer}/{index}"));
            items.iter().enumerate().map(item).collect()
        }
        (FieldKind::Map, Value::Object(entries)) => {
            let entry = |(key, item): (&String, &Value)| {
                (key.clone(), hide_one(item, spec, &format!("{pointer}/{}", escape(key))))
            };
            Value::Object(entries.iter().map(entry).collect())
        }
        _ => hide_one(value, spec, pointer),
    }
}

fn hide_one(value: &Value, spec: &FieldSpec, pointer: &str) -> Value {
    match value {
        Value::Null => Value::Null,
        _ if spec.secret => json!({"$secret": pointer}),
        Value::Object(entries) => {
            let entry = |(key, item): (&String, &Value)| {
                let field = spec.fields.iter().find(|field| field.name == *key);
                let pointer = format!("{pointer}/{}", escape(key));
                (key.clone(), field.map_or_else(|| item.clone(), |field| hide_at(item, field, &pointer)))
            };
            Value::Object(entries.iter().map(entry).collect())
        }
        other => other.clone(),
    }
}

/// A key as a part of a JSON pointer (RFC 6901).
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_wherever_they_stand() {
        let spec: FieldSpec = serde_json::from_value(json!({"type": "object", "fields": [
            {"name": "user", "type": "string"},
            {"name": "password", "type": "string", "secret": true},
            {"name": "token", "type": "string", "secret": true, "optional": true},
            {"name": "headers", "type": "string", "kind": "map", "secret": true},
            {"name": "keys", "type": "object", "kind": "array", "fields": [
                {"name": "key", "type": "string", "secret": true}]}]}))
        .unwrap();
        let config = json!({"user": "u", "password": "p", "token": null, "headers": {"a/b": "h"}, "keys": [{"key": "k"}]});
        let hidden = json!({"user": "u", "password": {"$secret": "/password"}, "token": null,
            "headers": {"a/b": {"$secret": "/headers/a~1b"}}, "keys": [{"key": {"$secret": "/keys/0/key"}}]});
        assert_eq!(hide(&config, &spec), hidden);
    }
}
