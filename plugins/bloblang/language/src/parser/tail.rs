//! Fields, methods and brackets after an atom.

use super::{Parsed, Parser};
use crate::syntax::{Node, NodeKind, TailNode};
use crate::value::Text;

impl Parser<'_> {
    /// Everything that follows `head` without a space.
    pub(super) fn tails(&mut self, head: Node) -> Parsed<Node> {
        let mut tails = Vec::new();
        loop {
            let tail = if self.lexer.take(".") {
                self.lexer.white();
                self.after_dot()?
            } else if self.lexer.take("[") {
                self.nested(Self::bracket)?
            } else {
                break;
            };
            tails.push(tail);
        }
        if tails.is_empty() {
            return Ok(head);
        }
        Ok(Node { at: head.at, kind: NodeKind::Chain(Box::new(head), tails) })
    }

    fn after_dot(&mut self) -> Parsed<TailNode> {
        if self.lexer.take("(") {
            self.lexer.white();
            let query = self.query().map_err(|fault| fault.or_expected("query"))?;
            self.lexer.white();
            self.require(")", "closing bracket")?;
            return Ok(TailNode::Context(query));
        }
        if self.lexer.peek() == Some(b'"') {
            return self.string().map(TailNode::Field);
        }
        match self.lexer.word() {
            None => self.fault("required: expected method or field path"),
            Some(name) if self.lexer.peek() == Some(b'(') => self.call(name).map(TailNode::Call),
            Some(name) => Ok(TailNode::Field(Text::from(name))),
        }
    }

    fn bracket(&mut self) -> Parsed<TailNode> {
        let low = self.bound()?;
        let low = match low {
            Some(index) if self.lexer.take("]") => return Ok(TailNode::Index(index)),
            low => low,
        };
        self.require(":", "index, slice or closing bracket")?;
        let high = self.bound()?;
        let step = if self.lexer.take(":") { self.bound()? } else { None };
        self.require("]", "closing bracket")?;
        Ok(TailNode::Slice { low, high, step })
    }

    /// A query that may be missing, with the space around it.
    fn bound(&mut self) -> Parsed<Option<Node>> {
        self.lexer.white();
        let bound = match self.query() {
            Ok(node) => Some(node),
            Err(fault) if fault.absent => None,
            Err(fault) => return Err(fault),
        };
        self.lexer.white();
        Ok(bound)
    }
}
