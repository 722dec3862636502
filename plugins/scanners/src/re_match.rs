use std::rc::Rc;

use forebay_regex::Regex;
use forebay_sdk::config::Pointer;
use forebay_sdk::{Config, Error, Problem};

use crate::cutting::{Cut, Leaf};
use crate::out::Out;
use crate::plan::{Kind, Plan};

/// Cuts the stream before each match of a regular expression.
#[derive(Config)]
pub(crate) struct ReMatchConfig {
    /// The expression that messages begin with.
    #[config(example = "(?m)^\\d\\d:\\d\\d:\\d\\d")]
    pattern: String,
    /// The size of the buffer in bytes. A message that does not fit into it, with the match behind it, fails the
    /// stream.
    #[config(default = 65536)]
    max_buffer_size: usize,
}

pub(crate) struct ReMatch {
    pattern: Rc<Regex>,
    limit: usize,
    /// What no message was made of yet.
    rest: Vec<u8>,
}

impl Kind for ReMatch {
    const NAME: &'static str = "re_match";

    type Config = ReMatchConfig;

    fn plan(config: ReMatchConfig, at: &Pointer<'_>) -> Result<Box<dyn Plan>, Problem> {
        let ReMatchConfig { pattern, max_buffer_size } = config;
        Self::of(&pattern, max_buffer_size).map_err(|error| Problem::new(error).at(at.key("pattern")))
    }
}

impl ReMatch {
    pub(crate) fn of(pattern: &str, limit: usize) -> Result<Box<dyn Plan>, String> {
        let pattern = Rc::new(Regex::compile(pattern)?);
        Ok(Box::new(Leaf(move || Self { pattern: Rc::clone(&pattern), limit, rest: Vec::new() })))
    }

    /// Where the first message ends. Without a second match behind it that is known only at the end.
    fn first(&self, text: Text<'_>, is_end: bool) -> Option<usize> {
        let matches = text.find_two(&self.pattern);
        let is_cut_before = matches.len() == 2 || is_end;
        match matches.as_slice() {
            [first, ..] if *first > 0 && is_cut_before => Some(*first),
            [_, second] => Some(*second),
            _ => None,
        }
    }

    /// Adds the messages that are known to end; returns how many bytes they took.
    fn cut(&self, is_end: bool, out: &mut Out) -> Result<usize, Error> {
        let whole = if is_end { self.rest.len() } else { complete(&self.rest) };
        let text = Text::of(self.rest.get(..whole).unwrap_or_default());
        let mut from = 0;
        while from < whole && !out.is_full() {
            let window = text.part(from, self.limit);
            let Some(length) = self.first(window, is_end && from + window.len() == whole) else {
                if self.rest.len() - from >= self.limit {
                    return Err(Error::new(format!(
                        "token too long: a message has {} bytes or more; raise max_buffer_size",
                        self.limit
                    )));
                }
                break;
            };
            out.push(self.rest.get(from..from + length).unwrap_or_default());
            from += length;
        }
        Ok(from)
    }
}

impl Cut for ReMatch {
    fn push(&mut self, bytes: &[u8], out: &mut Out) -> Result<usize, Error> {
        self.rest.extend_from_slice(bytes);
        let taken = self.cut(false, out)?;
        self.rest.drain(..taken);
        Ok(bytes.len())
    }

    fn finish(&mut self, out: &mut Out) -> Result<bool, Error> {
        let taken = self.cut(true, out)?;
        self.rest.drain(..taken);
        if !self.rest.is_empty() && !out.is_full() {
            out.push(&self.rest);
            self.rest.clear();
        }
        Ok(self.rest.is_empty())
    }

    /// The rest counts as a message, as in Bento.
    fn broken_off(&mut self, out: &mut Out) {
        // What is too long is lost to the failure of the source.
        let _ = self.finish(out);
    }
}

/// Bytes to search in. Those that are UTF-8 are checked once, not for each message.
#[derive(Clone, Copy)]
enum Text<'t> {
    Utf8(&'t str),
    Other(&'t [u8]),
}

impl<'t> Text<'t> {
    fn of(bytes: &'t [u8]) -> Self {
        std::str::from_utf8(bytes).map_or(Self::Other(bytes), Self::Utf8)
    }

    fn len(self) -> usize {
        match self {
            Self::Utf8(text) => text.len(),
            Self::Other(bytes) => bytes.len(),
        }
    }

    /// The part from here, of so many bytes at most.
    fn part(self, from: usize, most: usize) -> Self {
        let end = from.saturating_add(most).min(self.len());
        match self {
            Self::Utf8(text) => Self::Utf8(text.get(from..text.floor_char_boundary(end)).unwrap_or_default()),
            Self::Other(bytes) => Self::Other(bytes.get(from..end).unwrap_or_default()),
        }
    }

    /// Where the first two matches begin.
    fn find_two(self, pattern: &Regex) -> Vec<usize> {
        match self {
            Self::Utf8(text) => pattern.starts(text).take(2).collect(),
            Self::Other(bytes) => {
                pattern.find_all(bytes).into_iter().take(2).map(|(start, _)| start).collect()
            }
        }
    }
}

/// How many of these bytes stand before the start of a character whose end has not come.
fn complete(bytes: &[u8]) -> usize {
    let last = bytes.len().saturating_sub(3);
    let start = (last..bytes.len()).find(|at| {
        let rest = bytes.get(*at..).unwrap_or_default();
        std::str::from_utf8(rest).is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
    });
    start.unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use crate::testing::{cut, cut_in, refused};

    fn scan(pattern: &str, text: &str) -> Vec<String> {
        cut(&json!({"re_match": {"pattern": pattern, "max_buffer_size": 200}}), text.as_bytes()).texts()
    }

    #[test]
    fn messages_begin_with_a_match() {
        assert_eq!(scan("(?m)^", "foo\nbar\nbaz"), ["foo\n", "bar\n", "baz"]);
        assert_eq!(scan("split", "a\nsplit\nb\nsplitsplit"), ["a\n", "split\nb\n", "split", "split"]);
        assert_eq!(scan("\n", "split"), ["split"]);
        assert_eq!(scan("split", "split"), ["split"]);
        assert_eq!(scan("\n\\d", "1 a\nb\n2 c\n3"), ["1 a\nb", "\n2 c", "\n3"]);
        assert_eq!(scan("x", "\u{e9}x\u{20ac}x\u{1f600}"), ["\u{e9}", "x\u{20ac}", "x\u{1f600}"]);
        assert!(scan("split", "").is_empty());
    }

    #[test]
    fn bytes_that_are_no_characters_are_kept() {
        let messages = cut(&json!({"re_match": {"pattern": "x"}}), b"a\xffx\xe2\x82x\xe2");
        let payloads: Vec<_> = messages.batches.iter().flat_map(|batch| batch.messages()).collect();
        let payloads: Vec<_> = payloads.iter().map(forebay_sdk::Message::bytes).collect();
        assert_eq!(payloads, [&b"a\xff"[..], b"x\xe2\x82", b"x\xe2"]);
    }

    #[test]
    fn a_message_that_fills_the_buffer_is_too_long() {
        let config = json!({"re_match": {"pattern": "x", "max_buffer_size": 5}});
        for text in ["xaaxaaaaaaxa", "xaaxaaaaaa"] {
            let messages = cut(&config, text.as_bytes());
            assert_eq!(messages.all(), ["xaa"]);
            assert!(messages.error.expect("fails").starts_with("token too long"));
        }
    }

    #[test]
    fn a_wrong_pattern_is_refused() {
        assert_eq!(
            refused(&json!({"re_match": {"pattern": "[a"}})),
            "/re_match/pattern: error parsing regexp: missing closing ]: `[a`"
        );
    }

    proptest! {
        #[test]
        fn the_bounds_of_chunks_do_not_matter(text in "[ab\u{e9}\n]{0,60}", size in 1_usize..9) {
            for pattern in ["b", "(?m)^a", "\n", "\u{e9}"] {
                let config = json!({"re_match": {"pattern": pattern}});
                let whole = cut_in(&config, text.as_bytes(), usize::MAX, "").texts();
                prop_assert_eq!(&whole, &cut_in(&config, text.as_bytes(), size, "").texts());
                prop_assert_eq!(whole.concat(), text.clone());
            }
        }
    }
}
