use rhai::{Array, Dynamic, Map};

use crate::limits::DOCUMENT_DEPTH;

/// Reads a document.
///
/// # Errors
/// Says what is wrong, and at which byte.
pub fn read(text: &[u8]) -> Result<Dynamic, String> {
    let text = String::from_utf8_lossy(text);
    let mut reader = Reader { text: &text, bytes: text.as_bytes(), at: 0 };
    reader.blank();
    let value = reader.value(0)?;
    reader.blank();
    if reader.at < reader.bytes.len() {
        return Err(reader.wrong("more behind its end"));
    }
    Ok(value)
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Dynamic, String> {
        match self.peek() {
            Some(b'{' | b'[') if depth == DOCUMENT_DEPTH => Err(self.wrong("nested too deep")),
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.array(depth + 1),
            Some(b'"') => self.string().map(|text| match text {
                Text::Plain(text) => text.into(),
                Text::Escaped(text) => text.into(),
            }),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Dynamic::TRUE),
            Some(b'f') => self.word("false", Dynamic::FALSE),
            Some(b'n') => self.word("null", Dynamic::UNIT),
            Some(_) => Err(self.wrong("no value")),
            None => Err(self.wrong("an early end")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Dynamic, String> {
        let mut members = Map::new();
        self.at += 1;
        self.blank();
        if self.take(b'}') {
            return Ok(members.into());
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.wrong("no name of a member"));
            }
            let name = match self.string()? {
                Text::Plain(name) => name.into(),
                Text::Escaped(name) => name.into(),
            };
            self.blank();
            self.expect(b':')?;
            self.blank();
            members.insert(name, self.value(depth)?);
            self.blank();
            if !self.take(b',') {
                self.expect(b'}')?;
                return Ok(members.into());
            }
            self.blank();
        }
    }

    fn array(&mut self, depth: usize) -> Result<Dynamic, String> {
        let mut elements = Array::new();
        self.at += 1;
        self.blank();
        if self.take(b']') {
            return Ok(elements.into());
        }
        loop {
            elements.push(self.value(depth)?);
            self.blank();
            if !self.take(b',') {
                self.expect(b']')?;
                return Ok(elements.into());
            }
            self.blank();
        }
    }

    fn string(&mut self) -> Result<Text<'_>, String> {
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek() {
                Some(b'"') => {
                    let end = self.at;
                    self.at += 1;
                    return Ok(Text::Plain(&self.text[start..end]));
                }
                Some(b'\\') => return self.escaped(start).map(Text::Escaped),
                Some(0..0x20) => return Err(self.wrong("a control character in a string")),
                Some(_) => self.at += 1,
                None => return Err(self.wrong("an early end")),
            }
        }
    }

    /// A string of which the part from `start` to here has no escapes.
    fn escaped(&mut self, start: usize) -> Result<String, String> {
        let mut text = self.text[start..self.at].to_owned();
        loop {
            let plain = self.at;
            while self.peek().is_some_and(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)) {
                self.at += 1;
            }
            text.push_str(&self.text[plain..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => {
                    self.at += 1;
                    text.push(self.escape()?);
                }
                Some(_) => return Err(self.wrong("a control character in a string")),
                None => return Err(self.wrong("an early end")),
            }
        }
    }

    /// What stands behind a backslash.
    fn escape(&mut self) -> Result<char, String> {
        let Some(kind) = self.peek() else { return Err(self.wrong("an early end")) };
        self.at += 1;
        Ok(match kind {
            b'"' | b'\\' | b'/' => char::from(kind),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.unit()?;
                // The second half of a pair; a half alone stands for nothing.
                if (0xd800..0xdc00).contains(&unit) && self.bytes[self.at..].starts_with(b"\\u") {
                    let back = self.at;
                    self.at += 2;
                    let low = self.unit()?;
                    if (0xdc00..0xe000).contains(&low) {
                        let both = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                        return Ok(char::from_u32(both).unwrap_or(char::REPLACEMENT_CHARACTER));
                    }
                    self.at = back;
                }
                char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => return Err(self.wrong("an unknown escape")),
        })
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Result<u32, String> {
        let digits = self.text.get(self.at..self.at + 4);
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let unit = unit.ok_or_else(|| self.wrong("an unknown escape"))?;
        self.at += 4;
        Ok(unit)
    }

    fn number(&mut self) -> Result<Dynamic, String> {
        let start = self.at;
        self.take(b'-');
        if self.take(b'0') {
            // Nothing may follow a leading zero but a point or an exponent.
        } else if self.digits() == 0 {
            return Err(self.wrong("no digit in a number"));
        }
        let mut is_integer = true;
        if self.take(b'.') {
            is_integer = false;
            if self.digits() == 0 {
                return Err(self.wrong("no digit in a number"));
            }
        }
        if self.take(b'e') || self.take(b'E') {
            is_integer = false;
            let _ = self.take(b'+') || self.take(b'-');
            if self.digits() == 0 {
                return Err(self.wrong("no digit in a number"));
            }
        }
        let digits = &self.text[start..self.at];
        if is_integer && let Ok(value) = digits.parse::<i64>() {
            return Ok(value.into());
        }
        match digits.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value.into()),
            _ => Err(self.wrong("a number that is too large")),
        }
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    fn word(&mut self, word: &str, value: Dynamic) -> Result<Dynamic, String> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.wrong("no value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        if self.take(byte) { Ok(()) } else { Err(self.wrong(&format!("no `{}`", char::from(byte)))) }
    }

    fn wrong(&self, what: &str) -> String {
        format!("{what} at byte {}", self.at + 1)
    }
}

enum Text<'a> {
    Plain(&'a str),
    Escaped(String),
}
