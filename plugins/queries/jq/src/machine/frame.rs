//! What is to be done with a value.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::names::Names;
use crate::program::{Fold, FunctionId, Id, PatternId};
use crate::value::{Array, Value};

/// A list of frames, the next one first. Empty: the value is a result.
pub(crate) type Next = Option<Rc<Link>>;

/// What several frames and choices change: a fold's state, an array that is being collected.
pub(crate) type Place = Rc<RefCell<Value>>;

#[derive(Clone)]
pub(crate) struct Link {
    frame: Option<Frame>,
    next: Next,
}

/// Values that were given so far, the last first.
#[derive(Clone)]
pub(crate) enum Given {
    None,
    One(Rc<(Value, Self)>),
}

/// A node with what it sees and looks at.
#[derive(Clone)]
pub(crate) struct Work {
    pub(crate) node: Id,
    pub(crate) names: Names,
    pub(crate) input: Value,
}

#[derive(Clone)]
pub(crate) enum Frame {
    /// The next stage.
    Pipe(Id, Names),
    /// The left of `//`; whether it gave something.
    Alternative(Rc<Cell<bool>>),
    Field(Value),
    /// A key: what it is a key of comes next, tracked again.
    Key(Work),
    KeyOf(Value),
    /// The start of a slice, its end, and what it is a slice of.
    SliceFrom(Work, Id),
    SliceTo(Work, Value),
    SliceOf(Value, Value),
    Iterate,
    If(Work, Id),
    /// A value of an attempt, before which there were so many choices.
    Tried(usize),
    Collect(Place),
    FoldStart {
        fold: Fold,
        names: Names,
        input: Value,
        state: Place,
        reduce: bool,
    },
    FoldItem {
        fold: Fold,
        names: Names,
        state: Place,
        reduce: bool,
    },
    FoldUpdate {
        extract: Option<Id>,
        names: Names,
        state: Place,
        reduce: bool,
    },
    /// What is taken apart by alternative patterns before the body sees it.
    Source {
        patterns: Rc<[PatternId]>,
        body: Work,
    },
    /// The key of a pattern.
    PatternKey(Box<super::destructure::Taking>),
    /// A key, or the value behind `key`, of an entry of the object that `work` builds.
    Object {
        work: Work,
        at: usize,
        key: Option<Value>,
        given: Given,
    },
    /// An argument; so many are still missing.
    Arguments {
        work: Work,
        left: usize,
        given: Given,
    },
    /// A value of the argument of this index.
    Parameter(Calling, usize),
    Path,
    PathArgument(Value),
    AssignValue {
        place: Id,
        names: Names,
        input: Value,
    },
    AssignPath {
        value: Value,
        state: Place,
    },
    ModifyPath {
        update: Id,
        names: Names,
        state: Place,
        missed: Place,
    },
    ModifyValue {
        path: Array,
        state: Place,
        choices: usize,
    },
}

/// A call whose arguments are being bound.
#[derive(Clone)]
pub(crate) struct Calling {
    pub(crate) function: FunctionId,
    /// What its body will see.
    pub(crate) names: Names,
    pub(crate) input: Value,
}

impl Link {
    pub(crate) fn push(frame: Frame, next: Next) -> Next {
        Some(Rc::new(Self { frame: Some(frame), next }))
    }

    pub(crate) fn copy(&self) -> Self {
        self.clone()
    }

    pub(crate) fn take(mut self) -> (Frame, Next) {
        let frame = self.frame.take().unwrap_or(Frame::Iterate);
        (frame, self.next.take())
    }
}

/// Long lists end one link after the other, without recursion.
impl Drop for Link {
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(link) = next {
            next = Rc::try_unwrap(link).ok().and_then(|mut link| link.next.take());
        }
    }
}

impl Given {
    pub(crate) fn and(&self, value: Value) -> Self {
        Self::One(Rc::new((value, self.clone())))
    }

    /// The values, the last that was given first.
    pub(crate) fn values(&self) -> Vec<Value> {
        let mut values = Vec::new();
        let mut at = self;
        while let Self::One(node) = at {
            values.push(node.0.clone());
            at = &node.1;
        }
        values
    }
}
