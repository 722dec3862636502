use std::borrow::Cow;

use super::tokens;
use crate::eval::Call;
use crate::jwt::Algorithm;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "parse_jwt_es384",
    "JSON Web Tokens",
    "The claims of a token that was signed by ES384 with a key on an elliptic curve. It is an error if the signature is wrong or the token is not \
     valid now; `signing_secret` is the public key or a certificate in PEM.",
    body,
)
.unnamed()
.checked(check)
.params(tokens::PARAMS)
.examples(&[Example::new(
    "",
    r#"root = this.parse_jwt_es384("""-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEQeqDnbJpy8kx9FWgI8UCE/ZXzmoCbHqZ
PHjCF5d5UxF63d/QloJWv54AGVM6M9IzvEEcNz62CZA2aXZu3T/o/t+zgDBWNrLr
GrIQnQSUy+mNOWbT2HnnHOS0Ht8CGelk
-----END PUBLIC KEY-----
""")"#,
    &[(r#""eyJhbGciOiJFUzM4NCIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE1MTYyMzkwMjIsIm1vb2QiOiJEaXNkYWluZnVsIiwic3ViIjoiMTIzNDU2Nzg5MCJ9.L-L-i82OKdInVEtS1hRH_B8VOYA-vYVtUP6k98YHc34feTgs3kUU3C7H2kpu9xQ5yOKiFYqKE3AtsLgqb4dizseUxKtf9Y6gV1QncVb-ViOxUcepWrne9N78CcBZFRov""#, r#"{"iat":1516239022,"mood":"Disdainful","sub":"1234567890"}"#)],
)]);

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    tokens::check_verifying(Algorithm::Es384, arguments)
}

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    tokens::parse(Algorithm::Es384, call, &target)
}
