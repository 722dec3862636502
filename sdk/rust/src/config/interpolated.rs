use std::borrow::Cow;

use serde_json::Value;

use super::{Config, Pointer, Spec};
use crate::expressions::{BLOBLANG, Expression, Form};
use crate::{Batch, Error, Problem};

/// A text that may hold `${! expression }` parts, which differ from message to message.
#[derive(Debug)]
pub struct Interpolated {
    text: String,
    /// Absent when all messages have the same text.
    expression: Option<Expression>,
}

/// The texts of the messages of a batch.
#[derive(Debug)]
pub enum Values<'a> {
    /// All messages have the same.
    Constant(&'a str),
    /// The payload of each message is its text.
    Each(Batch),
}

impl Interpolated {
    /// Compiles a text; may be called while a component opens.
    ///
    /// # Errors
    /// Says where in the text the problem is.
    pub fn new(text: impl Into<String>) -> Result<Self, Problem> {
        let text = text.into();
        // `${{!x}}` is how a literal `${!x}` is written.
        let expression = if text.contains("${!") || text.contains("${{!") {
            Some(Expression::compile(BLOBLANG, &text, Form::Interpolation)?)
        } else {
            None
        };
        Ok(Self { text, expression })
    }

    /// The text as it was configured.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.text
    }

    /// The text of all messages, if they have the same.
    #[must_use]
    pub fn constant(&self) -> Option<&str> {
        if self.expression.is_some() { None } else { Some(&self.text) }
    }

    /// The text of each message of a batch, by one call of the host.
    ///
    /// # Errors
    /// When the language's plugin failed. A part that fails for a message is an error of
    /// [`Values::get`].
    pub fn evaluate(&self, batch: &Batch) -> Result<Values<'_>, Error> {
        match &self.expression {
            None => Ok(Values::Constant(&self.text)),
            Some(expression) => expression.evaluate(batch).map(Values::Each),
        }
    }
}

impl Values<'_> {
    /// The text of the message with this index.
    ///
    /// # Errors
    /// When a part of the text fails for this message.
    pub fn get(&self, index: usize) -> Result<Cow<'_, str>, Error> {
        match self {
            Self::Constant(text) => Ok(Cow::Borrowed(text)),
            Self::Each(batch) => {
                let message = batch.message(index);
                match message.error() {
                    Some(error) => Err(Error::new(error)),
                    None => Ok(String::from_utf8_lossy(message.bytes())),
                }
            }
        }
    }
}

impl Config for Interpolated {
    fn spec() -> Spec {
        Spec::new("string").interpolated()
    }

    fn parse(value: &Value, at: &Pointer<'_>) -> Result<Self, Problem> {
        Self::new(String::parse(value, at)?).map_err(|problem| problem.at(at))
    }
}

#[cfg(test)]
mod tests {
    use super::Interpolated;
    use crate::{Batch, Origins, Processed, testing};

    #[test]
    fn a_text_without_parts_needs_no_language() {
        let text = Interpolated::new("out/$.txt").expect("a plain text");
        assert_eq!(text.constant(), Some("out/$.txt"));
    }

    #[test]
    fn a_text_with_parts_is_evaluated_for_every_message() {
        testing::set_language(|_, source, _| {
            let source = source.to_owned();
            Ok(move |batch: &Batch| {
                let texts = batch.messages().map(|message| format!("{source}{}", message.index()));
                Ok(Processed { batch: Batch::from_payloads(texts), origins: Origins::Same })
            })
        });
        let text = Interpolated::new("${!x}").expect("compiles");
        let values = text.evaluate(&Batch::from_payloads(["a", "b"])).expect("evaluates");
        assert_eq!(text.constant(), None);
        assert_eq!(values.get(1).expect("no error"), "${!x}1");
    }
}
