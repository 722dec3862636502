//! The grammar of JSON, one byte after the other.

use crate::scan::in_word;
use crate::{JsonError, NESTING, place};

/// Where in a document the next byte stands.
#[derive(Debug, Default)]
pub(crate) struct Grammar {
    state: State,
    /// The containers around it.
    around: Vec<Container>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Container {
    Array,
    Object,
}

#[derive(Debug, Default, Clone, Copy)]
enum State {
    #[default]
    Value,
    /// Behind `[`.
    FirstElement,
    /// Behind `{`.
    FirstKey,
    Key,
    Colon,
    /// Behind a value inside of a container.
    Next,
    Text(Role),
    Escape(Role),
    /// So many digits are to come.
    Hex(Role, u8),
    Minus,
    Zero,
    Digits,
    Point,
    Fraction,
    Exponent,
    ExponentSign,
    ExponentDigits,
    /// A word, and how much of it was there.
    Word(&'static str, usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Key,
    Value,
}

/// What a byte was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// White space before a document.
    Outside,
    Inside,
    /// The last byte of a document.
    Last,
    /// The first byte behind a document, which is not part of it.
    Behind,
}

impl Grammar {
    /// Looks at the next byte. A new document may begin behind a last one.
    pub(crate) fn step(&mut self, byte: u8) -> Result<Part, JsonError> {
        use State as S;
        let space = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        let refuse = |place| Err(JsonError::Unexpected { byte, place });
        self.state = match self.state {
            S::Value | S::FirstElement | S::FirstKey | S::Key | S::Colon | S::Next if space => {
                let outside = matches!(self.state, S::Value) && self.around.is_empty();
                return Ok(if outside { Part::Outside } else { Part::Inside });
            }
            S::FirstElement if byte == b']' => return Ok(self.close()),
            S::Value | S::FirstElement => return self.begin(byte),
            S::FirstKey if byte == b'}' => return Ok(self.close()),
            S::FirstKey | S::Key => match byte {
                b'"' => S::Text(Role::Key),
                _ => return refuse(place::KEY),
            },
            S::Colon => match byte {
                b':' => S::Value,
                _ => return refuse(place::AFTER_KEY),
            },
            S::Next => return self.next(byte),
            S::Text(role) => match byte {
                b'"' if role == Role::Key => S::Colon,
                b'"' => return Ok(self.value_ended()),
                b'\\' => S::Escape(role),
                0..0x20 => return refuse("in string literal"),
                _ => S::Text(role),
            },
            S::Escape(role) => match byte {
                b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => S::Text(role),
                b'u' => S::Hex(role, 4),
                _ => return refuse("in string escape code"),
            },
            S::Hex(role, left) => match (byte.is_ascii_hexdigit(), left) {
                (true, 1) => S::Text(role),
                (true, _) => S::Hex(role, left - 1),
                (false, _) => return refuse("in \\u hexadecimal character escape"),
            },
            S::Minus => match byte {
                b'0' => S::Zero,
                b'1'..=b'9' => S::Digits,
                _ => return refuse("in numeric literal"),
            },
            S::Digits if byte.is_ascii_digit() => S::Digits,
            S::Zero | S::Digits if byte == b'.' => S::Point,
            S::Zero | S::Digits | S::Fraction if matches!(byte, b'e' | b'E') => S::Exponent,
            S::Point if !byte.is_ascii_digit() => return refuse("after decimal point in numeric literal"),
            S::Point => S::Fraction,
            S::Fraction if byte.is_ascii_digit() => S::Fraction,
            S::Exponent if matches!(byte, b'+' | b'-') => S::ExponentSign,
            S::Exponent | S::ExponentSign if byte.is_ascii_digit() => S::ExponentDigits,
            S::Exponent | S::ExponentSign => return refuse("in exponent of numeric literal"),
            S::ExponentDigits if byte.is_ascii_digit() => S::ExponentDigits,
            S::Zero | S::Digits | S::Fraction | S::ExponentDigits => return self.behind_number(byte),
            S::Word(word, at) => match word.as_bytes().get(at) {
                Some(expected) if *expected == byte && at + 1 == word.len() => return Ok(self.value_ended()),
                Some(expected) if *expected == byte => S::Word(word, at + 1),
                expected => {
                    return refuse(in_word(word.as_bytes(), expected.copied().unwrap_or_default()));
                }
            },
        };
        Ok(Part::Inside)
    }

    /// Whether a document that begins with what was there is complete: a number has no other end.
    pub(crate) fn finish(&mut self) -> bool {
        let number =
            matches!(self.state, State::Zero | State::Digits | State::Fraction | State::ExponentDigits);
        let complete = number && self.around.is_empty();
        if complete {
            self.state = State::Value;
        }
        complete
    }

    fn begin(&mut self, byte: u8) -> Result<Part, JsonError> {
        self.state = match byte {
            b'{' => self.open(Container::Object)?,
            b'[' => self.open(Container::Array)?,
            b'"' => State::Text(Role::Value),
            b'-' => State::Minus,
            b'0' => State::Zero,
            b'1'..=b'9' => State::Digits,
            b't' => State::Word("true", 1),
            b'f' => State::Word("false", 1),
            b'n' => State::Word("null", 1),
            _ => return Err(JsonError::Unexpected { byte, place: place::VALUE }),
        };
        Ok(Part::Inside)
    }

    fn open(&mut self, container: Container) -> Result<State, JsonError> {
        if self.around.len() == usize::from(NESTING) {
            return Err(JsonError::TooDeep);
        }
        self.around.push(container);
        Ok(match container {
            Container::Array => State::FirstElement,
            Container::Object => State::FirstKey,
        })
    }

    fn close(&mut self) -> Part {
        self.around.pop();
        self.value_ended()
    }

    fn value_ended(&mut self) -> Part {
        if self.around.is_empty() {
            self.state = State::Value;
            return Part::Last;
        }
        self.state = State::Next;
        Part::Inside
    }

    fn next(&mut self, byte: u8) -> Result<Part, JsonError> {
        self.state = match (self.around.last(), byte) {
            (Some(Container::Array), b']') | (Some(Container::Object), b'}') => return Ok(self.close()),
            (Some(Container::Array), b',') => State::Value,
            (Some(Container::Object), b',') => State::Key,
            (Some(Container::Array), _) => {
                return Err(JsonError::Unexpected { byte, place: place::AFTER_ITEM });
            }
            _ => return Err(JsonError::Unexpected { byte, place: place::AFTER_ENTRY }),
        };
        Ok(Part::Inside)
    }

    fn behind_number(&mut self, byte: u8) -> Result<Part, JsonError> {
        match self.value_ended() {
            Part::Last => Ok(Part::Behind),
            _ => self.step(byte),
        }
    }
}
