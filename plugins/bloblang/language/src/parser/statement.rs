//! Statements, and the blocks that hold them.

use super::{Parsed, Parser};
use crate::parse_error::{Fault, position};
use crate::syntax::{MapNode, Source, StatementKind, StatementNode};
use crate::value::Text;

/// What may stand in a block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    Map,
    If,
}

/// Where the lines of a block are counted from, and which line all of its statements report, if one.
#[derive(Clone, Copy)]
struct Lines {
    base: usize,
    fixed: Option<usize>,
}

impl Parser<'_> {
    /// The whole source as statements.
    pub(super) fn source(&mut self) -> Parsed<Source> {
        let mut source = Source::default();
        loop {
            self.lexer.white();
            if self.lexer.is_done() && (!source.maps.is_empty() || !source.statements.is_empty()) {
                return Ok(source);
            }
            self.refuse_imports()?;
            let at = self.lexer.at();
            if self.lexer.keyword("map") {
                let map = self.map(at)?;
                if source.maps.iter().any(|other| other.name == map.name) {
                    return Err(Fault::new(at, format!("map name collision: {}", map.name)));
                }
                source.maps.push(map);
            } else {
                let lines = Lines { base: 0, fixed: None };
                source.statements.push(self.statement(None, lines, "import, map, or assignment")?);
            }
            self.lexer.spaces();
            if !self.lexer.is_done() && !self.lexer.line_break() {
                return self.fault("expected line break");
            }
        }
    }

    fn refuse_imports(&mut self) -> Parsed<()> {
        let at = self.lexer.at();
        for keyword in ["import", "from"] {
            if self.lexer.keyword(keyword) && self.lexer.peek() == Some(b'"') {
                return self.fault(format!("{keyword} is not available yet: mappings cannot read files"));
            }
            self.lexer.reset(at);
        }
        Ok(())
    }

    fn map(&mut self, at: usize) -> Parsed<MapNode> {
        let Some(name) = self.name()? else {
            return self.fault("required: expected map name");
        };
        self.require_spaces()?;
        let (line, _) = position(self.lexer.source(), at);
        let statements = self.block(Block::Map, Lines { base: line - 1, fixed: None })?;
        Ok(MapNode { name, statements })
    }

    fn block(&mut self, block: Block, lines: Lines) -> Parsed<Vec<StatementNode>> {
        self.lexer.white();
        self.require("{", "{")?;
        let mut statements = Vec::new();
        loop {
            self.lexer.white();
            if self.lexer.take("}") {
                return Ok(statements);
            }
            let statement = self.nested(|parser| parser.statement(Some(block), lines, "assignment or }"))?;
            statements.push(statement);
            self.lexer.spaces();
            if self.lexer.take("}") {
                return Ok(statements);
            }
            if !self.lexer.line_break() {
                return self.fault("expected line break or }");
            }
        }
    }

    fn statement(&mut self, block: Option<Block>, lines: Lines, expected: &str) -> Parsed<StatementNode> {
        let at = self.lexer.at();
        let (line, _) = position(self.lexer.source(), at);
        let line = lines.fixed.unwrap_or(line.saturating_sub(lines.base));
        let kind = if self.lexer.keyword("let") {
            self.let_statement()?
        } else if self.lexer.keyword("meta") {
            if block == Some(Block::Map) {
                return Err(Fault::new(at, "setting meta fields is not allowed within this block"));
            }
            self.meta_statement()?
        } else if self.lexer.keyword("if") {
            let inner = Lines { base: lines.base, fixed: Some(line) };
            self.if_statement(block.unwrap_or(Block::If), inner)?
        } else {
            self.assignment(expected)?
        };
        Ok(StatementNode { line, kind })
    }

    fn let_statement(&mut self) -> Parsed<StatementKind> {
        let Some(name) = self.name()? else {
            return self.fault("required: expected variable name");
        };
        self.require_spaces()?;
        Ok(StatementKind::Let(name, self.assigned()?))
    }

    fn meta_statement(&mut self) -> Parsed<StatementKind> {
        let key = self.name()?;
        if key.is_some() {
            self.require_spaces()?;
        }
        Ok(StatementKind::Metadata(key, self.assigned()?))
    }

    /// The blocks of an `if` are blocks of what is around it, as far as forbidden statements go.
    fn if_statement(&mut self, block: Block, lines: Lines) -> Parsed<StatementKind> {
        let mut branches = Vec::new();
        loop {
            let condition = self.query().map_err(|fault| fault.or_expected("query"))?;
            branches.push((condition, self.block(block, lines)?));
            let end = self.lexer.at();
            self.lexer.white();
            if !self.lexer.take("else") {
                self.lexer.reset(end);
                return Ok(StatementKind::If(branches, Vec::new()));
            }
            if !self.else_if() {
                return Ok(StatementKind::If(branches, self.block(block, lines)?));
            }
        }
    }

    fn assignment(&mut self, expected: &str) -> Parsed<StatementKind> {
        let Some(first) = self.lexer.word() else {
            return self.fault(format!("expected {expected}"));
        };
        let mut path = Vec::new();
        if first != "root" {
            path.push(Text::from(first));
        }
        while self.lexer.take(".") {
            match self.name()? {
                Some(segment) => path.push(segment),
                None => return self.fault("required: expected target path"),
            }
        }
        self.require_spaces()?;
        Ok(StatementKind::Assign(path, self.assigned()?))
    }

    /// `= query`
    fn assigned(&mut self) -> Parsed<crate::syntax::Node> {
        if !self.lexer.take("=") {
            return self.fault("expected =");
        }
        self.require_spaces()?;
        self.query().map_err(|fault| Fault::new(fault.at, fault.message))
    }
}
