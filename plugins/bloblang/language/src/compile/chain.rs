//! Fields, methods and brackets after a head.

use super::Compiler;
use crate::parser::Parsed;
use crate::program::{Chain, Expr, Tail};
use crate::spec::Body;
use crate::syntax::{Node, NodeKind, TailNode};
use crate::value::{Path, Segment, Text};

impl Compiler {
    /// Fields directly after a word become part of its path.
    pub(super) fn chain(&mut self, head: &Node, tails: &[TailNode]) -> Parsed<Expr> {
        let mut rest = tails;
        let head = match &head.kind {
            NodeKind::Word(word) => {
                let keys = fields(&mut rest);
                Expr::Field(Box::new(self.word(word, keys)))
            }
            _ => self.expression(head)?,
        };
        if rest.is_empty() {
            return Ok(head);
        }
        let mut compiled = Vec::new();
        let mut control = None;
        loop {
            let keys = fields(&mut rest);
            if !keys.is_empty() {
                compiled.push(Tail::Path(Path(keys.into_iter().map(Segment::new).collect())));
            }
            let Some((tail, after)) = rest.split_first() else { break };
            rest = after;
            let tail = self.tail(tail)?;
            if matches!(&tail, Tail::Call(call) if matches!(call.spec.body, Body::Control(_))) {
                control = Some(compiled.len());
            }
            compiled.push(tail);
        }
        Ok(Expr::Chain(Box::new(Chain { head, tails: compiled, control })))
    }

    fn tail(&mut self, tail: &TailNode) -> Parsed<Tail> {
        Ok(match tail {
            TailNode::Field(key) => Tail::Path(Path(vec![Segment::new(key.clone())])),
            TailNode::Context(query) => Tail::Context(self.expression(query)?),
            TailNode::Call(call) => Tail::Call(self.method(call)?),
            TailNode::Index(index) => Tail::Index(self.expression(index)?),
            TailNode::Slice { low, high, step } => Tail::Slice {
                low: self.optional(low.as_ref())?,
                high: self.optional(high.as_ref())?,
                step: self.optional(step.as_ref())?,
            },
        })
    }
}

/// Takes the fields that `tails` begins with.
fn fields(tails: &mut &[TailNode]) -> Vec<Text> {
    let mut keys = Vec::new();
    while let Some((TailNode::Field(key), rest)) = tails.split_first() {
        keys.push(key.clone());
        *tails = rest;
    }
    keys
}
