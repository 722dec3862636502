//! Nodes that give exactly one value or error: evaluated in one go, without frames. Most of most programs.

use super::Machine;
use super::give::{effort, object};
use super::names::Names;
use crate::error::Result;
use crate::natives::{Native, paths};
use crate::program::{Id, Node};
use crate::value::Value;

impl Machine<'_, '_> {
    pub(super) fn simple(&mut self, id: Id, names: &Names, input: &Value) -> Result<Value> {
        self.count(1)?;
        let program = self.program;
        match program.nodes.get(id) {
            Some(Node::Constant(value)) => Ok(value.clone()),
            Some(Node::Variable(symbol)) => Ok(names.value(*symbol)),
            Some(Node::Pipe(left, right)) => {
                let value = self.simple(*left, names, input)?;
                self.simple(*right, names, &value)
            }
            Some(Node::Field(of, key)) => {
                if let Some(Node::Identity) = program.nodes.get(*of) {
                    return paths::index(input, key);
                }
                let of = self.simple(*of, names, input)?;
                paths::index(&of, key)
            }
            Some(Node::Index(of, key)) => {
                let key = self.simple(*key, names, input)?;
                let of = self.simple(*of, names, input)?;
                paths::index(&of, &key)
            }
            Some(Node::Slice { of, from, to }) => {
                let from = self.simple(*from, names, input)?;
                let to = self.simple(*to, names, input)?;
                let of = self.simple(*of, names, input)?;
                let part = paths::slice(&of, &from, &to)?;
                self.count(effort(&part))?;
                Ok(part)
            }
            Some(Node::If(condition, then, otherwise)) => {
                let condition = self.simple(*condition, names, input)?;
                self.simple(if condition.is_true() { *then } else { *otherwise }, names, input)
            }
            Some(Node::Native(native, arguments)) => {
                let mut values = Vec::with_capacity(arguments.len());
                for argument in arguments.iter().rev() {
                    values.push(self.simple(*argument, names, input)?);
                }
                values.reverse();
                self.native(native, input, &values)
            }
            Some(Node::Object(entries)) => {
                let mut given = Vec::with_capacity(entries.len() * 2);
                for (key, value) in entries {
                    let key = self.simple(*key, names, input)?;
                    let value = match value {
                        Some(value) => self.simple(*value, names, input)?,
                        None => paths::index(input, &key)?,
                    };
                    given.extend([key, value]);
                }
                given.reverse();
                object(&given)
            }
            _ => Ok(input.clone()),
        }
    }

    /// Calls a function, and counts what it did.
    pub(super) fn native(&mut self, native: &Native, input: &Value, arguments: &[Value]) -> Result<Value> {
        let seen = (effort(input) + arguments.iter().map(effort).sum::<u64>()) / 8;
        self.count(1 + seen)?;
        let value = (native.call)(&mut self.tools, input, arguments)?;
        self.count(effort(&value))?;
        Ok(value)
    }
}
