//! What frames do with a value.

use std::rc::Rc;

use super::choice::Kind;
use super::destructure::{After, Trying};
use super::evaluate::place;
use super::frame::{Calling, Frame, Given, Link, Next, Work};
use super::{Machine, State};
use crate::error::{Error, Result};
use crate::limits;
use crate::natives::paths;
use crate::program::Node;
use crate::show::typed;
use crate::value::{Array, Object, Value};

impl Machine<'_, '_> {
    #[expect(clippy::too_many_lines, reason = "one arm for each frame")]
    pub(super) fn give(&mut self, value: Value, frame: Frame, next: Next) -> Result<State> {
        match frame {
            Frame::Pipe(node, names) => Ok(State::Evaluate(node, names, value, next)),
            Frame::Alternative(found) => {
                if !value.is_true() {
                    return Ok(State::Back);
                }
                found.set(true);
                Ok(State::Give(value, next))
            }
            Frame::Field(key) | Frame::KeyOf(key) => {
                let to = paths::index(&value, &key)?;
                self.track.step(&value, key, &to)?;
                Ok(State::Give(to, next))
            }
            Frame::Key(Work { node, names, input }) => {
                self.track.unhush();
                Ok(State::Evaluate(node, names, input, Link::push(Frame::KeyOf(value), next)))
            }
            Frame::SliceFrom(work, to) => {
                let (names, input) = (work.names.clone(), work.input.clone());
                Ok(State::Evaluate(to, names, input, Link::push(Frame::SliceTo(work, value), next)))
            }
            Frame::SliceTo(Work { node, names, input }, from) => {
                self.track.unhush();
                Ok(State::Evaluate(node, names, input, Link::push(Frame::SliceOf(from, value), next)))
            }
            Frame::SliceOf(from, to) => {
                let part = paths::slice(&value, &from, &to)?;
                self.track.step(&value, Value::object([("start", from), ("end", to)]), &part)?;
                Ok(State::Give(part, next))
            }
            Frame::Iterate => self.iterate(value, next),
            Frame::If(Work { node, names, input }, otherwise) => {
                self.track.unhush();
                let node = if value.is_true() { node } else { otherwise };
                Ok(State::Evaluate(node, names, input, next))
            }
            Frame::Tried(before) => {
                // An attempt that can give nothing more is over.
                if self.choices.len() == before + 1 {
                    self.choices.pop();
                } else {
                    self.leave(Kind::Tried, None)?;
                }
                Ok(State::Give(value, next))
            }
            Frame::Collect(place) => {
                if let Value::Array(array) = &mut *place.borrow_mut() {
                    array.nest(value.depth());
                    array.change().push(value);
                }
                Ok(State::Back)
            }
            Frame::FoldStart { fold, names, input, state, reduce } => {
                *state.borrow_mut() = value;
                let frame = Frame::FoldItem { fold, names: names.clone(), state, reduce };
                Ok(State::Evaluate(fold.source, names, input, Link::push(frame, next)))
            }
            Frame::FoldItem { fold, names, state, reduce } => {
                self.take_apart(fold.pattern, value, names, After::Update { fold, state, reduce }, next)
            }
            Frame::FoldUpdate { extract, names, state, reduce } => {
                state.borrow_mut().clone_from(&value);
                Ok(match extract {
                    _ if reduce => State::Back,
                    Some(extract) => State::Evaluate(extract, names, value, next),
                    None => State::Give(value, next),
                })
            }
            Frame::Source { patterns, body } => {
                self.try_pattern(Trying { patterns, at: 0, value, body }, next)
            }
            Frame::PatternKey(taking) => self.go_on_taking(*taking, value, next),
            Frame::Object { work, at, key, given } => self.entry(work, (at, key), value, &given, next),
            Frame::Arguments { work, left, given } => self.argument(work, left, &given.and(value), next),
            Frame::Parameter(calling, index) => {
                self.track.unhush();
                let function = self.program.functions.get(calling.function);
                let parameter = function.and_then(|function| function.parameters.get(index));
                let Some(symbol) = parameter.and_then(|parameter| parameter.variable) else {
                    return Ok(State::Back);
                };
                let names = calling.names.with_value(symbol, value);
                Ok(self.parameters(Calling { names, ..calling }, index + 1, next))
            }
            Frame::Path => {
                let path = self.track.finish(&value)?;
                Ok(State::Give(path, next))
            }
            Frame::PathArgument(input) => {
                self.track.unhush();
                let to = paths::get(&input, &value)?;
                if self.track.is_on() {
                    self.track.must_be_at(&input)?;
                    if let Value::Array(keys) = value {
                        keys.items().iter().for_each(|key| self.track.push(key.clone(), &to));
                    }
                }
                Ok(State::Give(to, next))
            }
            Frame::AssignValue { place: path, names, input } => {
                self.track.unhush();
                let state = place(input.clone());
                self.leave(Kind::Collected(Rc::clone(&state)), next)?;
                self.track.start(input.clone());
                let frame = Frame::AssignPath { value, state };
                Ok(State::Evaluate(path, names, input, Link::push(frame, None)))
            }
            Frame::AssignPath { value: new, state } => {
                let path = self.track.finish(&value)?;
                let before = state.replace(Value::Null);
                *state.borrow_mut() = paths::set(before, &path, new)?;
                Ok(State::Back)
            }
            Frame::ModifyPath { update, names, state, missed } => {
                let path = self.track.finish(&value)?;
                let current = paths::get(&state.borrow(), &path)?;
                let Value::Array(path) = path else { return Ok(State::Back) };
                let choices = self.choices.len();
                self.leave(Kind::Missed { path: path.clone(), missed }, None)?;
                let frame = Frame::ModifyValue { path, state, choices };
                Ok(State::Evaluate(update, names, current, Link::push(frame, None)))
            }
            Frame::ModifyValue { path, state, choices } => {
                self.choices.truncate(choices);
                let before = state.replace(Value::Null);
                *state.borrow_mut() = paths::set(before, &Value::Array(path), value)?;
                Ok(State::Back)
            }
        }
    }

    fn iterate(&mut self, value: Value, next: Next) -> Result<State> {
        match &value {
            Value::Array(array) => {
                self.track.may_iterate(&value)?;
                self.items(array.clone(), 0, next)
            }
            Value::Object(object) => {
                self.track.may_iterate(&value)?;
                self.count(object.len() as u64 / 8)?;
                let entries = object.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
                self.entries(entries, 0, next)
            }
            other => Err(Error::new(format!("cannot iterate over: {}", typed(other)))),
        }
    }

    pub(super) fn items(&mut self, array: Array, at: usize, next: Next) -> Result<State> {
        let Some(item) = array.items().get(at).cloned() else { return Ok(State::Back) };
        if at + 1 < array.items().len() {
            self.leave(Kind::Items(array, at + 1), next.clone())?;
        }
        self.track.push(Value::count(at), &item);
        Ok(State::Give(item, next))
    }

    pub(super) fn entries(
        &mut self,
        entries: Rc<[(forebay_bloblang::Text, Value)]>,
        at: usize,
        next: Next,
    ) -> Result<State> {
        let Some((key, value)) = entries.get(at).cloned() else { return Ok(State::Back) };
        if at + 1 < entries.len() {
            self.leave(Kind::Entries(entries, at + 1), next.clone())?;
        }
        self.track.push(Value::Text(key), &value);
        Ok(State::Give(value, next))
    }

    /// An argument more; when all are there, the function is called.
    fn argument(&mut self, work: Work, left: usize, given: &Given, next: Next) -> Result<State> {
        let node = self.program.nodes.get(work.node);
        let argument = left.checked_sub(1).and_then(|left| match node {
            Some(Node::Native(_, arguments)) => arguments.get(left),
            Some(Node::Range(arguments)) => arguments.get(left),
            _ => None,
        });
        let Some(argument) = argument else { return self.apply(&work, given, next) };
        let (names, input) = (work.names.clone(), work.input.clone());
        let frame = Frame::Arguments { work, left: left - 1, given: given.clone() };
        Ok(State::Evaluate(*argument, names, input, Link::push(frame, next)))
    }

    /// Calls the function of a node.
    pub(super) fn apply(&mut self, work: &Work, given: &Given, next: Next) -> Result<State> {
        let values = given.values();
        match self.program.nodes.get(work.node) {
            Some(Node::Native(native, _)) => {
                let value = self.native(native, &work.input, &values)?;
                Ok(State::Give(value, next))
            }
            Some(Node::Range(_)) => {
                if let Some(wrong) = values.iter().find(|value| value.as_float().is_none()) {
                    return Err(Error::type0("range", wrong));
                }
                match <[Value; 3]>::try_from(values) {
                    Ok([at, end, step]) => self.range(at, end, step, next),
                    Err(_) => Ok(State::Back),
                }
            }
            _ => Ok(State::Back),
        }
    }

    /// Goes on with the entries of an object from this one on.
    pub(super) fn build(&mut self, work: Work, at: usize, given: Given, next: Next) -> Result<State> {
        let Some(Node::Object(entries)) = self.program.nodes.get(work.node) else { return Ok(State::Back) };
        if let Some((key, _)) = entries.get(at) {
            let (names, input) = (work.names.clone(), work.input.clone());
            let frame = Frame::Object { work, at, key: None, given };
            return Ok(State::Evaluate(*key, names, input, Link::push(frame, next)));
        }
        let object = object(&given.values())?;
        Ok(State::Give(object, next))
    }

    fn entry(
        &mut self,
        work: Work,
        (at, key): (usize, Option<Value>),
        value: Value,
        given: &Given,
        next: Next,
    ) -> Result<State> {
        if let Some(key) = key {
            return self.build(work, at + 1, given.and(key).and(value), next);
        }
        let Some(Node::Object(entries)) = self.program.nodes.get(work.node) else { return Ok(State::Back) };
        match entries.get(at) {
            Some((_, Some(node))) => {
                let (names, input) = (work.names.clone(), work.input.clone());
                let frame = Frame::Object { work, at, key: Some(value), given: given.clone() };
                Ok(State::Evaluate(*node, names, input, Link::push(frame, next)))
            }
            _ => {
                let own = paths::index(&work.input, &value)?;
                self.track.step(&work.input, value.clone(), &own)?;
                self.build(work, at + 1, given.and(value).and(own), next)
            }
        }
    }
}

/// The object of values and their keys, the last entry first, each value before its key.
pub(super) fn object(given: &[Value]) -> Result<Value> {
    let mut object = Object::from_iter([]);
    for pair in given.chunks(2) {
        let [value, key] = pair else { continue };
        let Value::Text(key) = key else { return Err(Error::no_key(key)) };
        if object.get(key).is_none() {
            object.insert(key.clone(), value.clone());
        }
    }
    Ok(Value::Object(object))
}

/// How many steps it takes to make a value.
pub(super) fn effort(value: &Value) -> u64 {
    let size = match value {
        Value::Array(array) => array.items().len(),
        Value::Object(object) => object.len() * 2,
        Value::Text(text) => text.len() / 16,
        Value::Big(number) => usize::try_from(number.bits() / 64).unwrap_or(limits::DIGITS),
        _ => 0,
    };
    size as u64 / 8
}
