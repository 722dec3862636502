//! What holds for every program and every document.

mod folding;
mod mutations;
mod printing;
mod untouched;

use proptest::prelude::*;

use super::programs::{Choices, document};
use crate::syntax::{ArgumentNodes, CallNode, Node, NodeKind, StatementKind, StatementNode, TailNode};
use crate::testing::{Batch, Message};
use crate::value::Text;
use crate::{Mapping, Outcome, Value};

/// As many cases as `PROPTEST_CASES` says, or `count`.
fn cases(count: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_some() {
        default
    } else {
        ProptestConfig { cases: count, ..default }
    }
}

/// What programs are made of.
fn program_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..300)
}

/// What a batch is made of.
fn batch_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..100)
}

/// Three messages.
fn batch(bytes: &[u8]) -> Batch {
    let mut choices = Choices::of(bytes);
    let mut messages = Vec::new();
    for index in 0..3 {
        let metadata = vec![("k".to_owned(), Value::Int(index)), ("a.b".to_owned(), Value::from("meta"))];
        let error = (index == 1).then(|| "it failed".to_owned());
        messages.push(Message { content: document(&mut choices).into_bytes(), metadata, error, trace: None });
    }
    Batch(messages)
}

/// `query`, or what `instead` says when that fails.
fn caught(query: Node, instead: NodeKind) -> Node {
    let arguments = ArgumentNodes::Positional(vec![Node::new(0, instead)]);
    let call = CallNode { name: Text::fixed("catch"), arguments, constant: None };
    Node::new(0, NodeKind::Chain(Box::new(query), vec![TailNode::Call(call)]))
}

/// Visits the values of all statements, those in blocks too.
fn values<'s>(statements: &'s mut [StatementNode], visit: &mut dyn FnMut(&'s mut Node)) {
    for statement in statements {
        match &mut statement.kind {
            StatementKind::Let(_, value)
            | StatementKind::Metadata(_, value)
            | StatementKind::Assign(_, value) => visit(value),
            StatementKind::If(branches, otherwise) => {
                for (_, statements) in branches {
                    values(statements, visit);
                }
                values(otherwise, visit);
            }
        }
    }
}

/// What a mapping makes of a message, and its new content.
fn outcome(mapping: &mut Mapping, batch: &Batch, index: usize) -> (Outcome, String) {
    let mut out = Vec::new();
    let outcome = mapping.run(batch, index, &mut crate::testing::Fixed::default(), &mut out);
    (outcome, String::from_utf8_lossy(&out).into_owned())
}
