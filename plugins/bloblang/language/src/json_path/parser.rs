//! From tokens to a tree.
//!
//! A token that does not fit is put back, and whoever reads next looks at it again. If nobody takes it in the end, the
//! last one who put it back says what is wrong.

use super::lexer::{Scanner, Token};
use super::{Node, Pattern, evaluate, operators};
use crate::regex::Regex;
use crate::text::quoting;
use crate::value::{Text, Value, strconv};

/// How deep brackets and operators may nest.
const DEPTH: usize = 60;

/// Operators and how tightly they bind.
const OPERATORS: [(&str, u8); 23] = [
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
];
const CHOICE: &str = "?";
const SYMBOLS: &str = "+-*/%<>=!^&|~?in";

pub(super) struct Parser<'t> {
    scanner: Scanner<'t>,
    last: Token,
    /// What to say if nobody takes the last token, which was put back.
    back: Option<String>,
    depth: usize,
}

pub(super) type Parsed<T> = Result<T, String>;

/// An operand and the operator after it.
type Stage = (Node, Option<(&'static str, u8)>);

pub(super) fn parse(text: &str) -> Parsed<Node> {
    let mut parser = Parser { scanner: Scanner::new(text), last: Token::End, back: None, depth: 0 };
    let parsed = parser.expression();
    let parsed = match parser.back.take() {
        Some(back) if parsed.is_ok() && parser.last != Token::End => Err(back),
        _ => parsed,
    };
    parsed.map_err(|error| format!("parsing error: {} {error}", parser.scanner.position()))
}

impl Parser<'_> {
    pub(super) fn scan(&mut self) -> Token {
        if self.back.take().is_none() {
            self.last = self.scanner.scan();
        }
        self.last
    }

    pub(super) fn put_back(&mut self, unit: &str, expected: &[Token]) {
        self.back = Some(self.unexpected(unit, expected));
    }

    pub(super) fn name(&self) -> String {
        self.scanner.token_text().to_owned()
    }

    /// What to say about the last token.
    pub(super) fn unexpected(&self, unit: &str, expected: &[Token]) -> String {
        let mut message = format!("unexpected {} while scanning {unit}", self.last.shown());
        let shown: Vec<String> = expected.iter().map(|token| token.shown()).collect();
        if let Some((last, others)) = shown.split_last() {
            message.push_str(" expected ");
            if !others.is_empty() {
                message.push_str(&others.join(", "));
                message.push_str(" or ");
            }
            message.push_str(last);
        }
        message
    }

    fn expect(&mut self, sign: char, unit: &str) -> Parsed<()> {
        if self.scan() == Token::Sign(sign) {
            Ok(())
        } else {
            Err(self.unexpected(unit, &[Token::Sign(sign)]))
        }
    }

    pub(super) fn expression(&mut self) -> Parsed<Node> {
        if self.depth >= DEPTH {
            return Err("the expression nests too deeply".to_owned());
        }
        self.depth += 1;
        let parsed = self.operation();
        self.depth -= 1;
        parsed
    }

    /// Operands and operators. What waits on the stack binds ever more tightly.
    fn operation(&mut self) -> Parsed<Node> {
        let mut stack = Vec::new();
        loop {
            let operand = self.operand()?;
            let (node, operator) = self.operator(&mut stack, operand)?;
            let node = reduce(&mut stack, node, operator.map_or(0, |(_, binding)| binding))?;
            match operator {
                None => return Ok(node),
                Some(operator) => stack.push((node, Some(operator))),
            }
        }
    }

    fn operator(&mut self, stack: &mut Vec<Stage>, operand: Node) -> Parsed<Stage> {
        let mut node = operand;
        loop {
            let scan = self.scan();
            let mut sign = self.name();
            match scan {
                Token::Sign(first) if SYMBOLS.contains(first) => {
                    while let Some(next) = self.scanner.peek()
                        && SYMBOLS.contains(next)
                        && known(&format!("{sign}{next}"))
                    {
                        sign.push(next);
                        self.scanner.next_character();
                    }
                }
                Token::Name => {}
                _ => {
                    self.put_back("operator", &[]);
                    return Ok((node, None));
                }
            }
            if sign == CHOICE {
                let condition = reduce(stack, node, 0)?;
                node = self.choice(condition)?;
                continue;
            }
            let found = OPERATORS.iter().find(|(operator, _)| *operator == sign);
            if found.is_none() {
                self.put_back("operator", &[]);
            }
            return Ok((node, found.copied()));
        }
    }

    fn choice(&mut self, condition: Node) -> Parsed<Node> {
        let then = self.expression()?;
        let otherwise = match self.scan() {
            Token::Sign(':') => self.expression()?,
            Token::End => Node::Literal(Value::Null),
            _ => return Err(self.unexpected("<> ? <> : <>", &[Token::Sign(':'), Token::End])),
        };
        Ok(Node::Choose(Box::new([condition, then, otherwise])))
    }

    fn operand(&mut self) -> Parsed<Node> {
        match self.scan() {
            Token::Name => {
                let name = self.name();
                match name.as_str() {
                    "true" => Ok(Node::Literal(Value::Bool(true))),
                    "false" => Ok(Node::Literal(Value::Bool(false))),
                    "date" => self.date(),
                    _ => self.field(name),
                }
            }
            Token::Integer | Token::Float => {
                let number = strconv::parse_float(self.scanner.token_text());
                number.map(|number| Node::Literal(Value::Float(number))).map_err(|error| error.to_string())
            }
            Token::Text | Token::Raw | Token::Character => {
                let text = unquoted(self.scanner.token_text());
                let text = text.ok_or("could not parse string: invalid syntax")?;
                Ok(Node::Literal(Value::String(Text::lossy(&text))))
            }
            Token::Sign('(') => {
                let inner = self.expression()?;
                self.expect(')', "parentheses")?;
                Ok(inner)
            }
            Token::Sign('[') => self.array(),
            Token::Sign('{') => self.object(),
            Token::Sign('$') => Ok(Node::Path { from_current: false, selectors: self.path()? }),
            Token::Sign('@') => Ok(Node::Path { from_current: true, selectors: self.path()? }),
            Token::Sign(sign @ ('-' | '!' | '~')) => self.prefix(sign),
            _ => Err(self.unexpected("extensions", &[])),
        }
    }

    fn prefix(&mut self, sign: char) -> Parsed<Node> {
        if self.depth >= DEPTH {
            return Err("the expression nests too deeply".to_owned());
        }
        self.depth += 1;
        let operand = self.operand();
        self.depth -= 1;
        match operand? {
            Node::Literal(value) => operators::prefix(sign, &value).map(Node::Literal),
            operand => Ok(Node::Prefix(sign, Box::new(operand))),
        }
    }

    fn date(&mut self) -> Parsed<Node> {
        if self.scan() == Token::Sign('(') {
            return self.arguments().map(Node::Date);
        }
        self.put_back("function call", &[Token::Sign('(')]);
        Ok(Node::Date(Vec::new()))
    }

    fn arguments(&mut self) -> Parsed<Vec<Node>> {
        let mut arguments = Vec::new();
        if self.scan() == Token::Sign(')') {
            return Ok(arguments);
        }
        self.put_back("scan arguments", &[Token::Sign(')')]);
        loop {
            arguments.push(self.expression()?);
            match self.scan() {
                Token::Sign(')') => return Ok(arguments),
                Token::Sign(',') => {}
                _ => return Err(self.unexpected("arguments", &[Token::Sign(')'), Token::Sign(',')])),
            }
        }
    }

    /// A field of the document, as `a.b["c"]`.
    fn field(&mut self, name: String) -> Parsed<Node> {
        let mut keys = vec![Node::Literal(Value::from(name.as_str()))];
        loop {
            match self.scan() {
                Token::Sign('.') => {
                    if self.scan() != Token::Name {
                        return Err(self.unexpected("field", &[Token::Name]));
                    }
                    keys.push(Node::Literal(Value::from(self.name())));
                }
                Token::Sign('(') => {
                    self.arguments()?;
                    return Ok(Node::Call(name, Box::new(Node::Field(keys))));
                }
                Token::Sign('[') => {
                    keys.push(self.expression()?);
                    self.expect(']', "array key")?;
                }
                _ => {
                    self.put_back("variable", &[Token::Sign('.'), Token::Sign('('), Token::Sign('[')]);
                    return Ok(Node::Field(keys));
                }
            }
        }
    }

    fn array(&mut self) -> Parsed<Node> {
        let mut items = Vec::new();
        loop {
            match self.scan() {
                Token::Sign(',') => {}
                Token::Sign(']') => return Ok(Node::Array(items)),
                _ => {
                    self.put_back("array", &[Token::Sign(','), Token::Sign(']')]);
                    items.push(self.expression()?);
                }
            }
        }
    }

    fn object(&mut self) -> Parsed<Node> {
        let mut entries = Vec::new();
        loop {
            match self.scan() {
                Token::Sign(',') => {}
                Token::Sign('}') => return Ok(Node::Object(entries)),
                _ => {
                    self.put_back("object", &[Token::Sign(','), Token::Sign('}')]);
                    let key = self.expression()?;
                    // The library means this to be a colon, but takes whatever it is.
                    self.scan();
                    entries.push((key, self.expression()?));
                }
            }
        }
    }
}

fn known(start: &str) -> bool {
    OPERATORS.iter().any(|(operator, _)| operator.starts_with(start))
}

/// What a quoted text stands for. Between single quotes there may be many characters.
fn unquoted(text: &str) -> Option<Vec<u8>> {
    let Some(inner) = text.strip_prefix('\'') else { return quoting::unquote(text.as_bytes()) };
    let inner = inner.strip_suffix('\'')?;
    let mut double = String::from("\"");
    let mut escaped = false;
    for character in inner.chars() {
        match (escaped, character) {
            (false, '\'') | (true, '"') => return None,
            (false, '"') => double.push_str("\\\""),
            // Only the quote at hand may be escaped.
            (true, '\'') => {
                double.pop();
                double.push('\'');
            }
            _ => double.push(character),
        }
        escaped = !escaped && character == '\\';
    }
    double.push('"');
    quoting::unquote(double.as_bytes())
}

/// Joins what is on the stack and binds at least as tightly as `binding` with the operand after it.
fn reduce(stack: &mut Vec<Stage>, operand: Node, binding: u8) -> Parsed<Node> {
    let mut right = operand;
    while let Some((left, Some((operator, _)))) = stack.pop_if(|(_, op)| op.is_some_and(|op| op.1 >= binding))
    {
        right = join(operator, left, right)?;
    }
    Ok(right)
}

fn join(operator: &'static str, left: Node, right: Node) -> Parsed<Node> {
    let known = matches!((&left, &right), (Node::Literal(_), Node::Literal(_)));
    let node = match operator {
        "=~" | "!~" => {
            let pattern = match right {
                Node::Literal(value) => Pattern::Known(Box::new(Regex::compile(&operators::text(&value))?)),
                right => Pattern::Asked(Box::new(right)),
            };
            Node::Match { text: Box::new(left), pattern, wanted: operator == "=~" }
        }
        _ => Node::Operate(operator, Box::new(left), Box::new(right)),
    };
    if known { evaluate::Search::new(&Value::Null).value(&node).map(Node::Literal) } else { Ok(node) }
}
