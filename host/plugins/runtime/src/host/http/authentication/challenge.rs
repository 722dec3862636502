//! What a server wants to know of a client: `www-authenticate` of digest access authentication (RFC 7616).

use http::header::{self, HeaderMap};

/// A challenge of a server that can be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    pub(super) realm: String,
    pub(super) nonce: String,
    pub(super) opaque: Option<String>,
    /// As the server wrote it; MD5 where it wrote nothing.
    pub(super) algorithm: Option<String>,
    pub(super) hash: Hash,
    pub(super) quality: Quality,
    /// Whether the name of the user is sent as a hash.
    pub(super) userhash: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Md5,
    Sha256,
    Sha512,
    Sha512To256,
}

/// What is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quality {
    /// As RFC 2069 has it.
    Unsaid,
    Request,
    RequestAndBody,
}

impl Challenge {
    /// The first one that can be answered.
    pub(super) fn find(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(header::WWW_AUTHENTICATE).iter();
        values.filter_map(|value| value.to_str().ok()).find_map(Self::parse)
    }

    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim_start().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        let all = parameters(rest)?;
        let get = |name: &str| all.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let algorithm = get("algorithm").filter(|algorithm| !algorithm.is_empty());
        let hash = match algorithm.as_deref().unwrap_or("MD5").to_ascii_uppercase().as_str() {
            "MD5" => Hash::Md5,
            "SHA-256" => Hash::Sha256,
            "SHA-512" => Hash::Sha512,
            "SHA-512-256" => Hash::Sha512To256,
            _ => return None,
        };
        let qualities = get("qop");
        let offers = |wanted: &str| {
            qualities.iter().any(|all| all.split(',').any(|one| one.trim().eq_ignore_ascii_case(wanted)))
        };
        let quality = match &qualities {
            None => Quality::Unsaid,
            Some(_) if offers("auth") => Quality::Request,
            Some(_) if offers("auth-int") => Quality::RequestAndBody,
            Some(_) => return None,
        };
        Some(Self {
            realm: get("realm").unwrap_or_default(),
            nonce: get("nonce")?,
            opaque: get("opaque"),
            algorithm,
            hash,
            quality,
            userhash: get("userhash").is_some_and(|value| value.eq_ignore_ascii_case("true")),
        })
    }
}

/// `name=value` or `name="value"`, between commas. Names come in lower case.
fn parameters(text: &str) -> Option<Vec<(String, String)>> {
    let mut all = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => unquoted(quoted)?,
            None => {
                let end = after.find(',').unwrap_or(after.len());
                let (value, after) = after.split_at(end);
                (value.trim().to_owned(), after)
            }
        };
        all.push((name.trim().to_ascii_lowercase(), value));
        rest = after.trim_start();
        rest = match rest.strip_prefix(',') {
            Some(more) => more.trim_start(),
            None if rest.is_empty() => rest,
            None => return None,
        };
    }
    Some(all)
}

/// What stands before the quote that ends a text, and what behind it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => value.push(letters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn found(values: &[&'static str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static(value));
        }
        Challenge::find(&headers)
    }

    #[test]
    fn the_first_challenge_that_can_be_answered_is_taken() {
        let challenge = found(&[
            "Basic realm=\"b\"",
            "Digest realm=\"c\", nonce=\"n0\", algorithm=MD5-sess, qop=\"auth\"",
            "Digest realm=\"a, \\\"b\\\"\", nonce=\"n=1\", stale=true , algorithm=SHA-256, qop=\"auth-int, auth\",\
             opaque=\"o\", userhash=true",
            "Digest realm=\"d\", nonce=\"n2\"",
        ]);
        let expected = Challenge {
            realm: "a, \"b\"".to_owned(),
            nonce: "n=1".to_owned(),
            opaque: Some("o".to_owned()),
            algorithm: Some("SHA-256".to_owned()),
            hash: Hash::Sha256,
            quality: Quality::Request,
            userhash: true,
        };
        assert_eq!(challenge, Some(expected));
    }

    #[test]
    fn what_can_not_be_answered_is_no_challenge() {
        for value in [
            "Basic realm=\"b\"",
            "Digest",
            "Digest realm=\"r\"",
            "Digest realm=\"r\", nonce=\"open",
            "Digest realm=\"r\", nonce=\"n\", qop=\"token\"",
            "Digest realm=\"r\", nonce=\"n\", algorithm=MD4",
            "Digest realm=\"r\" nonce=\"n\"",
        ] {
            assert_eq!(found(&[value]), None, "{value}");
        }
        let old = found(&["digest nonce=n"]).expect("the oldest form");
        assert_eq!((old.hash, old.quality, old.realm.as_str()), (Hash::Md5, Quality::Unsaid, ""));
    }
}
