use std::borrow::Cow;

use super::tokens;
use crate::eval::Call;
use crate::jwt::Algorithm;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "sign_jwt_hs512",
    "JSON Web Tokens",
    "A token that makes the claims of an object, signed by HS512 with a secret; `signing_secret` is the secret.",
    body,
)
.unnamed()
.checked(check)
.params(tokens::PARAMS)
.examples(&[Example::new(
    "",
    r#"root = this.sign_jwt_hs512("dont-tell-anyone")"#,
    &[(r#"{"iat":1516239022,"mood":"Disdainful","sub":"1234567890"}"#, "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE1MTYyMzkwMjIsIm1vb2QiOiJEaXNkYWluZnVsIiwic3ViIjoiMTIzNDU2Nzg5MCJ9.utRb0urG6LGGyranZJVo5Dk0Fns1QNcSUYPN0TObQ-YzsGGB8jrxHwM5NAJccjJZzKectEUqmmKCaETZvuX4Fg")],
)]);

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    tokens::check_signing(Algorithm::Hs512, arguments)
}

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    tokens::sign(Algorithm::Hs512, call, &target)
}
