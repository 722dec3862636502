//! From a tree to a program. Names are looked up here, so that a program knows nothing of them.

mod index;
mod pattern;
mod prelude;
mod term;

use std::collections::HashMap;

use crate::natives;
use crate::parser;
use crate::program::{Function, FunctionId, Id, Node, Parameter, Program, Symbol};
use crate::syntax::{Definition, Operator, Query};
use crate::value::Value;

pub(crate) use term::format;

type Compiled<T> = Result<T, String>;

/// Compiles a parsed program that is run with these variables.
pub(crate) fn compile(parsed: &crate::syntax::Program, variables: &[&str]) -> Compiled<Program> {
    if let Some(path) = parsed.imports.first() {
        return Err(format!("cannot load module: {}", forebay_bloblang::quoted(path)));
    }
    let mut compiler = Compiler::new()?;
    for name in variables {
        let symbol = compiler.name(name, Kind::Variable);
        compiler.program.variables.push(symbol);
    }
    compiler.program.root = compiler.query(&parsed.query)?;
    Ok(compiler.program)
}

struct Compiler {
    program: Program,
    /// What can be seen, the innermost last.
    scope: Vec<Named>,
    symbols: Symbol,
    /// The definitions that every program has, and those of them that were compiled.
    definitions: HashMap<(String, usize), Definition>,
    compiled: HashMap<(String, usize), FunctionId>,
}

struct Named {
    name: String,
    kind: Kind,
    symbol: Symbol,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Variable,
    Closure,
    Label,
    Function(FunctionId, usize),
}

impl Compiler {
    fn new() -> Compiled<Self> {
        let definitions = prelude::definitions()?;
        Ok(Self {
            program: Program::default(),
            scope: Vec::new(),
            symbols: 0,
            definitions,
            compiled: HashMap::new(),
        })
    }

    fn symbol(&mut self) -> Symbol {
        self.symbols += 1;
        self.symbols
    }

    fn name(&mut self, name: &str, kind: Kind) -> Symbol {
        let symbol = self.symbol();
        self.scope.push(Named { name: name.to_owned(), kind, symbol });
        symbol
    }

    /// Runs `compile` and forgets the names that it adds.
    fn apart<T>(&mut self, compile: impl FnOnce(&mut Self) -> Compiled<T>) -> Compiled<T> {
        let before = self.scope.len();
        let result = compile(self);
        self.scope.truncate(before);
        result
    }

    fn query(&mut self, query: &Query) -> Compiled<Id> {
        match query {
            Query::Missing => Err("missing query (try \".\")".to_owned()),
            Query::Define(definition, query) => self.apart(|compiler| {
                let function = compiler.function(definition, true)?;
                let query = compiler.query(query)?;
                Ok(compiler.program.add(Node::Define(function, query)))
            }),
            Query::Pipe(stages) => self.several(stages, Node::Pipe),
            Query::Comma(parts) => self.several(parts, Node::Comma),
            Query::Operation(operator, left, right) => self.operation(*operator, left, right),
            Query::Bind(term, patterns, body) => self.bind(term, patterns, body),
            Query::Label(name, body) => self.apart(|compiler| {
                let symbol = compiler.name(name, Kind::Label);
                let body = compiler.query(body)?;
                Ok(compiler.program.add(Node::Label(symbol, body)))
            }),
            Query::Term(term) => self.term(term),
        }
    }

    fn several(&mut self, queries: &[Query], join: fn(Id, Id) -> Node) -> Compiled<Id> {
        let mut ids = Vec::with_capacity(queries.len());
        for query in queries {
            ids.push(self.query(query)?);
        }
        let last = ids.pop().unwrap_or_default();
        Ok(ids.into_iter().rev().fold(last, |right, left| self.program.add(join(left, right))))
    }

    fn operation(&mut self, operator: Operator, left: &Query, right: &Query) -> Compiled<Id> {
        match operator {
            Operator::Alternative => self.both(left, right, Node::Alternative),
            Operator::Assign => match index::place(left) {
                Some(keys) => {
                    let value = self.query(right)?;
                    let path = self.constant(Value::array(keys));
                    self.native("setpath", vec![path, value])
                }
                None => self.both(left, right, Node::Assign),
            },
            Operator::Modify => self.both(left, right, Node::Modify),
            Operator::Function(name) => {
                let right = self.query(right)?;
                let left = self.query(left)?;
                self.native(name, vec![left, right])
            }
            Operator::And | Operator::Or => {
                let left = self.query(left)?;
                let right = self.query(right)?;
                let yes = self.constant(Value::Bool(true));
                let no = self.constant(Value::Bool(false));
                let right = self.program.add(Node::If(right, yes, no));
                Ok(self.program.add(match operator {
                    Operator::And => Node::If(left, right, no),
                    _ => Node::If(left, yes, right),
                }))
            }
            Operator::Update(name) => {
                let source = self.query(right)?;
                let place = self.query(left)?;
                let symbol = self.symbol();
                let identity = self.program.add(Node::Identity);
                let variable = self.program.add(Node::Variable(symbol));
                let value = self.native(name, vec![identity, variable])?;
                let body = self.program.add(Node::Modify(place, value));
                let pattern = self.program.patterns.len();
                self.program.patterns.push(vec![crate::program::Step::Bind(symbol)]);
                Ok(self.program.add(Node::Bind {
                    source,
                    patterns: vec![pattern],
                    names: vec![symbol],
                    body,
                }))
            }
        }
    }

    fn both(&mut self, left: &Query, right: &Query, join: fn(Id, Id) -> Node) -> Compiled<Id> {
        let left = self.query(left)?;
        let right = self.query(right)?;
        Ok(self.program.add(join(left, right)))
    }

    fn constant(&mut self, value: Value) -> Id {
        self.program.add(Node::Constant(value))
    }

    fn native(&mut self, name: &str, arguments: Vec<Id>) -> Compiled<Id> {
        let native = natives::find(name, arguments.len());
        let native = native.ok_or_else(|| format!("function not defined: {name}/{}", arguments.len()))?;
        Ok(self.program.add(Node::Native(native, arguments)))
    }

    /// Compiles a definition, which sees itself, and names it if it is of the program.
    fn function(&mut self, definition: &Definition, is_local: bool) -> Compiled<FunctionId> {
        let Definition { name, parameters, body } = definition;
        let id = self.program.functions.len();
        self.program.functions.push(Function { parameters: Vec::new(), body: 0, is_local });
        if is_local {
            self.name(name, Kind::Function(id, parameters.len()));
        }
        self.apart(|compiler| {
            let mut named = Vec::with_capacity(parameters.len());
            for parameter in parameters {
                let bare = parameter.strip_prefix('$');
                let closure = compiler.name(bare.unwrap_or(parameter), Kind::Closure);
                named.push(Parameter { closure, variable: None });
            }
            for (parameter, named) in parameters.iter().zip(&mut named) {
                if parameter.starts_with('$') {
                    named.variable = Some(compiler.name(parameter, Kind::Variable));
                }
            }
            let body = compiler.query(body)?;
            if let Some(function) = compiler.program.functions.get_mut(id) {
                function.parameters = named;
                function.body = body;
            }
            Ok(id)
        })
    }

    /// A call of a function, a parameter or a variable.
    fn call(&mut self, name: &str, arguments: &[Query]) -> Compiled<Id> {
        if let Some(id) = self.seen(name, arguments)? {
            return Ok(id);
        }
        if arguments.is_empty() && (name == "$ENV" || name == "env") {
            return Ok(self.constant(Value::object::<&str>([])));
        }
        if name.starts_with('$') {
            return Err(format!("variable not defined: {name}"));
        }
        let known = (name.to_owned(), arguments.len());
        if let Some(function) = self.common(&known)? {
            let arguments = self.each(arguments)?;
            return Ok(self.program.add(Node::Call(function, arguments)));
        }
        self.special(name, arguments)
    }

    /// What the program itself has under a name.
    fn seen(&mut self, name: &str, arguments: &[Query]) -> Compiled<Option<Id>> {
        let found = self.scope.iter().rev().find_map(|named| {
            let fits = named.name == name
                && match named.kind {
                    Kind::Function(_, arity) => arity == arguments.len(),
                    Kind::Variable | Kind::Closure => arguments.is_empty(),
                    Kind::Label => false,
                };
            fits.then_some((named.kind, named.symbol))
        });
        Ok(Some(match found {
            Some((Kind::Function(function, _), _)) => {
                let arguments = self.each(arguments)?;
                self.program.add(Node::Call(function, arguments))
            }
            Some((Kind::Closure, symbol)) => self.program.add(Node::Closure(symbol)),
            Some((_, symbol)) => self.program.add(Node::Variable(symbol)),
            None => return Ok(None),
        }))
    }

    /// A function of the prelude.
    fn common(&mut self, known: &(String, usize)) -> Compiled<Option<FunctionId>> {
        if let Some(function) = self.compiled.get(known) {
            return Ok(Some(*function));
        }
        let Some(definition) = self.definitions.get(known).cloned() else { return Ok(None) };
        // It sees itself by its place among those that are compiled.
        self.compiled.insert(known.clone(), self.program.functions.len());
        let scope = std::mem::take(&mut self.scope);
        let function = self.function(&definition, false);
        self.scope = scope;
        function.map(Some)
    }

    fn each(&mut self, queries: &[Query]) -> Compiled<Vec<Id>> {
        queries.iter().map(|query| self.query(query)).collect()
    }

    /// Functions that are no ordinary ones.
    fn special(&mut self, name: &str, arguments: &[Query]) -> Compiled<Id> {
        let missing = || format!("function not defined: {name}/{}", arguments.len());
        let node = match (name, arguments) {
            ("empty", []) => Node::Empty,
            ("input", []) => return Err("input(s)/0 is not allowed".to_owned()),
            ("builtins", []) => {
                let names = self.definitions.keys().map(|(name, arity)| (name.as_str(), *arity));
                Node::Constant(natives::builtins(names))
            }
            ("path", [query]) => Node::Path(self.query(query)?),
            ("getpath", [query]) => Node::GetPath(self.query(query)?),
            ("_assign", [left, right]) => return self.both(left, right, Node::Assign),
            ("_modify", [left, right]) => return self.both(left, right, Node::Modify),
            ("_range", [start, end, step]) => {
                Node::Range([self.query(start)?, self.query(end)?, self.query(step)?])
            }
            _ => {
                let native = natives::find(name, arguments.len()).ok_or_else(missing)?;
                Node::Native(native, self.each(arguments)?)
            }
        };
        Ok(self.program.add(node))
    }
}

/// Reads and compiles a program.
pub(crate) fn read(source: &str, variables: &[&str]) -> Result<Program, crate::ProgramError> {
    let parsed = parser::parse(source).map_err(crate::ProgramError::Parse)?;
    compile(&parsed, variables).map_err(crate::ProgramError::Compile)
}
