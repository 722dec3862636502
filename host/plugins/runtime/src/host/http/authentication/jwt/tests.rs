use std::path::Path;

use super::*;

const HEADERS: &str = "{\"kid\": \"k1\"}";
const CLAIMS: &str = "{\"iss\": \"me\", \"aud\": [\"a\", \"b\"], \"n\": 5}";

fn key(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/host/http/authentication/jwt/tests").join(name)
}

fn settings(file: &str, signing: &str) -> TokenSettings {
    TokenSettings::new(key(file), signing.parse().unwrap(), HEADERS, CLAIMS).unwrap()
}

/// Tokens that another program has signed with the same keys; all of these signatures are deterministic.
#[test]
fn tokens_are_signed() {
    for (signing, file, expected) in [
        ("RS256", "rsa-pkcs8.pem", include_str!("tests/rs256.jwt")),
        ("RS256", "rsa-pkcs1.pem", include_str!("tests/rs256.jwt")),
        ("RS384", "rsa-pkcs1.pem", include_str!("tests/rs384.jwt")),
        ("RS512", "rsa-pkcs8.pem", include_str!("tests/rs512.jwt")),
        ("EdDSA", "ed25519.pem", include_str!("tests/eddsa.jwt")),
    ] {
        assert_eq!(settings(file, signing).token().as_deref(), Ok(expected.trim()), "{signing} {file}");
    }
}

#[test]
fn keys_that_do_not_fit_are_named() {
    for (signing, file, expected) in [
        ("EdDSA", "rsa-pkcs8.pem", "it is no Ed25519 key"),
        ("EdDSA", "rsa-pkcs1.pem", "expected an Ed25519 key"),
        ("RS256", "ed25519.pem", "it is no RSA key"),
        ("RS256", "rs256.jwt", "there is no private key (PEM) in it"),
        ("RS256", "nothing.pem", "failed to read private key"),
        ("RS256", "", "is no regular file"),
    ] {
        let error = settings(file, signing).token().unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    assert!("HS256".parse::<Signing>().unwrap_err().contains("RS256, RS384, RS512 and EdDSA"));
    assert!(TokenSettings::new(key(""), Signing::EdDsa, "[]", "{}").is_err());
}

#[tokio::test]
async fn a_token_is_made_once() {
    let tokens = Tokens::default();
    let known = settings("ed25519.pem", "EdDSA");
    let first = tokens.get(&known).await.unwrap();
    assert!(Arc::ptr_eq(&first, &tokens.get(&known).await.unwrap()));
    for number in 0..MOST {
        let claims = format!("{{\"n\": {number}}}");
        let other = TokenSettings::new(key("ed25519.pem"), Signing::EdDsa, "{}", &claims).unwrap();
        tokens.get(&other).await.unwrap();
    }
    assert_eq!(tokens.lock().len(), MOST);
    assert!(tokens.known(&known).is_none());
}
