//! Variables in the raw text of a configuration: `${NAME}` and `${NAME:default}`, replaced before any YAML is read.
//!
//! - An unset variable without a default becomes nothing and is reported with its place.
//! - A variable that is set to the empty text counts as unset where there is a default.
//! - Line breaks in a value or a default become the two characters `\n`, so that a value cannot add lines.
//! - `${{NAME}}` stands for the text `${NAME}`. As in Bento this is a second pass over the result of the first.
//! - A default may hold one level of `${...}`, which stays as it is: that is how Bloblang interpolations pass.
//!
//! The environment itself is behind [`Variables`]: this crate reads none.

mod pattern;

use std::collections::{BTreeMap, HashMap};

use crate::position::Position;
use crate::source::{Edit, Edits, Source, Text};

/// Where the values of variables come from.
///
/// Called once for each occurrence, on the caller's thread; an implementation must give the same answer each time.
pub trait Variables {
    /// The value of a variable, if it is set.
    fn get(&self, name: &str) -> Option<String>;
}

/// Takes every unset variable for an empty one, so that none is reported: a check that runs where the variables
/// of production are not at hand.
#[derive(Clone, Copy)]
#[expect(
    missing_debug_implementations,
    reason = "a borrowed trait object: nothing to show, and values are secret"
)]
pub struct Forgiving<'a>(pub &'a dyn Variables);

/// A variable that is not set and has no default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsetVariable {
    pub name: String,
    pub position: Position,
}

/// A text with its variables replaced.
#[derive(Clone, Debug)]
pub struct Interpolated {
    pub(crate) source: Source,
    unset: Vec<UnsetVariable>,
}

impl Interpolated {
    /// The text with everything replaced.
    pub fn text(&self) -> &str {
        self.source.expanded().as_str()
    }

    /// Every occurrence of a variable without a value, in order.
    pub fn unset(&self) -> &[UnsetVariable] {
        &self.unset
    }

    /// The message about all unset variables, each named once; `None` if there are none.
    pub fn unset_message(&self) -> Option<String> {
        let mut names: Vec<&str> = Vec::new();
        for variable in &self.unset {
            if !names.contains(&variable.name.as_str()) {
                names.push(&variable.name);
            }
        }
        if names.is_empty() {
            return None;
        }
        Some(format!("required environment variables were not set: [{}]", names.join(" ")))
    }

    /// Where a place of the replaced text was written.
    pub fn written_at(&self, place: Position) -> Position {
        self.source.written_at(place)
    }
}

/// Replaces the variables of a text.
pub fn interpolate(text: &str, variables: &dyn Variables) -> Interpolated {
    let mut unset = Vec::new();
    let (replaced, first_pass) = replace_all(text, |rest, offset| {
        let reference = pattern::reference(rest)?;
        let value = match (variables.get(reference.name), reference.default) {
            (Some(value), None) => value,
            (Some(value), Some(_)) if !value.is_empty() => value,
            (_, Some(default)) => default.to_owned(),
            (None, None) => {
                unset.push((reference.name.to_owned(), offset));
                String::new()
            }
        };
        Some((reference.length, value.replace('\n', "\\n")))
    });
    let (unescaped, second_pass) = replace_all(&replaced, |rest, _| {
        let (length, inner) = pattern::escaped(rest)?;
        Some((length, format!("${inner}")))
    });
    let written = Text::new(text.to_owned());
    let unset =
        unset.into_iter().map(|(name, at)| UnsetVariable { name, position: written.position(at) }).collect();
    Interpolated { source: Source::new(text.to_owned(), unescaped, vec![first_pass, second_pass]), unset }
}

/// Offers the text from every `$` on to `find`, which says how much of it to replace by what.
fn replace_all(text: &str, mut find: impl FnMut(&str, usize) -> Option<(usize, String)>) -> (String, Edits) {
    let mut out = String::with_capacity(text.len());
    let mut edits = Vec::new();
    let mut copied = 0;
    let mut from = 0;
    while let Some(distance) = text[from..].find('$') {
        let start = from + distance;
        let Some((length, value)) = find(&text[start..], start) else {
            from = start + 1;
            continue;
        };
        out.push_str(&text[copied..start]);
        let begin = out.len();
        out.push_str(&value);
        edits.push(Edit { before: start..start + length, after: begin..out.len() });
        copied = start + length;
        from = copied;
    }
    out.push_str(&text[copied..]);
    (out, edits)
}

impl Variables for Forgiving<'_> {
    fn get(&self, name: &str) -> Option<String> {
        Some(self.0.get(name).unwrap_or_default())
    }
}

impl Variables for BTreeMap<String, String> {
    fn get(&self, name: &str) -> Option<String> {
        Self::get(self, name).cloned()
    }
}

impl<S: std::hash::BuildHasher> Variables for HashMap<String, String, S> {
    fn get(&self, name: &str) -> Option<String> {
        Self::get(self, name).cloned()
    }
}

#[cfg(test)]
mod tests;
