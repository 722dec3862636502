use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec, Status};

pub(super) const SPEC: FunctionSpec =
    FunctionSpec::function("var", "Hidden", "The variable of that name; the same as `$name`.", body)
        .status(Status::Hidden)
        .params(&[ParamSpec::new("name", ParamKind::Text)])
        .examples(&[Example::new("", "let a = 5\nroot = var(\"a\")", &[("{}", "5")])]);

fn body(call: &Call<'_>) -> Evaluated {
    let name = call.text(0)?;
    call.frame.variable(&name).map(std::borrow::Cow::into_owned)
}
