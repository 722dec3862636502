//! JSON documents whose numbers stay as they are written: conditions compare them digit by digit.

use std::collections::BTreeMap;

/// How deep documents may be nested.
const MAX_DEPTH: usize = 500;

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Document {
    Null,
    Bool(bool),
    Number(String),
    String(String),
    Array(Vec<Self>),
    Object(BTreeMap<String, Self>),
}

impl Document {
    /// Reads the value that a text begins with; what follows it is not looked at. `None` if there is none.
    pub(crate) fn first_of(text: &[u8]) -> Option<Self> {
        Reader { text, at: 0 }.value(0)
    }
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Option<Document> {
        self.blanks();
        if depth > MAX_DEPTH {
            return None;
        }
        match self.text.get(self.at)? {
            b'n' => self.word("null", Document::Null),
            b't' => self.word("true", Document::Bool(true)),
            b'f' => self.word("false", Document::Bool(false)),
            b'"' => self.string().map(Document::String),
            b'[' => self.array(depth),
            b'{' => self.object(depth),
            _ => self.number(),
        }
    }

    fn blanks(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn word(&mut self, word: &str, value: Document) -> Option<Document> {
        self.text[self.at..].starts_with(word.as_bytes()).then(|| {
            self.at += word.len();
            value
        })
    }

    /// Takes a byte behind blanks, if it is there.
    fn take(&mut self, byte: u8) -> Option<()> {
        self.blanks();
        (self.text.get(self.at) == Some(&byte)).then(|| self.at += 1)
    }

    fn array(&mut self, depth: usize) -> Option<Document> {
        self.take(b'[')?;
        let mut items = Vec::new();
        if self.take(b']').is_some() {
            return Some(Document::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.take(b',').is_none() {
                self.take(b']')?;
                return Some(Document::Array(items));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Option<Document> {
        self.take(b'{')?;
        let mut entries = BTreeMap::new();
        if self.take(b'}').is_some() {
            return Some(Document::Object(entries));
        }
        loop {
            self.blanks();
            let key = self.string()?;
            self.take(b':')?;
            entries.insert(key, self.value(depth + 1)?);
            if self.take(b',').is_none() {
                self.take(b'}')?;
                return Some(Document::Object(entries));
            }
        }
    }

    /// A string. Its escapes are left to a reader that knows them all.
    fn string(&mut self) -> Option<String> {
        let start = self.at;
        self.take(b'"')?;
        loop {
            match self.text.get(self.at)? {
                b'\\' => self.at += 2,
                b'"' => break,
                0..=0x1f => return None,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        let written = String::from_utf8_lossy(self.text.get(start..self.at)?);
        serde_json::from_str(&written).ok().or_else(|| lone_surrogates(&written))
    }

    fn number(&mut self) -> Option<Document> {
        let start = self.at;
        let digits = |reader: &mut Self| {
            let before = reader.at;
            while reader.text.get(reader.at).is_some_and(u8::is_ascii_digit) {
                reader.at += 1;
            }
            (reader.at > before).then_some(())
        };
        let next = |reader: &Self| reader.text.get(reader.at).copied();
        if next(self) == Some(b'-') {
            self.at += 1;
        }
        if next(self) == Some(b'0') {
            self.at += 1;
        } else {
            digits(self)?;
        }
        if next(self) == Some(b'.') {
            self.at += 1;
            digits(self)?;
        }
        if matches!(next(self), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(next(self), Some(b'+' | b'-')) {
                self.at += 1;
            }
            digits(self)?;
        }
        let written = self.text.get(start..self.at)?;
        Some(Document::Number(String::from_utf8_lossy(written).into_owned()))
    }
}

/// A string with escapes of halves of characters, which stand for nothing: Go reads U+FFFD for each.
fn lone_surrogates(written: &str) -> Option<String> {
    let mut mended = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        mended.push_str(before);
        let unit = |text: &str| u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok();
        let taken = match unit(escape) {
            Some(0xd800..=0xdbff) if matches!(escape.get(6..).and_then(unit), Some(0xdc00..=0xdfff)) => 12,
            Some(0xd800..=0xdfff) => {
                mended.push('\u{fffd}');
                rest = &escape[6..];
                continue;
            }
            Some(_) => 6,
            None => 1 + escape[1..].chars().next().map_or(0, char::len_utf8),
        };
        mended.push_str(&escape[..taken]);
        rest = &escape[taken..];
    }
    mended.push_str(rest);
    serde_json::from_str(&mended).ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// That of a text that is one value and nothing else.
    fn only(text: &str) -> Option<Document> {
        let mut reader = Reader { text: text.as_bytes(), at: 0 };
        let value = reader.value(0)?;
        reader.blanks();
        (reader.at == text.len()).then_some(value)
    }

    #[rstest]
    #[case("1.0", Some(Document::Number("1.0".into())))]
    #[case(" -0e+5 ", Some(Document::Number("-0e+5".into())))]
    #[case("01", None)]
    #[case("1.", None)]
    #[case("-", None)]
    #[case("nul", None)]
    #[case("[1,]", None)]
    #[case("[]", Some(Document::Array(vec![])))]
    #[case(r#"{"a":null,"a":true}"#, Some(Document::Object([("a".into(), Document::Bool(true))].into())))]
    #[case(r#""a\u00e9\n\ud83d\ude00""#, Some(Document::String("a\u{e9}\n\u{1f600}".into())))]
    #[case(r#""\ud83d\\x""#, Some(Document::String("\u{fffd}\\x".into())))]
    #[case(r#""open"#, None)]
    #[case(r#""\"#, None)]
    #[case("", None)]
    #[case("1 2", None)]
    fn documents_are_read_as_go_reads_them(#[case] text: &str, #[case] expected: Option<Document>) {
        assert_eq!(only(text), expected);
    }

    #[test]
    fn only_the_first_value_counts_where_that_is_asked_for() {
        assert_eq!(Document::first_of(b"true x"), Some(Document::Bool(true)));
    }

    #[test]
    fn depth_is_limited() {
        assert_eq!(only(&"[".repeat(100_000)), None);
    }
}
