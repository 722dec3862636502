//! Calls: a name and its arguments, by position or by name.

use super::{Parsed, Parser};
use crate::syntax::{ArgumentNodes, CallNode, Node};
use crate::value::Text;

impl<'s> Parser<'s> {
    /// The call of `name`, whose opening bracket comes next.
    pub(super) fn call(&mut self, name: &str) -> Parsed<CallNode> {
        let arguments = self.nested(Self::arguments)?;
        Ok(CallNode { name: Text::from(name), arguments, end: self.lexer.at() })
    }

    fn arguments(&mut self) -> Parsed<ArgumentNodes> {
        self.lexer.take("(");
        let mut positional = Vec::new();
        let mut named: Vec<(Text, Node)> = Vec::new();
        loop {
            self.lexer.white();
            if self.lexer.take(")") {
                break;
            }
            match self.argument_name() {
                Some(name) if positional.is_empty() => {
                    self.lexer.white();
                    let value = self.query().map_err(|fault| fault.or_expected("argument value"))?;
                    named.push((Text::from(name), value));
                }
                Some(_) => return self.fault("named and positional arguments cannot be mixed"),
                None if named.is_empty() => {
                    positional.push(self.query().map_err(|fault| fault.or_expected("function argument"))?);
                }
                None => return self.fault("required: expected argument name"),
            }
            self.lexer.white();
            if !self.lexer.take(",") {
                self.require(")", "closing bracket")?;
                break;
            }
        }
        if named.is_empty() {
            Ok(ArgumentNodes::Positional(positional))
        } else {
            Ok(ArgumentNodes::Named(named))
        }
    }

    /// `name:`, if that comes next.
    fn argument_name(&mut self) -> Option<&'s str> {
        let start = self.lexer.at();
        if let Some(name) = self.lexer.word() {
            self.lexer.spaces();
            if self.lexer.take(":") {
                return Some(name);
            }
        }
        self.lexer.reset(start);
        None
    }
}
