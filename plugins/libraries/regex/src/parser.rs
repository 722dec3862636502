//! The syntax, read without recursion: groups that are still open wait on a stack.

use regex_syntax::hir::{Capture, Dot, Hir, Look};

use super::error::{Code, Error};
use super::node::Node;
use super::{class, escape, group};

/// Nesting; Go allows 1000, but the engine compiles recursively on a small stack.
const DEPTH: u16 = 250;

/// How often a part may be repeated by counts, all nested ones together.
const COPIES: u32 = 1000;

/// An expression.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) hir: Hir,
    pub(super) names: Vec<Option<String>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    pub(super) fold: bool,
    pub(super) lines: bool,
    pub(super) dot_all: bool,
    pub(super) lazy: bool,
}

/// A group that is still open, or the whole.
#[derive(Debug, Default)]
struct Open {
    /// The number of the group, if it captures.
    capture: Option<u32>,
    /// What the flags were before it.
    outside: Flags,
    alternatives: Vec<Node>,
    sequence: Vec<Node>,
}

pub(super) struct Parser<'p> {
    pattern: &'p str,
    pub(super) flags: Flags,
    names: Vec<Option<String>>,
    open: Vec<Open>,
    current: Open,
}

/// Reads an expression.
pub(super) fn parse(pattern: &str) -> Result<Parsed, Error> {
    let mut parser = Parser {
        pattern,
        flags: Flags::default(),
        names: vec![None],
        open: Vec::new(),
        current: Open::default(),
    };
    parser.run()?;
    if !parser.open.is_empty() {
        return Err(Error::new(Code::MissingParen, pattern));
    }
    let node = std::mem::take(&mut parser.current).close();
    parser.bounded(&node)?;
    // The engine reports the whole match as group 0 without being told.
    Ok(Parsed { hir: node.hir, names: parser.names })
}

impl Open {
    fn close(mut self) -> Node {
        let last = Node::around(self.sequence, Hir::concat);
        if self.alternatives.is_empty() {
            return last;
        }
        self.alternatives.push(last);
        Node::around(self.alternatives, Hir::alternation)
    }
}

impl<'p> Parser<'p> {
    fn run(&mut self) -> Result<(), Error> {
        let mut rest = self.pattern;
        // Where the repetition began that was read last, if it was the last thing read.
        let mut repeated: Option<&'p str> = None;
        while let Some(first) = rest.chars().next() {
            let before = rest;
            let mut repeats = false;
            match first {
                '(' if rest.starts_with("(?") => rest = group::perl(self, rest)?,
                '(' => {
                    self.begin(Some(None));
                    rest = tail(rest, 1);
                }
                '|' => {
                    let sequence = std::mem::take(&mut self.current.sequence);
                    self.current.alternatives.push(Node::around(sequence, Hir::concat));
                    rest = tail(rest, 1);
                }
                ')' => {
                    self.end()?;
                    rest = tail(rest, 1);
                }
                '[' => {
                    let (class, after) = class::bracket(rest, self.flags.fold)?;
                    self.push(Node::class(class));
                    rest = after;
                }
                '*' | '+' | '?' => {
                    let (min, max) = match first {
                        '*' => (0, None),
                        '+' => (1, None),
                        _ => (0, Some(1)),
                    };
                    rest = self.repeat((min, max), false, before, tail(rest, 1), repeated)?;
                    repeats = true;
                }
                '{' => match escape::counts(rest) {
                    None => {
                        self.literal('{');
                        rest = tail(rest, 1);
                    }
                    Some((counts, after)) => {
                        let counts =
                            counts.ok_or_else(|| Error::new(Code::RepeatSize, prefix(before, after)))?;
                        rest = self.repeat(counts, true, before, after, repeated)?;
                        repeats = true;
                    }
                },
                '\\' => rest = escape::outside(self, rest)?,
                '^' | '$' | '.' => {
                    self.push(Node::leaf(self.single(first)));
                    rest = tail(rest, 1);
                }
                character => {
                    self.literal(character);
                    rest = tail(rest, character.len_utf8());
                }
            }
            repeated = repeats.then_some(before);
        }
        Ok(())
    }

    fn single(&self, character: char) -> Hir {
        match (character, self.flags.lines) {
            ('^', false) => Hir::look(Look::Start),
            ('^', true) => Hir::look(Look::StartLF),
            ('$', false) => Hir::look(Look::End),
            ('$', true) => Hir::look(Look::EndLF),
            _ if self.flags.dot_all => Hir::dot(Dot::AnyChar),
            _ => Hir::dot(Dot::AnyCharExceptLF),
        }
    }

    pub(super) fn push(&mut self, node: Node) {
        self.current.sequence.push(node);
    }

    pub(super) fn literal(&mut self, character: char) {
        self.push(Node::literal(character, self.flags.fold));
    }

    /// Opens a group: `Some` for one that captures, which may have a name.
    pub(super) fn begin(&mut self, capture: Option<Option<String>>) {
        let capture = capture.map(|name| {
            self.names.push(name);
            u32::try_from(self.names.len() - 1).unwrap_or(u32::MAX)
        });
        let opened = Open { capture, outside: self.flags, ..Open::default() };
        self.open.push(std::mem::replace(&mut self.current, opened));
    }

    fn end(&mut self) -> Result<(), Error> {
        let Some(outer) = self.open.pop() else {
            return Err(Error::new(Code::UnexpectedParen, self.pattern));
        };
        let group = std::mem::replace(&mut self.current, outer);
        self.flags = group.outside;
        let capture = group.capture;
        let mut node = group.close();
        if let Some(index) = capture {
            node = Node::around(vec![node], |mut inner| {
                let sub = Box::new(inner.pop().unwrap_or_else(Hir::empty));
                Hir::capture(Capture { index, name: None, sub })
            });
        }
        self.bounded(&node)?;
        self.push(node);
        Ok(())
    }

    fn repeat(
        &mut self,
        (min, max): (u32, Option<u32>),
        counted: bool,
        before: &'p str,
        mut after: &'p str,
        repeated: Option<&'p str>,
    ) -> Result<&'p str, Error> {
        let mut greedy = !self.flags.lazy;
        if let Some(rest) = after.strip_prefix('?') {
            after = rest;
            greedy = !greedy;
        }
        if let Some(repeated) = repeated {
            return Err(Error::new(Code::RepeatOperator, prefix(repeated, after)));
        }
        let Some(node) = self.current.sequence.pop() else {
            return Err(Error::new(Code::MissingArgument, prefix(before, after)));
        };
        let node = node.repeated(min, max, greedy, counted);
        self.bounded(&node)?;
        let many = min >= 2 || max.is_some_and(|max| max >= 2);
        if counted && many && node.copies > COPIES {
            return Err(Error::new(Code::RepeatSize, prefix(before, after)));
        }
        self.push(node);
        Ok(after)
    }

    fn bounded(&self, node: &Node) -> Result<(), Error> {
        if node.height > DEPTH {
            return Err(Error::new(Code::NestingDepth, self.pattern));
        }
        Ok(())
    }
}

/// `text` without its first `bytes`.
pub(super) fn tail(text: &str, bytes: usize) -> &str {
    text.get(bytes..).unwrap_or_default()
}

/// The part of `text` that is not in `after`, which must be its end.
pub(super) fn prefix<'p>(text: &'p str, after: &str) -> &'p str {
    text.get(..text.len().saturating_sub(after.len())).unwrap_or_default()
}
