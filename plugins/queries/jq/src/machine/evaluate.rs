//! What a node begins with.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::choice::Kind;
use super::frame::{Calling, Frame, Given, Link, Next, Place, Work};
use super::names::{Meaning, Names};
use super::{Machine, State};
use crate::error::Result;
use crate::program::{Fold, FunctionId, Id, Node};
use crate::value::Value;

impl Machine<'_, '_> {
    #[expect(clippy::too_many_lines, reason = "one arm for each node")]
    pub(super) fn evaluate(&mut self, id: Id, names: Names, input: Value, next: Next) -> Result<State> {
        let program = self.program;
        let Some(node) = program.nodes.get(id) else { return Ok(State::Back) };
        if !self.track.is_on() && program.is_simple(id) {
            let value = self.simple(id, &names, &input)?;
            return Ok(State::Give(value, next));
        }
        match node {
            Node::Identity => Ok(State::Give(input, next)),
            Node::Empty => Ok(State::Back),
            Node::Constant(value) => Ok(State::Give(value.clone(), next)),
            Node::Variable(symbol) => Ok(State::Give(names.value(*symbol), next)),
            Node::Pipe(left, right) => {
                let next = Link::push(Frame::Pipe(*right, names.clone()), next);
                Ok(State::Evaluate(*left, names, input, next))
            }
            Node::Comma(left, right) => {
                let right = Work { node: *right, names: names.clone(), input: input.clone() };
                self.leave(Kind::Work(right), next.clone())?;
                Ok(State::Evaluate(*left, names, input, next))
            }
            Node::Alternative(left, right) => {
                let found = Rc::new(Cell::new(false));
                let right = Work { node: *right, names: names.clone(), input: input.clone() };
                self.leave(Kind::Otherwise(right, Rc::clone(&found)), next.clone())?;
                Ok(State::Evaluate(*left, names, input, Link::push(Frame::Alternative(found), next)))
            }
            Node::Field(of, key) => {
                Ok(State::Evaluate(*of, names, input, Link::push(Frame::Field(key.clone()), next)))
            }
            Node::Iterate(of) => Ok(State::Evaluate(*of, names, input, Link::push(Frame::Iterate, next))),
            Node::Index(of, key) => {
                let of = Work { node: *of, names: names.clone(), input: input.clone() };
                Ok(self.quietly(*key, names, input, Frame::Key(of), next))
            }
            Node::Slice { of, from, to } => {
                let of = Work { node: *of, names: names.clone(), input: input.clone() };
                Ok(self.quietly(*from, names, input, Frame::SliceFrom(of, *to), next))
            }
            Node::If(condition, then, otherwise) => {
                let then = Work { node: *then, names: names.clone(), input: input.clone() };
                Ok(self.quietly(*condition, names, input, Frame::If(then, *otherwise), next))
            }
            Node::Try(body, catch) => {
                let before = self.choices.len();
                self.leave(Kind::Try(catch.map(|catch| (catch, names.clone()))), next.clone())?;
                Ok(State::Evaluate(*body, names, input, Link::push(Frame::Tried(before), next)))
            }
            Node::Label(symbol, body) => {
                let names = names.with_label(*symbol, self.choices.len());
                Ok(State::Evaluate(*body, names, input, next))
            }
            Node::Break(symbol) => {
                if let Some(Meaning::Label(choices)) = names.get(*symbol) {
                    self.choices.truncate(*choices);
                }
                Ok(State::Back)
            }
            Node::Array(query) => {
                let place = place(Value::array(Vec::new()));
                self.leave(Kind::Collected(Rc::clone(&place)), next)?;
                Ok(State::Evaluate(*query, names, input, Link::push(Frame::Collect(place), None)))
            }
            Node::Closure(symbol) => Ok(match names.get(*symbol) {
                Some(Meaning::Closure(node, names)) => State::Evaluate(*node, names.clone(), input, next),
                _ => State::Back,
            }),
            Node::Define(function, query) => {
                Ok(State::Evaluate(*query, names.with_function(*function), input, next))
            }
            Node::Call(function, arguments) => Ok(self.call(*function, arguments, &names, input, next)),
            Node::Native(_, arguments) => self.arguments(id, arguments, names, input, next),
            Node::Range(arguments) => self.arguments(id, arguments, names, input, next),
            Node::Object(_) => {
                let work = Work { node: id, names, input };
                self.build(work, 0, Given::None, next)
            }
            Node::Reduce(fold) => self.fold(*fold, true, names, input, next),
            Node::Foreach(fold) => self.fold(*fold, false, names, input, next),
            Node::Bind { source, patterns, names: bound, body } => {
                let mut inner = names.clone();
                if patterns.len() > 1 {
                    for symbol in bound {
                        inner = inner.with_value(*symbol, Value::Null);
                    }
                }
                let body = Work { node: *body, names: inner, input: input.clone() };
                let frame = Frame::Source { patterns: Rc::from(patterns.as_slice()), body };
                Ok(self.quietly(*source, names, input, frame, next))
            }
            Node::Path(query) => {
                self.track.start(input.clone());
                Ok(State::Evaluate(*query, names, input, Link::push(Frame::Path, next)))
            }
            Node::GetPath(query) => {
                let frame = Frame::PathArgument(input.clone());
                Ok(self.quietly(*query, names, input, frame, next))
            }
            Node::Assign(place, value) => {
                let frame = Frame::AssignValue { place: *place, names: names.clone(), input: input.clone() };
                Ok(self.quietly(*value, names, input, frame, next))
            }
            Node::Modify(path, update) => {
                let (state, missed) = (place(input.clone()), place(Value::array(Vec::new())));
                let modified = Kind::Modified { state: Rc::clone(&state), missed: Rc::clone(&missed) };
                self.leave(modified, next)?;
                self.track.start(input.clone());
                let frame = Frame::ModifyPath { update: *update, names: names.clone(), state, missed };
                Ok(State::Evaluate(*path, names, input, Link::push(frame, None)))
            }
        }
    }

    /// Evaluates what has nothing to do with the path that is being followed; the frame ends that.
    fn quietly(&mut self, node: Id, names: Names, input: Value, frame: Frame, next: Next) -> State {
        self.track.hush();
        State::Evaluate(node, names, input, Link::push(frame, next))
    }

    fn fold(
        &mut self,
        fold: Fold,
        reduce: bool,
        names: Names,
        input: Value,
        mut next: Next,
    ) -> Result<State> {
        let state = place(Value::Null);
        if reduce {
            self.leave(Kind::Collected(Rc::clone(&state)), next.take())?;
        }
        let frame = Frame::FoldStart { fold, names: names.clone(), input: input.clone(), state, reduce };
        Ok(State::Evaluate(fold.start, names, input, Link::push(frame, next)))
    }

    fn call(
        &mut self,
        function: FunctionId,
        arguments: &[Id],
        names: &Names,
        input: Value,
        next: Next,
    ) -> State {
        let Some(called) = self.program.functions.get(function) else { return State::Back };
        let mut inner = if called.is_local { names.of_function(function) } else { Names::default() };
        for (parameter, argument) in called.parameters.iter().zip(arguments) {
            // An argument that is a parameter itself is what that stands for: else every level of a recursion would
            // have one more to go through.
            let passed = match self.program.nodes.get(*argument) {
                Some(Node::Closure(symbol)) => names.get(*symbol),
                _ => None,
            };
            inner = match passed {
                Some(Meaning::Closure(node, names)) => {
                    inner.with_closure(parameter.closure, *node, names.clone())
                }
                _ => inner.with_closure(parameter.closure, *argument, names.clone()),
            };
        }
        self.parameters(Calling { function, names: inner, input }, 0, next)
    }

    /// Binds the parameters that are variables, from this one on, and enters the body.
    pub(super) fn parameters(&mut self, calling: Calling, from: usize, next: Next) -> State {
        let Some(called) = self.program.functions.get(calling.function) else { return State::Back };
        let mut variables = called.parameters.iter().enumerate().skip(from);
        if let Some((index, parameter)) = variables.find(|(_, parameter)| parameter.variable.is_some())
            && let Some(Meaning::Closure(node, names)) = calling.names.get(parameter.closure)
        {
            let (node, names, input) = (*node, names.clone(), calling.input.clone());
            return self.quietly(node, names, input, Frame::Parameter(calling, index), next);
        }
        let Calling { names, input, .. } = calling;
        State::Evaluate(called.body, names, input, next)
    }

    /// Evaluates arguments, the last first.
    fn arguments(
        &mut self,
        node: Id,
        arguments: &[Id],
        names: Names,
        input: Value,
        next: Next,
    ) -> Result<State> {
        let work = Work { node, names, input };
        let Some((last, left)) = arguments.split_last() else {
            return self.apply(&work, &Given::None, next);
        };
        let (names, input) = (work.names.clone(), work.input.clone());
        let frame = Frame::Arguments { work, left: left.len(), given: Given::None };
        Ok(State::Evaluate(*last, names, input, Link::push(frame, next)))
    }
}

pub(super) fn place(value: Value) -> Place {
    Rc::new(RefCell::new(value))
}
