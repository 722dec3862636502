//! What mappings read and write, as far as their text tells.
//!
//! It follows what Bento says of its queries, so that branches of a workflow depend on each other alike. That is not all
//! that a mapping reads: the queries that methods run on elements are left out, for instance, and where an argument is
//! computed only what that reads counts.

mod scope;

use super::Mapping;
use crate::program::{
    Action, Argument, CallSite, Chain, Expr, Lambda, Match, Pattern, Program, Routine, Statement, Tail,
};
use crate::value::{Path, Text};
use scope::{Of, Scope, Spot, join, keys, spot, spots_of};

/// How many expressions are looked at, and how many places kept at a time, before it is too much to tell.
const EFFORT: usize = 20_000;

/// A place in a message: the names on the way there, none for all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Document(Vec<Text>),
    Metadata(Vec<Text>),
}

/// What a mapping reads of the message that comes in and writes to the one that goes out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    pub reads: Vec<Place>,
    pub writes: Vec<Place>,
}

impl Mapping {
    /// What the mapping reads and writes; `None` when it is too large to tell.
    #[must_use]
    pub fn places(&self) -> Option<Places> {
        let mut search = Search { program: &self.program, within: Vec::new(), effort: 0 };
        let reads = search.routine(&self.program.main, &Scope::default()).ok()?;
        let reads = reads.into_iter().filter_map(|spot| match spot.of {
            Of::Document => Some(Place::Document(spot.path)),
            Of::Metadata => Some(Place::Metadata(spot.path)),
            Of::Other => None,
        });
        let mut writes = Vec::new();
        written(&self.program.main.statements, &mut writes);
        Some(Places { reads: reads.collect(), writes })
    }
}

fn written(statements: &[Statement], places: &mut Vec<Place>) {
    for statement in statements {
        match &statement.action {
            Action::Let(..) => {}
            Action::Metadata(key, _) => places.push(Place::Metadata(key.iter().cloned().collect())),
            Action::Assign(path, _) => places.push(Place::Document(keys(path).collect())),
            Action::If(branches, otherwise) => {
                branches.iter().for_each(|(_, body)| written(body, places));
                written(otherwise, places);
            }
        }
    }
}

/// There is too much of it.
struct TooMuch;

type Found<'p> = Result<(Scope<'p>, Vec<Spot>), TooMuch>;

struct Search<'p> {
    program: &'p Program,
    /// The maps that are being looked at.
    within: Vec<&'p Text>,
    effort: usize,
}

impl<'p> Search<'p> {
    fn routine(&mut self, routine: &'p Routine, scope: &Scope<'p>) -> Result<Vec<Spot>, TooMuch> {
        self.statements(&routine.statements, scope)
    }

    fn statements(&mut self, statements: &'p [Statement], scope: &Scope<'p>) -> Result<Vec<Spot>, TooMuch> {
        let mut spots = Vec::new();
        for statement in statements {
            match &statement.action {
                Action::Let(_, value) | Action::Metadata(_, value) | Action::Assign(_, value) => {
                    join(&mut spots, self.all([value], scope)?);
                }
                Action::If(branches, otherwise) => {
                    for (condition, body) in branches {
                        join(&mut spots, self.all([condition], scope)?);
                        join(&mut spots, self.statements(body, scope)?);
                    }
                    join(&mut spots, self.statements(otherwise, scope)?);
                }
            }
        }
        Ok(spots)
    }

    /// What several expressions read, each by itself.
    fn all(
        &mut self,
        expressions: impl IntoIterator<Item = &'p Expr>,
        scope: &Scope<'p>,
    ) -> Result<Vec<Spot>, TooMuch> {
        let mut spots = Vec::new();
        for expression in expressions {
            join(&mut spots, self.expression(expression, scope.clone())?.1);
        }
        Ok(spots)
    }

    fn expression(&mut self, expression: &'p Expr, scope: Scope<'p>) -> Found<'p> {
        self.effort += 1 + scope.values.len() + scope.this.len();
        if self.effort > EFFORT {
            return Err(TooMuch);
        }
        let spots = match expression {
            Expr::Literal(_) | Expr::Known(_) => Vec::new(),
            Expr::Field(field) => {
                let spots = spots_of(field, &scope);
                return Ok(scope.standing_for(spots));
            }
            Expr::Variable { name, .. } => return Ok(scope.standing_for(vec![spot(Of::Other, [name])])),
            Expr::Metadata(key) => return Ok(scope.standing_for(vec![spot(Of::Metadata, key)])),
            Expr::Call(call) => return self.function(call, scope),
            Expr::Chain(chain) => return self.chain(chain, scope),
            Expr::Not(operand) => return self.expression(operand, scope),
            Expr::Lambda(lambda) => return self.lambda(lambda, scope),
            Expr::Operate(operation) => {
                let rest = operation.rest.iter().map(|(_, operand)| operand);
                self.all(std::iter::once(&operation.first).chain(rest), &scope)?
            }
            Expr::Array(items) => self.all(items, &scope)?,
            Expr::Object(entries) => {
                self.all(entries.iter().flat_map(|(key, value)| [key, value]), &scope)?
            }
            Expr::If(choice) => {
                let branches = choice.branches.iter().flat_map(|(test, then)| [test, then]);
                self.all(branches.chain(&choice.otherwise), &scope)?
            }
            Expr::Match(choice) => self.cases(choice, &scope)?,
        };
        Ok((scope, spots))
    }

    fn cases(&mut self, choice: &'p Match, scope: &Scope<'p>) -> Result<Vec<Spot>, TooMuch> {
        let (inner, mut spots) = match &choice.subject {
            Some(subject) => self.expression(subject, scope.clone())?,
            None => (scope.clone(), Vec::new()),
        };
        let inner = inner.looking_at(spots.clone());
        for (pattern, result) in &choice.cases {
            if let Pattern::Holds(query) = pattern {
                join(&mut spots, self.all([query], &inner)?);
            }
            join(&mut spots, self.all([result], &inner)?);
        }
        Ok(spots)
    }

    fn lambda(&mut self, lambda: &'p Lambda, mut scope: Scope<'p>) -> Found<'p> {
        if lambda.named {
            scope.names.push((&lambda.name, scope.this.clone()));
        }
        if let Some(outer) = scope.outer.pop() {
            scope.this = outer;
        }
        self.expression(&lambda.body, scope)
    }

    fn function(&mut self, call: &'p CallSite, scope: Scope<'p>) -> Found<'p> {
        if call.dynamic {
            let spots = self.all(computed(call), &scope)?;
            return Ok((scope, spots));
        }
        let key = match call.arguments.first() {
            Some(Argument::Fixed(key)) => Some(key.to_text()).filter(|key| !key.is_empty()),
            _ => None,
        };
        let spot = match (call.spec.name, &key) {
            ("json", Some(path)) => spot(Of::Document, keys(&Path::dotted(path)).collect::<Vec<_>>().iter()),
            ("json", None) => spot(Of::Document, []),
            ("meta" | "metadata" | "root_meta", key) => spot(Of::Metadata, key),
            ("var", key) => spot(Of::Other, key),
            _ => return Ok((scope, Vec::new())),
        };
        Ok(scope.standing_for(vec![spot]))
    }

    fn chain(&mut self, chain: &'p Chain, scope: Scope<'p>) -> Found<'p> {
        let start = scope.clone();
        let (mut scope, mut spots) = self.expression(&chain.head, scope)?;
        for tail in &chain.tails {
            match tail {
                Tail::Path(path) => {
                    scope = scope.at(path);
                    join(&mut spots, scope.values.clone());
                }
                Tail::Context(query) => (scope, spots) = self.within(query, scope, spots)?,
                Tail::Call(call) => (scope, spots) = self.method(call, &start, scope, spots)?,
                Tail::Index(index) => {
                    let (after, more) = self.expression(index, scope)?;
                    scope = after;
                    join(&mut spots, more);
                }
                Tail::Slice { low, high, step } => {
                    for bound in [low, high, step].into_iter().flatten() {
                        let (after, more) = self.expression(bound, scope)?;
                        scope = after;
                        join(&mut spots, more);
                    }
                }
            }
        }
        Ok((scope, spots))
    }

    /// A query about a value that stands for `spots`.
    fn within(&mut self, query: &'p Expr, scope: Scope<'p>, mut spots: Vec<Spot>) -> Found<'p> {
        let (scope, more) = self.expression(query, scope.looking_at(spots.clone()))?;
        join(&mut spots, more);
        Ok((scope, spots))
    }

    /// A method on what the chain, which started in `start`, has come to.
    fn method(
        &mut self,
        call: &'p CallSite,
        start: &Scope<'p>,
        scope: Scope<'p>,
        mut spots: Vec<Spot>,
    ) -> Found<'p> {
        if call.dynamic {
            return Ok((start.clone(), self.all(computed(call), start)?));
        }
        match (call.spec.name, call.arguments.as_slice()) {
            ("or" | "catch" | "sort" | "sort_by", [Argument::Query(query)]) => {
                join(&mut spots, self.all([query], start)?);
                Ok((start.clone(), spots))
            }
            ("or" | "catch", _) => Ok((start.clone(), spots)),
            ("map", [Argument::Query(query)]) => self.within(query, scope, spots),
            ("set", [Argument::Path(path), ..]) => {
                let scope = scope.at(path);
                join(&mut spots, scope.values.clone());
                Ok((scope, spots))
            }
            ("apply", [Argument::Fixed(name)]) => {
                let name = name.to_text();
                let map =
                    self.program.maps.iter().find(|map| map.name.as_ref().is_some_and(|own| **own == *name));
                let Some((map, name)) = map.and_then(|map| Some((map, map.name.as_ref()?))) else {
                    return Ok((scope, spots));
                };
                let scope = scope.looking_at(spots.clone());
                // What a map reads when it calls itself it has read before, one level up.
                if !self.within.contains(&name) {
                    self.within.push(name);
                    let more = self.routine(map, &scope);
                    self.within.pop();
                    join(&mut spots, more?);
                }
                Ok((scope, spots))
            }
            _ => Ok((scope, spots)),
        }
    }
}

/// The arguments that are evaluated before the call.
fn computed(call: &CallSite) -> impl Iterator<Item = &Expr> {
    let queries = call.arguments.iter().enumerate().filter_map(|(index, argument)| match argument {
        Argument::Query(query) => Some((index, query)),
        Argument::Absent | Argument::Fixed(_) | Argument::Path(_) => None,
    });
    let is_computed = |(index, _): &(usize, _)| call.is_computed(*index);
    queries.filter(is_computed).map(|(_, query)| query)
}

#[cfg(test)]
mod tests;
