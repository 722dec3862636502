//! Arrays and objects.

use super::{Parsed, Parser, bind};
use crate::syntax::{Node, NodeKind};
use crate::value::Value;

impl Parser<'_> {
    pub(super) fn array(&mut self, at: usize) -> Parsed<Node> {
        self.lexer.take("[");
        self.lexer.white();
        let items = self.list(("]", "]"), Self::query, Self::comma)?;
        Ok(bind::array(at, items))
    }

    pub(super) fn object(&mut self, at: usize) -> Parsed<Node> {
        self.lexer.take("{");
        self.lexer.white();
        let entries = self.list(("}", "}"), Self::entry, Self::comma)?;
        bind::object(at, entries)
    }

    fn entry(&mut self) -> Parsed<(Node, Node)> {
        let at = self.lexer.at();
        // What begins with a string is that string: an expression as a key needs brackets then.
        let key = if self.lexer.peek() == Some(b'"') {
            Node::new(at, NodeKind::Literal(Value::String(self.lexer.quoted_string()?)))
        } else {
            self.query()?
        };
        self.lexer.spaces();
        self.expect(":")?;
        self.lexer.white();
        Ok((key, self.query()?))
    }
}
