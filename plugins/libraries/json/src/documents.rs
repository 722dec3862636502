use std::fmt;

use crate::grammar::{Grammar, Part};
use crate::{JsonError, Numbers, Style, rewrite, well_formed};

/// Documents that follow one another, with white space between them or nothing.
#[derive(Debug, Default)]
pub struct Documents {
    grammar: Grammar,
    /// The start of a document whose end has not come.
    start: Vec<u8>,
}

/// What is wrong with a document, in the words of Go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentError(String);

impl Documents {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes up to the end of the next document and appends that to `out`; false where the bytes
    /// end before.
    ///
    /// # Errors
    /// What is wrong with the document. There is nothing to be had behind it.
    pub fn next(&mut self, bytes: &mut &[u8], out: &mut Vec<u8>) -> Result<bool, DocumentError> {
        let mut from = 0;
        for (index, byte) in bytes.iter().enumerate() {
            let end = match self.grammar.step(*byte).map_err(|error| DocumentError(error.streamed(&[])))? {
                Part::Outside => {
                    from = index + 1;
                    continue;
                }
                Part::Inside => continue,
                Part::Last => index + 1,
                Part::Behind => index,
            };
            let last = bytes.get(from..end).unwrap_or_default();
            *bytes = bytes.get(end..).unwrap_or_default();
            if self.start.is_empty() {
                append(last, out)?;
            } else {
                self.start.extend_from_slice(last);
                append(&self.start, out)?;
                self.start = Vec::new();
            }
            return Ok(true);
        }
        self.start.extend_from_slice(bytes.get(from..).unwrap_or_default());
        *bytes = &[];
        Ok(false)
    }

    /// Appends the last document, where only the end of the bytes ends it; false where there is none.
    ///
    /// # Errors
    /// When a document is not complete.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<bool, DocumentError> {
        if self.start.is_empty() {
            return Ok(false);
        }
        let last = std::mem::take(&mut self.start);
        if !self.grammar.finish() {
            return Err(DocumentError(JsonError::Truncated.streamed(&last)));
        }
        append(&last, out)?;
        Ok(true)
    }
}

/// Appends a document that keeps the grammar; all of it or nothing.
fn append(document: &[u8], out: &mut Vec<u8>) -> Result<(), DocumentError> {
    let text = well_formed(document);
    let before = out.len();
    let floats = Style { numbers: Numbers::Float, ..Style::default() };
    rewrite(text.as_bytes(), 0, floats, out).map_err(|error| {
        out.truncate(before);
        DocumentError(error.streamed(text.as_bytes()))
    })?;
    Ok(())
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DocumentError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Documents;
    use crate::NESTING;

    fn read<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<String>, Option<String>) {
        let mut documents = Documents::new();
        let mut all = Vec::new();
        let mut out = Vec::new();
        for mut chunk in chunks {
            loop {
                match documents.next(&mut chunk, &mut out) {
                    Ok(true) => all.push(String::from_utf8(std::mem::take(&mut out)).expect("UTF-8")),
                    Ok(false) => break,
                    Err(error) => return (all, Some(error.to_string())),
                }
            }
        }
        match documents.finish(&mut out) {
            Ok(true) => all.push(String::from_utf8(out).expect("UTF-8")),
            Ok(false) => {}
            Err(error) => return (all, Some(error.to_string())),
        }
        (all, None)
    }

    fn error(text: &str) -> String {
        read([text.as_bytes()]).1.expect("fails")
    }

    #[test]
    fn documents_are_written_anew() {
        let text = "\n{\"b\": [1.0, 2e3,-0], \"a\" : {\"z\":null,\"y\":true},\"b2\":\"\\u0041\\ud83d\\ude00\\ud800\"} \
                    17\"x\"truefalse[ ]{ }\t1-2 {\"k\":1,\"k\":{}}";
        let (documents, failed) = read([text.as_bytes()]);
        assert_eq!(failed, None);
        assert_eq!(
            documents,
            [
                "{\"a\":{\"y\":true,\"z\":null},\"b\":[1,2000,-0],\"b2\":\"A\u{1f600}\u{fffd}\"}",
                "17",
                "\"x\"",
                "true",
                "false",
                "[]",
                "{}",
                "1",
                "-2",
                "{\"k\":{}}"
            ]
        );
    }

    #[test]
    fn mistakes_are_told_in_the_words_of_go() {
        for (text, expected) in [
            ("]", "invalid character ']' looking for beginning of value"),
            ("{1", "invalid character '1' looking for beginning of object key string"),
            ("{\"a\" 1", "invalid character '1' after object key"),
            ("{\"a\":1 2", "invalid character '2' after object key:value pair"),
            ("[1 2", "invalid character '2' after array element"),
            ("[1,]", "invalid character ']' looking for beginning of value"),
            ("\"\n", "invalid character '\\n' in string literal"),
            ("\"\\x", "invalid character 'x' in string escape code"),
            ("\"\\u00g", "invalid character 'g' in \\u hexadecimal character escape"),
            ("-a", "invalid character 'a' in numeric literal"),
            ("1.a", "invalid character 'a' after decimal point in numeric literal"),
            ("1ea", "invalid character 'a' in exponent of numeric literal"),
            ("trux", "invalid character 'x' in literal true (expecting 'e')"),
            ("{\"a\":", "unexpected EOF"),
            ("1e400", "json: cannot unmarshal number 1e400 into Go value of type float64"),
            ("'", "invalid character '\\'' looking for beginning of value"),
        ] {
            assert_eq!(error(text), expected, "{text}");
        }
    }

    #[test]
    fn documents_nest_up_to_the_limit() {
        let deep = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let most = usize::from(NESTING);
        assert_eq!(read([deep(most).as_bytes()]), (vec![deep(most)], None));
        assert_eq!(error(&deep(most + 1)), "exceeded max depth");
    }

    #[test]
    fn every_byte_that_is_no_text_is_replaced() {
        let text: &[u8] = b"{\"\xff\":\"a\xe2\x80\"}";
        assert_eq!(read([text]), (vec!["{\"\u{fffd}\":\"a\u{fffd}\u{fffd}\"}".to_owned()], None));
    }

    proptest! {
        #[test]
        fn the_bounds_of_chunks_do_not_matter(
            text in r#"([\[\]{},: ]|"a"|"\\u00e9\\n"|true|null|-?[0-9]{1,3}(\.5)?(e[0-9])?){0,30}"#,
            size in 1_usize..5,
        ) {
            prop_assert_eq!(read([text.as_bytes()]), read(text.as_bytes().chunks(size)));
        }
    }
}
