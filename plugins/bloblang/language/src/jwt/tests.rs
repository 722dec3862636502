use super::{Algorithm, SigningKey, VerifyingKey, parse, sign};
use crate::Value;

const PRIVATE: &str = include_str!("tests/p256.pem");
const PUBLIC: &str = include_str!("tests/p256.pub.pem");

fn claims(json: &str) -> Value {
    Value::from_json(json.as_bytes()).expect("claims")
}

#[test]
fn a_token_is_read_with_the_key_it_was_signed_with_and_no_other() {
    let algorithm = Algorithm::Es256;
    let key = SigningKey::read(PRIVATE, algorithm).expect("a key");
    let signed = sign(&claims(r#"{"sub":"me"}"#), algorithm, &key).expect("a token");
    let right = VerifyingKey::read(PUBLIC, algorithm).expect("a key");
    assert_eq!(parse(&signed, algorithm, &right, 0), Ok(claims(r#"{"sub":"me"}"#)));
    let forged = format!("{}A{}", &signed[..30], &signed[31..]);
    assert!(parse(&forged, algorithm, &right, 0).is_err());
    assert_eq!(
        sign(&claims("{}"), Algorithm::Es384, &key),
        Err("key is invalid".to_owned()),
        "a key of another curve"
    );
}

#[test]
fn times_in_claims_are_kept() {
    let algorithm = Algorithm::Hs256;
    let key = SigningKey::read("secret", algorithm).expect("a key");
    let other = VerifyingKey::read("secret", algorithm).expect("a key");
    let at = |json: &str, now| {
        parse(&sign(&claims(json), algorithm, &key).expect("a token"), algorithm, &other, now)
    };
    assert!(at(r#"{"nbf":10,"exp":20}"#, 10).is_ok());
    assert_eq!(
        at(r#"{"nbf":10,"exp":20}"#, 20),
        Err("token has invalid claims: token is expired".to_owned())
    );
    assert_eq!(at(r#"{"nbf":10}"#, 9), Err("token has invalid claims: token is not valid yet".to_owned()));
    assert_eq!(
        at(r#"{"exp":"x"}"#, 9),
        Err("token has invalid claims: invalid type for claim: exp is invalid".to_owned())
    );
}

#[test]
fn a_key_that_is_none_is_refused() {
    let error = |text: &str, algorithm| SigningKey::read(text, algorithm).expect_err("no key");
    assert_eq!(
        error("secret", Algorithm::Rs256),
        "invalid key: Key must be a PEM encoded PKCS1 or PKCS8 key"
    );
    assert_eq!(
        error(PRIVATE, Algorithm::Rs256),
        "x509: failed to parse private key (use ParseECPrivateKey instead for this key format)"
    );
    assert!(error(PUBLIC, Algorithm::Es256).starts_with("asn1: structure error: tags don't match (2 vs"));
}
