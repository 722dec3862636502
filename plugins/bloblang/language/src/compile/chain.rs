//! Fields, methods and brackets after a head.

use super::Compiler;
use crate::parser::Parsed;
use crate::program::{Chain, Expr, Tail};
use crate::spec::Body;
use crate::syntax::{ArgumentNodes, CallNode, Node, NodeKind, TailNode};
use crate::value::{Path, Segment, Text, Value};

impl Compiler {
    /// Fields directly after a word become part of its path.
    pub(super) fn chain(&mut self, head: &Node, tails: &[TailNode]) -> Parsed<Expr> {
        let mut rest = tails;
        let known =
            tails.iter().rposition(|tail| matches!(tail, TailNode::Call(call) if call.constant.is_some()));
        let head = match &head.kind {
            _ if known.is_some() => {
                let (before, after) = tails.split_at(known.map_or(0, |at| at + 1));
                rest = after;
                match before.last() {
                    Some(TailNode::Call(CallNode { constant: Some(constant), .. })) => {
                        Expr::Literal(constant.clone())
                    }
                    _ => self.expression(head)?,
                }
            }
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
        let dynamic = compiled.iter().any(|tail| matches!(tail, Tail::Call(call) if call.dynamic));
        Ok(Expr::Chain(Box::new(Chain { head, tails: compiled, control, dynamic })))
    }

    fn tail(&mut self, tail: &TailNode) -> Parsed<Tail> {
        Ok(match tail {
            TailNode::Field(key) => Tail::Path(Path(vec![Segment::new(key.clone())])),
            TailNode::Context(query) => Tail::Context(self.expression(query)?),
            TailNode::Call(call) => Tail::Call(self.method(call)?),
            TailNode::Index(index) => Tail::Index(self.expression(index)?),
            TailNode::Slice(bounds) => {
                let [low, high, step] = bounds.as_ref();
                Tail::Slice {
                    low: self.optional(low.as_ref())?,
                    high: self.optional(high.as_ref())?,
                    step: self.optional(step.as_ref())?,
                }
            }
        })
    }
}

/// Takes the fields that `tails` begins with.
fn fields(tails: &mut &[TailNode]) -> Vec<Text> {
    let mut keys = Vec::new();
    while let Some((tail, rest)) = tails.split_first() {
        match tail {
            TailNode::Field(key) => keys.push(key.clone()),
            TailNode::Call(call) => match fixed_path(call) {
                Some(path) => keys.extend(path.0.into_iter().map(|segment| segment.key)),
                None => break,
            },
            _ => break,
        }
        *tails = rest;
    }
    keys
}

/// The path of `get("path")`, which is the same as writing the path.
fn fixed_path(call: &CallNode) -> Option<Path> {
    if call.name.as_str() != "get" {
        return None;
    }
    let node = match &call.arguments {
        ArgumentNodes::Positional(nodes) => nodes.first()?,
        ArgumentNodes::Named(nodes) => &nodes.first()?.1,
    };
    match node.constant()?.value {
        Value::String(path) => Some(Path::dotted(&path)),
        _ => None,
    }
}
