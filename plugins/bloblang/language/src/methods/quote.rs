use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::{Value, quoted};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "quote",
    "String Manipulation",
    "The text in double quotes, with what needs it escaped.",
    body,
)
.examples(&[Example::new("", r#"root = this.quote()"#, &[(r#""foo\nbar""#, r#""foo\nbar""#)])]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    Ok(Value::from(quoted(&expect::text(&target)?)))
}
