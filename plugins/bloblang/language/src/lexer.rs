//! The words of the language, read on demand.
//!
//! What a character means depends on where it stands: `5.from(0)` is a call on a number, `a.0.1` two indexes, a
//! newline ends a statement but not a bracket. So there is no list of tokens; the parser asks the lexer for what
//! may come next, and steps back with `reset` when something else does.

mod escape;

use crate::parse_error::Fault;
use crate::value::{Text, Value};

/// A cursor over the source. Positions are offsets in bytes and always on character borders.
#[derive(Debug)]
pub(crate) struct Lexer<'s> {
    source: &'s str,
    at: usize,
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

impl<'s> Lexer<'s> {
    pub(crate) fn new(source: &'s str) -> Self {
        Self { source, at: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Goes back (or on) to an offset that `at` gave.
    pub(crate) fn reset(&mut self, at: usize) {
        self.at = at;
    }

    pub(crate) fn source(&self) -> &'s str {
        self.source
    }

    pub(crate) fn rest(&self) -> &'s str {
        self.source.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.source.as_bytes().get(self.at).copied()
    }

    pub(crate) fn is_done(&self) -> bool {
        self.at >= self.source.len()
    }

    /// Takes `symbol` if it comes next.
    pub(crate) fn take(&mut self, symbol: &str) -> bool {
        let found = self.rest().starts_with(symbol);
        if found {
            self.at += symbol.len();
        }
        found
    }

    /// Skips spaces and tabs; true if there were any.
    pub(crate) fn spaces(&mut self) -> bool {
        let start = self.at;
        while let Some(b' ' | b'\t') = self.peek() {
            self.at += 1;
        }
        self.at > start
    }

    /// Takes one line break, and the comment before it if there is one.
    pub(crate) fn line_break(&mut self) -> bool {
        let rest = self.rest();
        let comment = if rest.starts_with('#') { rest.find('\n') } else { None };
        match comment {
            Some(end) => {
                self.at += end + 1;
                true
            }
            None => self.take("\n") || self.take("\r\n"),
        }
    }

    /// Skips spaces, line breaks and comments. A comment that no line break ends is none.
    pub(crate) fn white(&mut self) {
        loop {
            let spaces = self.spaces();
            if !self.line_break() && !self.take("\r") && !spaces {
                return;
            }
        }
    }

    /// Takes letters, digits and underscores.
    pub(crate) fn word(&mut self) -> Option<&'s str> {
        let rest = self.rest();
        let length = rest.bytes().take_while(|byte| is_word(*byte)).count();
        if length == 0 {
            return None;
        }
        self.at += length;
        rest.get(..length)
    }

    /// Takes a keyword that spaces must follow; the spaces are taken too.
    pub(crate) fn keyword(&mut self, keyword: &str) -> bool {
        let start = self.at;
        if self.take(keyword) && self.spaces() {
            return true;
        }
        self.at = start;
        false
    }

    /// Takes a number without a sign: digits, and a fraction if a digit follows the point.
    pub(crate) fn number(&mut self) -> Option<Result<Value, Fault>> {
        let start = self.at;
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let whole = digits(self.rest());
        if whole == 0 {
            return None;
        }
        self.at += whole;
        let mut fraction = 0;
        if let Some(after) = self.rest().strip_prefix('.') {
            fraction = digits(after);
        }
        if fraction > 0 {
            self.at += 1 + fraction;
        }
        let text = self.source.get(start..self.at).unwrap_or_default();
        let value = if fraction > 0 {
            text.parse().map(Value::Float).map_err(|_| ())
        } else {
            text.parse().map(Value::Int).map_err(|_| ())
        };
        Some(value.map_err(|()| Fault::new(start, format!("number {text} is out of range"))))
    }

    /// Takes a string, in one or three quotes.
    pub(crate) fn string(&mut self) -> Option<Result<Text, Fault>> {
        let start = self.at;
        if self.take("\"\"\"") {
            let Some(length) = self.rest().find("\"\"\"") else {
                return Some(Err(Fault::new(self.source.len(), "required: expected end quote")));
            };
            let text = self.rest().get(..length).unwrap_or_default();
            self.at += length + 3;
            return Some(Ok(Text::from(text)));
        }
        if !self.take("\"") {
            return None;
        }
        let inside = self.at;
        loop {
            match self.peek() {
                None | Some(b'\n') => return Some(Err(Fault::new(self.at, "required: expected end quote"))),
                Some(b'"') => break,
                // Whatever is escaped does not end the string; that it is valid is seen below.
                Some(b'\\') if !matches!(self.source.as_bytes().get(self.at + 1), None | Some(b'\n')) => {
                    self.at += 2;
                }
                Some(_) => self.at += 1,
            }
        }
        let raw = self.source.get(inside..self.at).unwrap_or_default();
        self.at += 1;
        let text = escape::unescape(raw).ok_or_else(|| Fault::new(start, "invalid escape in string"));
        Some(text.map(Text::from))
    }
}

#[cfg(test)]
mod tests {
    use super::{Lexer, Text, Value};

    #[test]
    fn a_point_without_a_digit_does_not_belong_to_a_number() {
        let mut lexer = Lexer::new("5.from(0)");
        assert_eq!(lexer.number(), Some(Ok(Value::Int(5))));
        assert_eq!(lexer.rest(), ".from(0)");
        assert_eq!(Lexer::new("0.123 foo").number(), Some(Ok(Value::Float(0.123))));
    }

    #[test]
    fn a_comment_needs_a_line_break() {
        let mut lexer = Lexer::new("  # one\n\t# two");
        lexer.white();
        assert_eq!(lexer.rest(), "# two");
    }

    #[test]
    fn strings_in_three_quotes_are_raw() {
        let mut lexer = Lexer::new("\"\"\"a\\n\"b\"\nc\"\"\" rest");
        assert_eq!(lexer.string(), Some(Ok(Text::fixed("a\\n\"b\"\nc"))));
        assert_eq!(lexer.rest(), " rest");
    }

    #[test]
    fn a_string_may_not_hold_a_line_break() {
        assert!(matches!(Lexer::new("\"a\nb\"").string(), Some(Err(_))));
    }
}
