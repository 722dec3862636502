//! Programs and documents made of arbitrary bytes: each byte decides one question, and when there are no more the
//! simplest answer is taken. Bytes that are fewer and smaller therefore give a program that is simpler, so that whatever
//! makes up the bytes can also look for the smallest program that shows a fault.

mod calls;
mod documents;
mod queries;
mod statements;

use crate::parser::{self, Imports};
use crate::syntax::{self, Node, Source, StatementKind, StatementNode};
use crate::value::Text;

pub(super) use documents::document;

/// Bytes, of which every question uses up one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choices<'b>(&'b [u8]);

impl<'b> Choices<'b> {
    pub(super) fn of(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    /// A number below `count`, which may be 256 at most.
    pub(super) fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count
    }

    /// One of `items`.
    pub(super) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// Whether something that happens once in `times` does.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }
}

/// Makes up the parts of a program.
struct Writer<'b> {
    choices: Choices<'b>,
    /// The names that the lambdas around the current query have given.
    names: Vec<&'static str>,
    /// How many more parts the current query may get before it has to come to an end.
    left: usize,
    /// Whether whatever does not compile is left out.
    sound: bool,
}

impl Writer<'_> {
    fn text(&mut self, items: &[&'static str]) -> Text {
        Text::fixed(self.choices.pick(items))
    }

    /// Whether `node` may be part of the program.
    fn accepts(&self, node: &Node) -> bool {
        if !self.sound {
            return true;
        }
        let statement = StatementNode { line: 1, kind: StatementKind::Assign(Vec::new(), node.clone()) };
        let alone = Source { maps: Vec::new(), statements: vec![statement] };
        parser::mapping(&syntax::print(&alone), &mut Imports::none()).is_ok()
    }
}

/// A program in which nothing needs to make sense but the way it is written.
pub(super) fn any(choices: Choices<'_>) -> Source {
    Writer { choices, names: Vec::new(), left: 0, sound: false }.source()
}

/// A program that compiles.
pub(super) fn sound(choices: Choices<'_>) -> Source {
    Writer { choices, names: Vec::new(), left: 0, sound: true }.source()
}
