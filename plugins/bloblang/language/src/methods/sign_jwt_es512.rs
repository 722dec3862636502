use std::borrow::Cow;

use super::tokens;
use crate::eval::Call;
use crate::jwt::Algorithm;
use crate::spec::{Evaluated, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "sign_jwt_es512",
    "JSON Web Tokens",
    "A token that makes the claims of an object, signed by ES512 with a key on an elliptic curve; `signing_secret` is the private key in PEM, SEC 1 or PKCS #8.",
    body,
)
.unnamed()
.checked(check)
.params(tokens::PARAMS);

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    tokens::check_signing(Algorithm::Es512, arguments)
}

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    tokens::sign(Algorithm::Es512, call, &target)
}
