//! The messages of the batch as documents, each read at most once and only when asked for.

use std::cell::OnceCell;

use crate::value::{Value, document};
use crate::world::Messages;

type Read = OnceCell<Result<Value, String>>;

#[derive(Debug, Default)]
pub(crate) struct Documents {
    own: Read,
    /// The others, made room for when the first of them is asked for.
    others: OnceCell<Vec<Read>>,
    missing: Read,
}

impl Documents {
    /// The document of message `index`, where `own` is the message that the run is about.
    pub(crate) fn get(&self, messages: &dyn Messages, own: usize, index: usize) -> Result<&Value, &str> {
        let read = if index == own {
            &self.own
        } else {
            let others = self.others.get_or_init(|| (0..messages.len()).map(|_| Read::new()).collect());
            others.get(index).unwrap_or(&self.missing)
        };
        let result = read.get_or_init(|| {
            let content = if index < messages.len() { messages.content(index) } else { &[] };
            parse_message(content)
        });
        result.as_ref().map_err(String::as_str)
    }
}

impl Documents {
    /// Why the message that the run is about is no document, if it has been read and is none.
    pub(crate) fn unread(&self) -> Option<&str> {
        self.own.get().and_then(|read| read.as_ref().err()).map(String::as_str)
    }
}

/// Reads the content of a message.
pub(crate) fn parse_message(content: &[u8]) -> Result<Value, String> {
    if content.is_empty() {
        return Err(MISSING.to_owned());
    }
    document(content)
}

/// What is wrong with a message without content.
pub(crate) const MISSING: &str = "target message part does not exist";

/// The same in the words of those who look at `this`.
pub(crate) fn unreadable(error: &str) -> String {
    if error == MISSING { "message is empty".to_owned() } else { format!("parse as json: {error}") }
}
