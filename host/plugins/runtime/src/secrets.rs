//! Secret fields: a guest gets a reference in the place of each.

use std::collections::HashMap;
use std::fmt;

use forebay_pipeline_config::spec::{FieldKind, FieldSpec};
use serde_json::{Value, json};

/// The secrets of one component, by their references. They leave it into requests alone.
#[derive(Default)]
pub(crate) struct Secrets(HashMap<String, String>);

impl Secrets {
    /// Adds the secrets in a configuration, as this description of it marks them.
    pub(crate) fn add(&mut self, config: &Value, spec: &FieldSpec) {
        self.gather(&hide(config, spec), config);
    }

    /// # Errors
    /// When there is no such secret.
    pub(crate) fn get(&self, reference: &str) -> Result<&str, String> {
        let found = self.0.get(reference);
        found
            .map(String::as_str)
            .ok_or_else(|| format!("there is no secret {reference:?} in the configuration"))
    }

    /// Looks for references, and for what stands in their places.
    fn gather(&mut self, hidden: &Value, config: &Value) {
        if hidden == config {
            return;
        }
        match (hidden, config) {
            (Value::Object(entries), _) if is_reference(hidden) => {
                let reference = entries.get("$secret").and_then(Value::as_str).unwrap_or_default();
                let secret = match config {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                self.0.insert(reference.to_owned(), secret);
            }
            (Value::Object(entries), Value::Object(own)) => {
                for (key, hidden) in entries {
                    self.gather(hidden, own.get(key).unwrap_or(&Value::Null));
                }
            }
            (Value::Array(items), Value::Array(own)) => {
                for (hidden, own) in items.iter().zip(own) {
                    self.gather(hidden, own);
                }
            }
            _ => {}
        }
    }
}

fn is_reference(value: &Value) -> bool {
    value.as_object().is_some_and(|entries| entries.len() == 1 && entries.contains_key("$secret"))
}

/// Without the secrets.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

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
        let mut secrets = Secrets::default();
        secrets.add(&config, &spec);
        for (reference, secret) in [("/password", "p"), ("/headers/a~1b", "h"), ("/keys/0/key", "k")] {
            assert_eq!(secrets.get(reference), Ok(secret));
        }
        assert!(secrets.get("/user").is_err() && secrets.get("/token").is_err());
        assert!(!format!("{secrets:?}").contains("\"p\""));
    }
}
