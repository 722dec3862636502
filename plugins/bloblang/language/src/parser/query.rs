//! Operators and their operands.

use super::{Parsed, Parser};
use crate::parse_error::Fault;
use crate::syntax::{Node, NodeKind, Operator};

impl Parser<'_> {
    /// A query; spaces before it are skipped, line breaks are not.
    pub(super) fn query(&mut self) -> Parsed<Node> {
        self.nested(|parser| {
            parser.lexer.spaces();
            parser.operation(1)
        })
    }

    /// Operands joined by operators that bind at least as tightly as `least`.
    fn operation(&mut self, least: u8) -> Parsed<Node> {
        let mut left = self.term()?;
        loop {
            let end = self.lexer.at();
            self.lexer.spaces();
            let Some(operator) = self.operator(least) else {
                self.lexer.reset(end);
                return Ok(left);
            };
            self.lexer.white();
            let right = self.operation(operator.precedence() + 1)?;
            left = join(left, operator, right);
        }
    }

    fn operator(&mut self, least: u8) -> Option<Operator> {
        let rest = self.lexer.rest();
        let (sign, operator) = Operator::ALL.iter().find(|(sign, _)| rest.starts_with(sign))?;
        if operator.precedence() < least || (*operator == Operator::Subtract && rest.starts_with("->")) {
            return None;
        }
        self.lexer.take(sign);
        Some(*operator)
    }

    /// One operand: signs, an atom and what follows it. The signs apply to all of it.
    fn term(&mut self) -> Parsed<Node> {
        let at = self.lexer.at();
        let negate = self.lexer.take("-");
        if negate {
            self.lexer.white();
        }
        let not_at = self.lexer.at();
        let not = !self.lexer.rest().starts_with("!=") && self.lexer.take("!");
        if not {
            self.lexer.spaces();
        }
        let mut node = self.atom().and_then(|atom| self.tails(atom)).map_err(|fault| match fault.absent {
            true if negate || not => Fault::new(fault.at, fault.message),
            _ => fault,
        })?;
        if not {
            node = Node { at: not_at, kind: NodeKind::Not(Box::new(node)) };
        }
        if negate {
            node = Node { at, kind: NodeKind::Negate(Box::new(node)) };
        }
        Ok(node)
    }
}

/// Adds an operand to a chain of the same precedence or starts a new one.
fn join(left: Node, operator: Operator, right: Node) -> Node {
    let at = left.at;
    match left.kind {
        NodeKind::Operate(first, mut rest)
            if rest.first().is_some_and(|(other, _)| other.precedence() == operator.precedence()) =>
        {
            rest.push((operator, right));
            Node { at, kind: NodeKind::Operate(first, rest) }
        }
        kind => {
            let first = Box::new(Node { at, kind });
            Node { at, kind: NodeKind::Operate(first, vec![(operator, right)]) }
        }
    }
}
