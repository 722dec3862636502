//! Where the machine may go on from.

use std::cell::Cell;
use std::rc::Rc;

use forebay_bloblang::Text;

use super::destructure::Trying;
use super::frame::{Next, Place, Work};
use super::names::Names;
use super::track::Track;
use crate::program::Id;
use crate::value::{Array, Value};

pub(crate) struct Choice {
    pub(crate) kind: Kind,
    pub(crate) next: Next,
    pub(crate) track: Track,
}

pub(crate) enum Kind {
    /// Another node for the same input.
    Work(Work),
    /// The right of `//`, unless the left gave something.
    Otherwise(Work, Rc<Cell<bool>>),
    Items(Array, usize),
    /// The entries of an object from this one on.
    Entries(Rc<[(Text, Value)]>, usize),
    /// The numbers of a range from here on.
    Range {
        at: Value,
        end: Value,
        step: Value,
    },
    /// An attempt; what it does with an error.
    Try(Option<(Id, Names)>),
    /// Whatever goes wrong from here on is none of the attempt's business any more.
    Tried,
    /// Gives what has come together.
    Collected(Place),
    /// The next of alternative patterns, after an error.
    Pattern(Box<Trying>),
    /// An update gave nothing: its place will be deleted.
    Missed {
        path: Array,
        missed: Place,
    },
    /// All places were updated.
    Modified {
        state: Place,
        missed: Place,
    },
}
