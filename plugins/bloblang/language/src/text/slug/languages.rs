//! What is read differently in some languages, beyond what the general table says.

type Readings = &'static [(char, &'static str)];

/// What a language reads differently.
#[derive(Clone, Copy, Debug)]
pub(super) struct Language(Readings);

/// The codes of each language, and its readings.
const LANGUAGES: [(&[&str], Readings); 19] = [
    (
        &["bg", "bgr"],
        &[
            ('\u{419}', "y"),
            ('\u{425}', "h"),
            ('\u{429}', "sh"),
            ('\u{42a}', "a"),
            ('\u{42c}', "y"),
            ('\u{42e}', "yu"),
            ('\u{42f}', "ya"),
            ('\u{439}', "y"),
            ('\u{445}', "h"),
            ('\u{449}', "sht"),
            ('\u{44a}', "a"),
            ('\u{44c}', "y"),
            ('\u{44e}', "yu"),
            ('\u{44f}', "ya"),
        ],
    ),
    (&["cs", "ces"], &[('&', "a"), ('@', "zavinac")]),
    (
        &["de", "deu"],
        &[
            ('&', "und"),
            ('@', "an"),
            ('\u{e4}', "ae"),
            ('\u{c4}', "ae"),
            ('\u{f6}', "oe"),
            ('\u{d6}', "oe"),
            ('\u{fc}', "ue"),
            ('\u{dc}', "ue"),
        ],
    ),
    (&["en", "eng"], &[('&', "and"), ('@', "at")]),
    (&["es", "spa"], &[('&', "y"), ('@', "en")]),
    (&["fi", "fin"], &[('&', "ja"), ('@', "at")]),
    (&["fr", "fra"], &[('&', "et"), ('@', "arobase")]),
    (
        &["gr", "el", "ell"],
        &[
            ('&', "kai"),
            ('\u{3b2}', "v"),
            ('\u{392}', "v"),
            ('\u{3b7}', "i"),
            ('\u{397}', "i"),
            ('\u{3ae}', "i"),
            ('\u{389}', "i"),
            ('\u{39e}', "x"),
            ('\u{3c5}', "y"),
            ('\u{3a5}', "y"),
            ('\u{3cd}', "y"),
            ('\u{38e}', "y"),
            ('\u{3cb}', "y"),
            ('\u{3ab}', "y"),
            ('\u{3b0}', "y"),
            ('\u{3c6}', "f"),
            ('\u{3a6}', "f"),
            ('\u{3c7}', "ch"),
            ('\u{3a7}', "ch"),
        ],
    ),
    (&["hu", "hun"], &[]),
    (&["id", "idn", "ind"], &[('&', "dan")]),
    (&["it", "ita"], &[('&', "e"), ('@', "chiocciola")]),
    (
        &["kz", "kk", "kaz"],
        &[
            ('&', "jane"),
            ('\u{4d9}', "a"),
            ('\u{493}', "g"),
            ('\u{49b}', "q"),
            ('\u{4a3}', "n"),
            ('\u{4b1}', "u"),
            ('\u{4d8}', "a"),
            ('\u{492}', "g"),
            ('\u{49a}', "q"),
            ('\u{4a2}', "n"),
            ('\u{4b0}', "u"),
        ],
    ),
    (
        &["nb", "nob", "nn", "nno"],
        &[('&', "og"), ('@', "at"), ('\u{f8}', "oe"), ('\u{e5}', "aa"), ('\u{d8}', "oe"), ('\u{c5}', "aa")],
    ),
    (&["nl", "nld"], &[('&', "en"), ('@', "at")]),
    (&["pl", "pol"], &[('&', "i"), ('@', "na")]),
    (&["ro", "rou"], &[('&', "si")]),
    (&["sl", "slv"], &[('&', "in"), ('\u{110}', "dz"), ('\u{111}', "dz")]),
    (&["sv", "swe"], &[('&', "och"), ('@', "snabel a")]),
    (&["tr", "tur"], &[('&', "ve"), ('@', "et")]),
];

/// The language of those who name none, or one that is not known.
const DEFAULT: &str = "en";

impl Language {
    pub(super) fn find(code: &str) -> Self {
        let find = |code: &str| LANGUAGES.iter().find(|(codes, _)| codes.contains(&code));
        Self(find(code).or_else(|| find(DEFAULT)).map_or(&[], |(_, readings)| readings))
    }

    pub(super) fn reading(self, character: char) -> Option<&'static str> {
        match character {
            '"' | '\'' | '\u{2019}' => Some(""),
            '\u{2012}' | '\u{2013}' | '\u{2014}' | '\u{2015}' => Some("-"),
            other => self.0.iter().find(|(known, _)| *known == other).map(|(_, reading)| *reading),
        }
    }
}
