use std::borrow::Cow;

use super::tokens;
use crate::eval::Call;
use crate::jwt::Algorithm;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "parse_jwt_rs512",
    "JSON Web Tokens",
    "The claims of a token that was signed by RS512 with an RSA key. It is an error if the signature is wrong or the token is not \
     valid now; `signing_secret` is the public key or a certificate in PEM.",
    body,
)
.unnamed()
.checked(check)
.params(tokens::PARAMS)
.examples(&[Example::new(
    "",
    r#"root = this.parse_jwt_rs512("""-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArkOO1mFQlXx37/LDhION
/lCvxsfjHzGtWYSlVN/K+5a9lfhqOMTlSaTRVeCsLxvFFsJKiHEi+awJKHbf3tvZ
JW15D1rqZIIjEH4ovP5tlJe72sAN6Fv/Y4fL2T5vMY2/jlsGm1TG3fqbRS9e2JHX
2GOs3U1GRcniwYtgZUD5yoyhUjJg4vF2vx3E/4FjN8dpq6y0ciX9t+B6myjxUJ0P
lenJV4nSi4cboLS2DQq4+tXNuIDq4zDokusIY/RgeMjr3JQdlwppMldj5uBJtEFa
9mKUGZTuaVIwDED0JsfErUsZbhys20Idw2zPjm7HRK9+/Xh1X8Kf+F+LReOBLP24
MwIDAQAB
-----END PUBLIC KEY-----
""")"#,
    &[(r#""eyJhbGciOiJSUzUxMiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE1MTYyMzkwMjIsIm1vb2QiOiJEaXNkYWluZnVsIiwic3ViIjoiMTIzNDU2Nzg5MCJ9.RrMZ69ZShTv1JwIjugmKLKx46zXjD1Y6jmbLtC5HVI7KjS-Ai-e9eZCWQJ7qPVzL54qq8OV52j9uAvxSHRewNH8gFczM3qc8NcE67g8j0acu2c291gVPNqqaTGXJ1T12V5leHO4NiSl1LPDaPUXVl7y-2X5Go80PDHgjWdu_QANMXFooXC9vc5PTn7uG9JDVPK64N2t5Gko3xhhoK1USQGWSIwUpZ7YYuy-7g6WCExkMpeFYYMgrS28W0BuIYuPIDIELrAqyKEyr8WY2Ql2_zbHm6cQSJUNd8NYF5j_ZGJIf1u7U38IJkIyGeuIQoLMSMlBkF_JEEZMaKh47m7ikDw""#, r#"{"iat":1516239022,"mood":"Disdainful","sub":"1234567890"}"#)],
)]);

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    tokens::check_verifying(Algorithm::Rs512, arguments)
}

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    tokens::parse(Algorithm::Rs512, call, &target)
}
