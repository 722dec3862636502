//! Where a plugin lies: `registry/repository:tag@sha256:digest`.

use std::fmt;
use std::str::FromStr;

/// A place in a registry. With a digest it means that manifest; the tag is for people then.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<String>,
}

/// A text that is no reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no reference: {reason}; expected registry/repository:tag or registry/repository@sha256:..."
)]
pub struct BadReference {
    text: String,
    reason: &'static str,
}

const DEFAULT_TAG: &str = "latest";

impl Reference {
    /// The host, and the port where one is given.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The digest of the manifest, where the reference says it.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// What the manifest is asked for by: its digest, or else the tag, `latest` where there is none.
    #[must_use]
    pub fn manifest(&self) -> &str {
        self.digest().unwrap_or(self.tag.as_deref().unwrap_or(DEFAULT_TAG))
    }

    /// The same place, and this manifest.
    #[must_use]
    pub fn with_digest(&self, digest: &str) -> Self {
        Self { digest: Some(digest.to_owned()), ..self.clone() }
    }
}

impl FromStr for Reference {
    type Err = BadReference;

    fn from_str(text: &str) -> Result<Self, BadReference> {
        let bad = |reason| BadReference { text: text.to_owned(), reason };
        let rest = text.strip_prefix("oci://").unwrap_or(text);
        let (rest, digest) = match rest.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (rest, None),
        };
        let (registry, path) = rest.split_once('/').ok_or_else(|| bad("it names no registry"))?;
        // What has no dot and no port is the first part of a repository on Docker Hub, for Docker.
        if !registry.contains(['.', ':']) && registry != "localhost" {
            return Err(bad("it does not begin with the host of a registry"));
        }
        if !registry.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte)) {
            return Err(bad("the host of the registry is malformed"));
        }
        let (repository, tag) = match path.rsplit_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (path, None),
        };
        if !repository.split('/').all(is_part) {
            return Err(bad("a repository takes a-z, 0-9, and . _ - between them"));
        }
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(bad("a tag takes up to 128 letters, digits, and _ . - behind the first"));
        }
        if digest.is_some_and(|digest| !is_digest(digest)) {
            return Err(bad("a digest is sha256: and 64 of the digits 0-9 and a-f"));
        }
        Ok(Self {
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
        })
    }
}

fn is_part(part: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let all = part.bytes().all(|byte| inside(byte) || b"._-".contains(&byte));
    all && part.bytes().next().is_some_and(inside) && part.bytes().last().is_some_and(inside)
}

fn is_tag(tag: &str) -> bool {
    let first = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=128).contains(&tag.len())
        && tag.bytes().next().is_some_and(first)
        && tag.bytes().all(|byte| first(byte) || b".-".contains(&byte))
}

/// Whether a text is a digest of the kind that all registries have.
pub(crate) fn is_digest(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.strip_prefix("sha256:").is_some_and(|digits| digits.len() == 64 && digits.bytes().all(is_digit))
}

impl fmt::Display for Reference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(out, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(out, "@{digest}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_and_written() {
        let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
        for text in [
            "localhost:5000/a".to_owned(),
            "ghcr.io/acme/deep/shout:1.2-rc_1".to_owned(),
            format!("127.0.0.1:5000/a/b@{digest}"),
            format!("ghcr.io/a:1@{digest}"),
        ] {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
        }
        let reference: Reference = format!("oci://ghcr.io/a:1@{digest}").parse().unwrap();
        assert_eq!((reference.manifest(), reference.registry()), (digest.as_str(), "ghcr.io"));
        assert_eq!("ghcr.io/a".parse::<Reference>().unwrap().manifest(), "latest");
    }

    #[test]
    fn what_is_no_reference_is_refused_with_the_reason() {
        for (text, reason) in [
            ("shout", "names no registry"),
            ("acme/shout", "does not begin with the host"),
            ("ghcr.io/", "a repository takes"),
            ("ghcr.io/Acme/shout", "a repository takes"),
            ("ghcr.io/a/../b", "a repository takes"),
            ("ghcr.io/a:", "a tag takes"),
            ("ghcr.io/a@sha256:12", "a digest is"),
            ("gh cr.io/a", "the host of the registry is malformed"),
        ] {
            let error = text.parse::<Reference>().unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
