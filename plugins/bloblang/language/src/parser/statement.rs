//! Statements, and the blocks that hold them.

use super::{Imports, Parsed, Parser};
use crate::parse_error::Fault;
use crate::syntax::{MapNode, Node, Source, StatementKind, StatementNode};
use crate::value::Text;

/// What the lines and the metadata of statements depend on.
#[derive(Clone, Copy)]
struct Place {
    /// The offset that lines are counted from.
    base: usize,
    /// The line that all statements report, if it is one.
    line: Option<usize>,
    /// Whether metadata may be set.
    metadata: bool,
}

type Blocks = Vec<(Node, Vec<StatementNode>)>;

impl Parser<'_> {
    /// A statement that is in no block.
    pub(super) fn top_statement(&mut self, source: &mut Source, imports: &mut Imports<'_>) -> Parsed<()> {
        let missed = match self.attempt(|parser| parser.import(source, imports)) {
            Err(fault) if !fault.is_fatal() => fault,
            result => return result,
        };
        let missed = match self.attempt(|parser| parser.map(source)) {
            Err(fault) => missed.further(fault),
            Ok(()) => return Ok(()),
        };
        if missed.is_fatal() {
            return Err(missed);
        }
        let place = Place { base: 0, line: None, metadata: true };
        let statement = self.statement(place).map_err(|fault| missed.further(fault))?;
        source.statements.push(statement);
        Ok(())
    }

    fn map(&mut self, source: &mut Source) -> Parsed<()> {
        let at = self.lexer.at();
        self.expect("map")?;
        self.expect_spaces()?;
        let name = self.required_name("map name")?;
        self.expect_spaces()?;
        let statements = self.block(Place { base: at, line: None, metadata: false })?;
        if source.maps.iter().any(|other| other.name == name) {
            return Err(Fault::fatal(at, format!("map name collision: {name}")));
        }
        source.maps.push(MapNode { name, statements });
        Ok(())
    }

    fn required_name(&mut self, what: &'static str) -> Parsed<Text> {
        let at = self.lexer.at();
        self.name()?.ok_or_else(|| Fault::expected(at, what).required())
    }

    fn block(&mut self, place: Place) -> Parsed<Vec<StatementNode>> {
        self.nested(|parser| {
            parser.expect("{")?;
            parser.lexer.white();
            let delimiter = |parser: &mut Self| {
                parser.lexer.spaces();
                parser.lexer.line_break()?;
                parser.lexer.white();
                Ok(())
            };
            parser.list(("}", "}"), |parser| parser.statement(place), delimiter)
        })
    }

    fn statement(&mut self, place: Place) -> Parsed<StatementNode> {
        let at = self.lexer.at();
        let line = place.line.unwrap_or_else(|| self.lines.line(place.base, at));
        let mut missed: Option<Fault> = None;
        for kind in [Self::let_statement, Self::meta_statement, Self::assignment, Self::if_statement] {
            let inside = Place { line: Some(line), ..place };
            match self.attempt(|parser| kind(parser, inside)) {
                Ok(kind) => return Ok(StatementNode { line, kind }),
                Err(fault) => {
                    let fault = match missed.take() {
                        Some(missed) => missed.further(fault),
                        None => fault,
                    };
                    if fault.is_fatal() {
                        return Err(fault);
                    }
                    missed = Some(fault);
                }
            }
        }
        Err(missed.unwrap_or_else(|| Fault::expected(at, "assignment")))
    }

    fn word(&mut self, word: &'static str) -> Parsed<()> {
        self.expect(word).map_err(|fault| fault.instead("assignment"))?;
        self.expect_spaces()
    }

    fn let_statement(&mut self, _: Place) -> Parsed<StatementKind> {
        self.word("let")?;
        let name = self.required_name("variable name")?;
        self.expect_spaces()?;
        Ok(StatementKind::Let(name, self.assigned()?))
    }

    fn meta_statement(&mut self, place: Place) -> Parsed<StatementKind> {
        let at = self.lexer.at();
        self.word("meta")?;
        let key = self.name()?;
        self.lexer.spaces();
        let value = self.assigned()?;
        if !place.metadata {
            return Err(Fault::fatal(at, "setting meta fields is not allowed within this block"));
        }
        Ok(StatementKind::Metadata(key, value))
    }

    /// Blocks of an `if` may set metadata wherever they are: whether that can be done is seen when they run.
    fn if_statement(&mut self, place: Place) -> Parsed<StatementKind> {
        let place = Place { metadata: true, ..place };
        self.word("if")?;
        let mut branches: Blocks = vec![self.branch_block(place)?];
        loop {
            let end = self.lexer.at();
            let branch = self.attempt(|parser| {
                parser.lexer.white();
                parser.expect("else if")?;
                parser.expect_spaces()?;
                parser.branch_block(place)
            });
            match branch {
                Ok(branch) => branches.push(branch),
                Err(fault) if fault.is_fatal() => return Err(fault),
                Err(_) => {
                    self.lexer.reset(end);
                    break;
                }
            }
        }
        let otherwise = self.attempt(|parser| {
            parser.lexer.white();
            parser.expect("else")?;
            parser.lexer.white();
            parser.block(place)
        });
        match otherwise {
            Err(fault) if fault.is_fatal() => Err(fault),
            otherwise => Ok(StatementKind::If(branches, otherwise.unwrap_or_default())),
        }
    }

    fn branch_block(&mut self, place: Place) -> Parsed<(Node, Vec<StatementNode>)> {
        let condition = self.query().map_err(Fault::required)?;
        self.lexer.white();
        Ok((condition, self.block(place)?))
    }

    fn assignment(&mut self, _: Place) -> Parsed<StatementKind> {
        let at = self.lexer.at();
        let Some(first) = self.lexer.word() else {
            return Err(Fault::expected(at, "assignment"));
        };
        let mut path = Vec::new();
        if first != "root" {
            path.push(Text::from(first));
        }
        let end = self.lexer.at();
        while self.lexer.take(".") {
            if let Some(segment) = self.name()? {
                path.push(segment);
            } else {
                // A path that is not complete is no path: what is missing then is the space after its first word.
                self.lexer.reset(end);
                break;
            }
        }
        self.expect_spaces()?;
        Ok(StatementKind::Assign(path, self.assigned()?))
    }

    /// `= query`
    fn assigned(&mut self) -> Parsed<Node> {
        self.expect("=")?;
        self.expect_spaces()?;
        self.query()
    }
}
