use std::borrow::Cow;

use crate::scan::{Scanned, string};
use crate::{JsonError, Style, place, rewrite};

/// A place in a text, between the values of which it goes from one to the next.
#[derive(Clone, Debug)]
pub struct Cursor<'t> {
    bytes: &'t [u8],
    at: usize,
    style: Style,
}

impl<'t> Cursor<'t> {
    /// The beginning of a text.
    #[must_use]
    pub fn new(bytes: &'t [u8], style: Style) -> Self {
        Self { bytes, at: 0, style }
    }

    /// The next byte that is not white space.
    pub fn token(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.bytes.get(self.at) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    /// Appends the value that begins here, and goes behind it.
    ///
    /// # Errors
    /// The first mistake in it. Something of it may have been appended.
    pub fn value(&mut self, out: &mut Vec<u8>) -> Result<(), JsonError> {
        self.at = rewrite(self.bytes, self.at, self.style, out)?;
        Ok(())
    }

    /// Goes to the next item of an array: its first when the cursor is at its bracket, which `first` says, otherwise the
    /// one after a value. False when there is none; the cursor is behind the array then.
    ///
    /// # Errors
    /// Something else stands there.
    pub fn item(&mut self, first: bool) -> Result<bool, JsonError> {
        self.follow(first, b']', place::AFTER_ITEM)
    }

    /// Likewise to the next value of an object: its key.
    ///
    /// # Errors
    /// Something else stands there.
    pub fn entry(&mut self, first: bool) -> Result<Option<Cow<'t, str>>, JsonError> {
        if !self.follow(first, b'}', place::AFTER_ENTRY)? {
            return Ok(None);
        }
        let key = match self.needed()? {
            b'"' => self.key()?,
            byte => return Err(JsonError::Unexpected { byte, place: place::KEY }),
        };
        match self.needed()? {
            b':' => self.at += 1,
            byte => return Err(JsonError::Unexpected { byte, place: place::AFTER_KEY }),
        }
        Ok(Some(key))
    }

    fn follow(&mut self, first: bool, end: u8, place: &'static str) -> Result<bool, JsonError> {
        if first {
            self.at += 1;
            let is_empty = self.needed()? == end;
            self.at += usize::from(is_empty);
            return Ok(!is_empty);
        }
        match self.needed()? {
            b',' => {
                self.at += 1;
                Ok(true)
            }
            byte if byte == end => {
                self.at += 1;
                Ok(false)
            }
            byte => Err(JsonError::Unexpected { byte, place }),
        }
    }

    fn key(&mut self) -> Result<Cow<'t, str>, JsonError> {
        let start = self.at + 1;
        let (key, end) = match string(self.bytes, start)? {
            Scanned::Plain { end } => {
                (String::from_utf8_lossy(self.bytes.get(start..end).unwrap_or_default()), end)
            }
            Scanned::Unescaped { text, end } => (Cow::Owned(text), end),
        };
        self.at = end + 1;
        Ok(key)
    }

    fn needed(&mut self) -> Result<u8, JsonError> {
        self.token().ok_or(JsonError::Truncated)
    }
}

#[cfg(test)]
mod tests {
    use super::Cursor;
    use crate::Style;

    #[test]
    fn members_are_gone_through() {
        let mut cursor = Cursor::new(br#" [ {"k\n": 1, "b":[2 ]} , [], 3] 4"#, Style::default());
        let mut out = Vec::new();
        let mut keys = Vec::new();
        assert_eq!(cursor.token(), Some(b'['));
        assert_eq!(cursor.item(true), Ok(true));
        assert_eq!(cursor.token(), Some(b'{'));
        let mut first = true;
        while let Some(key) = cursor.entry(first).expect("an object") {
            first = false;
            keys.push(key);
            cursor.value(&mut out).expect("a value");
        }
        assert_eq!(keys, ["k\n", "b"]);
        assert_eq!(cursor.item(false), Ok(true));
        assert_eq!(cursor.token(), Some(b'['));
        assert_eq!(cursor.item(true), Ok(false));
        assert_eq!(cursor.item(false), Ok(true));
        cursor.value(&mut out).expect("a value");
        assert_eq!(cursor.item(false), Ok(false));
        assert_eq!((cursor.token(), out.as_slice()), (Some(b'4'), b"1[2]3".as_slice()));
    }
}
