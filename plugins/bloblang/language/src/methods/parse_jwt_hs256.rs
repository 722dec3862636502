use std::borrow::Cow;

use super::tokens;
use crate::eval::Call;
use crate::jwt::Algorithm;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "parse_jwt_hs256",
    "JSON Web Tokens",
    "The claims of a token that was signed by HS256 with a secret. It is an error if the signature is wrong or the token is not \
     valid now; `signing_secret` is the secret.",
    body,
)
.unnamed()
.checked(check)
.params(tokens::PARAMS)
.examples(&[Example::new(
    "",
    r#"root = this.parse_jwt_hs256("dont-tell-anyone")"#,
    &[(r#""eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE1MTYyMzkwMjIsIm1vb2QiOiJEaXNkYWluZnVsIiwic3ViIjoiMTIzNDU2Nzg5MCJ9.YwXOM8v3gHVWcQRRRQc_zDlhmLnM62fwhFYGpiA0J1A""#, r#"{"iat":1516239022,"mood":"Disdainful","sub":"1234567890"}"#)],
)]);

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    tokens::check_verifying(Algorithm::Hs256, arguments)
}

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    tokens::parse(Algorithm::Hs256, call, &target)
}
