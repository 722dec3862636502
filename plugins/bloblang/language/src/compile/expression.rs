//! Expressions.

use super::{Compiler, fold};
use crate::parser::Parsed;
use crate::program::{Expr, Field, If, Lambda, Match, Operation, Origin, Pattern};
use crate::syntax::{Constant, Node, NodeKind, Operator};
use crate::value::{Text, Value};

impl Compiler {
    pub(super) fn expression(&mut self, node: &Node) -> Parsed<Expr> {
        if let Some(constant) = node.constant() {
            return Ok(if self.unfolded { Expr::Literal(constant) } else { fold::constant(constant) });
        }
        Ok(match &node.kind {
            NodeKind::Literal(value) => Expr::Literal(Constant::from(value.clone())),
            NodeKind::Word(word) => Expr::Field(Box::new(self.word(word, Vec::new()))),
            NodeKind::Variable(name) => Expr::Variable { slot: self.variable(name), name: name.clone() },
            NodeKind::Metadata(key) => Expr::Metadata(key.clone().filter(|key| !key.is_empty())),
            NodeKind::Call(call) => Expr::Call(Box::new(self.function(call)?)),
            NodeKind::Chain(head, tails) => self.chain(head, tails)?,
            NodeKind::Operate(first, rest) => {
                let first = self.expression(first)?;
                let rest = rest.iter().map(|(operator, node)| Ok((*operator, self.expression(node)?)));
                let rest: Parsed<Vec<_>> = rest.collect();
                let operation = Operation { first, rest: rest? };
                if self.unfolded { Expr::Operate(Box::new(operation)) } else { fold::left_end(operation) }
            }
            NodeKind::Not(operand) => Expr::Not(Box::new(self.expression(operand)?)),
            NodeKind::Negate(operand) => {
                let rest = vec![(Operator::Subtract, self.expression(operand)?)];
                let zero = Expr::Literal(Constant::from(Value::Int(0)));
                Expr::Operate(Box::new(Operation { first: zero, rest }))
            }
            NodeKind::Array(items) => {
                let items: Parsed<Vec<_>> = items.iter().map(|item| self.expression(item)).collect();
                if self.unfolded { Expr::Array(items?) } else { fold::array(items?) }
            }
            NodeKind::Object(entries) => {
                let entries =
                    entries.iter().map(|(key, value)| Ok((self.expression(key)?, self.expression(value)?)));
                let entries: Parsed<Vec<_>> = entries.collect();
                if self.unfolded { Expr::Object(entries?) } else { fold::object(entries?) }
            }
            NodeKind::If(branches, otherwise) => {
                let branches =
                    branches.iter().map(|(test, then)| Ok((self.expression(test)?, self.expression(then)?)));
                let branches: Parsed<Vec<_>> = branches.collect();
                let branches = branches?;
                Expr::If(Box::new(If { branches, otherwise: self.optional(otherwise.as_deref())? }))
            }
            NodeKind::Match(subject, cases) => self.cases(subject.as_deref(), cases)?,
            NodeKind::Lambda(name, body) => self.lambda(name, body)?,
        })
    }

    pub(super) fn optional(&mut self, node: Option<&Node>) -> Parsed<Option<Expr>> {
        node.map(|node| self.expression(node)).transpose()
    }

    /// A bare word and the fields after it.
    pub(super) fn word(&mut self, word: &Text, mut keys: Vec<Text>) -> Field {
        let named = self.names.iter().rev().position(|name| name == word);
        match (word.as_str(), named) {
            (name, Some(level)) => Field::new(Origin::Named(level), name, keys),
            ("root", None) => Field::new(Origin::Root, "root", keys),
            (name, None) => {
                if name != "this" {
                    keys.insert(0, word.clone());
                }
                Field::new(Origin::This, "this", keys)
            }
        }
    }

    fn cases(&mut self, subject: Option<&Node>, cases: &[(Option<Node>, Node)]) -> Parsed<Expr> {
        let subject = self.optional(subject)?;
        let cases = cases.iter().map(|(pattern, result)| {
            let pattern = match self.optional(pattern.as_ref())? {
                None => Pattern::Any,
                Some(Expr::Literal(known)) => Pattern::Equals(known.value),
                Some(query) => Pattern::Holds(query),
            };
            Ok((pattern, self.expression(result)?))
        });
        let cases: Parsed<Vec<_>> = cases.collect();
        Ok(Expr::Match(Box::new(Match { subject, cases: cases? })))
    }

    fn lambda(&mut self, name: &Text, body: &Node) -> Parsed<Expr> {
        let named = name.as_str() != "_";
        if named {
            self.names.push(name.clone());
        }
        let body = self.expression(body);
        if named {
            self.names.pop();
        }
        Ok(Expr::Lambda(Box::new(Lambda { name: name.clone(), named, body: body? })))
    }
}
