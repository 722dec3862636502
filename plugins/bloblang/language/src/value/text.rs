//! Text that shares its storage: a piece of a document is a range of that document.
//!
//! Parsing a message therefore makes one allocation for all its strings, and `trim`, `split` and `slice` none.
//! The price is that a piece keeps the whole alive, which is fine for values that live as long as one message.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// Shared, immutable UTF-8.
#[derive(Clone)]
pub struct Text(Repr);

#[derive(Clone)]
enum Repr {
    Static(&'static str),
    /// Invariant: `start..end` lies on character borders of `owner`.
    Shared {
        owner: Arc<str>,
        start: u32,
        end: u32,
    },
    Broken(Arc<Broken>),
}

/// Bytes that are called text though they are not UTF-8. The language lets them pass from text to text as they are; who
/// reads characters sees the replacement character in their place.
struct Broken {
    bytes: Vec<u8>,
    shown: String,
}

impl Text {
    pub const fn fixed(text: &'static str) -> Self {
        Self(Repr::Static(text))
    }

    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Static(text) => text,
            Repr::Shared { owner, start, end } => {
                owner.get(*start as usize..*end as usize).unwrap_or_default()
            }
            Repr::Broken(broken) => &broken.shown,
        }
    }

    /// The bytes as they are, which may be no UTF-8.
    pub fn raw(&self) -> &[u8] {
        match &self.0 {
            Repr::Broken(broken) => &broken.bytes,
            _ => self.as_bytes(),
        }
    }

    /// Whether the text is no UTF-8.
    pub(crate) fn is_broken(&self) -> bool {
        matches!(self.0, Repr::Broken(_))
    }

    /// Bytes as text that still knows them.
    pub fn of(bytes: &[u8]) -> Self {
        match simdutf8::basic::from_utf8(bytes) {
            Ok(text) => Self::from(text),
            Err(_) => {
                let shown = String::from_utf8_lossy(bytes).into_owned();
                Self(Repr::Broken(Arc::new(Broken { bytes: bytes.to_vec(), shown })))
            }
        }
    }

    /// The bytes, which comparing and writing want; no character borders are looked for.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Static(text) => text.as_bytes(),
            Repr::Shared { owner, start, end } => {
                owner.as_bytes().get(*start as usize..*end as usize).unwrap_or_default()
            }
            Repr::Broken(broken) => broken.shown.as_bytes(),
        }
    }

    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Static(text) => text.len(),
            Repr::Shared { start, end, .. } => (end - start) as usize,
            Repr::Broken(broken) => broken.shown.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes `start..end` of this text, without a copy; empty when they are not on character borders.
    #[must_use]
    pub fn slice(&self, start: usize, end: usize) -> Self {
        match &self.0 {
            Repr::Static(text) => Self(Repr::Static(text.get(start..end).unwrap_or_default())),
            Repr::Shared { owner, start: base, .. } => {
                if self.as_str().get(start..end).is_none() {
                    return Self::fixed("");
                }
                let base = *base as usize;
                Self::range(Arc::clone(owner), base + start, base + end)
            }
            Repr::Broken(broken) => Self::from(broken.shown.get(start..end).unwrap_or_default()),
        }
    }

    /// `part` of this very text, without a copy. `part` must have been cut out of `self.as_str()`.
    pub(crate) fn piece(&self, part: &str) -> Self {
        let start = (part.as_ptr() as usize).wrapping_sub(self.as_str().as_ptr() as usize);
        if start.checked_add(part.len()).is_some_and(|end| end <= self.len()) {
            self.slice(start, start + part.len())
        } else {
            Self::from(part)
        }
    }

    /// The bytes `start..end`, which the caller knows to be on character borders; were they not, it would be empty.
    pub(super) fn cut(&self, start: usize, end: usize) -> Self {
        match &self.0 {
            Repr::Static(text) => Self(Repr::Static(text.get(start..end).unwrap_or_default())),
            Repr::Shared { owner, start: base, .. } => {
                let base = *base as usize;
                Self::range(Arc::clone(owner), base + start, base + end)
            }
            Repr::Broken(_) => self.slice(start, end),
        }
    }

    fn range(owner: Arc<str>, start: usize, end: usize) -> Self {
        match (u32::try_from(start), u32::try_from(end)) {
            (Ok(start), Ok(end)) => Self(Repr::Shared { owner, start, end }),
            // Beyond 4 GiB; the limits on sizes refuse such text long before.
            _ => Self::fixed(""),
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        if text.is_empty() {
            return Self::fixed("");
        }
        Self::range(Arc::from(text), 0, text.len())
    }
}

impl Text {
    /// Bytes as text; what is not UTF-8 is replaced.
    pub(crate) fn lossy(bytes: &[u8]) -> Self {
        match simdutf8::basic::from_utf8(bytes) {
            Ok(text) => Self::from(text),
            Err(_) => Self::from(String::from_utf8_lossy(bytes).as_ref()),
        }
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.raw() == other.raw()
    }
}

impl Eq for Text {}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.raw().cmp(other.raw())
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.0 {
            Repr::Broken(broken) => broken.bytes.hash(state),
            // As the text that it can be borrowed as.
            _ => self.as_str().hash(state),
        }
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn bytes_that_are_no_text_are_still_known() {
        let text = Text::of(b"a\xff");
        assert_eq!((text.as_str(), text.raw()), ("a\u{fffd}", b"a\xff".as_slice()));
        assert_ne!(text, Text::from("a\u{fffd}"));
        assert!(!Text::of(b"a").is_broken());
    }

    #[test]
    fn a_piece_of_text_shares_its_storage() {
        let whole = Text::from(String::from("hello world"));
        let piece = whole.piece(&whole.as_str()[6..]);
        assert_eq!(piece.as_str(), "world");
        assert_eq!(piece.as_ptr(), whole.as_str()[6..].as_ptr());
    }

    #[test]
    fn a_slice_off_the_character_borders_is_empty() {
        assert_eq!(Text::from("h\u{e9}llo").slice(0, 2).as_str(), "");
    }
}
