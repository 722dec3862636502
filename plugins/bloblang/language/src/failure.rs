//! Errors of a running query.
//!
//! The text is put together only when somebody asks for it, since `|`, `.or()` and `.catch()` mostly throw it away.
//! The language names the part of the query that gave the offending value. Whoever raises an error rarely knows
//! that part, so an error stays *open* until the call that it came out of closes it with the name.

use std::fmt;

use crate::value::Value;

/// Why a query has no value.
#[derive(Clone, Debug)]
pub(crate) struct Failure(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    kind: Kind,
    /// What nested contexts put in front, outermost last.
    prefixes: Vec<String>,
    state: State,
    cause: Cause,
    /// How many prefixes there were once the innermost statement had put its own in front.
    statement: Option<usize>,
}

/// What some who report an error want to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Cause {
    Other,
    /// There is no document; the field that was asked for.
    NoContext(String),
    /// Maps are nested too deeply.
    Stacks,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The part it is about is not named yet.
    Open,
    /// A wrong type, with the part that gave it. What wraps such an error opens it again.
    Typed,
    /// Open, but not about the target of the call that it comes out of.
    Passed,
    /// Nothing more is to be named.
    Settled,
}

#[derive(Clone, Debug)]
enum Kind {
    Text(String),
    Type { wanted: &'static str, got: Value, from: Option<String> },
}

impl Failure {
    /// An error about the target of a call; the call will put the target's name in front.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self::make(Kind::Text(text.into()), State::Open)
    }

    /// An error that names the parts it is about. What wraps it may be named again.
    pub(crate) fn named(text: impl Into<String>) -> Self {
        Self::make(Kind::Text(text.into()), State::Typed)
    }

    /// An error that speaks for itself.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self::make(Kind::Text(text.into()), State::Settled)
    }

    /// `got` is not of a wanted type, as in "string, array or object".
    pub(crate) fn expected(wanted: &'static str, got: &Value) -> Self {
        Self::make(Kind::Type { wanted, got: got.clone(), from: None }, State::Open)
    }

    /// There is nothing that `this` could be; `field` is the path below it, which may be empty.
    pub(crate) fn no_context(field: &str) -> Self {
        let mut failure = Self::new(match field {
            "" => "context was undefined".to_owned(),
            field => format!("context was undefined, unable to reference `{field}`"),
        });
        failure.0.cause = Cause::NoContext(field.to_owned());
        failure
    }

    /// A map is entered inside of too many others.
    pub(crate) fn stacks(map: &str) -> Self {
        let mut failure = Self::new(format!(
            "entering map {map} exceeded maximum allowed stacks of 5000, this could be due to unbounded recursion"
        ));
        failure.0.cause = Cause::Stacks;
        failure
    }

    /// The field that was asked for when there was no document.
    pub(crate) fn missing_context(&self) -> Option<&str> {
        match &self.0.cause {
            Cause::NoContext(field) => Some(field),
            Cause::Other | Cause::Stacks => None,
        }
    }

    /// Leaves a map: of all the statements that are being executed the innermost is reported.
    pub(crate) fn in_map(mut self, line: usize) -> Self {
        if let Some(length) = self.0.statement {
            self.0.prefixes.truncate(length);
            return self;
        }
        if self.0.cause == Cause::Stacks {
            self.0.prefixes.clear();
        }
        let mut failure = self.within(format_args!("failed assignment (line {line})"));
        failure.0.statement = Some(failure.0.prefixes.len());
        failure
    }

    fn make(kind: Kind, state: State) -> Self {
        Self(Box::new(Inner { kind, prefixes: Vec::new(), state, cause: Cause::Other, statement: None }))
    }

    /// Closes an open error with the name of the part it is about.
    pub(crate) fn about(mut self, name: impl FnOnce() -> String) -> Self {
        match self.0.state {
            State::Open => {}
            State::Passed => {
                self.0.state = State::Open;
                return self;
            }
            State::Typed | State::Settled => return self,
        }
        match &mut self.0.kind {
            Kind::Type { from, .. } if self.0.prefixes.is_empty() => {
                *from = Some(name());
                self.0.state = State::Typed;
            }
            _ => {
                self.0.prefixes.push(format!("{}: ", name()));
                self.0.state = State::Settled;
            }
        }
        self
    }

    /// Closes an error as it is.
    pub(crate) fn settled(mut self) -> Self {
        self.0.state = State::Settled;
        self
    }

    /// Keeps the call that this error comes out of from naming its target; whoever is further out may do so.
    pub(crate) fn passed(mut self) -> Self {
        if self.0.state == State::Open {
            self.0.state = State::Passed;
        }
        self
    }

    /// Puts `context: ` in front.
    pub(crate) fn within(mut self, context: impl fmt::Display) -> Self {
        if self.0.state == State::Typed {
            self.0.state = State::Open;
        }
        self.0.prefixes.push(format!("{context}: "));
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for prefix in self.0.prefixes.iter().rev() {
            f.write_str(prefix)?;
        }
        match &self.0.kind {
            Kind::Text(text) => f.write_str(text),
            Kind::Type { wanted, got, from } => {
                write!(f, "expected {wanted} value, got {}", got.kind())?;
                if let Some(from) = from {
                    write!(f, " from {from}")?;
                }
                match got {
                    Value::String(text) => write!(f, " (\"{text}\")"),
                    Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Float(_) | Value::Number(_) => {
                        write!(f, " ({})", got.verbose())
                    }
                    _ => Ok(()),
                }
            }
        }
    }
}
