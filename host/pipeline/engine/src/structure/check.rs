//! Conditions in a mapping language.

use forebay_pipeline_config::spec::ComponentName;
use forebay_pipeline_message::{Batch, Message, Value};
use forebay_plugins_api::{LostInstance, LostReason, Mapping, VALUE_KIND};
use serde_json::Value as Json;

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

/// What a value says; texts of errors are those of Bento's `QueryPart`.
fn verdict(value: Message<'_>) -> Result<bool, String> {
    if let Some(error) = value.error() {
        return Err(error.to_owned());
    }
    if value.metadata(VALUE_KIND) == Some(Value::Text("deleted")) {
        return Err("query mapping resulted in deleted message, expected a boolean value".to_owned());
    }
    let payload = value.payload().unwrap_or_default();
    let (kind, shown) = match payload {
        b"true" => return Ok(true),
        b"false" => return Ok(false),
        other => match serde_json::from_slice::<Json>(other) {
            Ok(Json::Bool(verdict)) => return Ok(verdict),
            Ok(Json::Null) => ("null", String::new()),
            Ok(Json::Number(number)) => ("number", format!(" ({number})")),
            Ok(Json::String(text)) => ("string", format!(" ({text:?})")),
            Ok(Json::Array(_)) => ("array", String::new()),
            Ok(Json::Object(_)) => ("object", String::new()),
            Err(_) => ("a text that is no JSON", format!(" ({:?})", String::from_utf8_lossy(other))),
        },
    };
    Err(format!("expected bool value, got {kind} from mapping{shown}"))
}
