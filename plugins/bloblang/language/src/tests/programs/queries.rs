//! Queries of every kind, as the parser would give them.

use super::Writer;
use crate::syntax::{Node, NodeKind, Operator, TailNode};
use crate::value::{Text, Value};

/// How many parts a query has at most, more or less.
const PARTS: usize = 14;

const WORDS: [&str; 10] = ["this", "a", "b", "root", "foo", "if", "match", "_", "elsewhere", "Caf_1"];
const NAMES: [&str; 4] = ["x", "y", "_", "9a"];
const VARIABLES: [&str; 4] = ["v", "w", "nope", "0"];
const FIELDS: [&str; 10] = ["a", "b", "c", "0", "1", "if", "a b", "", "else", "\"~.\\"];
const KEYS: [&str; 5] = ["k", "a", "a b", "", "if"];

/// Mostly small, so that what is computed with them is so too; the others are large enough to be refused.
const INTEGERS: [i64; 10] =
    [0, 1, 2, 3, 7, 40, 255, 1 << 40, 1_000_000_000_000_000_000, 9_223_372_036_854_775_807];
const FLOATS: [f64; 6] = [0.0, 0.5, 1.0, 1e300, 5e-324, 123_456.789];

pub(super) const TEXTS: [&str; 32] = [
    "a",
    "b.c",
    "",
    "hello World",
    "[1,{\"a\":null}]",
    "{\"a\":\"b\",\"c\":[2.5]}",
    "[a-z]+",
    "(",
    "%d %v %s",
    "m",
    "2006-01-02",
    "2020-08-14T11:45:26.371Z",
    "%Y-%m-%d",
    "hex",
    "base64",
    "gzip",
    "sha256",
    "UTC",
    "email",
    "1.5",
    "-7",
    "true",
    "a,b\n1,2",
    "https://u:p@a.b:8/c?d=e#f",
    "\u{e9}\u{1f600}\0",
    "\"\\\n",
    "PT5M3S",
    "1h5s",
    "<a b='c'>d</a>",
    "$.a[*]",
    "a: [1, b]",
    "0",
];

impl Writer<'_> {
    /// A query that begins anew.
    pub(super) fn whole(&mut self) -> Node {
        self.left = PARTS;
        self.query()
    }

    pub(super) fn query(&mut self) -> Node {
        if self.left == 0 {
            return self.leaf();
        }
        self.left -= 1;
        let node = self.compound();
        if self.accepts(&node) { node } else { self.leaf() }
    }

    fn compound(&mut self) -> Node {
        let kind = match self.choices.below(16) {
            0..3 => return self.leaf(),
            3..8 => return self.chain(),
            8 | 9 => self.operation(),
            10 => self.signed(),
            11 => NodeKind::Call(self.function()),
            12 => NodeKind::Array(self.several(4, Self::query)),
            13 => NodeKind::Object(self.several(4, Self::entry)),
            14 => self.control(),
            _ => return self.lambda(),
        };
        Node::new(0, kind)
    }

    fn several<T>(&mut self, most: usize, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.choices.below(most)).map(|_| item(self)).collect()
    }

    fn leaf(&mut self) -> Node {
        let kind = match self.choices.below(12) {
            0..4 => NodeKind::Word(self.word()),
            4 => NodeKind::Variable(self.text(&VARIABLES)),
            5 => NodeKind::Metadata(if self.choices.once_in(3) { None } else { Some(self.text(&KEYS)) }),
            _ => NodeKind::Literal(self.literal()),
        };
        Node::new(0, kind)
    }

    fn word(&mut self) -> Text {
        match self.names.last() {
            // A name that begins with a digit can be given, but what is looked up is a number.
            Some(name) if *name != "9a" && self.choices.once_in(2) => Text::fixed(name),
            _ => self.text(&WORDS),
        }
    }

    pub(super) fn literal(&mut self) -> Value {
        match self.choices.below(8) {
            0..2 => Value::Int(self.choices.pick(&INTEGERS)),
            2 => Value::Float(self.choices.pick(&FLOATS)),
            3 => Value::Bool(self.choices.once_in(2)),
            4 => Value::Null,
            5 if self.choices.once_in(4) => Value::String(Text::of(b"a\xff\"\xc3")),
            _ => Value::String(self.text(&TEXTS)),
        }
    }

    /// Operands and operators of one precedence. Had the first ones the same precedence, they would be among them.
    fn operation(&mut self) -> NodeKind {
        let (_, operator) = self.choices.pick(&Operator::ALL);
        let (first, mut rest) = match self.query() {
            Node { kind: NodeKind::Operate(first, rest), .. }
                if rest.first().is_some_and(|(other, _)| other.precedence() == operator.precedence()) =>
            {
                (first, rest)
            }
            other => (Box::new(other), Vec::new()),
        };
        rest.push((operator, self.query()));
        NodeKind::Operate(first, rest)
    }

    /// What has a sign in front of it, which may be the second one if it belongs to a number.
    fn signed(&mut self) -> NodeKind {
        let mut operand = self.query();
        if let NodeKind::Literal(Value::Int(number)) = &mut operand.kind
            && self.choices.once_in(2)
        {
            *number = -*number;
        }
        if self.choices.once_in(2) {
            NodeKind::Not(Box::new(operand))
        } else {
            NodeKind::Negate(Box::new(operand))
        }
    }

    fn entry(&mut self) -> (Node, Node) {
        let key = if self.choices.once_in(4) {
            self.query()
        } else {
            Node::new(0, NodeKind::Literal(Value::String(self.text(&KEYS))))
        };
        (key, self.query())
    }

    /// Mostly a bool.
    pub(super) fn condition(&mut self) -> Node {
        self.left = self.left.max(4);
        let kind = match self.choices.below(4) {
            0 => NodeKind::Literal(Value::Bool(true)),
            1 => NodeKind::Literal(Value::Bool(false)),
            2 => {
                let equal = self.choices.pick(&[Operator::Equal, Operator::NotEqual]);
                let (left, right) = (self.leaf(), self.leaf());
                NodeKind::Operate(Box::new(left), vec![(equal, right)])
            }
            _ => return self.query(),
        };
        Node::new(0, kind)
    }

    fn branch(&mut self) -> (Node, Node) {
        (self.condition(), self.query())
    }

    fn control(&mut self) -> NodeKind {
        if self.choices.once_in(2) {
            let mut branches = vec![self.branch()];
            branches.extend(self.several(2, Self::branch));
            let otherwise = if self.choices.once_in(2) { Some(Box::new(self.query())) } else { None };
            return NodeKind::If(branches, otherwise);
        }
        let subject = if self.choices.once_in(2) { Some(Box::new(self.query())) } else { None };
        let case = |writer: &mut Self| {
            let pattern = if writer.choices.once_in(3) { None } else { Some(writer.query()) };
            (pattern, writer.query())
        };
        let mut cases = self.several(3, case);
        if cases.is_empty() && subject.is_none() {
            // Empty braces are an object.
            cases.push(case(self));
        }
        NodeKind::Match(subject, cases)
    }

    pub(super) fn lambda(&mut self) -> Node {
        let name = self.choices.pick(&NAMES);
        if name != "_" && self.names.contains(&name) {
            return self.leaf();
        }
        self.names.push(name);
        let body = self.query();
        self.names.pop();
        match body.kind {
            NodeKind::Lambda(..) => body,
            _ => Node::new(0, NodeKind::Lambda(Text::fixed(name), Box::new(body))),
        }
    }

    fn chain(&mut self) -> Node {
        let mut chain = Node::new(0, NodeKind::Chain(Box::new(self.query()), Vec::new()));
        if self.choices.once_in(2) {
            let (head, method) = self.fitting();
            chain.kind = NodeKind::Chain(Box::new(head), Vec::new());
            let mut longer = chain.clone();
            if let NodeKind::Chain(_, tails) = &mut longer.kind {
                tails.push(TailNode::Call(method));
            }
            if self.accepts(&longer) {
                chain = longer;
            }
        }
        for _ in 0..=self.choices.below(3) {
            let mut longer = chain.clone();
            if let NodeKind::Chain(_, tails) = &mut longer.kind {
                tails.push(self.tail());
            }
            if self.accepts(&longer) {
                chain = longer;
            }
        }
        match chain.kind {
            NodeKind::Chain(head, tails) if tails.is_empty() => *head,
            _ => chain,
        }
    }

    fn tail(&mut self) -> TailNode {
        match self.choices.below(12) {
            0..2 => TailNode::Field(self.text(&FIELDS)),
            2 => TailNode::Context(if self.choices.once_in(2) { self.query() } else { self.lambda() }),
            3 => TailNode::Index(self.query()),
            4 => {
                let mut bound = || if self.choices.once_in(2) { Some(self.query()) } else { None };
                TailNode::Slice(Box::new([bound(), bound(), bound()]))
            }
            _ => TailNode::Call(self.method()),
        }
    }
}
