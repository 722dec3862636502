//! The words of the language, read on demand.
//!
//! What a character means depends on where it stands: `5.from(0)` is a call on a number, `a.0.1` two indexes, a
//! newline ends a statement but not a bracket. So there is no list of tokens; the parser asks the lexer for what
//! may come next, and steps back with `reset` when something else does.

mod escape;

use crate::parse_error::Fault;
use crate::parser::Parsed;
use crate::value::{Text, Value};

const LINE_BREAK: &str = "line break";

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
    ///
    /// # Errors
    /// Where the line break is missing, which for a comment is after it.
    pub(crate) fn line_break(&mut self) -> Result<(), Fault> {
        let rest = self.rest();
        if rest.starts_with('#') {
            let Some(end) = rest.find('\n') else {
                return Err(Fault::expected(self.source.len(), LINE_BREAK));
            };
            self.at += end + 1;
            return Ok(());
        }
        if self.take("\n") || self.take("\r\n") {
            return Ok(());
        }
        // Half of a line break has been seen before the other half is missed.
        let seen = usize::from(self.peek() == Some(b'\r'));
        Err(Fault::expected(self.at + seen, LINE_BREAK))
    }

    /// Skips spaces, line breaks and comments. A comment that no line break ends is none.
    pub(crate) fn white(&mut self) {
        while self.spaces() || self.line_break().is_ok() {}
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

    /// Takes the word of lower case letters, digits and underscores that names a function.
    pub(crate) fn name(&mut self) -> Option<&'s str> {
        let rest = self.rest();
        let length = rest.bytes().take_while(|byte| is_word(*byte) && !byte.is_ascii_uppercase()).count();
        self.at += length;
        rest.get(..length).filter(|name| !name.is_empty())
    }

    /// Takes a number: digits after a sign that may be missing, and a fraction if a digit follows the point.
    pub(crate) fn number(&mut self) -> Parsed<Value> {
        let start = self.at;
        let negative = self.take("-");
        let first = self.at;
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let whole = digits(self.rest());
        if whole == 0 {
            let fault = Fault::expected(self.at, "number");
            self.at = start;
            return Err(fault);
        }
        self.at += whole;
        let fraction = self.rest().strip_prefix('.').map_or(0, digits);
        if fraction > 0 {
            self.at += 1 + fraction;
        }
        let text = self.source.get(first..self.at).unwrap_or_default();
        if fraction > 0 {
            return match text.parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(Value::Float(if negative { -value } else { value })),
                _ => Err(Fault::fatal(start, unread(text, "float", "Float"))),
            };
        }
        match text.parse::<i64>() {
            Ok(value) => Ok(Value::Int(if negative { -value } else { value })),
            Err(_) => Err(Fault::fatal(start, unread(text, "integer", "Int"))),
        }
    }

    /// Takes a string, in one or three quotes.
    pub(crate) fn string(&mut self) -> Parsed<Text> {
        if self.rest().starts_with("\"\"\"") && self.rest().chars().nth(5).is_some() {
            return self.raw_string();
        }
        self.quoted_string()
    }

    fn raw_string(&mut self) -> Parsed<Text> {
        let inside = self.rest().get(3..).unwrap_or_default();
        let Some(length) = inside.find("\"\"\"") else {
            return Err(Fault::fatal(self.source.len(), "required").or("end triple-quote"));
        };
        self.at += length + 6;
        Ok(Text::from(inside.get(..length).unwrap_or_default()))
    }

    /// Takes a string in one pair of quotes.
    pub(crate) fn quoted_string(&mut self) -> Parsed<Text> {
        let start = self.at;
        if !self.take("\"") {
            return Err(Fault::expected(start, "quoted string"));
        }
        let inside = self.at;
        loop {
            match self.peek() {
                None => return Err(Fault::fatal(self.source.len(), "required").or("end quote")),
                Some(b'"') => break,
                // Whatever is escaped does not end the string; that it is valid is seen below.
                Some(b'\\') => self.at = (self.at + 2).min(self.source.len()),
                Some(_) => self.at += 1,
            }
        }
        let raw = self.source.get(inside..self.at).unwrap_or_default();
        self.at += 1;
        match escape::unescape(raw) {
            Some(text) => Ok(text),
            None => Err(Fault::fatal(start, "failed to unescape quoted string contents: invalid syntax")),
        }
    }
}

fn unread(text: &str, kind: &str, go: &str) -> String {
    format!("failed to parse '{text}' as {kind}: strconv.Parse{go}: parsing \"{text}\": value out of range")
}

#[cfg(test)]
mod tests {
    use super::{Lexer, Text, Value};

    #[test]
    fn a_point_without_a_digit_does_not_belong_to_a_number() {
        let mut lexer = Lexer::new("5.from(0)");
        assert_eq!(lexer.number(), Ok(Value::Int(5)));
        assert_eq!(lexer.rest(), ".from(0)");
        assert_eq!(Lexer::new("0.123 foo").number(), Ok(Value::Float(0.123)));
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
        assert_eq!(lexer.string(), Ok(Text::fixed("a\\n\"b\"\nc")));
        assert_eq!(lexer.rest(), " rest");
    }

    #[test]
    fn a_string_may_not_hold_a_line_break() {
        assert!(Lexer::new("\"a\nb\"").string().is_err());
    }
}
