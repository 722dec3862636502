//! The brackets of a call: arguments by position or by name.

use super::{Parsed, Parser};
use crate::parse_error::Fault;
use crate::syntax::{ArgumentNodes, Node};
use crate::value::Text;

/// An argument as it is written.
pub(super) enum Written {
    Positional(Node),
    Named(Text, Node),
}

impl Parser<'_> {
    /// The arguments after an opening bracket, which comes next.
    pub(super) fn arguments(&mut self) -> Parsed<Vec<Written>> {
        self.nested(|parser| {
            parser.lexer.take("(");
            parser.lexer.white();
            let argument = |parser: &mut Self| {
                parser.argument().map_err(|fault| fault.instead("function argument").required())
            };
            let comma =
                |parser: &mut Self| parser.comma().map_err(|fault: Fault| fault.instead("comma").required());
            parser.list((")", "closing bracket"), argument, comma)
        })
    }

    fn argument(&mut self) -> Parsed<Written> {
        let start = self.lexer.at();
        if let Some(name) = self.lexer.name() {
            if self.lexer.take(":") {
                self.lexer.spaces();
                let value = self.query().map_err(|fault| fault.instead("argument value").required())?;
                return Ok(Written::Named(Text::from(name), value));
            }
            self.lexer.reset(start);
        }
        self.query().map(Written::Positional)
    }
}

/// The arguments as all of one kind.
pub(super) fn gather(written: Vec<Written>) -> Result<ArgumentNodes, String> {
    let (mut positional, mut named) = (Vec::new(), Vec::<(Text, Node)>::new());
    for argument in written {
        match argument {
            Written::Positional(node) => positional.push(node),
            Written::Named(name, node) => {
                if named.iter().any(|(other, _)| *other == name) {
                    return Err(format!("duplicate named arg: {name}"));
                }
                named.push((name, node));
            }
        }
    }
    match (positional.is_empty(), named.is_empty()) {
        (false, false) => Err("cannot mix named and nameless arguments".to_owned()),
        (_, true) => Ok(ArgumentNodes::Positional(positional)),
        (true, false) => Ok(ArgumentNodes::Named(named)),
    }
}
