//! How a character is written in ASCII, as far as a slug can tell.
//!
//! `ascii.deflate` is compressed: a line for each character from U+0080 on, with what the tables of Text::Unidecode
//! have for it in small letters, and a dash for whatever is no letter and no digit. Hangul, which is regular, is left
//! out.

use std::sync::LazyLock;

use crate::compression::flate;

const FIRST: u32 = 0x80;
const HANGUL: u32 = 0xac00;
const INITIALS: [&str; 19] = [
    "g", "gg", "n", "d", "dd", "r", "m", "b", "bb", "s", "ss", "", "j", "jj", "c", "k", "t", "p", "h",
];
const VOWELS: [&str; 21] = [
    "a", "ae", "ya", "yae", "eo", "e", "yeo", "ye", "o", "wa", "wae", "oe", "yo", "u", "weo", "we", "wi", "yu", "eu",
    "yi", "i",
];
const FINALS: [&str; 28] = [
    "", "g", "gg", "gs", "n", "nj", "nh", "d", "l", "lg", "lm", "lb", "ls", "lt", "lp", "lh", "m", "b", "bs", "s",
    "ss", "ng", "j", "c", "k", "t", "p", "h",
];

struct Table {
    text: String,
    /// Where each line ends.
    ends: Vec<u32>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let bytes = flate::inflate(include_bytes!("ascii.deflate"), usize::MAX).unwrap_or_default();
    let text = String::from_utf8(bytes).unwrap_or_default();
    let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at);
    let ends = breaks.chain([text.len()]).filter_map(|at| u32::try_from(at).ok()).collect();
    Table { text, ends }
});

/// Hands every part of the reading of a character to `push`.
pub(super) fn reading(character: char, push: impl FnMut(char)) {
    let code = u32::from(character);
    if let Some(syllable) = code.checked_sub(HANGUL) {
        let index = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        if let Some(initial) = INITIALS.get(index(syllable / (21 * 28))) {
            let vowel = VOWELS.get(index(syllable / 28 % 21)).copied().unwrap_or_default();
            let last = FINALS.get(index(syllable % 28)).copied().unwrap_or_default();
            [*initial, vowel, last].iter().flat_map(|part| part.chars()).for_each(push);
            return;
        }
    }
    line(code).unwrap_or_default().chars().for_each(push);
}

fn line(code: u32) -> Option<&'static str> {
    let index = usize::try_from(code.checked_sub(FIRST)?).ok()?;
    let end = usize::try_from(*TABLE.ends.get(index)?).ok()?;
    let start = match index.checked_sub(1).and_then(|before| TABLE.ends.get(before)) {
        Some(end) => usize::try_from(*end).ok()? + 1,
        None => 0,
    };
    TABLE.text.get(start..end)
}
