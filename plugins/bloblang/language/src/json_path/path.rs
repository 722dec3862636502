//! Paths: `$` and `@` and what follows them.

use super::lexer::Token;
use super::parser::{Parsed, Parser};
use super::{Node, Selector};
use crate::value::{Text, Value};

/// What stands for a bound of a range that is left out.
const BOUNDS: [f64; 3] = [0.0, i32::MAX as f64, 1.0];

fn number(value: f64) -> Node {
    Node::Literal(Value::Float(value))
}

/// What stands in brackets, and the sign between its parts.
type Bracket = (Vec<Node>, Option<Token>);

impl Parser<'_> {
    /// The steps after `$` or `@`.
    pub(super) fn path(&mut self) -> Parsed<Vec<Selector>> {
        let mut steps = Vec::new();
        loop {
            match self.scan() {
                Token::Sign('.') => self.select(&mut steps)?,
                Token::Sign('[') => {
                    let bracket = self.bracket()?;
                    steps.push(selector(bracket, false)?);
                }
                Token::Sign('(') => steps.push(self.script()?),
                _ => {
                    self.put_back("jsonpath", &[Token::Sign('.'), Token::Sign('['), Token::Sign('(')]);
                    return Ok(steps);
                }
            }
        }
    }

    fn key(&self) -> Selector {
        Selector::Key(Node::Literal(Value::String(Text::from(self.name()))))
    }

    /// What follows a dot.
    fn select(&mut self, steps: &mut Vec<Selector>) -> Parsed<()> {
        match self.scan() {
            Token::Name => steps.push(self.key()),
            Token::Sign('*') => steps.push(Selector::Star),
            Token::Sign('.') => {
                steps.push(Selector::Descend);
                let step = self.descent()?;
                steps.push(step);
            }
            _ => {
                return Err(
                    self.unexpected("JSON select", &[Token::Name, Token::Sign('.'), Token::Sign('*')])
                );
            }
        }
        Ok(())
    }

    /// What follows two dots.
    fn descent(&mut self) -> Parsed<Selector> {
        match self.scan() {
            Token::Name => Ok(self.key()),
            Token::Sign('*') => Ok(Selector::Star),
            Token::Sign('(') => self.script(),
            Token::Sign('[') => {
                let bracket = self.bracket()?;
                selector(bracket, true)
            }
            _ => Err(self.unexpected("JSON mapper", &[Token::Sign('['), Token::Name, Token::Sign('*')])),
        }
    }

    fn script(&mut self) -> Parsed<Selector> {
        let script = self.expression()?;
        if self.scan() != Token::Sign(')') {
            return Err(self.unexpected("jsnopath script", &[Token::Sign(')')]));
        }
        Ok(Selector::Script(script))
    }

    fn bracket(&mut self) -> Parsed<Bracket> {
        let mut keys = Vec::new();
        let mut separator = None;
        loop {
            let mut sign = self.scan();
            match sign {
                Token::Sign('?') => {}
                Token::Sign(':') => keys.push(number(if keys.len() == 1 { BOUNDS[1] } else { 0.0 })),
                Token::Sign('*') => {
                    if self.scan() != Token::Sign(']') {
                        return Err(self.unexpected("JSON bracket star", &[Token::Sign(']')]));
                    }
                    return Ok((Vec::new(), None));
                }
                Token::Sign(']') if separator == Some(Token::Sign(':')) => {}
                _ => {
                    self.put_back("jsonpath brackets", &[]);
                    keys.push(self.expression()?);
                    sign = self.scan();
                }
            }
            let first = *separator.get_or_insert(sign);
            match sign {
                Token::Sign(':' | ',') => {}
                Token::Sign(']') => return Ok((keys, separator)),
                Token::Sign('?') if keys.is_empty() => {}
                Token::Sign('?') => return Err(self.unexpected("JSON filter", &[Token::Sign(']')])),
                _ => {
                    let expected = [Token::Sign(':'), Token::Sign(',')];
                    return Err(self.unexpected("JSON bracket separator", &expected));
                }
            }
            if first != sign {
                let (first, sign) = (code(first), code(sign));
                return Err(format!("mixed {first} and {sign} in JSON bracket"));
            }
        }
    }
}

fn code(token: Token) -> u32 {
    match token {
        Token::Sign(sign) => u32::from(sign),
        _ => 0,
    }
}

fn selector((mut keys, separator): Bracket, descends: bool) -> Parsed<Selector> {
    match separator {
        Some(Token::Sign(':')) => {
            if descends {
                return Err("mapper can not be combined with range query".to_owned());
            }
            if keys.len() > 3 {
                return Err("range query has at least the parameter [min:max:step]".to_owned());
            }
            keys.extend(BOUNDS.iter().skip(keys.len()).map(|bound| number(*bound)));
            let bounds = <[Node; 3]>::try_from(keys).map_err(|_| "incomplete range".to_owned())?;
            Ok(Selector::Range(Box::new(bounds)))
        }
        Some(Token::Sign('?')) => match keys.pop() {
            Some(filter) if keys.is_empty() => Ok(Selector::Filter(filter)),
            _ => Err("filter needs exactly one key".to_owned()),
        },
        _ if keys.is_empty() => Ok(Selector::Star),
        _ => match keys.pop() {
            Some(key) if keys.is_empty() && !descends => Ok(Selector::Key(key)),
            last => {
                keys.extend(last);
                Ok(Selector::Keys(keys))
            }
        },
    }
}
