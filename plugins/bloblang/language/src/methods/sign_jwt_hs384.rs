use std::borrow::Cow;

use super::tokens;
use crate::eval::Call;
use crate::jwt::Algorithm;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "sign_jwt_hs384",
    "JSON Web Tokens",
    "A token that makes the claims of an object, signed by HS384 with a secret; `signing_secret` is the secret.",
    body,
)
.unnamed()
.checked(check)
.params(tokens::PARAMS)
.examples(&[Example::new(
    "",
    r#"root = this.sign_jwt_hs384("dont-tell-anyone")"#,
    &[(r#"{"iat":1516239022,"mood":"Disdainful","sub":"1234567890"}"#, "eyJhbGciOiJIUzM4NCIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE1MTYyMzkwMjIsIm1vb2QiOiJEaXNkYWluZnVsIiwic3ViIjoiMTIzNDU2Nzg5MCJ9.2Y8rf_ijwN4t8hOGGViON_GrirLkCQVbCOuax6EoZ3nluX0tCGezcJxbctlIfsQ2")],
)]);

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    tokens::check_signing(Algorithm::Hs384, arguments)
}

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    tokens::sign(Algorithm::Hs384, call, &target)
}
