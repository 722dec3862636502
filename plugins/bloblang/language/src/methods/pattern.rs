//! What the methods with regular expressions share.

use std::borrow::Cow;
use std::sync::Arc;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::limits::TEXT_BYTES;
use crate::regex::{self, Groups, Regex};
use crate::spec::{Evaluated, ParamKind, ParamSpec};
use crate::value::{Object, Text, Value};

pub(super) const PARAM: ParamSpec = ParamSpec::new("pattern", ParamKind::Text);

/// That a pattern which is already known is one.
pub(super) fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    match arguments.first() {
        Some(Some(pattern)) => regex::check(&pattern.to_text()),
        _ => Ok(()),
    }
}

/// The pattern of a call, compiled when it is first needed.
pub(super) fn compiled(call: &Call<'_>) -> Result<Arc<Regex>, Failure> {
    call.kept(&call.text(0)?, |pattern| Regex::compile(pattern))
}

/// The groups of a match under their names, or their numbers.
pub(super) fn object(names: &[Option<String>], groups: Vec<Value>) -> Value {
    let key = |(index, name): (usize, &Option<String>)| match name {
        Some(name) => Text::from(name.as_str()),
        None => Text::from(index.to_string()),
    };
    Value::Object(Object::from(names.iter().enumerate().map(key).zip(groups).collect::<Vec<_>>()))
}

/// What the groups matched, as text or bytes like the target. A group that took no part matched empty text, and
/// nothing in bytes.
pub(super) fn values(target: &Value, groups: Groups) -> Vec<Value> {
    let value = |place: Option<(usize, usize)>| match (target, place) {
        (Value::Bytes(bytes), Some((start, end))) => Value::bytes(bytes.get(start..end).unwrap_or_default()),
        (Value::Bytes(_), None) => Value::Null,
        (_, Some((start, end))) => expect::part(target, start, end),
        (_, None) => Value::from(""),
    };
    groups.into_iter().map(value).collect()
}

/// The text with all matches replaced, for both methods that do it.
pub(super) fn replaced(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let pattern = compiled(call)?;
    let value = call.text(1)?;
    let made = pattern.replace_all(expect::bytes(&target)?, &value, TEXT_BYTES);
    made.map(expect::string).ok_or_else(|| Failure::plain("a text of too many bytes would be made"))
}
