//! The exchange of credentials for a token.

use serde::Deserialize;

use crate::credentials::Credentials;

/// What is sent to whoever gives tokens out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TokenRequest {
    pub(crate) address: String,
    /// A form to be posted; without one it is a plain request.
    pub(crate) form: Option<String>,
    pub(crate) authorization: Option<String>,
}

/// How to ask for a token: with name and password in a header, or with another token in a form.
pub(crate) fn token_request(
    realm: &str,
    service: &str,
    scope: &str,
    credentials: &Credentials,
) -> TokenRequest {
    let mut wanted = Vec::new();
    for (name, value) in [("service", service), ("scope", scope)] {
        if !value.is_empty() {
            wanted.push(format!("{name}={}", escape(value)));
        }
    }
    if let Credentials::Identity(token) = credentials {
        wanted.extend([
            "grant_type=refresh_token".to_owned(),
            "client_id=forebay".to_owned(),
            format!("refresh_token={}", escape(token)),
        ]);
        return TokenRequest { address: realm.to_owned(), form: Some(wanted.join("&")), authorization: None };
    }
    let separator = if realm.contains('?') { '&' } else { '?' };
    let address =
        if wanted.is_empty() { realm.to_owned() } else { format!("{realm}{separator}{}", wanted.join("&")) };
    TokenRequest { address, form: None, authorization: credentials.basic() }
}

/// The token in an answer.
pub(crate) fn token(answer: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Answer {
        token: Option<String>,
        access_token: Option<String>,
    }
    let Answer { token, access_token } = serde_json::from_slice(answer).ok()?;
    let is_token = |token: &String| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    token.or(access_token).filter(is_token)
}

/// A text as a part of a query (RFC 3986).
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_asked_for_by_what_there_is_to_show() {
        let basic = Credentials::Basic { username: "u".to_owned(), password: "p".to_owned() };
        let request = token_request("https://a/t", "r.example", "repository:a/b:pull", &basic);
        assert_eq!(request.address, "https://a/t?service=r.example&scope=repository%3Aa%2Fb%3Apull");
        assert_eq!(request.authorization.as_deref(), Some("Basic dTpw"));
        let request = token_request("https://a/t?x=y", "", "s", &Credentials::Anonymous);
        assert_eq!((request.address.as_str(), request.authorization), ("https://a/t?x=y&scope=s", None));
        let request = token_request("https://a/t", "r", "", &Credentials::Identity("i/d".to_owned()));
        assert_eq!(request.address, "https://a/t");
        let form = "service=r&grant_type=refresh_token&client_id=forebay&refresh_token=i%2Fd";
        assert_eq!(request.form.as_deref(), Some(form));
    }

    #[test]
    fn a_token_goes_by_two_names() {
        assert_eq!(token(br#"{"token": "a"}"#).as_deref(), Some("a"));
        assert_eq!(token(br#"{"access_token": "b", "expires_in": 1}"#).as_deref(), Some("b"));
        assert_eq!(token(br#"{"token": "a\nb"}"#), None);
        assert_eq!(token(b"{}"), None);
    }
}
