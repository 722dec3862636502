//! From XML to documents.

use super::TEXT;
use super::tokens::{Stop, Token, Tokens};
use crate::limits::VALUE_DEPTH;
use crate::value::{Object, Text, Value, strconv};

/// The first element of some XML under its name. With `cast`, numbers and booleans become such.
///
/// # Errors
/// The first mistake up to the end of that element.
pub(crate) fn read(bytes: &[u8], cast: bool) -> Result<Object, String> {
    let mut reader = Reader { tokens: Tokens::new(bytes), cast };
    loop {
        if let Token::Start { name, attributes } = reader.token()? {
            let value = reader.element(attributes, 1)?;
            return Ok(Object::from(vec![(Text::from(name), value)]));
        }
    }
}

/// Elements that stand one after the other, each as a document of its own, with what is around them left out.
///
/// After the first mistake there is nothing more.
#[derive(Debug)]
pub struct XmlDocuments(Option<Reader>);

impl XmlDocuments {
    /// With `cast`, numbers and booleans become such.
    #[must_use]
    pub fn new(bytes: &[u8], cast: bool) -> Self {
        Self(Some(Reader { tokens: Tokens::new(bytes), cast }))
    }
}

impl Iterator for XmlDocuments {
    type Item = Result<Value, String>;

    fn next(&mut self) -> Option<Self::Item> {
        let reader = self.0.as_mut()?;
        let next = reader.document();
        if !matches!(next, Some(Ok(_))) {
            self.0 = None;
        }
        next
    }
}

#[derive(Debug)]
struct Reader {
    tokens: Tokens,
    cast: bool,
}

impl Reader {
    fn token(&mut self) -> Result<Token, String> {
        self.tokens.next().map_err(|stop| match stop {
            Stop::End => "EOF".to_owned(),
            Stop::Mistake(mistake) => mistake_of(&mistake),
        })
    }

    /// The next element under its name; lines are counted from where the one before it ended.
    fn document(&mut self) -> Option<Result<Value, String>> {
        self.tokens.count_lines_anew();
        loop {
            match self.tokens.next() {
                Ok(Token::Start { name, attributes }) => {
                    let value = self.element(attributes, 1);
                    return Some(
                        value.map(|value| Value::Object(Object::from(vec![(Text::from(name), value)]))),
                    );
                }
                Ok(_) => {}
                Err(Stop::End) => return None,
                Err(Stop::Mistake(mistake)) => return Some(Err(mistake_of(&mistake))),
            }
        }
    }

    /// What is inside of an element. Of several pieces of text the last one counts.
    fn element(&mut self, attributes: Vec<(String, String)>, depth: u16) -> Result<Value, String> {
        if depth >= VALUE_DEPTH {
            return Err(format!("elements nest more than {VALUE_DEPTH} levels deep"));
        }
        let attribute =
            |(name, value): (String, String)| (Text::from(format!("-{name}")), self.value(&value));
        let mut parts = Object::from(attributes.into_iter().map(attribute).collect::<Vec<_>>());
        let mut alone = None;
        loop {
            match self.token()? {
                Token::Start { name, attributes } => {
                    let value = self.element(attributes, depth + 1)?;
                    add(&mut parts, Text::from(name), value);
                }
                Token::Text(text) => {
                    let text = text.trim_matches(['\t', '\r', '\u{8}', '\n', ' ']);
                    if text.is_empty() {
                        continue;
                    }
                    if parts.is_empty() {
                        alone = Some(self.value(text));
                    } else {
                        parts.insert(Text::fixed(TEXT), self.value(text));
                    }
                }
                Token::End => break,
                Token::Other => {}
            }
        }
        if parts.is_empty() {
            return Ok(alone.unwrap_or_else(|| Value::from("")));
        }
        if let Some(text) = alone {
            parts.insert(Text::fixed(TEXT), text);
        }
        Ok(Value::Object(parts))
    }

    fn value(&self, text: &str) -> Value {
        if self.cast {
            if !matches!(text.to_lowercase().as_str(), "nan" | "inf" | "-inf")
                && let Ok(number) = strconv::parse_float(text)
            {
                return Value::Float(number);
            }
            match text {
                "t" | "T" | "true" | "TRUE" | "True" => return Value::Bool(true),
                "f" | "F" | "false" | "FALSE" | "False" => return Value::Bool(false),
                _ => {}
            }
        }
        Value::from(text)
    }
}

fn mistake_of(mistake: &str) -> String {
    format!("xml.Decoder.Token() - {mistake}")
}

/// Elements of the same name become an array.
fn add(parts: &mut Object, name: Text, value: Value) {
    let several = parts.update_existing(&name, |known| {
        let mut items = match std::mem::replace(known, Value::Null) {
            Value::Array(items) => items.into_items(),
            single => vec![single],
        };
        items.push(value.clone());
        *known = Value::from(items);
    });
    if several.is_none() {
        parts.insert(name, value);
    }
}
