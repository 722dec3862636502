//! The functions that are not written in the language itself: those that take values and give one.

pub(crate) mod arithmetic;
mod containers;
mod formats;
mod math;
pub(crate) mod paths;
mod regex;
mod sorting;
mod strings;
mod time;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::rc::Rc;

use crate::World;
use crate::error::{Error, Result};
use crate::value::Value;

/// A function of an input and arguments.
pub(crate) struct Native {
    pub(crate) name: &'static str,
    pub(crate) arity: usize,
    pub(crate) call: Call,
}

pub(crate) type Call = fn(&mut Tools<'_>, &Value, &[Value]) -> Result<Value>;

/// What functions need besides.
pub(crate) struct Tools<'w> {
    pub(crate) world: &'w mut dyn World,
    pub(crate) expressions: &'w mut Expressions,
}

/// Regular expressions that were compiled before, by pattern.
pub(crate) type Expressions = HashMap<String, Rc<forebay_bloblang::Regex>>;

impl Native {
    pub(crate) const fn new(name: &'static str, arity: usize, call: Call) -> Self {
        Self { name, arity, call }
    }
}

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.name, self.arity)
    }
}

const TABLES: [&[Native]; 10] = [
    arithmetic::NATIVES,
    containers::NATIVES,
    formats::NATIVES,
    math::NATIVES,
    paths::NATIVES,
    regex::NATIVES,
    sorting::NATIVES,
    strings::NATIVES,
    time::NATIVES,
    CONTROL,
];

/// Those that end a program.
const CONTROL: &[Native] = &[
    Native::new("error", 0, |_, input, _| Err(Error::Raised(input.clone()))),
    Native::new("error", 1, |_, _, arguments| Err(Error::Raised(first(arguments).clone()))),
    Native::new("halt", 0, |_, _, _| Err(Error::Halted(Value::Null))),
    Native::new("halt_error", 0, |_, input, _| Err(Error::Halted(input.clone()))),
    Native::new("halt_error", 1, |_, input, arguments| match first(arguments).as_int() {
        Some(_) => Err(Error::Halted(input.clone())),
        None => Err(Error::type0("halt_error", first(arguments))),
    }),
    Native::new("modulemeta", 0, |_, input, _| match input {
        Value::Text(path) => {
            Err(Error::new(format!("cannot load module: {}", forebay_bloblang::quoted(path))))
        }
        other => Err(Error::type0("modulemeta", other)),
    }),
];

pub(crate) fn find(name: &str, arity: usize) -> Option<&'static Native> {
    TABLES.iter().flat_map(|table| table.iter()).find(|native| native.arity == arity && native.name == name)
}

/// The names of all functions, those of the prelude included.
pub(crate) fn builtins<'n>(prelude: impl Iterator<Item = (&'n str, usize)>) -> Value {
    let natives = TABLES.iter().flat_map(|table| table.iter()).map(|native| (native.name, native.arity));
    let special =
        [("empty", 0), ("path", 1), ("env", 0), ("builtins", 0), ("input", 0), ("debug", 1), ("getpath", 1)];
    let all: BTreeSet<(&str, usize)> = natives.chain(prelude).chain(special).collect();
    let shown = all.into_iter().filter(|(name, _)| !name.starts_with('_'));
    Value::array(shown.map(|(name, arity)| Value::from(format!("{name}/{arity}"))).collect())
}

pub(crate) fn first(arguments: &[Value]) -> &Value {
    arguments.first().unwrap_or(&Value::Null)
}

pub(crate) fn second(arguments: &[Value]) -> &Value {
    arguments.get(1).unwrap_or(&Value::Null)
}

pub(crate) fn third(arguments: &[Value]) -> &Value {
    arguments.get(2).unwrap_or(&Value::Null)
}
