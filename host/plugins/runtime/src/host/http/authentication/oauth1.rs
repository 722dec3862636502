//! OAuth 1.0 (RFC 5849), signed with HMAC-SHA1.

use http::Uri;
use ring::hmac;

use super::super::target::percent;
use super::super::text::base64;

/// Who sends a request, and what proves it.
pub(crate) struct OAuth1 {
    pub(super) consumer_key: String,
    pub(super) consumer_secret: String,
    pub(super) token: String,
    pub(super) token_secret: String,
}

/// What no other request has.
pub(super) struct Once {
    pub(super) nonce: String,
    /// Seconds since 1970.
    pub(super) timestamp: u64,
}

const METHOD: &str = "HMAC-SHA1";
const VERSION: &str = "1.0";

impl OAuth1 {
    /// The header `authorization` of a request; `form` is its body where that is a form.
    pub(super) fn header(&self, method: &str, uri: &Uri, form: Option<&str>, once: &Once) -> String {
        let timestamp = once.timestamp.to_string();
        let own = [
            ("oauth_consumer_key", self.consumer_key.as_str()),
            ("oauth_nonce", &once.nonce),
            ("oauth_signature_method", METHOD),
            ("oauth_timestamp", &timestamp),
            ("oauth_token", &self.token),
            ("oauth_version", VERSION),
        ];
        let base = base_string(method, uri, form, &own);
        let key = format!("{}&{}", encoded(&self.consumer_secret), encoded(&self.token_secret));
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
        let mut signature = String::new();
        base64(hmac::sign(&key, base.as_bytes()).as_ref(), &mut signature);
        let mut parts: Vec<String> =
            own.iter().map(|(name, value)| format!("{name}=\"{}\"", encoded(value))).collect();
        parts.insert(2, format!("oauth_signature=\"{}\"", encoded(&signature)));
        format!("OAuth {}", parts.join(", "))
    }
}

/// What is signed: section 3.4.1.
fn base_string(method: &str, uri: &Uri, form: Option<&str>, own: &[(&str, &str)]) -> String {
    let mut parameters: Vec<(String, String)> =
        own.iter().map(|(name, value)| (encoded(name), encoded(value))).collect();
    for pairs in [uri.query(), form].into_iter().flatten() {
        for pair in pairs.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            parameters.push((encoded_bytes(&decoded(name)), encoded_bytes(&decoded(value))));
        }
    }
    parameters.sort();
    let parameters: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let address = format!("{}://{authority}{}", uri.scheme_str().unwrap_or_default(), uri.path());
    format!("{}&{}&{}", encoded(method), encoded(&address), encoded(&parameters.join("&")))
}

/// Percent-encoded: all but letters, digits and `-._~`.
fn encoded(text: &str) -> String {
    encoded_bytes(text.as_bytes())
}

fn encoded_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            out.push(char::from(*byte));
        } else {
            percent(*byte, &mut out);
        }
    }
    out
}

/// A name or a value of a form.
fn decoded(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if *first == b'%' => {
                out.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                out.push(if *first == b'+' { b' ' } else { *first });
                rest = after;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 5849, section 3.4.1.1: a signature base string from a query and a form.
    #[test]
    fn the_base_string_is_that_of_the_rfc() {
        let uri: Uri = "http://example.com/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b".parse().unwrap();
        let own = [
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
        ];
        let expected = "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D\
                        %25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f\
                        3e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3D\
                        kkk9d7dh3k39sjv7";
        assert_eq!(base_string("POST", &uri, Some("c2&a3=2+q"), &own), expected);
    }

    /// The signature was computed by another program.
    #[test]
    fn a_request_is_signed() {
        let oauth = OAuth1 {
            consumer_key: "the key".to_owned(),
            consumer_secret: "the/secret".to_owned(),
            token: "the_token".to_owned(),
            token_secret: "of&token".to_owned(),
        };
        let once = Once { nonce: "42".to_owned(), timestamp: 1_700_000_000 };
        let uri: Uri = "http://127.0.0.1:8000/path".parse().unwrap();
        let header = oauth.header("GET", &uri, None, &once);
        assert_eq!(
            header,
            "OAuth oauth_consumer_key=\"the%20key\", oauth_nonce=\"42\", oauth_signature=\"AKYJErhFeAXsFCfCFiDP05fGJqU%3D\", \
             oauth_signature_method=\"HMAC-SHA1\", oauth_timestamp=\"1700000000\", oauth_token=\"the_token\", \
             oauth_version=\"1.0\""
        );
    }

    /// What Bento 1.20 has sent for the same request.
    #[test]
    fn a_signature_without_a_query_is_that_of_bento() {
        let oauth = OAuth1 {
            consumer_key: "k".to_owned(),
            consumer_secret: "s".to_owned(),
            token: "t".to_owned(),
            token_secret: "ts".to_owned(),
        };
        let once = Once { nonce: "7986878012383210298".to_owned(), timestamp: 1_795_306_928 };
        let uri: Uri = "http://127.0.0.1:18931/oauth".parse().unwrap();
        let header = oauth.header("POST", &uri, None, &once);
        assert!(header.contains("oauth_signature=\"CE7mb33jyfnxofEfCqTRIoS0y7g%3D\""), "{header}");
    }
}
