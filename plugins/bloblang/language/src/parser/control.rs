//! `if` and `match` as expressions. The word itself and the spaces after it have been read.

use super::{Parsed, Parser};
use crate::parse_error::Fault;
use crate::syntax::{Node, NodeKind};

impl Parser<'_> {
    pub(super) fn if_expression(&mut self) -> Parsed<NodeKind> {
        let mut branches = vec![self.branch()?];
        loop {
            let end = self.lexer.at();
            self.lexer.white();
            if self.lexer.take("else if") && self.lexer.spaces() {
                branches.push(self.branch()?);
                continue;
            }
            self.lexer.reset(end);
            self.lexer.white();
            if !self.lexer.take("else") {
                self.lexer.reset(end);
                return Ok(NodeKind::If(branches, None));
            }
            let otherwise = self.block_query()?;
            return Ok(NodeKind::If(branches, Some(Box::new(otherwise))));
        }
    }

    fn branch(&mut self) -> Parsed<(Node, Node)> {
        let condition = self.query().map_err(Fault::required)?;
        Ok((condition, self.block_query()?))
    }

    /// `{ query }`, with line breaks wherever one likes.
    fn block_query(&mut self) -> Parsed<Node> {
        self.lexer.white();
        self.expect("{").map_err(Fault::required)?;
        self.lexer.white();
        let node = self.query().map_err(Fault::required)?;
        self.lexer.white();
        self.expect("}").map_err(Fault::required)?;
        Ok(node)
    }

    pub(super) fn match_expression(&mut self) -> Parsed<NodeKind> {
        let subject = self.subject()?;
        self.lexer.white();
        let cases = self.nested(Self::cases).map_err(Fault::required)?;
        Ok(NodeKind::Match(subject, cases))
    }

    fn subject(&mut self) -> Parsed<Option<Box<Node>>> {
        let start = self.lexer.at();
        if self.without_subject.contains(&start) {
            return Ok(None);
        }
        match self.attempt(Self::query) {
            Ok(subject) => Ok(Some(Box::new(subject))),
            Err(fault) if fault.is_fatal() => Err(fault),
            Err(_) => {
                self.without_subject.insert(start);
                Ok(None)
            }
        }
    }

    fn cases(&mut self) -> Parsed<Vec<(Option<Node>, Node)>> {
        self.expect("{")?;
        self.lexer.white();
        self.list(("}", "}"), Self::case, |parser| {
            parser.lexer.spaces();
            let comma = parser.expect(",");
            comma.or_else(|fault| parser.lexer.line_break().map_err(|other| fault.further(other)))?;
            parser.lexer.white();
            Ok(())
        })
    }

    /// `pattern => query`, where the pattern `_` takes everything.
    fn case(&mut self) -> Parsed<(Option<Node>, Node)> {
        let pattern = match self.attempt(Self::wildcard) {
            Ok(()) => None,
            Err(fault) => Some(self.pattern().map_err(|other| fault.further(other))?),
        };
        self.lexer.spaces();
        Ok((pattern, self.query()?))
    }

    fn wildcard(&mut self) -> Parsed<()> {
        self.expect("_").map_err(|fault| fault.instead("match case"))?;
        self.lexer.spaces();
        self.expect("=>")
    }

    fn pattern(&mut self) -> Parsed<Node> {
        let pattern = self.query().map_err(|fault| fault.instead("match case"))?;
        self.lexer.spaces();
        self.expect("=>")?;
        Ok(pattern)
    }
}
