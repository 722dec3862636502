//! Conditions in a mapping language.

use forebay_pipeline_config::spec::ComponentName;
use forebay_pipeline_message::{Batch, Message, Value};
use forebay_plugins_api::{LostInstance, LostReason, Mapping, VALUE_KIND};
use serde::de::IgnoredAny;

use crate::chain::OWN;

/// A mapping that says yes or no of a message.
pub(crate) struct Check {
    mapping: Box<dyn Mapping>,
    /// The component that it belongs to.
    component: ComponentName,
}

impl Check {
    pub(crate) fn new(mapping: Box<dyn Mapping>, component: &ComponentName) -> Self {
        Self { mapping, component: component.clone() }
    }

    /// Whether each message of a batch meets the condition, or why nobody can say.
    ///
    /// # Errors
    /// The language's plugin was lost, and with it the batch.
    pub(crate) async fn of(&mut self, batch: &Batch) -> Result<Vec<Result<bool, String>>, LostInstance> {
        let values =
            self.mapping.values(batch.clone()).await.map_err(|reason| lost(&self.component, reason))?;
        if values.len() != batch.len() {
            return Err(lost(
                &self.component,
                "a check gave other than one value for each message".to_owned(),
            ));
        }
        Ok(values.iter().map(verdict).collect())
    }
}

/// That a text's plugin was lost while it worked for a component.
pub(crate) fn lost(component: &ComponentName, reason: String) -> LostInstance {
    LostInstance {
        plugin: OWN.parse().expect("a name"),
        component: component.clone(),
        reason: LostReason::Trap,
        detail: reason,
    }
}

/// What a value that a condition gave for a message says: one of those of [`Mapping::values`]. Texts of errors are those
/// of Bento's `QueryPart`.
///
/// # Errors
/// It says neither yes nor no: why.
pub fn verdict(value: Message<'_>) -> Result<bool, String> {
    if let Some(error) = value.error() {
        return Err(error.to_owned());
    }
    if value.metadata(VALUE_KIND) == Some(Value::Text("deleted")) {
        return Err("query mapping resulted in deleted message, expected a boolean value".to_owned());
    }
    let payload = value.payload().unwrap_or_default();
    let is_json = serde_json::from_slice::<IgnoredAny>(payload).is_ok();
    let text = String::from_utf8_lossy(payload);
    // Numbers are told as they are written.
    let (kind, shown) = match payload.trim_ascii_start().first() {
        _ if !is_json => ("a text that is no JSON", format!(" ({text:?})")),
        Some(b't') => return Ok(true),
        Some(b'f') => return Ok(false),
        Some(b'n') => ("null", String::new()),
        Some(b'[') => ("array", String::new()),
        Some(b'{') => ("object", String::new()),
        Some(b'"') => {
            let string = serde_json::from_slice(payload).unwrap_or_else(|_| text.into_owned());
            ("string", format!(" ({string:?})"))
        }
        _ => ("number", format!(" ({})", text.trim())),
    };
    Err(format!("expected bool value, got {kind} from mapping{shown}"))
}
