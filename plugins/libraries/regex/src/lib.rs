//! Regular expressions as Go has them: the syntax of RE2, leftmost-first matches in linear time, `\d \w \s \b` for
//! ASCII only.
//!
//! The parser is ours, so that what Go refuses is refused with Go's words; the engine is that of the `regex` crate.
//! Go reads every byte that is not part of a character as U+FFFD. Text with such bytes is rewritten before the
//! search, and the places that were found are mapped back.
//!
//! ```
//! let regex = forebay_regex::Regex::compile("b+").unwrap();
//! assert_eq!(regex.find_all(b"abba"), [(1, 3)]);
//! assert!(forebay_regex::Regex::compile("(").unwrap_err().starts_with("error parsing regexp"));
//! ```

mod class;
mod error;
mod escape;
mod group;
mod node;
mod parser;
mod repair;
mod template;

use regex_automata::meta;
use regex_automata::util::captures::Captures;

use repair::Repaired;

/// Bytes that a compiled expression may take, and that its lazily built automaton may.
const PROGRAM_BYTES: usize = 8 * 1024 * 1024;
const AUTOMATON_BYTES: usize = 1024 * 1024;

/// A compiled expression.
#[derive(Debug)]
pub struct Regex {
    engine: meta::Regex,
    /// The names of the groups; the first is the whole and has none.
    names: Vec<Option<String>>,
}

/// Where the groups of one match are, the whole first; `None` for a group that took no part.
pub type Groups = Vec<Option<(usize, usize)>>;

/// That `pattern` is an expression.
///
/// # Errors
/// What is wrong with it, in Go's words.
pub fn check(pattern: &str) -> Result<(), String> {
    parser::parse(pattern).map(|_| ()).map_err(|error| error.to_string())
}

impl Regex {
    /// # Errors
    /// What is wrong with the pattern, in Go's words.
    pub fn compile(pattern: &str) -> Result<Self, String> {
        let parsed = parser::parse(pattern).map_err(|error| error.to_string())?;
        let config = meta::Config::new()
            .nfa_size_limit(Some(PROGRAM_BYTES))
            .onepass_size_limit(Some(AUTOMATON_BYTES))
            .hybrid_cache_capacity(AUTOMATON_BYTES);
        let engine = meta::Builder::new()
            .configure(config)
            .build_from_hir(&parsed.hir)
            .map_err(|_| error::Error::new(error::Code::Large, pattern).to_string())?;
        Ok(Self { engine, names: parsed.names })
    }

    /// The names of the groups, the whole first.
    pub fn names(&self) -> &[Option<String>] {
        &self.names
    }

    pub fn is_match(&self, text: &[u8]) -> bool {
        self.engine.is_match(Repaired::of(text).text())
    }

    /// The places of all matches that do not overlap.
    pub fn find_all(&self, text: &[u8]) -> Vec<(usize, usize)> {
        let repaired = Repaired::of(text);
        let places = self.engine.find_iter(repaired.text());
        places.map(|found| (repaired.place(found.start()), repaired.place(found.end()))).collect()
    }

    /// Where the matches in text that is known to be UTF-8 begin.
    pub fn starts(&self, text: &str) -> impl Iterator<Item = usize> {
        self.engine.find_iter(text).map(|found| found.start())
    }

    /// The groups of the first match.
    pub fn groups(&self, text: &[u8]) -> Option<Groups> {
        let repaired = Repaired::of(text);
        let mut captures = self.engine.create_captures();
        self.engine.captures(repaired.text(), &mut captures);
        captures.is_match().then(|| self.places(&captures, &repaired))
    }

    /// Calls `each` with the groups of every match, until it refuses.
    ///
    /// # Errors
    /// That of `each`.
    pub fn each_groups<E>(
        &self,
        text: &[u8],
        mut each: impl FnMut(Groups) -> Result<(), E>,
    ) -> Result<(), E> {
        let repaired = Repaired::of(text);
        for captures in self.engine.captures_iter(repaired.text()) {
            each(self.places(&captures, &repaired))?;
        }
        Ok(())
    }

    /// `text` with every match replaced by `template`, in which `$1`, `$name` and `${name}` stand for groups. The
    /// result may not be longer than `limit`, and to make it may not take many more steps than that.
    pub fn replace_all(&self, text: &[u8], template: &str, limit: usize) -> Option<Vec<u8>> {
        let template = template::Template::parse(template, &self.names);
        let mut out = Vec::with_capacity(text.len().min(limit));
        let (mut end, mut left) = (0, limit);
        let mut step = |groups: &[Option<(usize, usize)>]| {
            let (start, after) = groups.first().copied().flatten().unwrap_or((end, end));
            let between = text.get(end..start).unwrap_or_default();
            left = left.checked_sub(between.len()).ok_or(())?;
            out.extend_from_slice(between);
            end = after;
            template.expand(text, groups, &mut left, &mut out).ok_or(())
        };
        let done = if template.needs_groups() {
            self.each_groups(text, |groups| step(&groups))
        } else {
            self.find_all(text).into_iter().try_for_each(|place| step(&[Some(place)]))
        };
        done.ok()?;
        let rest = text.get(end..).unwrap_or_default();
        left.checked_sub(rest.len())?;
        out.extend_from_slice(rest);
        Some(out)
    }

    /// The engine drops groups that can never take part; here they stay.
    fn places(&self, captures: &Captures, repaired: &Repaired<'_>) -> Groups {
        let place = |group: usize| {
            let span = captures.get_group(group)?;
            Some((repaired.place(span.start), repaired.place(span.end)))
        };
        (0..self.names.len()).map(place).collect()
    }
}

#[cfg(test)]
mod tests;
