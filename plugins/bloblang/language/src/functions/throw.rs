use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};

pub(super) const SPEC: FunctionSpec =
    FunctionSpec::function("throw", "General", "Fails with a message, as any other query may fail.", body)
        .params(&[ParamSpec::new("why", ParamKind::Text)])
        .examples(&[Example::new(
            "",
            "root.kind = match {\n  this.exists(\"id\") => \"known\"\n  _ => throw(\"unknown kind\")\n}",
            &[
                (r#"{"id":1}"#, r#"{"kind":"known"}"#),
                ("{}", r#"Error("failed assignment (line 1): unknown kind")"#),
            ],
        )]);

fn body(call: &Call<'_>) -> Evaluated {
    Err(Failure::new(call.text(0)?.as_str()))
}
