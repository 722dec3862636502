//! What a query can begin with.

use super::{Parsed, Parser};
use crate::parse_error::Fault;
use crate::syntax::{Node, NodeKind};
use crate::value::{Text, Value};

impl<'s> Parser<'s> {
    pub(super) fn atom(&mut self) -> Parsed<Node> {
        let at = self.lexer.at();
        let kind = match self.lexer.peek() {
            None => return Err(Fault::absent(at)),
            Some(b'(') => return self.bracketed(),
            Some(b'[') => self.array()?,
            Some(b'{') => self.object()?,
            Some(b'@') => self.metadata()?,
            Some(b'$') => self.variable()?,
            Some(b'"') => NodeKind::Literal(Value::String(self.string()?)),
            Some(byte) if byte.is_ascii_digit() => match self.lexer.number() {
                Some(number) => NodeKind::Literal(number?),
                None => return Err(Fault::absent(at)),
            },
            Some(_) => match self.lexer.word() {
                Some(word) => self.after_word(at, word)?,
                None => return Err(Fault::absent(at)),
            },
        };
        Ok(Node { at, kind })
    }

    /// The string that begins here.
    pub(super) fn string(&mut self) -> Parsed<Text> {
        match self.lexer.string() {
            Some(text) => text,
            None => self.fault("expected quoted string"),
        }
    }

    /// A word or a string, for names that may be either.
    pub(super) fn name(&mut self) -> Parsed<Option<Text>> {
        if self.lexer.peek() == Some(b'"') {
            return self.string().map(Some);
        }
        Ok(self.lexer.word().map(Text::from))
    }

    fn after_word(&mut self, at: usize, word: &'s str) -> Parsed<NodeKind> {
        let end = self.lexer.at();
        let spaced = self.lexer.spaces();
        if spaced && self.lexer.take("->") {
            return self.lambda(at, word);
        }
        self.lexer.reset(end);
        match word {
            "if" if spaced => return self.if_expression(),
            "match" if spaced => return self.match_expression(),
            "true" => return Ok(NodeKind::Literal(Value::Bool(true))),
            "false" => return Ok(NodeKind::Literal(Value::Bool(false))),
            "null" => return Ok(NodeKind::Literal(Value::Null)),
            _ => {}
        }
        if self.lexer.peek() == Some(b'(') {
            return self.call(word).map(NodeKind::Call);
        }
        Ok(NodeKind::Word(Text::from(word)))
    }

    fn bracketed(&mut self) -> Parsed<Node> {
        self.lexer.take("(");
        self.lexer.white();
        let node = self.query()?;
        self.lexer.white();
        self.require(")", "closing bracket")?;
        Ok(node)
    }

    fn metadata(&mut self) -> Parsed<NodeKind> {
        self.lexer.take("@");
        self.name().map(NodeKind::Metadata)
    }

    fn variable(&mut self) -> Parsed<NodeKind> {
        self.lexer.take("$");
        match self.lexer.word() {
            Some(name) => Ok(NodeKind::Variable(Text::from(name))),
            None => self.fault("required: expected variable name"),
        }
    }

    fn lambda(&mut self, at: usize, name: &'s str) -> Parsed<NodeKind> {
        if name == "this" || name == "root" {
            return Err(Fault::new(at, format!("context label `{name}` is not allowed")));
        }
        if name != "_" && self.names.contains(&name) {
            return Err(Fault::new(at, format!("context label `{name}` would shadow a parent context")));
        }
        self.require_spaces()?;
        self.names.push(name);
        let body = self.query().map_err(|fault| fault.or_expected("query"));
        self.names.pop();
        Ok(NodeKind::Lambda(Text::from(name), Box::new(body?)))
    }
}
