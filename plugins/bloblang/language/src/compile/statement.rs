//! Statements.

use super::Compiler;
use crate::parser::Parsed;
use crate::program::{Action, Statement};
use crate::syntax::{StatementKind, StatementNode};
use crate::value::{Path, Segment, Text};

impl Compiler {
    /// Gives a slot to every variable that the statements set, blocks included: variables know no blocks.
    pub(super) fn declare(&mut self, statements: &[StatementNode]) {
        for statement in statements {
            match &statement.kind {
                StatementKind::Let(name, _) => {
                    self.slot(name);
                }
                StatementKind::If(branches, otherwise) => {
                    for (_, statements) in branches {
                        self.declare(statements);
                    }
                    self.declare(otherwise);
                }
                StatementKind::Metadata(..) | StatementKind::Assign(..) => {}
            }
        }
    }

    fn slot(&mut self, name: &Text) -> usize {
        self.variable(name).unwrap_or_else(|| {
            self.variables.push(name.clone());
            self.variables.len() - 1
        })
    }

    pub(super) fn variable(&self, name: &str) -> Option<usize> {
        self.variables.iter().position(|other| other.as_str() == name)
    }

    pub(super) fn statements(&mut self, statements: &[StatementNode]) -> Parsed<Vec<Statement>> {
        statements.iter().map(|statement| self.statement(statement)).collect()
    }

    fn statement(&mut self, statement: &StatementNode) -> Parsed<Statement> {
        let action = match &statement.kind {
            StatementKind::Let(name, value) => Action::Let(self.slot(name), self.expression(value)?),
            StatementKind::Metadata(key, value) => Action::Metadata(key.clone(), self.expression(value)?),
            StatementKind::Assign(path, value) => {
                let path = Path(path.iter().cloned().map(Segment::new).collect());
                Action::Assign(path, self.expression(value)?)
            }
            StatementKind::If(branches, otherwise) => {
                let branches: Parsed<Vec<_>> = branches
                    .iter()
                    .map(|(condition, body)| Ok((self.expression(condition)?, self.statements(body)?)))
                    .collect();
                Action::If(branches?, self.statements(otherwise)?)
            }
        };
        Ok(Statement { line: statement.line, action })
    }
}
