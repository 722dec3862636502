use std::borrow::Cow;

use super::tokens;
use crate::eval::Call;
use crate::jwt::Algorithm;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "sign_jwt_hs256",
    "JSON Web Tokens",
    "A token that makes the claims of an object, signed by HS256 with a secret; `signing_secret` is the secret.",
    body,
)
.unnamed()
.checked(check)
.params(tokens::PARAMS)
.examples(&[Example::new(
    "",
    r#"root = this.sign_jwt_hs256("dont-tell-anyone")"#,
    &[(r#"{"iat":1516239022,"mood":"Disdainful","sub":"1234567890"}"#, "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE1MTYyMzkwMjIsIm1vb2QiOiJEaXNkYWluZnVsIiwic3ViIjoiMTIzNDU2Nzg5MCJ9.YwXOM8v3gHVWcQRRRQc_zDlhmLnM62fwhFYGpiA0J1A")],
)]);

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    tokens::check_signing(Algorithm::Hs256, arguments)
}

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    tokens::sign(Algorithm::Hs256, call, &target)
}
