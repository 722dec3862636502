//! A tree as YAML text again, in block style. Comments and anchors are gone.

use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::{Node, Value};

impl Node {
    /// The same tree as text.
    ///
    /// # Errors
    /// When the writer of YAML refuses it.
    pub fn to_text(&self) -> Result<String, serde_yaml::Error> {
        serde_yaml::to_string(self)
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            Value::Null => to.serialize_unit(),
            Value::Bool(value) => to.serialize_bool(*value),
            Value::Int(value) => to.serialize_i64(*value),
            Value::Uint(value) => to.serialize_u64(*value),
            Value::Float(value) => to.serialize_f64(*value),
            Value::String => to.serialize_str(&self.text),
            Value::Sequence(items) => to.collect_seq(items),
            Value::Mapping(entries) => {
                let mut map = to.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(&key.text, value)?;
                }
                map.end()
            }
        }
    }
}
