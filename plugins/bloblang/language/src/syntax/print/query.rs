//! Queries, with brackets where the parser would otherwise bind differently.

use super::{Printer, word};
use crate::syntax::{ArgumentNodes, CallNode, Node, NodeKind, TailNode};
use crate::value::{Text, Value};

/// How tightly a part of a query holds together. Those of operators are their precedences.
type Level = u8;

/// A whole query.
const QUERY: Level = 0;
/// What follows an operator. `-` may be in front of it.
const OPERAND: Level = 5;
/// What follows `-`. `!` may be in front of it.
const TERM: Level = 6;
/// What follows `!`. Fields and calls may be behind it.
const CHAIN: Level = 7;
/// What these follow.
const ATOM: Level = 8;

/// Whether the query goes on behind a part of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Nothing,
    Something,
}

impl Printer {
    pub(super) fn query(&mut self, node: &Node) {
        self.part(node, QUERY, After::Nothing);
    }

    /// A part of a query, in brackets if it does not hold together as tightly as `level` demands.
    fn part(&mut self, node: &Node, level: Level, after: After) {
        let bare = match &node.kind {
            NodeKind::Operate(_, rest) => {
                rest.first().map_or(ATOM, |(operator, _)| operator.precedence()) >= level
            }
            NodeKind::Negate(_) => OPERAND >= level,
            NodeKind::Not(_) => TERM >= level,
            NodeKind::Chain(..) => CHAIN >= level,
            // Its body would take in what follows.
            NodeKind::Lambda(..) => after == After::Nothing,
            // With a space after them these are something else.
            NodeKind::Word(word) => !matches!(word.as_str(), "if" | "match"),
            _ => true,
        };
        if bare {
            self.bare(node, after);
        } else {
            self.out.push('(');
            self.bare(node, After::Nothing);
            self.out.push(')');
        }
    }

    fn bare(&mut self, node: &Node, after: After) {
        match &node.kind {
            NodeKind::Literal(value) => self.literal(value),
            NodeKind::Word(word) => self.out.push_str(word),
            NodeKind::Variable(name) => {
                self.out.push('$');
                self.out.push_str(name);
            }
            NodeKind::Metadata(key) => {
                self.out.push('@');
                if let Some(key) = key {
                    self.name(key);
                }
            }
            NodeKind::Call(call) => self.call(call),
            NodeKind::Chain(head, tails) => self.chain(head, tails),
            NodeKind::Operate(first, rest) => {
                let level = rest.first().map_or(QUERY, |(operator, _)| operator.precedence());
                self.part(first, level, if rest.is_empty() { after } else { After::Something });
                for (index, (operator, operand)) in rest.iter().enumerate() {
                    let last = index + 1 == rest.len();
                    self.out.push(' ');
                    self.out.push_str(operator.sign());
                    self.out.push(' ');
                    self.part(operand, level + 1, if last { after } else { After::Something });
                }
            }
            NodeKind::Not(operand) => {
                self.out.push('!');
                self.part(operand, CHAIN, after);
            }
            NodeKind::Negate(operand) => {
                self.out.push('-');
                self.part(operand, TERM, after);
            }
            NodeKind::Array(items) => self.list(('[', ']'), items, Self::query),
            NodeKind::Object(entries) => self.list(('{', '}'), entries, Self::entry),
            NodeKind::If(branches, otherwise) => self.choice(branches, otherwise.as_deref()),
            NodeKind::Match(subject, cases) => self.cases(subject.as_deref(), cases),
            NodeKind::Lambda(name, body) => {
                self.out.push_str(name);
                self.out.push_str(" -> ");
                self.query(body);
            }
        }
    }

    fn literal(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.string(text),
            Value::Float(number) => self.out.push_str(&word::float(*number)),
            other => self.out.push_str(&other.to_text()),
        }
    }

    fn list<T>(&mut self, (open, close): (char, char), items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        self.out.push(open);
        for (index, one) in items.iter().enumerate() {
            if index > 0 {
                self.out.push_str(", ");
            }
            item(self, one);
        }
        self.out.push(close);
    }

    /// A key and a value. Of a key that begins with a string that string is all, unless there are brackets.
    fn entry(&mut self, (key, value): &(Node, Node)) {
        let start = self.out.len();
        self.query(key);
        let literal = matches!(key.kind, NodeKind::Literal(_));
        if !literal && self.out.get(start..).is_some_and(|written| written.starts_with('"')) {
            self.out.insert(start, '(');
            self.out.push(')');
        }
        self.out.push_str(": ");
        self.query(value);
    }

    fn choice(&mut self, branches: &[(Node, Node)], otherwise: Option<&Node>) {
        for (index, (condition, value)) in branches.iter().enumerate() {
            self.out.push_str(if index == 0 { "if " } else { " else if " });
            self.query(condition);
            self.braced(value);
        }
        if let Some(value) = otherwise {
            self.out.push_str(" else");
            self.braced(value);
        }
    }

    fn braced(&mut self, value: &Node) {
        self.out.push_str(" { ");
        self.query(value);
        self.out.push_str(" }");
    }

    fn cases(&mut self, subject: Option<&Node>, cases: &[(Option<Node>, Node)]) {
        self.out.push_str("match ");
        if let Some(subject) = subject {
            self.query(subject);
            self.out.push(' ');
        }
        let mut ended = 0;
        self.lines(cases, |printer, (pattern, value)| {
            let start = printer.out.len();
            match pattern {
                // By itself the word is the pattern that takes everything.
                Some(Node { kind: NodeKind::Word(word), .. }) if word.as_str() == "_" => {
                    printer.out.push_str("(_)");
                }
                Some(pattern) => printer.query(pattern),
                None => printer.out.push('_'),
            }
            // On the next line it could belong to an `if` before it; behind a comma it can not.
            if ended > 0 && printer.out.get(start..).is_some_and(|written| written.starts_with("else")) {
                printer.out.insert(ended, ',');
            }
            printer.out.push_str(" => ");
            printer.query(value);
            ended = printer.out.len();
        });
    }

    fn chain(&mut self, head: &Node, tails: &[TailNode]) {
        self.part(head, ATOM, After::Something);
        let mut number = matches!(head.kind, NodeKind::Literal(Value::Int(_)));
        for tail in tails {
            match tail {
                TailNode::Index(index) => {
                    self.out.push('[');
                    self.query(index);
                    self.out.push(']');
                }
                TailNode::Slice(bounds) => self.slice(bounds),
                TailNode::Field(key) => {
                    self.out.push('.');
                    self.field(key, number);
                }
                TailNode::Context(query) => {
                    self.out.push_str(".(");
                    self.query(query);
                    self.out.push(')');
                }
                TailNode::Call(call) => {
                    self.out.push('.');
                    self.call(call);
                }
            }
            number = false;
        }
    }

    /// A field; digits behind a whole number would become its fraction.
    fn field(&mut self, key: &Text, after_number: bool) {
        if after_number && key.starts_with(|first: char| first.is_ascii_digit()) {
            self.string(key);
        } else {
            self.name(key);
        }
    }

    fn slice(&mut self, [low, high, step]: &[Option<Node>; 3]) {
        self.out.push('[');
        let bound = |printer: &mut Self, bound: &Option<Node>| {
            if let Some(bound) = bound {
                printer.query(bound);
            }
        };
        bound(self, low);
        self.out.push(':');
        bound(self, high);
        if step.is_some() {
            self.out.push(':');
        }
        bound(self, step);
        self.out.push(']');
    }

    fn call(&mut self, call: &CallNode) {
        self.out.push_str(&call.name);
        match &call.arguments {
            ArgumentNodes::Positional(nodes) => self.list(('(', ')'), nodes, Self::query),
            ArgumentNodes::Named(nodes) => self.list(('(', ')'), nodes, |printer, (name, node)| {
                printer.out.push_str(name);
                printer.out.push_str(": ");
                printer.query(node);
            }),
        }
    }
}
