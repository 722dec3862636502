//! A cache as components of the host use it.

use std::borrow::Cow;
use std::time::Duration;

use forebay_plugins_api::{CacheError, Caches, OpenError};

use super::opening::{Opening, problem};

/// One cache of the pipeline, by its label. Errors of its calls are what the cache itself says.
pub(crate) struct Store {
    caches: Caches,
    label: String,
}

impl Store {
    /// The cache that the field `field` names; `missing` says of a label that there is none.
    ///
    /// # Errors
    /// There is none with this label.
    pub(crate) fn open(
        opening: &Opening<'_>,
        field: &str,
        label: &str,
        missing: impl FnOnce(&str) -> String,
    ) -> Result<Self, OpenError> {
        let caches = opening.setup.caches.clone();
        caches.check(label).map_err(|error| {
            let hint = match error {
                CacheError::Unknown { hint, .. } => hint,
                _ => String::new(),
            };
            problem(field, &format!("{}{hint}", missing(label)))
        })?;
        Ok(Self { caches, label: label.to_owned() })
    }

    /// The cache with this label, which there is.
    #[cfg(test)]
    pub(crate) fn new(caches: Caches, label: &str) -> Self {
        Self { caches, label: label.to_owned() }
    }

    pub(super) async fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        self.caches.get(&self.label, &name(key)).await.map_err(reason)
    }

    pub(crate) async fn set(
        &self,
        key: &[u8],
        value: Vec<u8>,
        after: Option<Duration>,
    ) -> Result<(), String> {
        self.caches.set(&self.label, &name(key), value, after).await.map_err(reason)
    }

    /// Whether it was added; it is not where there was one.
    pub(super) async fn add(
        &self,
        key: &[u8],
        value: Vec<u8>,
        after: Option<Duration>,
    ) -> Result<bool, String> {
        self.caches.add(&self.label, &name(key), value, after).await.map_err(reason)
    }

    pub(super) async fn delete(&self, key: &[u8]) -> Result<(), String> {
        self.caches.delete(&self.label, &name(key)).await.map_err(reason)
    }
}

/// What Bento says of a label that there is no cache with.
pub(crate) fn missing(label: &str) -> String {
    format!("cache resource '{label}' was not found")
}

fn reason(error: CacheError) -> String {
    match error {
        CacheError::Failed { reason, .. } => reason,
        error => error.to_string(),
    }
}

/// Characters for private use stand for the bytes of keys that are no text, such as digests: this one and the byte.
const BYTES: u32 = 0x10_ff00;

/// The name of a key in caches, whose keys are text. Different keys have different names: text stands for itself,
/// unless it has the characters in it that stand for bytes.
fn name(key: &[u8]) -> Cow<'_, str> {
    let stands_for_byte = |c: char| u32::from(c) >= BYTES;
    if let Ok(text) = std::str::from_utf8(key)
        && !text.contains(stands_for_byte)
    {
        return Cow::Borrowed(text);
    }
    let mut name = String::with_capacity(key.len() * 4);
    let push_bytes = |name: &mut String, bytes: &[u8]| {
        name.extend(bytes.iter().filter_map(|byte| char::from_u32(BYTES + u32::from(*byte))));
    };
    for chunk in key.utf8_chunks() {
        for c in chunk.valid().chars() {
            if stands_for_byte(c) {
                push_bytes(&mut name, c.encode_utf8(&mut [0; 4]).as_bytes());
            } else {
                name.push(c);
            }
        }
        push_bytes(&mut name, chunk.invalid());
    }
    Cow::Owned(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_keys_have_different_names() {
        assert_eq!(name("text \u{e9} \u{10fe00}".as_bytes()), "text \u{e9} \u{10fe00}");
        assert_eq!(name(b"a\xffb\xc3"), "a\u{10ffff}b\u{10ffc3}");
        let keys: [&[u8]; 6] =
            [b"\xff", b"\xfe", "\u{10ffff}".as_bytes(), "\u{fffd}".as_bytes(), b"\xff\xff", b"\xf4\x8f\xbf"];
        for (index, one) in keys.iter().enumerate() {
            assert!(keys[..index].iter().all(|other| name(other) != name(one)), "{one:?}");
        }
    }
}
