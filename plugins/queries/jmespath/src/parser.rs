//! From text to a tree: what binds how strongly is a number for each token.

use forebay_bloblang::{Text, Value};

use crate::lexer::{Kind, Token, mistake, tokens};
use crate::syntax::{Comparison, Node};
use crate::{CHAIN, SOURCE_DEPTH};

type Parsed<T> = Result<T, String>;

pub(crate) fn parse(source: &str) -> Parsed<Node> {
    let mut parser = Parser { tokens: tokens(source)?, at: 0, depth: 0, operators: 0 };
    let node = parser.expression(0)?;
    match parser.kind(0) {
        Kind::End => Ok(node),
        other => Err(mistake(format!("Unexpected token at the end of the expression: {}", other.name()))),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    operators: usize,
}

fn strength(kind: Kind) -> u8 {
    match kind {
        Kind::Pipe => 1,
        Kind::Or => 2,
        Kind::And => 3,
        Kind::Equal
        | Kind::Less
        | Kind::LessOrEqual
        | Kind::Greater
        | Kind::GreaterOrEqual
        | Kind::Different => 5,
        Kind::Flatten => 9,
        Kind::Star => 20,
        Kind::Filter => 21,
        Kind::Dot => 40,
        Kind::Not => 45,
        Kind::LeftBrace => 50,
        Kind::LeftBracket => 55,
        Kind::LeftParenthesis => 60,
        _ => 0,
    }
}

impl Parser {
    fn kind(&self, ahead: usize) -> Kind {
        self.tokens.get(self.at + ahead).map_or(Kind::End, |token| token.kind)
    }

    fn take(&mut self) -> Token {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token.unwrap_or(Token { kind: Kind::End, text: String::new() })
    }

    fn expect(&mut self, kind: Kind) -> Parsed<()> {
        if self.kind(0) == kind {
            self.at += 1;
            return Ok(());
        }
        Err(mistake(format!("Expected {}, received: {}", kind.name(), self.kind(0).name())))
    }

    fn expression(&mut self, least: u8) -> Parsed<Node> {
        if self.depth >= SOURCE_DEPTH {
            return Err(mistake(format!("the expression nests deeper than {SOURCE_DEPTH} levels")));
        }
        self.depth += 1;
        let result = self.operators(least);
        self.depth -= 1;
        result
    }

    fn operators(&mut self, least: u8) -> Parsed<Node> {
        let first = self.take();
        let mut left = self.prefix(first)?;
        while least < strength(self.kind(0)) {
            self.operators += 1;
            if self.operators > CHAIN {
                return Err(mistake(format!("the expression has more than {CHAIN} operators")));
            }
            let kind = self.take().kind;
            left = self.infix(kind, left)?;
        }
        Ok(left)
    }

    fn prefix(&mut self, token: Token) -> Parsed<Node> {
        let Token { kind, text } = token;
        match kind {
            Kind::Json => match Value::first_json(&text) {
                Ok((value, true)) => Ok(Node::Literal(crate::floats(&value))),
                Ok((_, false)) => Err("invalid character after top-level value".to_owned()),
                Err(reason) => Err(reason
                    .replace("unexpected EOF", "unexpected end of JSON input")
                    .replace("EOF", "unexpected end of JSON input")),
            },
            Kind::Text => Ok(Node::Literal(Value::from(text))),
            Kind::Name => Ok(Node::Field(Text::from(text))),
            Kind::QuotedName if self.kind(0) == Kind::LeftParenthesis => {
                Err(mistake("Can't have quoted identifier as function name."))
            }
            Kind::QuotedName => Ok(Node::Field(Text::from(text))),
            Kind::Star => {
                let right = if self.kind(0) == Kind::RightBracket {
                    Node::Identity
                } else {
                    self.projected(strength(Kind::Star))?
                };
                Ok(Node::Values(Box::new(Node::Identity), Box::new(right)))
            }
            Kind::Filter => self.filter(Node::Identity),
            Kind::LeftBrace => self.hash(),
            Kind::Flatten => self.flatten(Node::Identity),
            Kind::LeftBracket => match self.kind(0) {
                // The library passes over mistakes here.
                Kind::Number | Kind::Colon => match self.index() {
                    Ok(index) => self.indexed(Node::Identity, index),
                    Err(_) => Ok(Node::Empty),
                },
                Kind::Star if self.kind(1) == Kind::RightBracket => {
                    self.at += 2;
                    let right = self.projected(strength(Kind::Star))?;
                    Ok(Node::Projection(Box::new(Node::Identity), Box::new(right)))
                }
                _ => self.list(),
            },
            Kind::Current => Ok(Node::Identity),
            Kind::Reference => Ok(Node::Reference(Box::new(self.expression(0)?))),
            Kind::Not => Ok(Node::Not(Box::new(self.expression(strength(Kind::Not))?))),
            Kind::LeftParenthesis => {
                let node = self.expression(0)?;
                self.expect(Kind::RightParenthesis)?;
                Ok(node)
            }
            Kind::End => Err(mistake("Incomplete expression")),
            other => Err(mistake(format!("Invalid token: {}", other.name()))),
        }
    }

    fn infix(&mut self, kind: Kind, left: Node) -> Parsed<Node> {
        let left = Box::new(left);
        let binary = |parser: &mut Self| parser.expression(strength(kind)).map(Box::new);
        let comparison = match kind {
            Kind::Equal => Comparison::Equal,
            Kind::Different => Comparison::Different,
            Kind::Less => Comparison::Less,
            Kind::LessOrEqual => Comparison::LessOrEqual,
            Kind::Greater => Comparison::Greater,
            Kind::GreaterOrEqual => Comparison::GreaterOrEqual,
            Kind::Dot if self.kind(0) == Kind::Star => {
                self.at += 1;
                return Ok(Node::Values(left, Box::new(self.projected(strength(Kind::Dot))?)));
            }
            Kind::Dot => return Ok(Node::Chain(left, Box::new(self.behind_dot(strength(Kind::Dot))?))),
            Kind::Pipe => return Ok(Node::Chain(left, binary(self)?)),
            Kind::Or => return Ok(Node::Or(left, binary(self)?)),
            Kind::And => return Ok(Node::And(left, binary(self)?)),
            Kind::LeftParenthesis => return self.call(&left),
            Kind::Filter => return self.filter(*left),
            Kind::Flatten => return self.flatten(*left),
            Kind::LeftBracket if matches!(self.kind(0), Kind::Number | Kind::Colon) => {
                let index = self.index()?;
                return self.indexed(*left, index);
            }
            Kind::LeftBracket => {
                self.expect(Kind::Star)?;
                self.expect(Kind::RightBracket)?;
                return Ok(Node::Projection(left, Box::new(self.projected(strength(Kind::Star))?)));
            }
            other => return Err(mistake(format!("Unexpected token: {}", other.name()))),
        };
        Ok(Node::Compare(comparison, left, binary(self)?))
    }

    fn call(&mut self, function: &Node) -> Parsed<Node> {
        let Node::Field(name) = function else { return Err(mistake("Unexpected token: tLparen")) };
        let mut arguments = Vec::new();
        while self.kind(0) != Kind::RightParenthesis {
            arguments.push(self.expression(0)?);
            if self.kind(0) == Kind::Comma {
                self.at += 1;
            }
        }
        self.at += 1;
        Ok(Node::Call(name.clone(), arguments))
    }

    fn flatten(&mut self, of: Node) -> Parsed<Node> {
        let right = self.projected(strength(Kind::Flatten))?;
        Ok(Node::Projection(Box::new(Node::Flatten(Box::new(of))), Box::new(right)))
    }

    fn filter(&mut self, of: Node) -> Parsed<Node> {
        let condition = self.expression(0)?;
        self.expect(Kind::RightBracket)?;
        let each = if self.kind(0) == Kind::Flatten {
            Node::Identity
        } else {
            self.projected(strength(Kind::Filter))?
        };
        Ok(Node::Filter { of: Box::new(of), each: Box::new(each), condition: Box::new(condition) })
    }

    /// An index or a slice, up to its bracket.
    fn index(&mut self) -> Parsed<Node> {
        let number = |text: &str| {
            let wrong = |what| format!("strconv.Atoi: parsing {}: {what}", forebay_bloblang::quoted(text));
            if text == "-" {
                return Err(wrong("invalid syntax"));
            }
            text.parse::<i64>().map_err(|_| wrong("value out of range"))
        };
        if self.kind(0) != Kind::Colon && self.kind(1) != Kind::Colon {
            let index = number(&self.take().text)?;
            self.expect(Kind::RightBracket)?;
            return Ok(Node::Index(index));
        }
        let mut parts = [None; 3];
        let mut part = 0;
        while self.kind(0) != Kind::RightBracket && part < 3 {
            match self.kind(0) {
                Kind::Colon => {
                    part += 1;
                    self.at += 1;
                }
                Kind::Number => {
                    let value = number(&self.take().text)?;
                    if let Some(place) = parts.get_mut(part) {
                        *place = Some(value);
                    }
                }
                other => {
                    return Err(mistake(format!("Expected tColon or tNumber, received: {}", other.name())));
                }
            }
        }
        self.expect(Kind::RightBracket)?;
        Ok(Node::Slice(parts))
    }

    /// What follows a slice is asked of each of its items.
    fn indexed(&mut self, of: Node, index: Node) -> Parsed<Node> {
        let is_slice = matches!(index, Node::Slice(_));
        let indexed = Node::Chain(Box::new(of), Box::new(index));
        if !is_slice {
            return Ok(indexed);
        }
        Ok(Node::Projection(Box::new(indexed), Box::new(self.projected(strength(Kind::Star))?)))
    }

    fn list(&mut self) -> Parsed<Node> {
        let mut items = Vec::new();
        loop {
            items.push(self.expression(0)?);
            if self.kind(0) == Kind::RightBracket {
                self.at += 1;
                return Ok(Node::List(items));
            }
            self.expect(Kind::Comma)?;
        }
    }

    fn hash(&mut self) -> Parsed<Node> {
        let mut entries = Vec::new();
        loop {
            if !matches!(self.kind(0), Kind::Name | Kind::QuotedName) {
                return Err(mistake("Expected tQuotedIdentifier or tUnquotedIdentifier"));
            }
            let key = Text::from(self.take().text);
            self.expect(Kind::Colon)?;
            entries.push((key, self.expression(0)?));
            match self.kind(0) {
                Kind::Comma => self.at += 1,
                Kind::RightBrace => {
                    self.at += 1;
                    return Ok(Node::Hash(entries));
                }
                _ => {}
            }
        }
    }

    fn behind_dot(&mut self, least: u8) -> Parsed<Node> {
        match self.kind(0) {
            Kind::QuotedName | Kind::Name | Kind::Star => self.expression(least),
            Kind::LeftBracket => {
                self.at += 1;
                self.list()
            }
            Kind::LeftBrace => {
                self.at += 1;
                self.hash()
            }
            _ => Err(mistake("Expected identifier, lbracket, or lbrace")),
        }
    }

    /// What is asked of each item.
    fn projected(&mut self, least: u8) -> Parsed<Node> {
        match self.kind(0) {
            kind if strength(kind) < 10 => Ok(Node::Identity),
            Kind::LeftBracket | Kind::Filter => self.expression(least),
            Kind::Dot => {
                self.at += 1;
                self.behind_dot(least)
            }
            _ => Err(mistake("Error")),
        }
    }
}
