//! The names that a node sees: a list, the innermost first.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::program::{FunctionId, Id, Symbol};
use crate::value::Value;

#[derive(Clone, Default)]
pub(crate) struct Names(Option<Rc<Named>>);

struct Named {
    symbol: Symbol,
    meaning: Meaning,
    outer: Names,
}

pub(crate) enum Meaning {
    Value(Value),
    /// An argument, and what it sees.
    Closure(Id, Names),
    Function(FunctionId),
    /// How many choices there were when a label was passed.
    Label(usize),
}

impl Names {
    fn with(&self, symbol: Symbol, meaning: Meaning) -> Self {
        Self(Some(Rc::new(Named { symbol, meaning, outer: self.clone() })))
    }

    pub(crate) fn with_value(&self, symbol: Symbol, value: Value) -> Self {
        self.with(symbol, Meaning::Value(value))
    }

    pub(crate) fn with_closure(&self, symbol: Symbol, node: Id, names: Self) -> Self {
        self.with(symbol, Meaning::Closure(node, names))
    }

    pub(crate) fn with_function(&self, function: FunctionId) -> Self {
        self.with(0, Meaning::Function(function))
    }

    pub(crate) fn with_label(&self, symbol: Symbol, choices: usize) -> Self {
        self.with(symbol, Meaning::Label(choices))
    }

    pub(crate) fn get(&self, symbol: Symbol) -> Option<&Meaning> {
        let mut at = self;
        while let Some(named) = &at.0 {
            if named.symbol == symbol && symbol != 0 {
                return Some(&named.meaning);
            }
            at = &named.outer;
        }
        None
    }

    pub(crate) fn value(&self, symbol: Symbol) -> Value {
        match self.get(symbol) {
            Some(Meaning::Value(value)) => value.clone(),
            _ => Value::Null,
        }
    }

    /// What the definition of a function sees, itself included.
    pub(crate) fn of_function(&self, function: FunctionId) -> Self {
        let mut at = self;
        while let Some(named) = &at.0 {
            if matches!(named.meaning, Meaning::Function(found) if found == function) {
                return at.clone();
            }
            at = &named.outer;
        }
        Self::default()
    }
}

thread_local! {
    /// Names that ended while others were ending, which are let go one after the other: deep recursion leaves chains
    /// that are too long for recursive destructors.
    static ENDING: RefCell<Vec<Names>> = const { RefCell::new(Vec::new()) };
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

impl Drop for Named {
    fn drop(&mut self) {
        let outer = std::mem::take(&mut self.outer);
        let inner = match &mut self.meaning {
            Meaning::Closure(_, names) => std::mem::take(names),
            _ => Names::default(),
        };
        end(outer);
        end(inner);
    }
}

fn end(names: Names) {
    if names.0.as_ref().is_none_or(|named| Rc::strong_count(named) > 1) {
        return;
    }
    ENDING.with_borrow_mut(|ending| ending.push(names));
    if BUSY.replace(true) {
        return;
    }
    while let Some(names) = ENDING.with_borrow_mut(Vec::pop) {
        drop(names);
    }
    BUSY.set(false);
}
