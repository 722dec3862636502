//! From tokens to a tree.

use super::lexer::{Token, tokens};
use super::{Node, Selector};
use crate::value::{Text, Value};

/// How deep brackets and operators may nest.
const DEPTH: usize = 60;

/// Operators and how tightly they bind.
const OPERATORS: [(&str, u8); 24] = [
    ("??", 0),
    ("||", 20),
    ("&&", 21),
    ("==", 40),
    ("!=", 40),
    ("<", 40),
    ("<=", 40),
    (">", 40),
    (">=", 40),
    ("=~", 40),
    ("!~", 40),
    ("in", 40),
    ("^", 60),
    ("&", 60),
    ("|", 60),
    ("<<", 90),
    (">>", 90),
    ("+", 120),
    ("-", 120),
    ("*", 150),
    ("/", 150),
    ("%", 150),
    ("**", 200),
    (":", u8::MAX),
];

struct Parser {
    tokens: Vec<(Token, usize)>,
    next: usize,
    depth: usize,
}

type Parsed<T> = Result<T, String>;

pub(super) fn parse(text: &str) -> Parsed<Node> {
    let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0 };
    let node = parser.expression()?;
    match parser.take() {
        Token::End => Ok(node),
        other => Err(parser.unexpected(&other, "operator")),
    }
}

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens.get(self.next).map_or(&Token::End, |(token, _)| token)
    }

    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    fn accept(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(found) if *found == sign);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str, place: &str) -> Parsed<()> {
        if self.accept(sign) {
            return Ok(());
        }
        let found = self.take();
        Err(self.unexpected(&found, place))
    }

    fn unexpected(&self, token: &Token, place: &str) -> String {
        let column = self.tokens.get(self.next.saturating_sub(1)).map_or(0, |(_, at)| at + 1);
        let shown = match token {
            Token::End => "EOF".to_owned(),
            Token::Name(_) => "Ident".to_owned(),
            Token::Number(number) if number.fract() == 0.0 => "Int".to_owned(),
            Token::Number(_) => "Float".to_owned(),
            Token::Text(_) => "String".to_owned(),
            Token::Sign(sign) => format!("{sign:?}"),
        };
        format!("parsing error: :1:{column} - unexpected {shown} while scanning {place}")
    }

    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= DEPTH {
            return Err("the expression nests too deeply".to_owned());
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn expression(&mut self) -> Parsed<Node> {
        self.deeper(|parser| {
            let condition = parser.operation(0)?;
            if !parser.accept("?") {
                return Ok(condition);
            }
            let then = parser.expression()?;
            parser.expect(":", "ternary")?;
            let otherwise = parser.expression()?;
            Ok(Node::Choose(Box::new(condition), Box::new(then), Box::new(otherwise)))
        })
    }

    /// Operands joined by operators that bind at least as tightly as `least`.
    fn operation(&mut self, least: u8) -> Parsed<Node> {
        let mut left = self.prefixed()?;
        loop {
            let name = match self.peek() {
                Token::Sign(sign) => *sign,
                Token::Name(name) if name == "in" => "in",
                _ => return Ok(left),
            };
            let Some((operator, binding)) = OPERATORS.iter().find(|(operator, _)| *operator == name) else {
                return Ok(left);
            };
            if *binding < least || *binding == u8::MAX {
                return Ok(left);
            }
            self.next += 1;
            let right = self.deeper(|parser| parser.operation(binding + 1))?;
            left = Node::Operate(operator, Box::new(left), Box::new(right));
        }
    }

    fn prefixed(&mut self) -> Parsed<Node> {
        match self.take() {
            Token::Sign("!") => Ok(Node::Not(Box::new(self.deeper(Self::prefixed)?))),
            Token::Sign("-") => Ok(Node::Negate(Box::new(self.deeper(Self::prefixed)?))),
            Token::Sign("(") => {
                let inner = self.expression()?;
                self.expect(")", "parentheses")?;
                Ok(inner)
            }
            Token::Sign("[") => Ok(Node::Array(self.list("]", Self::expression)?)),
            Token::Sign("{") => Ok(Node::Object(self.list("}", |parser| {
                let key = parser.expression()?;
                parser.expect(":", "object")?;
                Ok((key, parser.expression()?))
            })?)),
            Token::Sign(sign @ ("$" | "@")) => {
                let selectors = self.path()?;
                Ok(Node::Path { from_current: sign == "@", selectors })
            }
            Token::Number(number) => Ok(Node::Literal(Value::Float(number))),
            Token::Text(text) => Ok(Node::Literal(Value::String(text))),
            Token::Name(name) => match name.as_str() {
                "true" => Ok(Node::Literal(Value::Bool(true))),
                "false" => Ok(Node::Literal(Value::Bool(false))),
                "null" | "nil" => Ok(Node::Literal(Value::Null)),
                _ => self.field(name),
            },
            other => Err(self.unexpected(&other, "extensions")),
        }
    }

    /// A field of the document, as `a.b["c"]`.
    fn field(&mut self, name: String) -> Parsed<Node> {
        let mut keys = vec![Node::Literal(Value::from(name))];
        loop {
            if self.accept(".") {
                match self.take() {
                    Token::Name(name) => keys.push(Node::Literal(Value::from(name))),
                    other => return Err(self.unexpected(&other, "field")),
                }
            } else if self.accept("[") {
                keys.push(self.expression()?);
                self.expect("]", "array key")?;
            } else {
                return Ok(Node::Field(keys));
            }
        }
    }

    fn list<T>(&mut self, end: &str, item: impl Fn(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut items = Vec::new();
        while !self.accept(end) {
            if !items.is_empty() {
                self.expect(",", "array")?;
            }
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn path(&mut self) -> Parsed<Vec<Selector>> {
        let mut selectors = Vec::new();
        loop {
            if self.accept("..") {
                selectors.push(Selector::Descend);
                match self.take() {
                    Token::Name(name) => selectors.push(key(&name)),
                    Token::Sign("*") => selectors.push(Selector::Star),
                    Token::Sign("(") => selectors.push(self.script()?),
                    Token::Sign("[") => match self.bracket()? {
                        Selector::Range(_) => {
                            return Err("mapper can not be combined with range query".to_owned());
                        }
                        Selector::Key(key) => selectors.push(Selector::Keys(vec![*key])),
                        other => selectors.push(other),
                    },
                    other => return Err(self.unexpected(&other, "JSON mapper")),
                }
            } else if self.accept(".") {
                match self.take() {
                    Token::Name(name) => selectors.push(key(&name)),
                    Token::Sign("*") => selectors.push(Selector::Star),
                    other => return Err(self.unexpected(&other, "JSON select")),
                }
            } else if self.accept("[") {
                selectors.push(self.bracket()?);
            } else if self.accept("(") {
                selectors.push(self.script()?);
            } else {
                return Ok(selectors);
            }
        }
    }

    fn script(&mut self) -> Parsed<Selector> {
        let script = self.expression()?;
        self.expect(")", "jsonpath script")?;
        Ok(Selector::Script(Box::new(script)))
    }

    /// What stands in brackets after a path.
    fn bracket(&mut self) -> Parsed<Selector> {
        if self.accept("*") {
            self.expect("]", "JSON bracket star")?;
            return Ok(Selector::Star);
        }
        if self.accept("?") {
            let filter = self.expression()?;
            self.expect("]", "JSON bracket separator")?;
            return Ok(Selector::Filter(Box::new(filter)));
        }
        let number = |value: f64| Node::Literal(Value::Float(value));
        let defaults = [0.0, f64::from(i32::MAX), 1.0];
        let mut keys: Vec<Node> = Vec::new();
        let mut range = false;
        loop {
            // A bound that is left out.
            if matches!(self.peek(), Token::Sign(":")) || range && matches!(self.peek(), Token::Sign("]")) {
                keys.push(number(defaults.get(keys.len()).copied().unwrap_or(1.0)));
            } else {
                keys.push(self.operand()?);
            }
            if self.accept("]") {
                break;
            }
            if self.accept(":") {
                range = true;
            } else if range || !self.accept(",") {
                let found = self.take();
                return Err(self.unexpected(&found, "JSON bracket separator"));
            }
        }
        if range {
            if keys.len() > 3 {
                return Err("range query has at least the parameter [min:max:step]".to_owned());
            }
            while let Some(default) = defaults.get(keys.len()) {
                keys.push(number(*default));
            }
            let bounds = <[Node; 3]>::try_from(keys).map_err(|_| "incomplete range".to_owned())?;
            return Ok(Selector::Range(Box::new(bounds)));
        }
        if keys.len() == 1 {
            return Ok(Selector::Key(Box::new(keys.swap_remove(0))));
        }
        Ok(Selector::Keys(keys))
    }

    /// An expression in which a colon belongs to the range around it.
    fn operand(&mut self) -> Parsed<Node> {
        self.deeper(|parser| parser.operation(0))
    }
}

fn key(name: &str) -> Selector {
    Selector::Key(Box::new(Node::Literal(Value::String(Text::from(name)))))
}
