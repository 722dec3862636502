//! `if` and `match` as expressions. The word itself has been read.

use super::{Parsed, Parser};
use crate::syntax::{Node, NodeKind};

impl Parser<'_> {
    pub(super) fn if_expression(&mut self) -> Parsed<NodeKind> {
        let mut branches = Vec::new();
        loop {
            self.lexer.spaces();
            let condition = self.query().map_err(|fault| fault.or_expected("query"))?;
            branches.push((condition, self.block_query()?));
            let end = self.lexer.at();
            self.lexer.white();
            if !self.lexer.take("else") {
                self.lexer.reset(end);
                return Ok(NodeKind::If(branches, None));
            }
            if self.else_if() {
                continue;
            }
            let otherwise = self.block_query()?;
            return Ok(NodeKind::If(branches, Some(Box::new(otherwise))));
        }
    }

    /// After `else`: the `if` of a further condition, if that comes next.
    pub(super) fn else_if(&mut self) -> bool {
        let end = self.lexer.at();
        if self.lexer.spaces() && self.lexer.keyword("if") {
            return true;
        }
        self.lexer.reset(end);
        false
    }

    /// `{ query }`, with line breaks wherever one likes.
    fn block_query(&mut self) -> Parsed<Node> {
        self.lexer.white();
        self.require("{", "{")?;
        self.lexer.white();
        let node = self.query().map_err(|fault| fault.or_expected("query"))?;
        self.lexer.white();
        self.require("}", "}")?;
        Ok(node)
    }

    pub(super) fn match_expression(&mut self) -> Parsed<NodeKind> {
        self.lexer.spaces();
        let start = self.lexer.at();
        self.lexer.white();
        let subject = if self.lexer.peek() == Some(b'{') {
            None
        } else {
            self.lexer.reset(start);
            Some(Box::new(self.query().map_err(|fault| fault.or_expected("query"))?))
        };
        self.lexer.white();
        self.require("{", "{")?;
        let mut cases = Vec::new();
        loop {
            self.lexer.white();
            if self.lexer.take("}") {
                break;
            }
            cases.push(self.case()?);
            self.lexer.spaces();
            if !self.lexer.line_break() && !self.lexer.take(",") {
                self.lexer.white();
                self.require("}", "line break, comma or }")?;
                break;
            }
        }
        Ok(NodeKind::Match(subject, cases))
    }

    /// `pattern => query`, where the pattern `_` takes everything.
    fn case(&mut self) -> Parsed<(Option<Node>, Node)> {
        let start = self.lexer.at();
        let mut pattern = None;
        let wildcard = self.lexer.word() == Some("_") && {
            self.lexer.spaces();
            self.lexer.rest().starts_with("=>")
        };
        if !wildcard {
            self.lexer.reset(start);
            pattern = Some(self.query().map_err(|fault| fault.or_expected("match case"))?);
        }
        self.lexer.spaces();
        self.require("=>", "=>")?;
        self.lexer.white();
        let result = self.query().map_err(|fault| fault.or_expected("query"))?;
        Ok((pattern, result))
    }
}
