//! What a query can begin with.

use super::{Parsed, Parser, bind};
use crate::parse_error::Fault;
use crate::syntax::{Node, NodeKind};
use crate::value::{Text, Value};

impl<'s> Parser<'s> {
    pub(super) fn atom(&mut self) -> Parsed<Node> {
        self.attempt(Self::any_atom).map_err(|fault| fault.instead("query"))
    }

    fn any_atom(&mut self) -> Parsed<Node> {
        let at = self.lexer.at();
        let kind = match self.lexer.peek() {
            Some(b'(') => return self.bracketed(),
            Some(b'[') => return self.array(at),
            Some(b'{') => return self.object(at),
            Some(b'@') => self.metadata()?,
            Some(b'$') => self.variable()?,
            Some(b'"') => NodeKind::Literal(Value::String(self.lexer.string()?)),
            Some(b'-') => NodeKind::Literal(self.lexer.number()?),
            _ => return self.worded(at),
        };
        Ok(Node::new(at, kind))
    }

    /// A word or a string, for names that may be either.
    pub(super) fn name(&mut self) -> Parsed<Option<Text>> {
        if self.lexer.peek() == Some(b'"') {
            return self.lexer.quoted_string().map(Some);
        }
        Ok(self.lexer.word().map(Text::from))
    }

    /// What begins with a letter, a digit or an underscore.
    fn worded(&mut self, at: usize) -> Parsed<Node> {
        let Some(word) = self.lexer.word() else {
            return Err(Fault::expected(at, "query"));
        };
        let end = self.lexer.at();
        let spaced = self.lexer.spaces();
        if spaced && matches!(word, "if" | "match") {
            let kind = if word == "if" { self.if_expression()? } else { self.match_expression()? };
            return Ok(Node::new(at, kind));
        }
        if spaced && self.lexer.take("->") && self.lexer.spaces() {
            return self.lambda(at, word);
        }
        self.lexer.reset(at);
        if let Some(value) = self.constant_word(word) {
            return Ok(Node::new(at, NodeKind::Literal(value?)));
        }
        self.lexer.reset(at);
        if let Some(name) = self.lexer.name()
            && self.lexer.peek() == Some(b'(')
        {
            let arguments = self.arguments()?;
            let spec = self.vocabulary.function(name);
            return bind::function(at, spec, name, arguments, self.lexer.at());
        }
        self.lexer.reset(end);
        Ok(Node::new(at, NodeKind::Word(Text::from(word))))
    }

    /// Constants are read before anything looks at where their word ends.
    fn constant_word(&mut self, word: &str) -> Option<Parsed<Value>> {
        if word.starts_with(|first: char| first.is_ascii_digit()) {
            return Some(self.lexer.number());
        }
        let words = [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)];
        let (_, value) = words.into_iter().find(|(constant, _)| self.lexer.take(constant))?;
        Some(Ok(value))
    }

    fn bracketed(&mut self) -> Parsed<Node> {
        self.lexer.take("(");
        self.lexer.white();
        let node = self.query()?;
        self.lexer.white();
        self.expect(")").map_err(|fault| fault.instead("closing bracket").required())?;
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
            None => Err(Fault::expected(self.lexer.at(), "variable path")),
        }
    }

    fn lambda(&mut self, at: usize, name: &'s str) -> Parsed<Node> {
        if name != "_" && self.names.contains(&name) {
            return Err(Fault::fatal(at, format!("context label `{name}` would shadow a parent context")));
        }
        if name == "this" || name == "root" {
            return Err(Fault::fatal(at, format!("context label `{name}` is not allowed")));
        }
        self.names.push(name);
        let body = self.query().map_err(Fault::required);
        self.names.pop();
        let body = body?;
        if let NodeKind::Lambda(other, _) = &body.kind {
            return Err(Fault::fatal(
                at,
                format!(
                    "it would be in poor taste to capture the same context under both '{name}' and '{other}'"
                ),
            ));
        }
        Ok(Node::new(at, NodeKind::Lambda(Text::from(name), Box::new(body))))
    }
}
