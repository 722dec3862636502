//! XML as a row of tokens, read as leniently as Go's decoder reads when it is told not to be strict: attributes may
//! lack quotes or a value, unknown entities stay as they are, and an end closes whatever is open inside of it.

use super::charset;
use super::names::{Name, goes_on, is_name};

#[derive(Debug)]
pub(super) enum Token {
    Start {
        name: String,
        attributes: Vec<(String, String)>,
    },
    End,
    Text(String),
    /// A comment, an instruction or a directive.
    Other,
}

/// The end of the text where one may be, or a mistake.
#[derive(Debug)]
pub(super) enum Stop {
    End,
    Mistake(String),
}

#[derive(Debug)]
pub(super) struct Tokens {
    bytes: Vec<u8>,
    at: usize,
    line: usize,
    open: Vec<Name>,
    /// An end that is still to come: of an element without content, or again of one that closed others.
    pending: Option<Name>,
}

type Read<T> = Result<T, Stop>;

impl Tokens {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), at: 0, line: 1, open: Vec::new(), pending: None }
    }

    pub(super) fn count_lines_anew(&mut self) {
        self.line = 1;
    }

    pub(super) fn next(&mut self) -> Read<Token> {
        if let Some(name) = self.pending.take() {
            return self.close(name);
        }
        match self.get() {
            None if self.open.is_empty() => Err(Stop::End),
            None => Err(self.ends()),
            Some(b'<') => self.markup(),
            Some(_) => {
                self.back();
                self.text(None).map(Token::Text)
            }
        }
    }

    fn markup(&mut self) -> Read<Token> {
        match self.must()? {
            b'/' => {
                let name = self.name_or("expected element name after </")?;
                self.space();
                if self.must()? != b'>' {
                    return Err(self.mistake(&format!("invalid characters between </{} and >", name.local)));
                }
                self.close(name)
            }
            b'?' => self.instruction(),
            b'!' => self.declaration(),
            _ => {
                self.back();
                self.element()
            }
        }
    }

    fn close(&mut self, name: Name) -> Read<Token> {
        match self.open.pop() {
            None => Err(self.mistake(&format!("unexpected end element </{}>", name.local))),
            Some(open) if open.local != name.local => {
                self.pending = Some(name);
                Ok(Token::End)
            }
            Some(open) if open.prefix != name.prefix => {
                let space = if name.prefix.is_empty() { "\"\"" } else { &name.prefix };
                Err(self.mistake(&format!(
                    "element <{}> in space {} closed by </{}> in space {space}",
                    open.local, open.prefix, name.local
                )))
            }
            Some(_) => Ok(Token::End),
        }
    }

    fn element(&mut self) -> Read<Token> {
        let name = self.name_or("expected element name after <")?;
        let mut attributes = Vec::new();
        loop {
            self.space();
            match self.must()? {
                b'/' => {
                    if self.must()? != b'>' {
                        return Err(self.mistake("expected /> in element"));
                    }
                    self.pending = Some(name.clone());
                    break;
                }
                b'>' => break,
                _ => self.back(),
            }
            let attribute = self.name_or("expected attribute name in element")?.local;
            self.space();
            let value = if self.must()? == b'=' {
                self.space();
                self.value()?
            } else {
                self.back();
                attribute.clone()
            };
            attributes.push((attribute, value));
        }
        self.open.push(name.clone());
        Ok(Token::Start { name: name.local, attributes })
    }

    fn value(&mut self) -> Read<String> {
        let first = self.must()?;
        if matches!(first, b'"' | b'\'') {
            return self.text(Some(first));
        }
        self.back();
        let mut value = String::new();
        loop {
            match self.must()? {
                byte if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'-') => {
                    value.push(char::from(byte));
                }
                _ => {
                    self.back();
                    return Ok(value);
                }
            }
        }
    }

    fn instruction(&mut self) -> Read<Token> {
        let target = self.name_text("expected target name after <?")?;
        self.space();
        let start = self.at;
        self.until(b"?>", 0)?;
        if target == "xml" {
            let content = self.bytes.get(start..self.at - 2).unwrap_or_default();
            let content = String::from_utf8_lossy(content).into_owned();
            self.header(&content)?;
        }
        Ok(Token::Other)
    }

    /// What the header says of the version and the encoding.
    fn header(&mut self, content: &str) -> Read<()> {
        let version = setting("version", content);
        if !matches!(version, "" | "1.0") {
            let version = crate::value::quoted(version);
            return Err(Stop::Mistake(format!(
                "xml: unsupported version {version}; only version 1.0 is supported"
            )));
        }
        let encoding = setting("encoding", content);
        if encoding.is_empty() || encoding.eq_ignore_ascii_case("utf-8") {
            return Ok(());
        }
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        match charset::decode(encoding, rest) {
            Some(decoded) => {
                self.bytes = decoded;
                self.at = 0;
                Ok(())
            }
            None => {
                let encoding = crate::value::quoted(encoding);
                Err(Stop::Mistake(format!(
                    "xml: opening charset {encoding}: unsupported charset: {encoding}"
                )))
            }
        }
    }

    fn declaration(&mut self) -> Read<Token> {
        match self.must()? {
            b'-' => {
                if self.must()? != b'-' {
                    return Err(self.mistake("invalid sequence <!- not part of <!--"));
                }
                self.until(b"--", 0)?;
                if self.must()? != b'>' {
                    return Err(self.mistake("invalid sequence \"--\" not allowed in comments"));
                }
                Ok(Token::Other)
            }
            b'[' => {
                for expected in b"CDATA[" {
                    if self.must()? != *expected {
                        return Err(self.mistake("invalid <![ sequence"));
                    }
                }
                self.verbatim().map(Token::Text)
            }
            _ => self.directive(),
        }
    }

    /// A directive, the first character of which counts for nothing. It may nest, and quote.
    fn directive(&mut self) -> Read<Token> {
        let (mut quote, mut depth) = (None, 0_usize);
        loop {
            match (self.must()?, quote) {
                (byte, Some(open)) if byte == open => quote = None,
                (_, Some(_)) => {}
                (b'>', None) if depth == 0 => return Ok(Token::Other),
                (b'>', None) => depth -= 1,
                (byte @ (b'\'' | b'"'), None) => quote = Some(byte),
                (b'<', None) if self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(b"!--")) => {
                    self.until(b"-->", 3)?;
                }
                (b'<', None) => depth += 1,
                (_, None) => {}
            }
        }
    }

    /// Skips so many bytes, and then everything to the end of `mark`.
    fn until(&mut self, mark: &[u8], skip: usize) -> Read<()> {
        for _ in 0..skip {
            self.must()?;
        }
        let start = self.at;
        loop {
            self.must()?;
            if self.bytes.get(start..self.at).is_some_and(|read| read.ends_with(mark)) {
                return Ok(());
            }
        }
    }

    /// Text to the next markup, or to the end of a quotation.
    fn text(&mut self, quote: Option<u8>) -> Read<String> {
        let mut made = Vec::new();
        // Where the last thing that could be a part of `]]>` begins.
        let mut plain = self.at;
        let mut before = 0;
        while let Some(byte) = self.get() {
            let read = self.bytes.get(plain..self.at).unwrap_or_default();
            if quote.is_none() && read.ends_with(b"]]>") {
                return Err(self.mistake("unescaped ]]> not in CDATA section"));
            }
            match byte {
                b'<' if quote.is_some() => return Err(self.mistake("unescaped < inside quoted string")),
                b'<' => {
                    self.back();
                    break;
                }
                byte if quote == Some(byte) => break,
                b'&' => {
                    self.entity(&mut made)?;
                    (plain, before) = (self.at, 0);
                    continue;
                }
                b'\r' => made.push(b'\n'),
                b'\n' if before == b'\r' => {}
                byte => made.push(byte),
            }
            before = byte;
        }
        self.checked(made)
    }

    /// Text to the end of a section that has no markup.
    fn verbatim(&mut self) -> Read<String> {
        let start = self.at;
        let mut made = Vec::new();
        let mut before = 0;
        while let Some(byte) = self.get() {
            if self.bytes.get(start..self.at).is_some_and(|read| read.ends_with(b"]]>")) {
                made.truncate(made.len().saturating_sub(2));
                return self.checked(made);
            }
            match byte {
                b'\r' => made.push(b'\n'),
                b'\n' if before == b'\r' => {}
                byte => made.push(byte),
            }
            before = byte;
        }
        Err(self.mistake("unexpected EOF in CDATA section"))
    }

    /// What an ampersand begins; what is no entity stays as it is.
    fn entity(&mut self, made: &mut Vec<u8>) -> Read<()> {
        let start = made.len();
        made.push(b'&');
        let mut byte = self.must()?;
        let character = if byte == b'#' {
            made.push(byte);
            byte = self.must()?;
            let radix = if byte == b'x' { 16 } else { 10 };
            if radix == 16 {
                made.push(byte);
                byte = self.must()?;
            }
            let digits = made.len();
            while char::from(byte).is_digit(radix) {
                made.push(byte);
                byte = self.must()?;
            }
            let digits = std::str::from_utf8(made.get(digits..).unwrap_or_default()).unwrap_or_default();
            // Halves of pairs are no characters.
            let code = u64::from_str_radix(digits, radix).ok().and_then(|code| u32::try_from(code).ok());
            code.filter(|code| *code <= 0x10_ffff)
                .map(|code| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
        } else {
            let name = made.len();
            while goes_on(byte) {
                made.push(byte);
                byte = self.must()?;
            }
            match made.get(name..).unwrap_or_default() {
                b"lt" => Some('<'),
                b"gt" => Some('>'),
                b"amp" => Some('&'),
                b"apos" => Some('\''),
                b"quot" => Some('"'),
                _ => None,
            }
        };
        if byte != b';' {
            self.back();
            return Ok(());
        }
        match character {
            Some(character) => {
                made.truncate(start);
                made.extend(character.encode_utf8(&mut [0; 4]).bytes());
            }
            None => made.push(b';'),
        }
        Ok(())
    }

    /// Text, of which every character must be one that XML allows.
    fn checked(&self, made: Vec<u8>) -> Read<String> {
        let allowed = |character: &char| matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        let wrong = |text: &str| {
            let found = text.chars().find(|character| !allowed(character))?;
            Some(self.mistake(&format!("illegal character code U+{:04X}", u32::from(found))))
        };
        match String::from_utf8(made) {
            Ok(text) => wrong(&text).map_or(Ok(text), Err),
            Err(error) => {
                let valid = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
                Err(wrong(std::str::from_utf8(valid).unwrap_or_default())
                    .unwrap_or_else(|| self.mistake("invalid UTF-8")))
            }
        }
    }

    fn name_or(&mut self, missing: &str) -> Read<Name> {
        let text = self.name_text(missing)?;
        Name::new(&text).ok_or_else(|| self.mistake(missing))
    }

    fn name_text(&mut self, missing: &str) -> Read<String> {
        let mut name = Vec::new();
        loop {
            match self.must()? {
                byte if goes_on(byte) => name.push(byte),
                _ => {
                    self.back();
                    break;
                }
            }
        }
        if name.is_empty() {
            return Err(self.mistake(missing));
        }
        match String::from_utf8(name) {
            Ok(name) if is_name(&name) => Ok(name),
            Ok(name) => Err(self.mistake(&format!("invalid XML name: {name}"))),
            Err(error) => {
                let name = String::from_utf8_lossy(error.as_bytes()).into_owned();
                Err(self.mistake(&format!("invalid XML name: {name}")))
            }
        }
    }

    fn space(&mut self) {
        while let Some(byte) = self.get() {
            if !matches!(byte, b' ' | b'\r' | b'\n' | b'\t') {
                self.back();
                return;
            }
        }
    }

    fn get(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        if byte == b'\n' {
            self.line += 1;
        }
        Some(byte)
    }

    fn must(&mut self) -> Read<u8> {
        self.get().ok_or_else(|| self.ends())
    }

    fn back(&mut self) {
        self.at -= 1;
        if self.bytes.get(self.at) == Some(&b'\n') {
            self.line -= 1;
        }
    }

    fn ends(&self) -> Stop {
        self.mistake("unexpected EOF")
    }

    fn mistake(&self, what: &str) -> Stop {
        Stop::Mistake(format!("XML syntax error on line {}: {what}", self.line))
    }
}

/// A setting of the header, or nothing.
fn setting<'t>(name: &str, content: &'t str) -> &'t str {
    let mut rest = content;
    while let Some((_, after)) = rest.split_once(name).filter(|(_, after)| after.starts_with('=')) {
        let after = after.get(1..).unwrap_or_default();
        if let Some(quote) = after.chars().next().filter(|quote| matches!(quote, '"' | '\'')) {
            return after.get(1..).and_then(|value| value.split_once(quote)).map_or("", |(value, _)| value);
        }
        rest = after;
    }
    ""
}
