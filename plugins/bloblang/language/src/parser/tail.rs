//! Fields, methods and brackets after an atom.

use super::{Parsed, Parser, bind};
use crate::parse_error::Fault;
use crate::syntax::{Constant, Node, NodeKind, TailNode};
use crate::value::Text;

impl Parser<'_> {
    /// Everything that follows `head` without a space.
    pub(super) fn tails(&mut self, head: Node) -> Parsed<Node> {
        let mut tails = Vec::new();
        let mut constant = head.constant();
        loop {
            // What looks like brackets but is not ends the query, whatever is wrong with it.
            if self.lexer.peek() == Some(b'[')
                && let Ok(tail) = self.attempt(|parser| parser.nested(Self::bracket))
            {
                tails.push(tail);
                constant = None;
                continue;
            }
            if !self.lexer.take(".") {
                break;
            }
            self.lexer.white();
            let tail = self.after_dot(constant.as_ref()).map_err(Fault::required)?;
            constant = match &tail {
                TailNode::Call(call) => call.constant.clone(),
                _ => None,
            };
            tails.push(tail);
        }
        if tails.is_empty() {
            return Ok(head);
        }
        Ok(Node { at: head.at, kind: NodeKind::Chain(Box::new(head), tails), constant })
    }

    fn after_dot(&mut self, target: Option<&Constant>) -> Parsed<TailNode> {
        let at = self.lexer.at();
        match self.lexer.peek() {
            Some(b'(') => return self.context(),
            Some(b'"') => return self.lexer.quoted_string().map(TailNode::Field),
            _ => {}
        }
        if let Some(name) = self.lexer.name()
            && self.lexer.peek() == Some(b'(')
        {
            let arguments = self.arguments()?;
            let spec = self.vocabulary.method(name);
            return bind::method(spec, name, target, arguments, self.lexer.at()).map(TailNode::Call);
        }
        self.lexer.reset(at);
        match self.lexer.word() {
            Some(word) => Ok(TailNode::Field(Text::from(word))),
            None => Err(Fault::expected(at, "method").or("field path")),
        }
    }

    fn context(&mut self) -> Parsed<TailNode> {
        self.lexer.take("(");
        self.lexer.white();
        let query = self.query()?;
        self.lexer.white();
        self.expect(")")?;
        Ok(TailNode::Context(query))
    }

    fn bracket(&mut self) -> Parsed<TailNode> {
        self.lexer.take("[");
        self.lexer.white();
        let low = if self.lexer.peek() == Some(b':') { None } else { Some(self.bound()?) };
        if !self.lexer.take(":") {
            self.expect("]")?;
            return low.map(TailNode::Index).ok_or_else(|| Fault::expected(self.lexer.at(), "query"));
        }
        self.lexer.white();
        let high = match self.lexer.peek() {
            Some(b':' | b']') => None,
            _ => Some(self.bound()?),
        };
        let mut step = None;
        if self.lexer.take(":") {
            self.lexer.white();
            if self.lexer.peek() != Some(b']') {
                step = Some(self.bound()?);
            }
        }
        self.expect("]")?;
        Ok(TailNode::Slice(Box::new([low, high, step])))
    }

    fn bound(&mut self) -> Parsed<Node> {
        let bound = self.query()?;
        self.lexer.white();
        Ok(bound)
    }
}
