//! Digest access authentication (RFC 7616): a server asks, and what it is told does not show the password.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::HeaderMap;
use md5::Md5;
use sha2::digest::Digest;
use sha2::{Sha256, Sha512, Sha512_256};

use super::challenge::{Challenge, Hash, Quality};

/// Who sends a request.
pub(crate) struct Credentials {
    pub(super) username: String,
    pub(super) password: String,
}

/// What no other request has.
pub(super) struct Once {
    pub(super) cnonce: String,
    /// Which request this is of those that answer the same challenge, from 1.
    pub(super) count: u32,
}

/// The last challenge of each server that one component has to do with, and how often it was answered.
#[derive(Default)]
pub(in super::super) struct Challenges(Mutex<HashMap<String, (Challenge, u32)>>);

/// Servers whose challenges are kept. With more of them, all are asked again.
const MOST: usize = 64;

impl Challenges {
    /// The challenge of a server, and which answer to it the next one is.
    pub(super) fn next(&self, origin: &str) -> Option<(Challenge, u32)> {
        let mut known = self.lock();
        let (challenge, count) = known.get_mut(origin)?;
        *count = count.saturating_add(1);
        Some((challenge.clone(), *count))
    }

    /// Keeps the challenge of a response in place of an older one, which was answered in vain; whether there is one.
    pub(super) fn keep(&self, origin: String, headers: &HeaderMap) -> bool {
        let challenge = Challenge::find(headers);
        let mut known = self.lock();
        known.remove(&origin);
        let Some(challenge) = challenge else { return false };
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(origin, (challenge, 0));
        true
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (Challenge, u32)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Credentials {
    /// The header `authorization` that answers a challenge. `uri` is what the first line of the request asks for.
    pub(super) fn header(
        &self,
        challenge: &Challenge,
        method: &str,
        uri: &str,
        body: &[u8],
        once: &Once,
    ) -> String {
        let Challenge { realm, nonce, opaque, algorithm, hash, quality, userhash } = challenge;
        let Once { cnonce, count } = once;
        let secret = hash.of(&[&self.username, ":", realm, ":", &self.password]);
        let count = format!("{count:08x}");
        let (qop, asked) = match quality {
            Quality::Unsaid => (None, hash.of(&[method, ":", uri])),
            Quality::Request => (Some("auth"), hash.of(&[method, ":", uri])),
            Quality::RequestAndBody => {
                (Some("auth-int"), hash.of(&[method, ":", uri, ":", &hash.of_bytes(&[body])]))
            }
        };
        let response = match qop {
            None => hash.of(&[&secret, ":", nonce, ":", &asked]),
            Some(qop) => hash.of(&[&secret, ":", nonce, ":", &count, ":", cnonce, ":", qop, ":", &asked]),
        };
        let username = if *userhash { hash.of(&[&self.username, ":", realm]) } else { self.username.clone() };
        let mut all = vec![
            format!("username={}", quoted(&username)),
            format!("realm={}", quoted(realm)),
            format!("nonce={}", quoted(nonce)),
            format!("uri={}", quoted(uri)),
        ];
        all.extend(algorithm.as_ref().map(|algorithm| format!("algorithm={algorithm}")));
        all.extend(qop.map(|_| format!("cnonce={}", quoted(cnonce))));
        all.extend(opaque.as_ref().map(|opaque| format!("opaque={}", quoted(opaque))));
        all.extend(qop.map(|qop| format!("qop={qop}, nc={count}")));
        all.extend(userhash.then(|| "userhash=true".to_owned()));
        // Some servers expect it at the end.
        all.push(format!("response={}", quoted(&response)));
        format!("Digest {}", all.join(", "))
    }
}

impl Hash {
    fn of(self, texts: &[&str]) -> String {
        let bytes: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
        self.of_bytes(&bytes)
    }

    /// In hexadecimal digits.
    fn of_bytes(self, parts: &[&[u8]]) -> String {
        match self {
            Self::Md5 => digest::<Md5>(parts),
            Self::Sha256 => digest::<Sha256>(parts),
            Self::Sha512 => digest::<Sha512>(parts),
            Self::Sha512To256 => digest::<Sha512_256>(parts),
        }
    }
}

fn digest<D: Digest>(parts: &[&[u8]]) -> String {
    let mut hasher = D::new();
    for part in parts {
        hasher.update(part);
    }
    let mut text = String::new();
    for byte in &hasher.finalize() {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(hash: Hash, algorithm: &str) -> Challenge {
        Challenge {
            realm: "http-auth@example.org".to_owned(),
            nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v".to_owned(),
            opaque: Some("FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS".to_owned()),
            algorithm: Some(algorithm.to_owned()),
            hash,
            quality: Quality::Request,
            userhash: false,
        }
    }

    /// The examples of RFC 7616, section 3.9.1.
    #[test]
    fn answers_are_those_of_the_rfc() {
        let credentials =
            Credentials { username: "Mufasa".to_owned(), password: "Circle of Life".to_owned() };
        let once = Once { cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ".to_owned(), count: 1 };
        for (hash, algorithm, response) in [
            (Hash::Md5, "MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            (Hash::Sha256, "SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let challenge = challenge(hash, algorithm);
            let expected = format!(
                "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", nonce=\"{}\", uri=\"/dir/index.html\", \
                 algorithm={algorithm}, cnonce=\"{}\", opaque=\"{}\", qop=auth, nc=00000001, response=\"{response}\"",
                challenge.nonce,
                once.cnonce,
                challenge.opaque.as_deref().unwrap_or_default(),
            );
            assert_eq!(credentials.header(&challenge, "GET", "/dir/index.html", b"", &once), expected);
        }
    }

    /// What is expected was computed by another program.
    #[test]
    fn other_forms_are_answered_as_they_ask() {
        let credentials = Credentials { username: "u".to_owned(), password: "p".to_owned() };
        let once = Once { cnonce: "c".to_owned(), count: 2 };
        let old = Challenge {
            realm: "r".to_owned(),
            nonce: "n".to_owned(),
            opaque: None,
            algorithm: None,
            hash: Hash::Md5,
            quality: Quality::Unsaid,
            userhash: false,
        };
        let header = credentials.header(&old, "GET", "/", b"", &once);
        assert_eq!(
            header,
            "Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"/\", response=\"f23121ca97143c6b358da620220c83b4\""
        );
        let whole =
            Challenge { quality: Quality::RequestAndBody, userhash: true, hash: Hash::Sha512To256, ..old };
        let header = credentials.header(&whole, "POST", "/a?b", b"body", &once);
        let expected = "Digest username=\"c738f2ad401bc87a71fe78096015c97b9a26d55f15e9f50ac3a6de73ddcd3d08\", realm=\"r\", nonce=\"n\", uri=\"/a?b\", cnonce=\"c\", qop=auth-int, \
                        nc=00000002, userhash=true, response=\"a0eb4cdd505916a82c9f31363e20190025b6e2d862b26cbf52e67de6d2ddc84f\"";
        assert_eq!(header, expected);
    }

    #[test]
    fn a_challenge_is_answered_with_rising_numbers_until_there_is_another() {
        let challenges = Challenges::default();
        let asked = |nonce: &str| {
            let value = format!("Digest nonce=\"{nonce}\"");
            let headers = [(http::header::WWW_AUTHENTICATE, value.parse().unwrap())];
            HeaderMap::from_iter(headers)
        };
        assert!(challenges.next("a").is_none());
        assert!(challenges.keep("a".to_owned(), &asked("1")));
        assert_eq!(challenges.next("a").map(|(_, count)| count), Some(1));
        assert_eq!(challenges.next("a").map(|(_, count)| count), Some(2));
        assert!(challenges.next("b").is_none());
        assert!(challenges.keep("a".to_owned(), &asked("2")));
        let (challenge, count) = challenges.next("a").unwrap();
        assert_eq!((challenge.nonce.as_str(), count), ("2", 1));
        assert!(!challenges.keep("a".to_owned(), &HeaderMap::new()));
        assert!(challenges.next("a").is_none());
    }
}
