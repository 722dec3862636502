//! The words of an expression.

use forebay_bloblang::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Unknown,
    Star,
    Dot,
    Filter,
    Flatten,
    LeftParenthesis,
    RightParenthesis,
    LeftBracket,
    RightBracket,
    LeftBrace,
    RightBrace,
    Or,
    Pipe,
    Number,
    Name,
    QuotedName,
    Comma,
    Colon,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    Different,
    Json,
    Text,
    Current,
    Reference,
    And,
    Not,
    End,
}

impl Kind {
    /// As errors call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unknown => "tUnknown",
            Self::Star => "tStar",
            Self::Dot => "tDot",
            Self::Filter => "tFilter",
            Self::Flatten => "tFlatten",
            Self::LeftParenthesis => "tLparen",
            Self::RightParenthesis => "tRparen",
            Self::LeftBracket => "tLbracket",
            Self::RightBracket => "tRbracket",
            Self::LeftBrace => "tLbrace",
            Self::RightBrace => "tRbrace",
            Self::Or => "tOr",
            Self::Pipe => "tPipe",
            Self::Number => "tNumber",
            Self::Name => "tUnquotedIdentifier",
            Self::QuotedName => "tQuotedIdentifier",
            Self::Comma => "tComma",
            Self::Colon => "tColon",
            Self::Less => "tLT",
            Self::LessOrEqual => "tLTE",
            Self::Greater => "tGT",
            Self::GreaterOrEqual => "tGTE",
            Self::Equal => "tEQ",
            Self::Different => "tNE",
            Self::Json => "tJSONLiteral",
            Self::Text => "tStringLiteral",
            Self::Current => "tCurrent",
            Self::Reference => "tExpref",
            Self::And => "tAnd",
            Self::Not => "tNot",
            Self::End => "tEOF",
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) text: String,
}

pub(crate) fn mistake(text: impl AsRef<str>) -> String {
    format!("SyntaxError: {}", text.as_ref())
}

pub(crate) fn tokens(source: &str) -> Result<Vec<Token>, String> {
    let mut lexer = Lexer { source, at: 0 };
    let mut tokens = Vec::new();
    while let Some(character) = lexer.next() {
        if let Some(token) = lexer.token(character)? {
            tokens.push(token);
        }
    }
    tokens.push(Token { kind: Kind::End, text: String::new() });
    Ok(tokens)
}

struct Lexer<'s> {
    source: &'s str,
    at: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at += character.len_utf8();
        Some(character)
    }

    fn token(&mut self, character: char) -> Result<Option<Token>, String> {
        let kind = match character {
            ' ' | '\t' | '\n' | '\r' => return Ok(None),
            'a'..='z' | 'A'..='Z' | '_' => {
                return Ok(Some(self.run(Kind::Name, |next| next.is_ascii_alphanumeric() || next == '_')));
            }
            '-' | '0'..='9' => return Ok(Some(self.run(Kind::Number, |next| next.is_ascii_digit()))),
            '"' => {
                let raw = self.until('"')?;
                return match Value::first_json(&format!("\"{raw}\"")) {
                    Ok((Value::String(text), true)) => {
                        Ok(Some(Token { kind: Kind::QuotedName, text: text.to_string() }))
                    }
                    Ok(_) => Err("invalid character after top-level value".to_owned()),
                    Err(reason) => Err(reason),
                };
            }
            '\'' => return self.text().map(Some),
            '`' => {
                let text = self.until('`')?.replace("\\`", "`");
                return Ok(Some(Token { kind: Kind::Json, text }));
            }
            '.' => Kind::Dot,
            '*' => Kind::Star,
            ',' => Kind::Comma,
            ':' => Kind::Colon,
            '{' => Kind::LeftBrace,
            '}' => Kind::RightBrace,
            ']' => Kind::RightBracket,
            '(' => Kind::LeftParenthesis,
            ')' => Kind::RightParenthesis,
            '@' => Kind::Current,
            '[' => self
                .either('?', Kind::Filter)
                .or_else(|| self.either(']', Kind::Flatten))
                .unwrap_or(Kind::LeftBracket),
            '|' => self.either('|', Kind::Or).unwrap_or(Kind::Pipe),
            '<' => self.either('=', Kind::LessOrEqual).unwrap_or(Kind::Less),
            '>' => self.either('=', Kind::GreaterOrEqual).unwrap_or(Kind::Greater),
            '!' => self.either('=', Kind::Different).unwrap_or(Kind::Not),
            '=' => self.either('=', Kind::Equal).unwrap_or(Kind::Unknown),
            '&' => self.either('&', Kind::And).unwrap_or(Kind::Reference),
            other => {
                let shown = forebay_bloblang::quoted(&other.to_string());
                let shown = if other == '"' { "\"".to_owned() } else { ascii(shown.trim_matches('"')) };
                return Err(mistake(format!("Unknown char: '{shown}'")));
            }
        };
        Ok(Some(Token { kind, text: character.to_string() }))
    }

    /// A longer sign, where its second character is next.
    fn either(&mut self, second: char, kind: Kind) -> Option<Kind> {
        (self.peek() == Some(second)).then(|| {
            self.next();
            kind
        })
    }

    /// A word that has begun.
    fn run(&mut self, kind: Kind, goes_on: fn(char) -> bool) -> Token {
        let start = self.at - 1;
        while self.peek().is_some_and(goes_on) {
            self.next();
        }
        Token { kind, text: self.source.get(start..self.at).unwrap_or_default().to_owned() }
    }

    /// Everything up to a sign that no backslash precedes.
    fn until(&mut self, end: char) -> Result<String, String> {
        let start = self.at;
        loop {
            match self.next() {
                Some(character) if character == end => {
                    return Ok(self.source.get(start..self.at - 1).unwrap_or_default().to_owned());
                }
                Some('\\') => {
                    self.next();
                }
                Some(_) => {}
                None => return Err(mistake(format!("Unclosed delimiter: {end}"))),
            }
        }
    }

    /// Text in single quotes, in which only those are escaped.
    fn text(&mut self) -> Result<Token, String> {
        let mut text = String::new();
        loop {
            match self.next() {
                Some('\'') => return Ok(Token { kind: Kind::Text, text }),
                Some('\\') if self.peek() == Some('\'') => {
                    self.next();
                    text.push('\'');
                }
                Some(other) => text.push(other),
                None => return Err(mistake("Unclosed delimiter: '")),
            }
        }
    }
}

/// What is not ASCII as an escape.
fn ascii(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        let code = u32::from(character);
        match code {
            0..=0x7f => out.push(character),
            0x80..=0xffff => out.push_str(&format!("\\u{code:04x}")),
            _ => out.push_str(&format!("\\U{code:08x}")),
        }
    }
    out
}
