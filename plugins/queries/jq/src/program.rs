//! A compiled program: nodes that name each other by index, with every name resolved.

use crate::natives::Native;
use crate::value::Value;

/// The place of a node.
pub(crate) type Id = usize;
/// The place of a function.
pub(crate) type FunctionId = usize;
/// The place of a pattern.
pub(crate) type PatternId = usize;
/// A variable, a parameter or a label: each definition has its own.
pub(crate) type Symbol = u32;

#[derive(Clone, Debug)]
pub(crate) enum Node {
    Identity,
    Empty,
    Constant(Value),
    Pipe(Id, Id),
    Comma(Id, Id),
    Alternative(Id, Id),
    /// A constant index of what a node gives.
    Field(Id, Value),
    Index(Id, Id),
    Slice {
        of: Id,
        from: Id,
        to: Id,
    },
    Iterate(Id),
    If(Id, Id, Id),
    Try(Id, Option<Id>),
    Reduce(Fold),
    Foreach(Fold),
    Label(Symbol, Id),
    Break(Symbol),
    /// The source, alternative patterns, all names in them, the body.
    Bind {
        source: Id,
        patterns: Vec<PatternId>,
        names: Vec<Symbol>,
        body: Id,
    },
    /// Keys and values; where there is no value it is that of the input under the key.
    Object(Vec<(Id, Option<Id>)>),
    Array(Id),
    Variable(Symbol),
    /// Calls a parameter.
    Closure(Symbol),
    /// A definition, and where it holds.
    Define(FunctionId, Id),
    Call(FunctionId, Vec<Id>),
    Native(&'static Native, Vec<Id>),
    Range([Id; 3]),
    Path(Id),
    GetPath(Id),
    Assign(Id, Id),
    Modify(Id, Id),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Fold {
    pub(crate) source: Id,
    pub(crate) pattern: PatternId,
    pub(crate) start: Id,
    pub(crate) update: Id,
    pub(crate) extract: Option<Id>,
}

#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Id,
    /// Whether it sees names around it: those of the prelude do not.
    pub(crate) is_local: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter {
    pub(crate) closure: Symbol,
    /// Where every value of the argument is bound in turn.
    pub(crate) variable: Option<Symbol>,
}

/// A step of taking a value apart. What is being looked at lies on a stack.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Binds the top and takes it away.
    Bind(Symbol),
    /// Binds the top.
    Note(Symbol),
    /// Puts an item of the list at the top on top.
    Item(i64),
    /// Puts what the top has under a key on top.
    Field(Value),
    /// The same for every key that a node makes of the top.
    Key(Id),
    Pop,
}

#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) nodes: Vec<Node>,
    /// Which nodes give exactly one value or error, without choices.
    pub(crate) simple: Vec<bool>,
    pub(crate) functions: Vec<Function>,
    pub(crate) patterns: Vec<Vec<Step>>,
    pub(crate) root: Id,
    /// The variables that whoever runs it sets.
    pub(crate) variables: Vec<Symbol>,
}

impl Program {
    pub(crate) fn is_simple(&self, id: Id) -> bool {
        self.simple.get(id).copied().unwrap_or(false)
    }

    /// Adds a node.
    pub(crate) fn add(&mut self, node: Node) -> Id {
        let simple = self.judge(&node);
        self.nodes.push(node);
        self.simple.push(simple);
        self.nodes.len() - 1
    }

    fn judge(&self, node: &Node) -> bool {
        let all = |ids: &[Id]| ids.iter().all(|id| self.is_simple(*id));
        match node {
            Node::Identity | Node::Constant(_) | Node::Variable(_) => true,
            Node::Pipe(left, right) | Node::Index(left, right) => all(&[*left, *right]),
            Node::Field(of, _) => all(&[*of]),
            Node::Slice { of, from, to } => all(&[*of, *from, *to]),
            Node::If(condition, then, otherwise) => all(&[*condition, *then, *otherwise]),
            Node::Native(_, arguments) => all(arguments),
            Node::Object(entries) => {
                entries.iter().all(|(key, value)| all(&[*key]) && value.is_none_or(|value| all(&[value])))
            }
            _ => false,
        }
    }
}
