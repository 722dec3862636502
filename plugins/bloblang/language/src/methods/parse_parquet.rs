use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::parquet;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamDefault, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "parse_parquet",
    "Parsing",
    "The rows of a [Parquet file](https://parquet.apache.org/docs/), an object each. Dates and times stay numbers, in the \
     unit of their column. `byte_array_as_string` is there for old mappings and changes nothing.",
    body,
)
.unnamed()
.params(&[ParamSpec::new("byte_array_as_string", ParamKind::Bool).or(ParamDefault::Bool(false))])
.examples(&[Example::new("", "root = content().parse_parquet()", &[])]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    call.boolean(0)?;
    parquet::read(&expect::payload(&target)?).map(Value::from).map_err(Failure::new)
}
