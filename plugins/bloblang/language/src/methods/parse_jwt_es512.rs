use std::borrow::Cow;

use super::tokens;
use crate::eval::Call;
use crate::jwt::Algorithm;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "parse_jwt_es512",
    "JSON Web Tokens",
    "The claims of a token that was signed by ES512 with a key on an elliptic curve. It is an error if the signature is wrong or the token is not \
     valid now; `signing_secret` is the public key or a certificate in PEM.",
    body,
)
.unnamed()
.checked(check)
.params(tokens::PARAMS)
.examples(&[Example::new(
    "",
    r#"root = this.parse_jwt_es512("""-----BEGIN PUBLIC KEY-----
MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQBjQ/t/+puXsUSiL8J3ZtI2aVKAkdL
QKWqrl8zuf0yNMhcuqsa+so/JE3udlhfv7Gr2NiJNZEm8z3pkXED2J08/ZcA4iMa
2vJ+sQ1R8ejDFIOkMsg+I2wJQnzoUh/wXZUGh/RNVviHg7hLvF98uXaTmm7dLjD4
lX8NR+EQ7n0pqIz90lw=
-----END PUBLIC KEY-----
""")"#,
    &[(r#""eyJhbGciOiJFUzUxMiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE1MTYyMzkwMjIsIm1vb2QiOiJEaXNkYWluZnVsIiwic3ViIjoiMTIzNDU2Nzg5MCJ9.ABqjRVYcgCQzkFmy8Ao7QYKLSMV2VI6HvXQoSu9G-GvfiOb1HJTNKIFlZKhLVPeT395EQyO3vxr6DOmHmTLrLf3yAOnaXSahXGpmwFQ6ADS9w-5f8KJvJBR23xUy-lMAVubJ_osk_Xftl9zM68gNB7X8JksqHJbCzvHku1rQw0jWEUBG""#, r#"{"iat":1516239022,"mood":"Disdainful","sub":"1234567890"}"#)],
)]);

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    tokens::check_verifying(Algorithm::Es512, arguments)
}

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    tokens::parse(Algorithm::Es512, call, &target)
}
