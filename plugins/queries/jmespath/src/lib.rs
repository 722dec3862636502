//! The query language JMESPath, as go-jmespath 0.4 has it: its results, and the errors that users of Bento see.
//!
//! An [`Expression`] is compiled once and run on many documents. Numbers are floats, whatever they were. Where the
//! library goes through objects in no particular order, keys are sorted here.
//!
//! ```
//! use forebay_bloblang::Value;
//! use forebay_jmespath::Expression;
//!
//! let expression = Expression::compile("items[?count > `1`].name | [0]").unwrap();
//! let document = Value::from_json(br#"{"items":[{"count":1,"name":"a"},{"count":2,"name":"b"}]}"#).unwrap();
//! assert_eq!(expression.run(&forebay_jmespath::floats(&document)), Ok(Value::from("b")));
//! ```

mod evaluate;
mod functions;
mod lexer;
mod parser;
mod shown;
mod syntax;

use forebay_bloblang::{Object, Value};

use evaluate::Evaluation;
use syntax::Node;

/// Nesting of an expression.
const SOURCE_DEPTH: usize = 100;
/// Operators in a row.
const CHAIN: usize = 300;
/// Values that are looked at or made for one document.
const STEPS: u64 = 20_000_000;
/// Nesting of a result.
const DEPTH: u16 = 500;
/// About how many bytes a value may be as text.
const SIZE: u32 = 64 << 20;

/// A compiled expression.
#[derive(Debug)]
pub struct Expression(Node);

impl Expression {
    /// # Errors
    /// What is wrong first, in the words of go-jmespath.
    pub fn compile(source: &str) -> Result<Self, String> {
        parser::parse(source).map(Self)
    }

    /// What it finds in a document, whose numbers are floats.
    ///
    /// # Errors
    /// What went wrong, or the limit that was exceeded.
    pub fn run(&self, document: &Value) -> Result<Value, String> {
        match Evaluation::default().value(&self.0, document)? {
            // As a result it is what Go makes of it as JSON.
            syntax::Operand::Expression(_) => Ok(Value::Object(Object::new())),
            syntax::Operand::Value(value) => Ok(value),
        }
    }
}

/// A document with floats for all its numbers; one that is too large for a float is infinite.
#[must_use]
pub fn floats(value: &Value) -> Value {
    match value {
        #[expect(clippy::cast_precision_loss, reason = "the language has no other numbers")]
        Value::Int(number) => Value::Float(*number as f64),
        #[expect(clippy::cast_precision_loss, reason = "the language has no other numbers")]
        Value::Uint(number) => Value::Float(*number as f64),
        Value::Number(text) => Value::Float(text.parse().unwrap_or(f64::INFINITY)),
        Value::Array(items) => Value::from(items.iter().map(floats).collect::<Vec<_>>()),
        Value::Object(object) => {
            let entries = object.iter().map(|(key, value)| (key.clone(), floats(value)));
            Value::Object(Object::from(entries.collect::<Vec<_>>()))
        }
        other => other.clone(),
    }
}

/// Whether JSON has all its numbers.
#[must_use]
pub fn is_finite(value: &Value) -> bool {
    match value {
        Value::Float(number) => number.is_finite(),
        Value::Array(items) => items.iter().all(is_finite),
        Value::Object(object) => object.iter().all(|(_, value)| is_finite(value)),
        _ => true,
    }
}

#[cfg(test)]
mod tests;
