//! Texts that may differ from message to message.

use forebay_pipeline_config::spec::ComponentName;
use forebay_pipeline_message::Batch;
use forebay_plugins_api::{Form, LostInstance, Mapping, OpenError};
use serde_json::Value as Json;

use super::check::lost;
use super::opening::Opening;

/// A text that may hold `${! expression }` parts.
pub(crate) enum Text {
    /// The same for all messages.
    Fixed(String),
    Interpolated(Interpolation),
}

pub(crate) struct Interpolation {
    mapping: Box<dyn Mapping>,
    /// The component that it belongs to.
    component: ComponentName,
}

/// The texts of the messages of a batch.
pub(crate) enum Texts<'a> {
    /// All messages have the same.
    Fixed(&'a str),
    /// The payload of each message is its text.
    Each(Batch),
}

impl Text {
    /// Compiles the text in a field, which is empty where nothing stands there.
    ///
    /// # Errors
    /// It does not compile.
    pub(crate) async fn open(opening: &Opening<'_>, field: &str) -> Result<Self, OpenError> {
        let text = opening.setup.config.pointer(field).and_then(Json::as_str).unwrap_or_default();
        // Not only `${!`: `${{!x}}` is how a literal `${!x}` is written.
        if text.contains("${")
            && let Some(mapping) = opening.mapping(field, Form::Interpolation).await?
        {
            return Ok(Self::Interpolated(Interpolation { mapping, component: opening.setup.name.clone() }));
        }
        Ok(Self::Fixed(text.to_owned()))
    }

    /// The text of each message of a batch, as the messages of the batch see each other.
    ///
    /// # Errors
    /// The language's plugin was lost, and with it the batch.
    pub(crate) async fn of(&mut self, batch: &Batch) -> Result<Texts<'_>, LostInstance> {
        let Interpolation { mapping, component } = match self {
            Self::Fixed(text) => return Ok(Texts::Fixed(text)),
            Self::Interpolated(interpolation) => interpolation,
        };
        let results = mapping.apply(batch.clone()).await.map_err(|reason| lost(component, reason))?;
        if results.batch.len() != batch.len() {
            return Err(lost(component, "a text gave other than one result for each message".to_owned()));
        }
        Ok(Texts::Each(results.batch))
    }
}

impl Texts<'_> {
    /// Whether all messages have the same.
    pub(crate) fn is_fixed(&self) -> bool {
        matches!(self, Self::Fixed(_))
    }

    /// The text of a message of the batch.
    ///
    /// # Errors
    /// Why it has none.
    pub(crate) fn get(&self, index: usize) -> Result<&[u8], &str> {
        match self {
            Self::Fixed(text) => Ok(text.as_bytes()),
            Self::Each(results) => {
                let result = results.get(index).ok_or("there is no such message")?;
                match result.error() {
                    Some(error) => Err(error),
                    None => Ok(result.payload().unwrap_or_default()),
                }
            }
        }
    }
}
