//! The words of a program.

use crate::show::quoted;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    End,
    /// A character by itself, or an operator of several.
    Sign(String),
    Word(String),
    Keyword(String),
    /// A name with a module in front.
    ModuleWord(String),
    Variable(String),
    /// `.name`, without the point.
    Field(String),
    Number(String),
    Format(String),
    /// The quote that begins a string; its pieces are asked for with [`Lexer::piece`].
    Quote,
}

/// A part of a string.
pub(crate) enum StringPiece {
    Text(String),
    /// `\(`: a query and `)` follow.
    Query,
    End,
}

pub(crate) type Lexed<T> = Result<T, String>;

const KEYWORDS: [&str; 21] = [
    "or", "and", "module", "import", "include", "def", "as", "label", "break", "null", "true", "false", "if",
    "then", "elif", "else", "end", "try", "catch", "reduce", "foreach",
];

/// Operators of several characters, longer ones first.
const SIGNS: [&str; 17] =
    ["?//", "//=", "..", "|=", "+=", "-=", "*=", "/=", "%=", "//", "==", "!=", ">=", "<=", "=", ">", "<"];

pub(crate) struct Lexer<'s> {
    source: &'s str,
    at: usize,
}

impl<'s> Lexer<'s> {
    pub(crate) fn new(source: &'s str) -> Self {
        Self { source, at: 0 }
    }

    fn rest(&self) -> &'s str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> u8 {
        self.source.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    pub(crate) fn token(&mut self) -> Lexed<Token> {
        self.skip_space();
        let Some(character) = self.rest().chars().next() else { return Ok(Token::End) };
        let start = self.at;
        if is_word(character) {
            let is_module = self.word_or_module();
            let word = self.source.get(start..self.at).unwrap_or_default().to_owned();
            return Ok(match word.as_str() {
                _ if is_module => Token::ModuleWord(word),
                keyword if KEYWORDS.contains(&keyword) => Token::Keyword(word),
                _ => Token::Word(word),
            });
        }
        if character.is_ascii_digit() {
            return self.number(start, false);
        }
        if let Some(sign) = SIGNS.iter().find(|sign| self.rest().starts_with(**sign)) {
            self.at += sign.len();
            return Ok(Token::Sign((*sign).to_owned()));
        }
        self.at += character.len_utf8();
        let next = char::from(self.peek());
        match character {
            '.' if is_word(next) => {
                self.word();
                Ok(Token::Field(self.source.get(start + 1..self.at).unwrap_or_default().to_owned()))
            }
            '.' if next.is_ascii_digit() => self.number(start, true),
            '$' if is_word(next) => {
                self.word_or_module();
                Ok(Token::Variable(self.source.get(start..self.at).unwrap_or_default().to_owned()))
            }
            '@' if is_word(next) || next.is_ascii_digit() => {
                self.word();
                Ok(Token::Format(self.source.get(start..self.at).unwrap_or_default().to_owned()))
            }
            '"' => Ok(Token::Quote),
            other => Ok(Token::Sign(other.to_string())),
        }
    }

    /// The next piece of a string, whose quote was read.
    pub(crate) fn piece(&mut self) -> Lexed<StringPiece> {
        let mut text = String::new();
        let mut units: Vec<u16> = Vec::new();
        loop {
            let start = self.at;
            let Some(character) = self.rest().chars().next() else {
                return Err("unterminated string literal".to_owned());
            };
            self.at += character.len_utf8();
            if character == '\\' && self.peek() == b'u' {
                units.push(self.unit(start)?);
                continue;
            }
            text.extend(char::decode_utf16(units.drain(..)).map(|unit| unit.unwrap_or('\u{fffd}')));
            match character {
                '"' if text.is_empty() => return Ok(StringPiece::End),
                '"' => {
                    self.at = start;
                    return Ok(StringPiece::Text(text));
                }
                '\\' if self.peek() == b'(' => {
                    if text.is_empty() {
                        self.at += 1;
                        return Ok(StringPiece::Query);
                    }
                    self.at = start;
                    return Ok(StringPiece::Text(text));
                }
                '\\' => text.push(self.escaped(start)?),
                other => text.push(other),
            }
        }
    }

    /// The character that a backslash and the next one stand for.
    fn escaped(&mut self, start: usize) -> Lexed<char> {
        let Some(next) = self.rest().chars().next() else {
            return Err("unterminated string literal".to_owned());
        };
        self.at += next.len_utf8();
        Ok(match next {
            '"' | '\\' | '/' => next,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            _ => return Err(self.wrong_escape(start)),
        })
    }

    /// The number behind `\u`.
    fn unit(&mut self, start: usize) -> Lexed<u16> {
        self.at += 1;
        for _ in 0..4 {
            if !self.peek().is_ascii_hexdigit() {
                return Err(self.wrong_escape(start));
            }
            self.at += 1;
        }
        let digits = self.source.get(start + 2..self.at).unwrap_or_default();
        u16::from_str_radix(digits, 16).map_err(|_| self.wrong_escape(start))
    }

    fn wrong_escape(&self, start: usize) -> String {
        let escape = self.source.get(start..self.at).unwrap_or_default();
        format!("invalid escape sequence \"{escape}\" in string literal")
    }

    fn skip_space(&mut self) {
        loop {
            match self.peek() {
                b'\t' | b'\n' | b'\r' | b' ' => self.at += 1,
                b'#' => self.skip_comment(),
                _ => return,
            }
        }
    }

    /// To the end of the line, which a backslash continues.
    fn skip_comment(&mut self) {
        while self.at < self.source.len() {
            match self.peek() {
                b'\n' | b'\r' => return,
                b'\\' => {
                    self.at += 1;
                    match self.peek() {
                        b'\\' | b'\n' => self.at += 1,
                        b'\r' => {
                            self.at += 1;
                            if self.peek() == b'\n' {
                                self.at += 1;
                            }
                        }
                        _ => {}
                    }
                }
                _ => self.at += 1,
            }
        }
    }

    fn word(&mut self) {
        while self.peek().is_ascii_alphanumeric() || self.peek() == b'_' {
            self.at += 1;
        }
    }

    fn word_or_module(&mut self) -> bool {
        if self.peek() == b'$' {
            self.at += 1;
        }
        self.word();
        let behind = self.rest().strip_prefix("::").and_then(|rest| rest.chars().next());
        if behind.is_some_and(is_word) {
            self.at += 2;
            self.word();
            return true;
        }
        false
    }

    /// A number that began at `start`; `fraction` where its point was read.
    fn number(&mut self, start: usize, mut fraction: bool) -> Lexed<Token> {
        let wrong = |at: usize| {
            let text = self.source.get(start..at).or_else(|| self.source.get(start..)).unwrap_or_default();
            Err(format!("invalid token {}", quoted(text)))
        };
        let bytes = self.source.as_bytes();
        let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
        let mut at = self.at;
        loop {
            match byte(at) {
                b'0'..=b'9' => at += 1,
                b'.' if fraction => return wrong(at + 1),
                b'.' => {
                    fraction = true;
                    at += 1;
                }
                b'e' | b'E' => {
                    at += 1;
                    if matches!(byte(at), b'-' | b'+') {
                        at += 1;
                    }
                    let digits = at;
                    while byte(at).is_ascii_digit() {
                        at += 1;
                    }
                    if is_word(char::from(byte(at))) {
                        return wrong(at + 1);
                    }
                    if at == digits {
                        return wrong(at);
                    }
                    break;
                }
                other if is_word(char::from(other)) => return wrong(at + 1),
                _ => break,
            }
        }
        self.at = at;
        Ok(Token::Number(self.source.get(start..at).unwrap_or_default().to_owned()))
    }
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphabetic() || character == '_'
}

/// What is wrong about a token where it stands.
pub(crate) fn unexpected(token: &Token, text: &str) -> String {
    match token {
        Token::End => "unexpected EOF".to_owned(),
        _ => format!("unexpected token {}", quoted(text)),
    }
}

impl Token {
    /// As errors show it.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::End => String::new(),
            Self::Sign(text)
            | Self::Word(text)
            | Self::Keyword(text)
            | Self::ModuleWord(text)
            | Self::Variable(text)
            | Self::Number(text)
            | Self::Format(text) => text.clone(),
            Self::Field(name) => format!(".{name}"),
            Self::Quote => "\"".to_owned(),
        }
    }
}
