use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::text::url;
use crate::value::{Object, Text, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "parse_form_url_encoded",
    "Parsing",
    "The fields of a form, or of the query of a URL, as an object. A field that is there several times is an array.",
    body,
)
.unnamed()
.examples(&[Example::new(
    "",
    "root = this.parse_form_url_encoded()",
    &[(r#""noise=meow&fur=orange&fur=fluffy%21""#, r#"{"fur":["orange","fluffy!"],"noise":"meow"}"#)],
)]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let text = expect::content(&target).map_err(Failure::settled)?;
    let mut fields = url::query(&text)
        .map_err(|error| Failure::plain(format!("failed to parse value as url-encoded data: {error}")))?;
    fields.sort_by(|left, right| left.0.cmp(&right.0));
    let mut entries: Vec<(Text, Vec<Value>)> = Vec::new();
    for (key, value) in fields {
        let value = expect::string(value);
        match entries.last_mut() {
            Some((last, values)) if last.as_bytes() == key => values.push(value),
            _ => entries.push((Text::lossy(&key), vec![value])),
        }
    }
    let single = |(key, mut values): (Text, Vec<Value>)| match values.len() {
        1 => (key, values.pop().unwrap_or(Value::Null)),
        _ => (key, Value::from(values)),
    };
    Ok(Value::Object(Object::from(entries.into_iter().map(single).collect::<Vec<_>>())))
}
