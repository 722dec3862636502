use std::borrow::Cow;

use super::tokens;
use crate::eval::Call;
use crate::jwt::Algorithm;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "parse_jwt_es256",
    "JSON Web Tokens",
    "The claims of a token that was signed by ES256 with a key on an elliptic curve. It is an error if the signature is wrong or the token is not \
     valid now; `signing_secret` is the public key or a certificate in PEM.",
    body,
)
.unnamed()
.checked(check)
.params(tokens::PARAMS)
.examples(&[Example::new(
    "",
    r#"root = this.parse_jwt_es256("""-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE7o2XmxDeDRJq0lAy1221QOfJUreY
g0Y23/PISEcdmMxOUt6ZDNZjLvL9tbiA8cGpNRWEcibBG6I5a4pH1KzL0g==
-----END PUBLIC KEY-----
""")"#,
    &[(r#""eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE1MTYyMzkwMjIsIm1vb2QiOiJEaXNkYWluZnVsIiwic3ViIjoiMTIzNDU2Nzg5MCJ9.CZJrh9wyL3hIGxF9FS_eQJGwRdyFU4EzcFmS14JI4z9WapoRARHAzpnDY5BjWKedK6uOopfsCGLlcp3Ia9DhUQ""#, r#"{"iat":1516239022,"mood":"Disdainful","sub":"1234567890"}"#)],
)]);

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    tokens::check_verifying(Algorithm::Es256, arguments)
}

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    tokens::parse(Algorithm::Es256, call, &target)
}
