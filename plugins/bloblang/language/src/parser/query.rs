//! Operators and their operands.

use super::{Parsed, Parser, bind};
use crate::syntax::{Node, NodeKind, Operator};

impl Parser<'_> {
    /// A query; spaces before it are skipped, line breaks are not.
    pub(super) fn query(&mut self) -> Parsed<Node> {
        self.nested(|parser| {
            parser.lexer.spaces();
            let start = parser.lexer.at();
            let mut operands = vec![parser.operand()?];
            let mut operators = Vec::new();
            while let Some(operator) = parser.operator() {
                operators.push(operator);
                operands.push(parser.operand()?);
            }
            for operand in &mut operands {
                if let NodeKind::Negate(_) = operand.kind {
                    bind::negate(start, operand)?;
                }
            }
            bind::operations(start, operands, operators)
        })
    }

    /// The operator that comes next, and the space around it.
    fn operator(&mut self) -> Option<Operator> {
        let end = self.lexer.at();
        self.lexer.spaces();
        let rest = self.lexer.rest();
        let Some((sign, operator)) = Operator::ALL.iter().find(|(sign, _)| rest.starts_with(sign)) else {
            self.lexer.reset(end);
            return None;
        };
        self.lexer.take(sign);
        self.lexer.white();
        Some(*operator)
    }

    fn operand(&mut self) -> Parsed<Node> {
        let at = self.lexer.at();
        if !self.lexer.take("-") {
            return self.term();
        }
        self.lexer.white();
        Ok(Node::new(at, NodeKind::Negate(Box::new(self.term()?))))
    }

    /// An atom and what follows it, all of which `!` applies to.
    fn term(&mut self) -> Parsed<Node> {
        let at = self.lexer.at();
        let not = self.lexer.take("!");
        if not {
            self.lexer.spaces();
        }
        let atom = self.atom()?;
        let node = self.tails(atom)?;
        Ok(if not { Node::new(at, NodeKind::Not(Box::new(node))) } else { node })
    }
}

#[cfg(test)]
mod tests {
    use super::super::query_prefix;

    #[test]
    fn a_query_ends_where_nothing_joins_it() {
        for (source, rest) in [
            ("this.foo . bar", " . bar"),
            ("a + b and c", " and c"),
            ("a[b(]", "[b(]"),
            ("nullable", "able"),
            ("(5 * 8) +\n6 -\n5 and", " and"),
        ] {
            let (_, end) = query_prefix(source).expect(source);
            assert_eq!(&source[end..], rest, "{source}");
        }
    }
}
