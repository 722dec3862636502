//! HTML cut into tokens, as browsers do it: nothing is ever wrong, it is only read in some way.

/// A token. Names are in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// Text as it is written, with its entities resolved unless it stands in an element that has none.
    Text(Vec<u8>),
    Start(Vec<u8>),
    SelfClosing(Vec<u8>),
    End(Vec<u8>),
    /// A comment, a declaration, or what is read as one.
    Other,
}

/// Elements whose content is text up to their end tag.
const RAW: [&str; 10] =
    ["iframe", "noembed", "noframes", "noscript", "plaintext", "script", "style", "textarea", "title", "xmp"];

pub(super) struct Tokens<'t> {
    text: &'t [u8],
    at: usize,
    /// The element whose raw content comes next.
    raw: Option<Vec<u8>>,
}

impl<'t> Tokens<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        Self { text, at: 0, raw: None }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    fn rest(&self) -> &'t [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, length: usize) -> &'t [u8] {
        let part = self.rest().get(..length).unwrap_or(self.rest());
        self.at += part.len();
        part
    }

    /// What is left until `end`, or all of it; the end itself is passed over.
    fn until(&mut self, end: &[u8]) {
        let found = self.rest().windows(end.len()).position(|window| window == end);
        self.at = found.map_or(self.text.len(), |at| self.at + at + end.len());
    }

    fn raw_text(&mut self, name: &[u8]) -> Option<Token> {
        let length = if name == b"plaintext" { self.rest().len() } else { raw_length(self.rest(), name) };
        if length == 0 {
            return None;
        }
        let text = normal(self.take(length));
        let resolved = name == b"textarea" || name == b"title";
        Some(Token::Text(if resolved { super::unescape(&text) } else { text }))
    }

    /// Text up to the next thing that begins as a tag does.
    fn plain_text(&mut self) -> Option<Token> {
        let mut length = 0;
        let rest = self.rest();
        while length < rest.len() {
            let next = rest.get(length + 1);
            let begins = rest.get(length) == Some(&b'<')
                && next.is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'/' | b'!' | b'?'));
            // A slash needs something after it to begin an end tag.
            if begins && !(next == Some(&b'/') && rest.get(length + 2).is_none()) {
                break;
            }
            length += 1;
        }
        if length == 0 {
            return None;
        }
        Some(Token::Text(super::unescape(&normal(self.take(length)))))
    }

    fn end_tag(&mut self) -> Option<Token> {
        match self.peek(2) {
            Some(b'>') => {
                self.at += 3;
                Some(Token::Other)
            }
            Some(byte) if byte.is_ascii_alphabetic() => {
                self.at += 2;
                self.tag().map(|(name, _)| Token::End(name))
            }
            _ => {
                self.until(b">");
                Some(Token::Other)
            }
        }
    }

    fn declaration(&mut self) -> Token {
        if self.rest().starts_with(b"<!--") {
            self.at += 4;
            self.comment();
        } else {
            self.until(b">");
        }
        Token::Other
    }

    fn comment(&mut self) {
        if self.rest().starts_with(b">") {
            self.at += 1;
        } else if self.rest().starts_with(b"->") {
            self.at += 2;
        } else {
            let ends: [&[u8]; 2] = [b"-->", b"--!>"];
            let rest = self.rest();
            let end = ends.iter().filter_map(|end| {
                rest.windows(end.len()).position(|window| window == *end).map(|at| (at, end.len()))
            });
            self.at = end.min().map_or(self.text.len(), |(at, length)| self.at + at + length);
        }
    }

    fn start_tag(&mut self) -> Option<Token> {
        self.at += 1;
        let (name, closed) = self.tag()?;
        if closed {
            return Some(Token::SelfClosing(name));
        }
        if RAW.iter().any(|raw| raw.as_bytes() == name) {
            self.raw = Some(name.clone());
        }
        Some(Token::Start(name))
    }

    /// The name of a tag, and whether it closes itself; attributes are passed over. `None` when the text ends in it.
    fn tag(&mut self) -> Option<(Vec<u8>, bool)> {
        let length = self.rest().iter().take_while(|b| !is_space(**b) && !matches!(b, b'/' | b'>')).count();
        let name = self.take(length).to_ascii_lowercase();
        loop {
            self.spaces();
            if self.peek(0)? == b'>' {
                self.at += 1;
                let closed = self.text.get(self.at.wrapping_sub(2)) == Some(&b'/');
                return Some((name, closed));
            }
            self.attribute()?;
        }
    }

    fn attribute(&mut self) -> Option<()> {
        let start = self.at;
        loop {
            match self.peek(0)? {
                b'=' if self.at == start => {}
                b'=' | b'/' | b'>' => break,
                byte if is_space(byte) => break,
                _ => {}
            }
            self.at += 1;
        }
        self.spaces();
        match self.peek(0)? {
            b'/' => self.at += 1,
            b'=' => {
                self.at += 1;
                self.spaces();
                self.attribute_value()?;
            }
            _ => {}
        }
        Some(())
    }

    fn attribute_value(&mut self) -> Option<()> {
        match self.peek(0)? {
            b'>' => {}
            quote @ (b'"' | b'\'') => {
                self.at += 1;
                let length = self.rest().iter().position(|byte| *byte == quote)?;
                self.at += length + 1;
            }
            _ => {
                let length = self.rest().iter().position(|byte| is_space(*byte) || *byte == b'>')?;
                self.at += length;
            }
        }
        Some(())
    }

    fn spaces(&mut self) {
        self.at += self.rest().iter().take_while(|byte| is_space(**byte)).count();
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        if let Some(name) = self.raw.take()
            && let Some(text) = self.raw_text(&name)
        {
            return Some(text);
        }
        if let Some(text) = self.plain_text() {
            return Some(text);
        }
        match self.peek(1)? {
            b'/' => self.end_tag(),
            b'!' => Some(self.declaration()),
            b'?' => {
                self.until(b">");
                Some(Token::Other)
            }
            _ => self.start_tag(),
        }
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b'\x0c')
}

/// How long the content of a raw element is: up to its end tag.
fn raw_length(text: &[u8], name: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.windows(2).position(|two| two == b"</")) {
        at += found;
        let after = text.get(at + 2..).unwrap_or_default();
        let same = after.get(..name.len()).is_some_and(|part| part.eq_ignore_ascii_case(name));
        if same && after.get(name.len()).is_some_and(|byte| is_space(*byte) || matches!(byte, b'/' | b'>')) {
            return at;
        }
        at += 2;
    }
    text.len()
}

/// Line ends as single line feeds.
fn normal(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter().peekable();
    while let Some(byte) = bytes.next() {
        if *byte == b'\r' {
            let _ = bytes.next_if_eq(&&b'\n');
            out.push(b'\n');
        } else {
            out.push(*byte);
        }
    }
    out
}
