//! Between the types of the contract and ours.

use forebay_pipeline_message::{Origins, Processed, Value};
use forebay_plugins_api::MetadataValue;

use crate::bindings::forebay::plugin::batches as wit;
use crate::guest::Guest;
use crate::limits::Refusal;

impl From<wit::Value> for MetadataValue {
    fn from(value: wit::Value) -> Self {
        match value {
            wit::Value::Null => Self::Null,
            wit::Value::Boolean(value) => Self::Bool(value),
            wit::Value::Signed(value) => Self::Signed(value),
            wit::Value::Unsigned(value) => Self::Unsigned(value),
            wit::Value::Float(value) => Self::Float(value),
            wit::Value::Text(text) => Self::Text(text),
            wit::Value::Bytes(bytes) => Self::Bytes(bytes),
            wit::Value::Timestamp(wit::Timestamp { seconds, nanoseconds }) => {
                Self::Timestamp { seconds, nanoseconds }
            }
            wit::Value::Json(text) => Self::Json(text),
        }
    }
}

impl From<Value<'_>> for wit::Value {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Boolean(value),
            Value::Signed(value) => Self::Signed(value),
            Value::Unsigned(value) => Self::Unsigned(value),
            Value::Float(value) => Self::Float(value),
            Value::Text(text) => Self::Text(text.to_owned()),
            Value::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
            Value::Timestamp { seconds, nanoseconds } => {
                Self::Timestamp(wit::Timestamp { seconds, nanoseconds })
            }
            Value::Json(text) => Self::Json(text.to_owned()),
        }
    }
}

impl From<wit::Origins> for Origins {
    fn from(origins: wit::Origins) -> Self {
        match origins {
            wit::Origins::Same => Self::Same,
            wit::Origins::Each(each) => Self::Each(each),
            wit::Origins::Whole => Self::Whole,
        }
    }
}

impl From<Origins> for wit::Origins {
    fn from(origins: Origins) -> Self {
        match origins {
            Origins::Same => Self::Same,
            Origins::Each(each) => Self::Each(each),
            // The contract has no word for several.
            Origins::Sets(_) | Origins::Whole => Self::Whole,
        }
    }
}

impl Guest {
    /// Takes a result back that was made of `source` messages.
    pub(crate) fn take_processed(
        &mut self,
        result: wit::Processed,
        source: usize,
    ) -> wasmtime::Result<Processed> {
        let batch = self.take_result(result.batch)?;
        let origins = Origins::from(result.origins);
        origins.check(batch.len(), source).map_err(|error| Refusal::contract(error.to_string()))?;
        Ok(Processed { batch, origins })
    }
}
