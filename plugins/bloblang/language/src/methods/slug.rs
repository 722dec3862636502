use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamDefault, ParamKind, ParamSpec, Status};
use crate::text::slug::slug;
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "slug",
    "String Manipulation",
    "The text as it may stand in an address: small Latin letters, digits, dashes and underscores. Symbols such as & are \
     read in the language `lang`.",
    body,
)
.status(Status::Beta)
.unnamed()
.params(&[ParamSpec::new("lang", ParamKind::Text).or(ParamDefault::Text("en"))])
.examples(&[
    Example::new("", "root = this.slug()", &[(r#""Gopher & Bento""#, "gopher-and-bento")]),
    Example::new("", r#"root = this.slug("fr")"#, &[(r#""Gaufre & Poisson d'Eau""#, "gaufre-et-poisson-deau")]),
]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let language = call.text(0)?;
    Ok(Value::from(slug(&expect::content(&target)?, &language)))
}
