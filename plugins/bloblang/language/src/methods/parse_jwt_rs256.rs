use std::borrow::Cow;

use super::tokens;
use crate::eval::Call;
use crate::jwt::Algorithm;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "parse_jwt_rs256",
    "JSON Web Tokens",
    "The claims of a token that was signed by RS256 with an RSA key. It is an error if the signature is wrong or the token is not \
     valid now; `signing_secret` is the public key or a certificate in PEM.",
    body,
)
.unnamed()
.checked(check)
.params(tokens::PARAMS)
.examples(&[Example::new(
    "",
    r#"root = this.parse_jwt_rs256("""-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArkOO1mFQlXx37/LDhION
/lCvxsfjHzGtWYSlVN/K+5a9lfhqOMTlSaTRVeCsLxvFFsJKiHEi+awJKHbf3tvZ
JW15D1rqZIIjEH4ovP5tlJe72sAN6Fv/Y4fL2T5vMY2/jlsGm1TG3fqbRS9e2JHX
2GOs3U1GRcniwYtgZUD5yoyhUjJg4vF2vx3E/4FjN8dpq6y0ciX9t+B6myjxUJ0P
lenJV4nSi4cboLS2DQq4+tXNuIDq4zDokusIY/RgeMjr3JQdlwppMldj5uBJtEFa
9mKUGZTuaVIwDED0JsfErUsZbhys20Idw2zPjm7HRK9+/Xh1X8Kf+F+LReOBLP24
MwIDAQAB
-----END PUBLIC KEY-----
""")"#,
    &[(r#""eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE1MTYyMzkwMjIsIm1vb2QiOiJEaXNkYWluZnVsIiwic3ViIjoiMTIzNDU2Nzg5MCJ9.K_v2fCCLrx2oPnsRKhfWsybOcyrjh4oY4wWl2z2VnhXSNwccITQbkzAWrZOS_7HBOziIdZz8BNymDIlM3nnyraLt_rqquskTi4Xr6AKfI00pwYp3QwxXgfgoyL2X72lNgvMDZRkHmYtgrRaeyJw48Hu5051SdwlTgFlgsyt3K4xKAGcTY6PhqmmcFIAFIsH8IP419TU3PbkE36KjQMWm8pkyC-LgiBosANi8ygC5ymKnMa_Ui-O4umHKbrz8nlkwl2ylc8t_K2HXQSSG4WDVIj4PdWDvi8__PobzoXQF2mO9fMQ1YYAmPOv66bG8UUMwkx7hngDypH4J_rAOIHQF_Q""#, r#"{"iat":1516239022,"mood":"Disdainful","sub":"1234567890"}"#)],
)]);

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    tokens::check_verifying(Algorithm::Rs256, arguments)
}

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    tokens::parse(Algorithm::Rs256, call, &target)
}
