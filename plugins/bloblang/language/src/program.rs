//! The compiled form of a mapping: names are slots, paths are resolved, constants are folded, arguments are checked.

use crate::spec::{FunctionSpec, ParamKind};
use crate::syntax::{Constant, Operator};
use crate::value::{Path, Segment, Text, Value};

/// A mapping ready to run.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) main: Routine,
    pub(crate) maps: Vec<Routine>,
    /// How many calls keep state between runs.
    pub(crate) sites: usize,
}

/// The statements of the mapping, or of one of its maps.
#[derive(Debug, Default)]
pub(crate) struct Routine {
    pub(crate) name: Option<Text>,
    pub(crate) statements: Vec<Statement>,
    /// The names of the variables; an index is a slot.
    pub(crate) variables: Vec<Text>,
}

#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) line: usize,
    pub(crate) action: Action,
}

#[derive(Debug)]
pub(crate) enum Action {
    Let(usize, Expr),
    Metadata(Option<Text>, Expr),
    Assign(Path, Expr),
    If(Vec<(Expr, Vec<Statement>)>, Vec<Statement>),
}

#[derive(Debug)]
pub(crate) enum Expr {
    Literal(Constant),
    Field(Box<Field>),
    Variable {
        slot: Option<usize>,
        name: Text,
    },
    Metadata(Option<Text>),
    Call(Box<CallSite>),
    Chain(Box<Chain>),
    Operate(Box<Operation>),
    Not(Box<Self>),
    Array(Vec<Self>),
    Object(Vec<(Self, Self)>),
    /// An array or an object of which everything is known.
    Known(Value),
    If(Box<If>),
    Match(Box<Match>),
    Lambda(Box<Lambda>),
}

/// A path from something that has a name.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) origin: Origin,
    pub(crate) path: Path,
    /// As messages show it: `this.a.b`.
    pub(crate) shown: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    This,
    Root,
    /// The name that the lambda so many levels further out gave.
    Named(usize),
}

/// A head and what is done with it in turn.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) head: Expr,
    pub(crate) tails: Vec<Tail>,
    /// The last tail that evaluates its target itself: what is before it must not be evaluated first.
    pub(crate) control: Option<usize>,
    /// Whether any of the calls has arguments to evaluate.
    pub(crate) dynamic: bool,
}

#[derive(Debug)]
pub(crate) enum Tail {
    Path(Path),
    Context(Expr),
    Call(CallSite),
    Index(Expr),
    Slice { low: Option<Expr>, high: Option<Expr>, step: Option<Expr> },
}

#[derive(Debug)]
pub(crate) struct CallSite {
    pub(crate) spec: &'static FunctionSpec,
    pub(crate) arguments: Vec<Argument>,
    /// Where the call keeps its state between runs.
    pub(crate) site: usize,
    /// Whether there are arguments to evaluate before the call.
    pub(crate) dynamic: bool,
}

#[derive(Debug)]
pub(crate) enum Argument {
    /// Not given, and without a default.
    Absent,
    /// Known, and of the right type.
    Fixed(Value),
    /// A path that is known.
    Path(Path),
    /// To be evaluated; also every query that the function runs itself.
    Query(Expr),
}

/// Operands of one precedence, from the left.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) first: Expr,
    pub(crate) rest: Vec<(Operator, Expr)>,
}

#[derive(Debug)]
pub(crate) struct If {
    pub(crate) branches: Vec<(Expr, Expr)>,
    pub(crate) otherwise: Option<Expr>,
}

#[derive(Debug)]
pub(crate) struct Match {
    pub(crate) subject: Option<Expr>,
    pub(crate) cases: Vec<(Pattern, Expr)>,
}

#[derive(Debug)]
pub(crate) enum Pattern {
    Any,
    Equals(Value),
    Holds(Expr),
}

#[derive(Debug)]
pub(crate) struct Lambda {
    pub(crate) name: Text,
    /// False for `_`: the value is dropped.
    pub(crate) named: bool,
    pub(crate) body: Expr,
}

impl Expr {
    /// The name of the type of `value`, which this gave, as Go has it. Integers are kept alike wherever they are from;
    /// in Go those of a document are another type.
    pub(crate) fn go_type(&self, value: &Value) -> &'static str {
        match (self, value) {
            (Self::Field(field), Value::Int(_)) if field.origin != Origin::Root => "json.Number",
            _ => value.go_type(),
        }
    }

    /// What messages call this part of a query.
    pub(crate) fn title(&self) -> String {
        match self {
            Self::Literal(known) => known.title(),
            Self::Field(field) => format!("field `{}`", field.shown),
            Self::Variable { name, .. } => format!("variable {name}"),
            Self::Metadata(key) => metadata_title("meta", key.as_deref().unwrap_or_default()),
            Self::Call(call) => call.function_title(),
            Self::Chain(chain) => chain.title(chain.tails.len()),
            Self::Operate(operation) => operation.title(operation.rest.len()),
            Self::Not(operand) => format!("not {}", operand.title()),
            Self::Array(_) | Self::Known(Value::Array(_)) => "array literal".to_owned(),
            Self::Object(_) | Self::Known(_) => "object literal".to_owned(),
            Self::If(_) => "if expression".to_owned(),
            Self::Match(_) => "match expression".to_owned(),
            Self::Lambda(lambda) => lambda.body.title(),
        }
    }
}

fn metadata_title(kind: &str, key: &str) -> String {
    if key.is_empty() { format!("{kind} object") } else { format!("{kind} field {key}") }
}

impl Operation {
    /// What messages call the first `length` operators and their operands: the last of them.
    pub(crate) fn title(&self, length: usize) -> String {
        match length.checked_sub(1).and_then(|last| self.rest.get(last)) {
            Some((_, operand)) => operand.title(),
            None => self.first.title(),
        }
    }
}

impl Chain {
    /// What messages call the chain up to, and without, the tail at `length`.
    pub(crate) fn title(&self, length: usize) -> String {
        let Some(last) = length.checked_sub(1) else {
            return self.head.title();
        };
        match self.tails.get(last) {
            None => self.head.title(),
            Some(Tail::Path(path)) => format!("path `{path}`"),
            Some(Tail::Context(query)) => query.title(),
            Some(Tail::Call(call)) => self.method_title(call, last),
            Some(Tail::Index(_)) => "index".to_owned(),
            Some(Tail::Slice { .. }) => "slice".to_owned(),
        }
    }

    fn method_title(&self, call: &CallSite, at: usize) -> String {
        match (call.spec.name, call.arguments.as_slice()) {
            ("from", [Argument::Fixed(index)]) => format!("{} from {}", self.title(at), index.to_text()),
            ("apply", [Argument::Fixed(name)]) => format!("map {}", name.to_text()),
            ("map", [Argument::Query(query)]) => query.title(),
            ("not", []) => format!("not {}", self.title(at)),
            ("set", [Argument::Path(path), Argument::Fixed(value)]) => {
                format!("set path `{path}` with {}", value.verbose())
            }
            (name, _) => format!("method {name}"),
        }
    }
}

impl CallSite {
    pub(crate) fn new(spec: &'static FunctionSpec, arguments: Vec<Argument>, site: usize) -> Self {
        let mut call = Self { spec, arguments, site, dynamic: false };
        call.dynamic = (0..call.arguments.len()).any(|index| call.is_computed(index));
        call
    }

    /// Whether the argument is evaluated before the call.
    pub(crate) fn is_computed(&self, index: usize) -> bool {
        matches!(self.arguments.get(index), Some(Argument::Query(_)))
            && self.spec.params.get(index).is_none_or(|param| param.kind != ParamKind::Query)
    }

    fn function_title(&self) -> String {
        match (self.spec.name, self.arguments.first()) {
            ("json", Some(Argument::Fixed(path))) => format!("json path `{}`", path.to_text()),
            ("var", Some(Argument::Fixed(name))) => format!("variable {}", name.to_text()),
            (kind @ ("meta" | "metadata" | "root_meta"), Some(Argument::Fixed(key))) => {
                metadata_title(kind, &key.to_text())
            }
            (name, _) => format!("function {name}"),
        }
    }
}

impl Field {
    pub(crate) fn new(origin: Origin, name: &str, keys: Vec<Text>) -> Self {
        let path = Path(keys.into_iter().map(Segment::new).collect());
        let shown = if path.0.is_empty() { name.to_owned() } else { format!("{name}.{path}") };
        Self { origin, path, shown }
    }
}
