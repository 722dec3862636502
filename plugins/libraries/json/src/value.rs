//! Values at their places in a text, for those who take documents apart and make no trees.

use std::borrow::Cow;

use crate::scan::{self, Scanned};
use crate::{JsonError, place};

/// A value at its place in a text. Until it is taken apart it is known to be well formed as far as [`scan::value`] looks:
/// strings may hold bytes that are no UTF-8.
#[derive(Clone, Copy, Debug)]
pub struct Json<'t> {
    pub text: &'t [u8],
    /// Where it starts and ends.
    pub start: usize,
    pub end: usize,
}

impl<'t> Json<'t> {
    /// The one value of a text.
    ///
    /// # Errors
    /// The first mistake, or what follows the value.
    pub fn of(text: &'t [u8]) -> Result<Self, JsonError> {
        let (start, end) = scan::value(text, 0)?;
        match text.get(scan::space(text, end)) {
            None => Ok(Self { text, start, end }),
            Some(byte) => Err(JsonError::Unexpected { byte: *byte, place: "after top-level value" }),
        }
    }

    #[must_use]
    pub fn bytes(self) -> &'t [u8] {
        self.text.get(self.start..self.end).unwrap_or_default()
    }

    #[must_use]
    pub fn first(self) -> u8 {
        self.text.get(self.start).copied().unwrap_or_default()
    }

    #[must_use]
    pub fn is_null(self) -> bool {
        self.first() == b'n'
    }

    /// What it is called in errors.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self.first() {
            b'{' => "an object",
            b'[' => "an array",
            b'"' => "a string",
            b't' | b'f' => "a boolean",
            b'n' => "null",
            _ => "a number",
        }
    }

    /// The text of a string; none of another value.
    ///
    /// # Errors
    /// A mistake in the string.
    pub fn string(self) -> Result<Option<Cow<'t, [u8]>>, JsonError> {
        if self.first() != b'"' {
            return Ok(None);
        }
        Ok(Some(match scan::string(self.text, self.start + 1)? {
            Scanned::Plain { end } => Cow::Borrowed(self.text.get(self.start + 1..end).unwrap_or_default()),
            Scanned::Unescaped { text, .. } => Cow::Owned(text.into_bytes()),
        }))
    }

    /// The items of an array; none of another value.
    #[must_use]
    pub fn items(self) -> Items<'t> {
        Items(Inside::of(self, b'['))
    }

    /// The members of an object in their order; none of another value.
    #[must_use]
    pub fn members(self) -> Members<'t> {
        Members(Inside::of(self, b'{'))
    }
}

/// The inside of a container.
#[derive(Clone, Debug)]
struct Inside<'t> {
    text: &'t [u8],
    /// Where the next value, or the closing bracket, is.
    at: usize,
    is_over: bool,
}

impl<'t> Inside<'t> {
    fn of(json: Json<'t>, bracket: u8) -> Self {
        let at = scan::space(json.text, json.start + 1);
        let is_empty = matches!(json.text.get(at), Some(b']' | b'}') | None);
        Self { text: json.text, at, is_over: is_empty || json.first() != bracket }
    }

    fn value(&mut self) -> Result<Json<'t>, JsonError> {
        let text = self.text;
        let value = scan::value(text, self.at);
        let (start, end) = value.inspect_err(|_| self.is_over = true)?;
        let next = scan::space(text, end);
        self.is_over = text.get(next) != Some(&b',');
        self.at = scan::space(text, next + 1);
        Ok(Json { text, start, end })
    }
}

/// See [`Json::items`].
#[derive(Clone, Debug)]
pub struct Items<'t>(Inside<'t>);

impl<'t> Iterator for Items<'t> {
    type Item = Result<Json<'t>, JsonError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_over { None } else { Some(self.0.value()) }
    }
}

/// See [`Json::members`].
#[derive(Clone, Debug)]
pub struct Members<'t>(Inside<'t>);

impl<'t> Members<'t> {
    fn member(&mut self) -> Result<(Cow<'t, [u8]>, Json<'t>), JsonError> {
        let Inside { text, at, .. } = self.0;
        if text.get(at) != Some(&b'"') {
            return Err(JsonError::Unexpected {
                byte: text.get(at).copied().unwrap_or_default(),
                place: place::KEY,
            });
        }
        let (key, end) = match scan::string(text, at + 1)? {
            Scanned::Plain { end } => (Cow::Borrowed(text.get(at + 1..end).unwrap_or_default()), end),
            Scanned::Unescaped { text, end } => (Cow::Owned(text.into_bytes()), end),
        };
        let colon = scan::space(text, end + 1);
        if text.get(colon) != Some(&b':') {
            return Err(JsonError::Unexpected {
                byte: text.get(colon).copied().unwrap_or_default(),
                place: place::AFTER_KEY,
            });
        }
        self.0.at = scan::space(text, colon + 1);
        Ok((key, self.0.value()?))
    }
}

impl<'t> Iterator for Members<'t> {
    type Item = Result<(Cow<'t, [u8]>, Json<'t>), JsonError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_over {
            return None;
        }
        let member = self.member();
        self.0.is_over |= member.is_err();
        Some(member)
    }
}

#[cfg(test)]
mod tests {
    use super::Json;

    fn shown(json: Json<'_>) -> String {
        String::from_utf8_lossy(json.bytes()).into_owned()
    }

    #[test]
    fn containers_are_gone_over_without_trees() {
        let json = Json::of(br#" {"a" : [1, {"b": null} ,"]"] , "\u0062":{} } "#).expect("well formed");
        let members: Vec<_> = json.members().map(|member| member.expect("a member")).collect();
        let keys: Vec<_> = members.iter().map(|(key, _)| String::from_utf8_lossy(key)).collect();
        assert_eq!(keys, ["a", "b"]);
        let items: Vec<_> = members[0].1.items().map(|item| shown(item.expect("an item"))).collect();
        assert_eq!(items, ["1", r#"{"b": null}"#, "\"]\""]);
        assert_eq!(members[1].1.members().count(), 0);
        assert_eq!((json.items().count(), members[0].1.members().count()), (0, 0));
    }

    #[test]
    fn one_value_is_a_document() {
        for (text, expected) in [
            ("", "unexpected end of JSON input"),
            ("[1", "unexpected end of JSON input"),
            ("1 2", "invalid character '2' after top-level value"),
            ("{1:2}", "invalid character '1' looking for beginning of object key string"),
        ] {
            assert_eq!(Json::of(text.as_bytes()).expect_err(text).to_string(), expected);
        }
    }
}
