//! Messages as lines of words.

use forebay_sdk::{Batch, Error, Processing};

/// Puts in the place of every message what `answer` makes of its words.
pub(crate) fn answer_each(
    batch: &Batch,
    mut answer: impl FnMut(&[&str]) -> Result<String, Error>,
) -> Processing {
    let answered = batch.map(|message, writer| {
        let line = String::from_utf8_lossy(message.bytes()).into_owned();
        let words: Vec<&str> = line.split(' ').collect();
        writer.payload().extend_from_slice(answer(&words)?.as_bytes());
        Ok(())
    });
    answered.into()
}

/// The error of a line that means nothing.
pub(crate) fn unknown(words: &[&str]) -> Error {
    Error::new(format!("nobody knows {words:?}"))
}

/// A value as text; `-` where there is none.
pub(crate) fn text(value: Option<Vec<u8>>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| String::from_utf8_lossy(&value).into_owned())
}
