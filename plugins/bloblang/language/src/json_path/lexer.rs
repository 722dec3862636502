//! The tokens of an expression, which are those of Go's `text/scanner`.

use crate::value::quoted;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Name,
    Integer,
    Float,
    /// In single quotes.
    Character,
    Text,
    Raw,
    Sign(char),
    End,
}

/// A place in the text, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    line: usize,
    column: usize,
}

/// Reads tokens one after the other.
pub(super) struct Scanner<'t> {
    text: &'t str,
    at: usize,
    place: Place,
    /// Where the last token is.
    token: (usize, usize),
    /// Where the last token starts, unless single characters were read after it.
    start: Option<Place>,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

impl Token {
    /// The token in messages.
    pub(super) fn shown(self) -> String {
        match self {
            Self::Name => "Ident".to_owned(),
            Self::Integer => "Int".to_owned(),
            Self::Float => "Float".to_owned(),
            Self::Character => "Char".to_owned(),
            Self::Text => "String".to_owned(),
            Self::Raw => "RawString".to_owned(),
            Self::Sign(sign) => quoted(sign.encode_utf8(&mut [0; 4])),
            Self::End => "EOF".to_owned(),
        }
    }
}

fn starts_name(character: char) -> bool {
    character.is_alphabetic() || character == '_'
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0, place: Place { line: 1, column: 1 }, token: (0, 0), start: None }
    }

    /// The next character, without reading it.
    pub(super) fn peek(&self) -> Option<char> {
        self.text.get(self.at..).and_then(|rest| rest.chars().next())
    }

    fn take(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at += character.len_utf8();
        if character == '\n' {
            self.place = Place { line: self.place.line + 1, column: 1 };
        } else {
            self.place.column += 1;
        }
        Some(character)
    }

    /// Reads a character by itself.
    pub(super) fn next_character(&mut self) -> Option<char> {
        self.start = None;
        self.take()
    }

    /// The text of the last token.
    pub(super) fn token_text(&self) -> &'t str {
        self.text.get(self.token.0..self.token.1).unwrap_or_default()
    }

    /// Where the last token was and where reading stands, for messages.
    pub(super) fn position(&self) -> String {
        let start = match self.start {
            Some(start) if !self.text.is_empty() => format!(":{start}"),
            _ => String::new(),
        };
        format!("{}\t{start} - {}", self.text, self.place)
    }

    pub(super) fn scan(&mut self) -> Token {
        loop {
            self.skip(|character| matches!(character, ' ' | '\t' | '\n' | '\r'));
            let from = self.at;
            self.start = Some(self.place);
            let token = self.token();
            self.token = (from, self.at);
            if let Some(token) = token {
                return token;
            }
        }
    }

    fn skip(&mut self, test: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&test) {
            self.take();
        }
    }

    /// The token that starts here; `None` for a comment.
    fn token(&mut self) -> Option<Token> {
        let Some(first) = self.peek() else { return Some(Token::End) };
        if starts_name(first) {
            self.skip(|character| starts_name(character) || character.is_numeric());
            return Some(Token::Name);
        }
        if first.is_ascii_digit() {
            return Some(self.number());
        }
        self.take();
        Some(match first {
            '"' => self.quoted('"', Token::Text),
            '\'' => self.quoted('\'', Token::Character),
            '`' => {
                self.skip(|character| character != '`');
                self.take();
                Token::Raw
            }
            '.' if self.peek().is_some_and(|next| next.is_ascii_digit()) => {
                self.digits();
                self.exponent();
                Token::Float
            }
            '/' if self.peek() == Some('/') => {
                self.skip(|character| character != '\n');
                return None;
            }
            '/' if self.peek() == Some('*') => {
                self.comment();
                return None;
            }
            sign => Token::Sign(sign),
        })
    }

    fn digits(&mut self) {
        self.skip(|character| character.is_ascii_digit() || character == '_');
    }

    fn exponent(&mut self) -> bool {
        let found = matches!(self.peek(), Some('e' | 'E' | 'p' | 'P'));
        if found {
            self.take();
            if matches!(self.peek(), Some('+' | '-')) {
                self.take();
            }
            self.digits();
        }
        found
    }

    fn number(&mut self) -> Token {
        let first = self.take();
        let hexadecimal = match (first, self.peek()) {
            (Some('0'), Some('x' | 'X')) => {
                self.take();
                true
            }
            (Some('0'), Some('o' | 'O' | 'b' | 'B')) => {
                self.take();
                false
            }
            _ => false,
        };
        let digit = move |character: char| {
            character == '_'
                || if hexadecimal { character.is_ascii_hexdigit() } else { character.is_ascii_digit() }
        };
        self.skip(digit);
        let fraction = self.peek() == Some('.');
        if fraction {
            self.take();
            self.skip(digit);
        }
        if self.exponent() || fraction { Token::Float } else { Token::Integer }
    }

    /// What follows a quote, up to the next one or the end of the line.
    fn quoted(&mut self, quote: char, token: Token) -> Token {
        loop {
            match self.take() {
                None | Some('\n') => return token,
                Some('\\') if self.peek() == Some(quote) || self.peek() == Some('\\') => {
                    self.take();
                }
                Some(character) if character == quote => return token,
                Some(_) => {}
            }
        }
    }

    fn comment(&mut self) {
        self.take();
        let mut before = None;
        while let Some(character) = self.take() {
            if before == Some('*') && character == '/' {
                return;
            }
            before = Some(character);
        }
    }
}
