//! What is wrong with a value, collected.

use crate::value::Text;

/// A place in the value: the keys that lead there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'p> {
    key: &'p str,
    parent: Option<&'p Self>,
}

impl<'p> Place<'p> {
    pub(super) const ROOT: Self = Self { key: "(root)", parent: None };

    pub(super) fn below(&'p self, key: &'p str) -> Self {
        Place { key, parent: Some(self) }
    }

    /// As messages show it; the root only where nothing follows.
    fn shown(&self) -> String {
        match self.parent {
            None => self.key.to_owned(),
            Some(Place { parent: None, .. }) => self.key.to_owned(),
            Some(parent) => format!("{}.{}", parent.shown(), self.key),
        }
    }
}

/// The mistakes, and how close the value came all in all.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) lines: Vec<String>,
    pub(super) score: i64,
}

impl Report {
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// A mistake. The words come out in lower case.
    pub(super) fn add(&mut self, place: &Place<'_>, text: impl AsRef<str>) {
        self.lines.push(format!("{} {}", place.shown(), text.as_ref().to_lowercase()));
        self.score -= 2;
    }

    /// A mistake whose text begins with the place itself.
    pub(super) fn add_named(&mut self, place: &Place<'_>, text: impl AsRef<str>) {
        let named = format!("{} {}", place.shown(), text.as_ref());
        self.add(place, named);
    }

    /// A mistake about a property, which stands in front as it is written.
    pub(super) fn add_property(&mut self, place: &Place<'_>, property: &Text, text: &str) {
        let lower = text.to_lowercase();
        let rest = lower.strip_prefix(&property.to_lowercase()).unwrap_or(&lower);
        self.lines.push(format!("{} {property}{rest}", place.shown()));
        self.score -= 2;
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.lines.extend(other.lines);
        self.score += other.score;
    }
}
