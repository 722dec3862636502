//! The source of a mapping as a tree: what was written, before names are checked and constants folded.

mod print;

use crate::value::{Text, Value};

pub(crate) use print::print;

/// A part of a query and the offset it starts at.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) at: usize,
    pub(crate) kind: NodeKind,
    /// The value of the part, if it is known before any message is.
    pub(crate) constant: Option<Constant>,
}

/// A value that is known, and what messages call it unless that is "... literal".
#[derive(Clone, Debug)]
pub(crate) struct Constant {
    pub(crate) value: Value,
    pub(crate) title: Option<Text>,
}

impl Constant {
    pub(crate) fn titled(value: Value, title: Text) -> Self {
        Self { value, title: Some(title) }
    }

    pub(crate) fn title(&self) -> String {
        match &self.title {
            Some(title) => title.to_string(),
            None => format!("{} literal", self.value.kind()),
        }
    }
}

impl From<Value> for Constant {
    fn from(value: Value) -> Self {
        Self { value, title: None }
    }
}

impl Node {
    pub(crate) fn new(at: usize, kind: NodeKind) -> Self {
        Self { at, kind, constant: None }
    }

    pub(crate) fn constant(&self) -> Option<Constant> {
        match &self.kind {
            NodeKind::Literal(value) => Some(Constant::from(value.clone())),
            _ => self.constant.clone(),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum NodeKind {
    Literal(Value),
    /// A bare word: `this`, `root`, a name given by a lambda, or a field of `this`.
    Word(Text),
    /// `$name`
    Variable(Text),
    /// `@`, `@name`
    Metadata(Option<Text>),
    Call(CallNode),
    /// A head and the fields, methods, brackets that follow it.
    Chain(Box<Node>, Vec<TailNode>),
    /// Operands of one precedence, taken from the left.
    Operate(Box<Node>, Vec<(Operator, Node)>),
    Not(Box<Node>),
    Negate(Box<Node>),
    Array(Vec<Node>),
    Object(Vec<(Node, Node)>),
    If(Vec<(Node, Node)>, Option<Box<Node>>),
    Match(Option<Box<Node>>, Vec<(Option<Node>, Node)>),
    Lambda(Text, Box<Node>),
}

#[derive(Clone, Debug)]
pub(crate) enum TailNode {
    Field(Text),
    /// `.( query )`
    Context(Node),
    Call(CallNode),
    Index(Node),
    /// `[low:high:step]`
    Slice(Box<[Option<Node>; 3]>),
}

/// A function or method with its arguments.
#[derive(Clone, Debug)]
pub(crate) struct CallNode {
    pub(crate) name: Text,
    pub(crate) arguments: ArgumentNodes,
    /// The value of everything up to and including the call, if it is known.
    pub(crate) constant: Option<Constant>,
}

impl CallNode {
    /// Whether all arguments are known.
    pub(crate) fn is_constant(&self) -> bool {
        match &self.arguments {
            ArgumentNodes::Positional(nodes) => nodes.iter().all(|node| node.constant().is_some()),
            ArgumentNodes::Named(nodes) => nodes.iter().all(|(_, node)| node.constant().is_some()),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum ArgumentNodes {
    Positional(Vec<Node>),
    Named(Vec<(Text, Node)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Multiply,
    Divide,
    Modulo,
    Coalesce,
    Add,
    Subtract,
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    And,
    Or,
}

impl Operator {
    /// From the tightest to the loosest.
    pub(crate) const PRECEDENCES: [u8; 4] = [4, 3, 2, 1];

    /// Every operator and its sign, the longer of two that begin alike first.
    pub(crate) const ALL: [(&'static str, Self); 14] = [
        ("==", Self::Equal),
        ("!=", Self::NotEqual),
        (">=", Self::GreaterOrEqual),
        ("<=", Self::LessOrEqual),
        ("&&", Self::And),
        ("||", Self::Or),
        (">", Self::Greater),
        ("<", Self::Less),
        ("+", Self::Add),
        ("-", Self::Subtract),
        ("*", Self::Multiply),
        ("/", Self::Divide),
        ("%", Self::Modulo),
        ("|", Self::Coalesce),
    ];

    pub(crate) fn sign(self) -> &'static str {
        Self::ALL.iter().find(|(_, operator)| *operator == self).map_or("", |(sign, _)| sign)
    }

    /// True for operators whose operands are always both evaluated.
    pub(crate) fn is_strict(self) -> bool {
        !matches!(self, Self::Coalesce | Self::And | Self::Or)
    }

    /// How tightly it binds. `|` binds like `*`, and `&&` no tighter than `||`.
    pub(crate) fn precedence(self) -> u8 {
        match self {
            Self::Multiply | Self::Divide | Self::Modulo | Self::Coalesce => 4,
            Self::Add | Self::Subtract => 3,
            Self::Equal
            | Self::NotEqual
            | Self::Greater
            | Self::GreaterOrEqual
            | Self::Less
            | Self::LessOrEqual => 2,
            Self::And | Self::Or => 1,
        }
    }
}

/// A statement and the line that errors in it are reported with.
#[derive(Clone, Debug)]
pub(crate) struct StatementNode {
    pub(crate) line: usize,
    pub(crate) kind: StatementKind,
}

#[derive(Clone, Debug)]
pub(crate) enum StatementKind {
    Let(Text, Node),
    /// `meta = ...`, `meta key = ...`
    Metadata(Option<Text>, Node),
    /// A path below the root, and what goes there.
    Assign(Vec<Text>, Node),
    If(Vec<(Node, Vec<StatementNode>)>, Vec<StatementNode>),
}

/// `map name { statements }`
#[derive(Clone, Debug)]
pub(crate) struct MapNode {
    pub(crate) name: Text,
    pub(crate) statements: Vec<StatementNode>,
}

/// A whole mapping.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source {
    pub(crate) maps: Vec<MapNode>,
    pub(crate) statements: Vec<StatementNode>,
}
