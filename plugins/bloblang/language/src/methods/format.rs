use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::limits::TEXT_BYTES;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::text::printf;
use crate::value::{Text, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "format",
    "String Manipulation",
    "The text with values in place of its verbs, which are those of Go's `fmt`: %v for any value, %d for integers, \
     %.2f for floats, %s and %q for text. Numbers of a document are text for this purpose until they are converted.",
    body,
)
.variadic()
.examples(&[
    Example::new(
        "",
        r#"root = "%s(%v): %v".format(this.name, this.age, this.fingers)"#,
        &[(r#"{"name":"lance","age":37,"fingers":13}"#, "lance(37): 13")],
    ),
    Example::new(
        "",
        r#"root = "%05.1f|%-4d|%x|%d".format(3.14159, 7, "hi", "x")"#,
        &[("{}", "003.1|7   |6869|%!d(string=x)")],
    ),
]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let template = Text::lossy(&expect::content(&target)?);
    let arguments = call.values()?;
    let arguments: Vec<&Value> = arguments.iter().map(Cow::as_ref).collect();
    let made = printf::format(&template, &arguments, TEXT_BYTES);
    made.map(expect::string).ok_or_else(|| Failure::plain("a text of too many bytes would be made"))
}
