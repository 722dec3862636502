//! What the words of an expression stand for.

use crate::program::{Field, Origin};
use crate::value::{Path, Text};

/// Something that an expression may stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) of: Of,
    pub(super) path: Vec<Text>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Document,
    Metadata,
    /// A variable, or the value being made.
    Other,
}

/// What the words of an expression stand for where it is.
#[derive(Clone, Default)]
pub(super) struct Scope<'p> {
    /// The value that the next step of a chain starts from.
    pub(super) values: Vec<Spot>,
    /// `this`, where it is not the document.
    pub(super) this: Vec<Spot>,
    /// What `this` was further out.
    pub(super) outer: Vec<Vec<Spot>>,
    pub(super) names: Vec<(&'p str, Vec<Spot>)>,
}

impl Scope<'_> {
    /// After an expression that stands for these.
    pub(super) fn standing_for(mut self, spots: Vec<Spot>) -> (Self, Vec<Spot>) {
        self.values.clone_from(&spots);
        (self, spots)
    }

    /// Where `this` is these.
    pub(super) fn looking_at(mut self, spots: Vec<Spot>) -> Self {
        self.outer.push(std::mem::replace(&mut self.this, spots));
        self.values.clear();
        self
    }

    /// At a path from the current value.
    pub(super) fn at(mut self, path: &Path) -> Self {
        self.values.iter_mut().for_each(|spot| spot.path.extend(keys(path)));
        self
    }
}

pub(super) fn spots_of(field: &Field, scope: &Scope<'_>) -> Vec<Spot> {
    let mut spots = match field.origin {
        Origin::Root => vec![spot(Of::Other, [])],
        Origin::This if scope.this.is_empty() => vec![spot(Of::Document, [])],
        Origin::This => scope.this.clone(),
        Origin::Named(_) => {
            let name = field.shown.split('.').next().unwrap_or_default();
            let known = scope.names.iter().rev().find(|(known, _)| *known == name);
            known.map(|(_, spots)| spots.clone()).unwrap_or_default()
        }
    };
    spots.iter_mut().for_each(|spot| spot.path.extend(keys(&field.path)));
    spots
}

pub(super) fn spot<'t>(of: Of, path: impl IntoIterator<Item = &'t Text>) -> Spot {
    Spot { of, path: path.into_iter().cloned().collect() }
}

pub(super) fn keys(path: &Path) -> impl Iterator<Item = Text> {
    path.0.iter().map(|segment| segment.key.clone())
}

pub(super) fn join(spots: &mut Vec<Spot>, more: Vec<Spot>) {
    for spot in more {
        if !spots.contains(&spot) {
            spots.push(spot);
        }
    }
}
