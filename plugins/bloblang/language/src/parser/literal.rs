//! Arrays and objects.

use super::{Parsed, Parser};
use crate::syntax::{Node, NodeKind};
use crate::value::Value;

impl Parser<'_> {
    pub(super) fn array(&mut self) -> Parsed<NodeKind> {
        self.lexer.take("[");
        let mut items = Vec::new();
        loop {
            self.lexer.white();
            if self.lexer.take("]") {
                return Ok(NodeKind::Array(items));
            }
            items.push(self.query().map_err(|fault| fault.or_expected("array element"))?);
            self.lexer.white();
            if !self.lexer.take(",") {
                self.require("]", "closing square bracket")?;
                return Ok(NodeKind::Array(items));
            }
        }
    }

    pub(super) fn object(&mut self) -> Parsed<NodeKind> {
        self.lexer.take("{");
        let mut entries = Vec::new();
        loop {
            self.lexer.white();
            if self.lexer.take("}") {
                return Ok(NodeKind::Object(entries));
            }
            let key = self.key()?;
            self.lexer.white();
            self.require(":", "colon")?;
            self.lexer.white();
            let value = self.query().map_err(|fault| fault.or_expected("object value"))?;
            entries.push((key, value));
            self.lexer.white();
            if !self.lexer.take(",") {
                self.require("}", "closing curly bracket")?;
                return Ok(NodeKind::Object(entries));
            }
        }
    }

    /// A string alone is the key; anything else is a query that gives it.
    fn key(&mut self) -> Parsed<Node> {
        let at = self.lexer.at();
        if let Some(text) = self.lexer.string() {
            let key = text?;
            let end = self.lexer.at();
            self.lexer.white();
            if self.lexer.peek() == Some(b':') {
                return Ok(Node { at, kind: NodeKind::Literal(Value::String(key)) });
            }
            self.lexer.reset(end);
        }
        self.lexer.reset(at);
        self.query().map_err(|fault| fault.or_expected("object key"))
    }
}
