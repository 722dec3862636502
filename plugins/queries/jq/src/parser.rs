//! From text to a tree: queries and operators. Terms are beside this.

mod string;
mod term;

use crate::lexer::{Lexed, Lexer, Token, unexpected};
use crate::limits;
use crate::syntax::{Definition, Operator, Pattern, Program, Query, Term};

/// Reads a program.
///
/// # Errors
/// What is wrong first, in the words of gojq.
pub(crate) fn parse(source: &str) -> Lexed<Program> {
    let mut parser = Parser { lexer: Lexer::new(source), next: None, depth: 0 };
    let program = parser.program()?;
    match parser.peek()? {
        Token::End => Ok(program),
        _ => parser.unexpected(),
    }
}

struct Parser<'s> {
    lexer: Lexer<'s>,
    next: Option<Token>,
    depth: usize,
}

/// How strongly an operator binds, and on which side more of its kind may follow.
struct Binding {
    strength: u8,
    side: Side,
    operator: Operator,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
    Neither,
}

fn binding(token: &Token) -> Option<Binding> {
    let (Token::Sign(text) | Token::Keyword(text)) = token else { return None };
    let function = |name| Operator::Function(name);
    let (strength, side, operator) = match text.as_str() {
        "//" => (1, Side::Right, Operator::Alternative),
        "=" => (2, Side::Neither, Operator::Assign),
        "|=" => (2, Side::Neither, Operator::Modify),
        "+=" => (2, Side::Neither, Operator::Update("_add")),
        "-=" => (2, Side::Neither, Operator::Update("_subtract")),
        "*=" => (2, Side::Neither, Operator::Update("_multiply")),
        "/=" => (2, Side::Neither, Operator::Update("_divide")),
        "%=" => (2, Side::Neither, Operator::Update("_modulo")),
        "//=" => (2, Side::Neither, Operator::Update("_alternative")),
        "or" => (3, Side::Left, Operator::Or),
        "and" => (4, Side::Left, Operator::And),
        "==" => (5, Side::Neither, function("_equal")),
        "!=" => (5, Side::Neither, function("_notequal")),
        "<" => (5, Side::Neither, function("_less")),
        "<=" => (5, Side::Neither, function("_lesseq")),
        ">" => (5, Side::Neither, function("_greater")),
        ">=" => (5, Side::Neither, function("_greatereq")),
        "+" => (6, Side::Left, function("_add")),
        "-" => (6, Side::Left, function("_subtract")),
        "*" => (7, Side::Left, function("_multiply")),
        "/" => (7, Side::Left, function("_divide")),
        "%" => (7, Side::Left, function("_modulo")),
        _ => return None,
    };
    Some(Binding { strength, side, operator })
}

impl Parser<'_> {
    fn peek(&mut self) -> Lexed<&Token> {
        if self.next.is_none() {
            self.next = Some(self.lexer.token()?);
        }
        Ok(self.next.get_or_insert(Token::End))
    }

    fn take(&mut self) -> Lexed<Token> {
        match self.next.take() {
            Some(token) => Ok(token),
            None => self.lexer.token(),
        }
    }

    fn is_sign(&mut self, sign: &str) -> Lexed<bool> {
        Ok(matches!(self.peek()?, Token::Sign(text) if text == sign))
    }

    fn is_keyword(&mut self, word: &str) -> Lexed<bool> {
        Ok(matches!(self.peek()?, Token::Keyword(text) if text == word))
    }

    /// Takes a sign, if it is next.
    fn accept(&mut self, sign: &str) -> Lexed<bool> {
        let found = self.is_sign(sign)?;
        if found {
            self.next = None;
        }
        Ok(found)
    }

    fn accept_keyword(&mut self, word: &str) -> Lexed<bool> {
        let found = self.is_keyword(word)?;
        if found {
            self.next = None;
        }
        Ok(found)
    }

    fn expect(&mut self, sign: &str) -> Lexed<()> {
        if self.accept(sign)? { Ok(()) } else { self.unexpected() }
    }

    fn expect_keyword(&mut self, word: &str) -> Lexed<()> {
        if self.accept_keyword(word)? { Ok(()) } else { self.unexpected() }
    }

    /// Says that the next token may not stand here.
    fn unexpected<T>(&mut self) -> Lexed<T> {
        let token = self.peek()?.clone();
        let text = if token == Token::Quote { self.literal()? } else { token.text() };
        Err(unexpected(&token, &text))
    }

    /// Goes one level down for the time of `read`.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Lexed<T>) -> Lexed<T> {
        if self.depth >= limits::SOURCE_DEPTH {
            return Err(format!("the query nests deeper than {} levels", limits::SOURCE_DEPTH));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn program(&mut self) -> Lexed<Program> {
        if self.accept_keyword("module")? {
            self.constant()?;
            self.expect(";")?;
        }
        let mut imports = Vec::new();
        while self.is_keyword("import")? || self.is_keyword("include")? {
            imports.push(self.import()?);
        }
        let query = self.body()?;
        Ok(Program { imports, query })
    }

    fn import(&mut self) -> Lexed<String> {
        let named = self.take()? == Token::Keyword("import".to_owned());
        if *self.peek()? != Token::Quote {
            return self.unexpected();
        }
        self.next = None;
        let path = self.string()?.plain().unwrap_or_default().to_owned();
        if named {
            self.expect_keyword("as")?;
            match self.peek()? {
                Token::Word(_) | Token::Variable(_) => self.next = None,
                _ => return self.unexpected(),
            }
        }
        if !self.is_sign(";")? {
            self.constant()?;
        }
        self.expect(";")?;
        Ok(path)
    }

    /// Definitions and a query, either of which may be missing.
    fn body(&mut self) -> Lexed<Query> {
        let mut definitions = Vec::new();
        while self.is_keyword("def")? {
            definitions.push(self.definition()?);
        }
        let query = if *self.peek()? == Token::End { Query::Missing } else { self.query()? };
        let define = |query, definition| Query::Define(Box::new(definition), Box::new(query));
        Ok(definitions.into_iter().rev().fold(query, define))
    }

    /// Everything that may stand in parentheses.
    fn query(&mut self) -> Lexed<Query> {
        self.nested(|parser| {
            let mut stages = vec![parser.commas()?];
            while parser.accept("|")? {
                stages.push(parser.commas()?);
            }
            Ok(one_or(stages, Query::Pipe))
        })
    }

    fn commas(&mut self) -> Lexed<Query> {
        let mut parts = vec![self.operand()?];
        while self.accept(",")? {
            parts.push(self.operand()?);
        }
        Ok(one_or(parts, Query::Comma))
    }

    /// What reaches as far as it can: a definition, a label, a binding. Otherwise an expression.
    fn operand(&mut self) -> Lexed<Query> {
        if self.is_keyword("def")? {
            let definition = self.definition()?;
            return Ok(Query::Define(Box::new(definition), Box::new(self.query()?)));
        }
        if self.accept_keyword("label")? {
            let name = self.variable()?;
            self.expect("|")?;
            return Ok(Query::Label(name, Box::new(self.query()?)));
        }
        match self.expression(0)? {
            Query::Term(term) if self.is_keyword("as")? => self.bind(term),
            other => Ok(other),
        }
    }

    fn bind(&mut self, term: Box<Term>) -> Lexed<Query> {
        self.next = None;
        let mut patterns = vec![self.pattern()?];
        while self.accept("?//")? {
            patterns.push(self.pattern()?);
        }
        self.expect("|")?;
        Ok(Query::Bind(term, patterns, Box::new(self.query()?)))
    }

    /// Operators of at least this strength, and what they are between.
    fn expression(&mut self, least: u8) -> Lexed<Query> {
        let mut left = Query::Term(Box::new(self.term()?));
        let mut chain = 0;
        while let Some(Binding { strength, side, operator }) = binding(self.peek()?) {
            if strength < least {
                break;
            }
            chain += 1;
            if chain > limits::CHAIN {
                return Err(format!("the query has more than {} operators in a row", limits::CHAIN));
            }
            self.next = None;
            let above = if side == Side::Right { strength } else { strength + 1 };
            let right = self.nested(|parser| parser.expression(above))?;
            left = Query::Operation(operator, Box::new(left), Box::new(right));
            let again = binding(self.peek()?).is_some_and(|next| next.strength == strength);
            if side == Side::Neither && again {
                return self.unexpected();
            }
        }
        Ok(left)
    }

    fn definition(&mut self) -> Lexed<Definition> {
        self.expect_keyword("def")?;
        let Token::Word(name) = self.peek()?.clone() else { return self.unexpected() };
        self.next = None;
        let mut parameters = Vec::new();
        if self.accept("(")? {
            loop {
                match self.peek()?.clone() {
                    Token::Word(name) | Token::Variable(name) => parameters.push(name),
                    _ => return self.unexpected(),
                }
                self.next = None;
                if !self.accept(";")? {
                    break;
                }
            }
            self.expect(")")?;
        }
        self.expect(":")?;
        let body = self.query()?;
        self.expect(";")?;
        Ok(Definition { name, parameters, body })
    }

    fn variable(&mut self) -> Lexed<String> {
        let Token::Variable(name) = self.peek()?.clone() else { return self.unexpected() };
        self.next = None;
        Ok(name)
    }

    fn pattern(&mut self) -> Lexed<Pattern> {
        self.nested(|parser| {
            if parser.accept("[")? {
                let mut items = vec![parser.pattern()?];
                while parser.accept(",")? {
                    items.push(parser.pattern()?);
                }
                parser.expect("]")?;
                return Ok(Pattern::Array(items));
            }
            if parser.accept("{")? {
                let mut entries = Vec::new();
                loop {
                    let (key, alone) = parser.key(false)?;
                    let pattern = if alone && !parser.is_sign(":")? {
                        None
                    } else {
                        parser.expect(":")?;
                        Some(parser.pattern()?)
                    };
                    entries.push((key, pattern));
                    if !parser.accept(",")? {
                        break;
                    }
                }
                parser.expect("}")?;
                return Ok(Pattern::Object(entries));
            }
            parser.variable().map(Pattern::Variable)
        })
    }
}

fn one_or(mut parts: Vec<Query>, several: impl FnOnce(Vec<Query>) -> Query) -> Query {
    match parts.len() {
        1 => parts.swap_remove(0),
        _ => several(parts),
    }
}
