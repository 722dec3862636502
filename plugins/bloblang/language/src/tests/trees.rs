//! Walks over trees: what is left of one without positions, and without what the parser has computed.

use crate::syntax::{
    ArgumentNodes, CallNode, Node, NodeKind, Source, StatementKind, StatementNode, TailNode,
};

/// What a walk does with the parts of a tree.
pub(super) trait Walk {
    fn line(&mut self, _: &mut StatementNode) {}

    fn node(&mut self, _: &mut Node) {}

    fn call(&mut self, _: &mut CallNode) {}

    /// A pattern of a `match`, after what is in it.
    fn pattern(&mut self, node: &mut Node) {
        self.node(node);
    }
}

/// Forgets where things are.
struct Positions;

impl Walk for Positions {
    fn line(&mut self, statement: &mut StatementNode) {
        statement.line = 0;
    }

    fn node(&mut self, node: &mut Node) {
        node.at = 0;
    }
}

/// Forgets constants, of which some are not `computed`: what is deleted, nothing, or a pattern that is compared instead
/// of evaluated is so by the rules of the language.
struct Constants {
    computed: bool,
}

impl Walk for Constants {
    fn node(&mut self, node: &mut Node) {
        match &node.kind {
            NodeKind::Call(call) if call.constant.is_some() => {}
            _ => node.constant = None,
        }
    }

    fn call(&mut self, call: &mut CallNode) {
        if !self.computed || !matches!(call.name.as_str(), "deleted" | "nothing") {
            call.constant = None;
        }
    }

    fn pattern(&mut self, node: &mut Node) {
        if !self.computed {
            self.node(node);
        }
    }
}

/// The tree without positions, as text to compare.
pub(super) fn shape(source: &Source) -> String {
    let mut source = source.clone();
    walk(&mut source, &mut Positions);
    format!("{source:?}")
}

/// The tree as if nothing had been computed when it was read.
pub(super) fn unfolded(source: &Source) -> Source {
    let mut source = source.clone();
    walk(&mut source, &mut Constants { computed: true });
    source
}

/// The tree as it is written, and nothing of what is known about it.
pub(super) fn bare(source: &Source) -> Source {
    let mut source = source.clone();
    walk(&mut source, &mut Constants { computed: false });
    source
}

fn walk(source: &mut Source, visitor: &mut impl Walk) {
    for map in &mut source.maps {
        statements(&mut map.statements, visitor);
    }
    statements(&mut source.statements, visitor);
}

fn statements(list: &mut [StatementNode], visitor: &mut impl Walk) {
    for statement in list {
        visitor.line(statement);
        match &mut statement.kind {
            StatementKind::Let(_, value)
            | StatementKind::Metadata(_, value)
            | StatementKind::Assign(_, value) => node(value, visitor),
            StatementKind::If(branches, otherwise) => {
                for (condition, body) in branches {
                    node(condition, visitor);
                    statements(body, visitor);
                }
                statements(otherwise, visitor);
            }
        }
    }
}

fn node(target: &mut Node, visitor: &mut impl Walk) {
    inside(target, visitor);
    visitor.node(target);
}

fn inside(target: &mut Node, visitor: &mut impl Walk) {
    match &mut target.kind {
        NodeKind::Literal(_) | NodeKind::Word(_) | NodeKind::Variable(_) | NodeKind::Metadata(_) => {}
        NodeKind::Call(inner) => call(inner, visitor),
        NodeKind::Chain(head, tails) => {
            node(head, visitor);
            tails.iter_mut().for_each(|one| tail(one, visitor));
        }
        NodeKind::Operate(first, rest) => {
            node(first, visitor);
            rest.iter_mut().for_each(|(_, operand)| node(operand, visitor));
        }
        NodeKind::Not(inner) | NodeKind::Negate(inner) | NodeKind::Lambda(_, inner) => node(inner, visitor),
        NodeKind::Array(items) => items.iter_mut().for_each(|item| node(item, visitor)),
        NodeKind::Object(entries) => pairs(entries, visitor),
        NodeKind::If(branches, otherwise) => {
            pairs(branches, visitor);
            otherwise.iter_mut().for_each(|value| node(value, visitor));
        }
        NodeKind::Match(subject, cases) => {
            subject.iter_mut().for_each(|value| node(value, visitor));
            for (pattern, value) in cases {
                if let Some(pattern) = pattern {
                    inside(pattern, visitor);
                    visitor.pattern(pattern);
                }
                node(value, visitor);
            }
        }
    }
}

fn pairs(pairs: &mut [(Node, Node)], visitor: &mut impl Walk) {
    for (left, right) in pairs {
        node(left, visitor);
        node(right, visitor);
    }
}

fn tail(tail: &mut TailNode, visitor: &mut impl Walk) {
    match tail {
        TailNode::Field(_) => {}
        TailNode::Context(inner) | TailNode::Index(inner) => node(inner, visitor),
        TailNode::Call(inner) => call(inner, visitor),
        TailNode::Slice(bounds) => bounds.iter_mut().flatten().for_each(|bound| node(bound, visitor)),
    }
}

fn call(target: &mut CallNode, visitor: &mut impl Walk) {
    match &mut target.arguments {
        ArgumentNodes::Positional(nodes) => nodes.iter_mut().for_each(|value| node(value, visitor)),
        ArgumentNodes::Named(nodes) => nodes.iter_mut().for_each(|(_, value)| node(value, visitor)),
    }
    visitor.call(target);
}
