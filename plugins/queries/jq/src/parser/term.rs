//! Terms: what operators stand between, with its suffixes.

use super::Parser;
use crate::lexer::{Lexed, Token};
use crate::number;
use crate::syntax::{Entry, Head, Index, Interpolated, Piece, Query, Suffix, Term};
use crate::value::Value;

impl Parser<'_> {
    pub(super) fn term(&mut self) -> Lexed<Term> {
        self.nested(|parser| {
            let head = parser.head()?;
            let mut term = head;
            while let Some(suffix) = parser.suffix()? {
                term.suffixes.push(suffix);
            }
            Ok(term)
        })
    }

    fn head(&mut self) -> Lexed<Term> {
        let head = match self.peek()?.clone() {
            Token::Sign(sign) => return self.sign(&sign),
            Token::Keyword(word) => return self.keyword(&word).map(alone),
            Token::Field(name) => Head::Index(Index::Name(name)),
            Token::Number(text) => Head::Constant(number::read(&text)),
            Token::Variable(name) => Head::Call(name, Vec::new()),
            Token::Word(name) | Token::ModuleWord(name) => {
                self.next = None;
                let arguments = if self.accept("(")? { self.arguments()? } else { Vec::new() };
                return Ok(alone(Head::Call(name, arguments)));
            }
            Token::Format(name) => {
                self.next = None;
                let is_string = *self.peek()? == Token::Quote;
                return Ok(alone(Head::Format(
                    name,
                    if is_string { Some(self.take_string()?) } else { None },
                )));
            }
            Token::Quote => return Ok(alone(Head::Text(self.take_string()?))),
            Token::End => return self.unexpected(),
        };
        self.next = None;
        Ok(alone(head))
    }

    fn take_string(&mut self) -> Lexed<Interpolated> {
        self.next = None;
        self.string()
    }

    fn arguments(&mut self) -> Lexed<Vec<Query>> {
        let mut arguments = vec![self.query()?];
        while self.accept(";")? {
            arguments.push(self.query()?);
        }
        self.expect(")")?;
        Ok(arguments)
    }

    /// Terms that begin with a sign.
    fn sign(&mut self, sign: &str) -> Lexed<Term> {
        match sign {
            "." => {
                self.next = None;
                if *self.peek()? == Token::Quote {
                    let text = self.take_string()?;
                    return Ok(alone(Head::Index(Index::Text(text))));
                }
                if !self.is_sign("[")? {
                    return Ok(alone(Head::Identity));
                }
                match self.bracket()? {
                    Suffix::Index(index) => Ok(alone(Head::Index(index))),
                    other => Ok(Term { head: Head::Identity, suffixes: vec![other] }),
                }
            }
            ".." => {
                self.next = None;
                Ok(alone(Head::Recurse))
            }
            "{" => self.object().map(alone),
            "[" => {
                self.next = None;
                if self.accept("]")? {
                    return Ok(alone(Head::Array(None)));
                }
                let query = self.query()?;
                self.expect("]")?;
                Ok(alone(Head::Array(Some(query))))
            }
            "(" => {
                self.next = None;
                let query = self.query()?;
                self.expect(")")?;
                Ok(alone(Head::Group(Box::new(query))))
            }
            "+" | "-" => {
                self.next = None;
                let name = if sign == "-" { "_negate" } else { "_plus" };
                Ok(alone(Head::Sign(name, Box::new(self.term()?))))
            }
            _ => self.unexpected(),
        }
    }

    /// Terms that begin with a keyword.
    fn keyword(&mut self, word: &str) -> Lexed<Head> {
        match word {
            "null" | "true" | "false" => {
                self.next = None;
                Ok(Head::Constant(match word {
                    "null" => Value::Null,
                    word => Value::Bool(word == "true"),
                }))
            }
            "if" => self.condition(),
            "try" => {
                self.next = None;
                let body = Query::Term(Box::new(self.term()?));
                let catch = if self.accept_keyword("catch")? {
                    Some(Box::new(Query::Term(Box::new(self.term()?))))
                } else {
                    None
                };
                Ok(Head::Try(Box::new(body), catch))
            }
            "reduce" | "foreach" => self.fold(word),
            "break" => {
                self.next = None;
                self.variable().map(Head::Break)
            }
            _ => self.unexpected(),
        }
    }

    fn condition(&mut self) -> Lexed<Head> {
        let mut cases = Vec::new();
        loop {
            self.next = None;
            let condition = self.query()?;
            self.expect_keyword("then")?;
            cases.push((condition, self.query()?));
            if !self.is_keyword("elif")? {
                break;
            }
        }
        let otherwise = if self.accept_keyword("else")? { Some(self.query()?) } else { None };
        self.expect_keyword("end")?;
        Ok(Head::If(cases, otherwise))
    }

    fn fold(&mut self, word: &str) -> Lexed<Head> {
        self.next = None;
        let source = Box::new(self.expression(0)?);
        self.expect_keyword("as")?;
        let pattern = self.pattern()?;
        self.expect("(")?;
        let start = Box::new(self.query()?);
        self.expect(";")?;
        let update = Box::new(self.query()?);
        if word == "reduce" {
            self.expect(")")?;
            return Ok(Head::Reduce(source, pattern, start, update));
        }
        let extract = if self.accept(";")? { Some(Box::new(self.query()?)) } else { None };
        self.expect(")")?;
        Ok(Head::Foreach(source, pattern, start, update, extract))
    }

    fn object(&mut self) -> Lexed<Head> {
        self.next = None;
        let mut entries = Vec::new();
        while !self.accept("}")? {
            let (key, alone) = self.key(true)?;
            let value = if alone && !self.is_sign(":")? {
                None
            } else {
                self.expect(":")?;
                let mut stages = vec![self.expression(0)?];
                while self.accept("|")? {
                    stages.push(self.expression(0)?);
                }
                Some(super::one_or(stages, Query::Pipe))
            };
            entries.push(Entry { key, value });
            if !self.is_sign("}")? {
                self.expect(",")?;
                if self.is_sign(",")? {
                    return self.unexpected();
                }
            }
        }
        Ok(Head::Object(entries))
    }

    fn suffix(&mut self) -> Lexed<Option<Suffix>> {
        match self.peek()?.clone() {
            Token::Field(name) => {
                self.next = None;
                Ok(Some(Suffix::Index(Index::Name(name))))
            }
            Token::Sign(sign) => match sign.as_str() {
                "?" => {
                    self.next = None;
                    Ok(Some(Suffix::Optional))
                }
                "[" => self.bracket().map(Some),
                "." => {
                    self.next = None;
                    if *self.peek()? == Token::Quote {
                        let text = self.take_string()?;
                        return Ok(Some(Suffix::Index(Index::Text(text))));
                    }
                    if self.is_sign("[")? { self.bracket().map(Some) } else { self.unexpected() }
                }
                _ => Ok(None),
            },
            _ => Ok(None),
        }
    }

    /// `[]`, `[query]` or a slice.
    fn bracket(&mut self) -> Lexed<Suffix> {
        self.expect("[")?;
        if self.accept("]")? {
            return Ok(Suffix::Iterate);
        }
        if self.accept(":")? {
            let end = self.query()?;
            self.expect("]")?;
            return Ok(Suffix::Index(Index::Slice(None, Some(Box::new(end)))));
        }
        let start = Box::new(self.query()?);
        if !self.accept(":")? {
            self.expect("]")?;
            return Ok(Suffix::Index(Index::Query(start)));
        }
        let end = if self.is_sign("]")? { None } else { Some(Box::new(self.query()?)) };
        self.expect("]")?;
        Ok(Suffix::Index(Index::Slice(Some(start), end)))
    }
}

fn alone(head: Head) -> Term {
    Term { head, suffixes: Vec::new() }
}

impl Interpolated {
    /// Its pieces.
    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.0
    }
}
