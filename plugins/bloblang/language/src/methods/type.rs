use std::borrow::Cow;

use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::{Text, Value};

pub(super) const SPEC: FunctionSpec =
    FunctionSpec::method("type", "Type Coercion", "The name of the type of the value.", body).examples(&[
        Example::new(
            "",
            r#"root = this.map_each(this.type())"#,
            &[(r#"[1,"a",true,null,[],{}]"#, r#"["number","string","bool","null","array","object"]"#)],
        ),
    ]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    Ok(Value::String(Text::fixed(target.kind())))
}
