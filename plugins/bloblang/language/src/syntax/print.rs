//! From a tree back to source text.
//!
//! The text of a tree that the parser gave parses to the same tree, positions aside, and there are no brackets in it that
//! could be left out. What the tree does not keep is lost: comments, layout, and where maps were imported from.

mod query;
mod word;

use super::{Node, Source, StatementKind, StatementNode};
use crate::value::Text;

/// The source text of a mapping.
pub(crate) fn print(source: &Source) -> String {
    let mut printer = Printer::default();
    for map in &source.maps {
        printer.out.push_str("map ");
        printer.name(&map.name);
        printer.out.push(' ');
        printer.block(&map.statements);
        printer.line();
    }
    for statement in &source.statements {
        printer.statement(statement);
        printer.line();
    }
    printer.out
}

/// What has been written so far.
#[derive(Debug, Default)]
struct Printer {
    out: String,
    /// How many blocks the current line is in.
    blocks: usize,
}

impl Printer {
    fn line(&mut self) {
        self.out.push('\n');
        for _ in 0..self.blocks {
            self.out.push_str("  ");
        }
    }

    /// Lines between braces, of which `item` writes each.
    fn lines<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        self.out.push('{');
        self.blocks += 1;
        for one in items {
            self.line();
            item(self, one);
        }
        self.blocks -= 1;
        self.line();
        self.out.push('}');
    }

    fn block(&mut self, statements: &[StatementNode]) {
        self.lines(statements, Self::statement);
    }

    fn statement(&mut self, statement: &StatementNode) {
        match &statement.kind {
            StatementKind::Let(name, value) => {
                self.out.push_str("let ");
                self.name(name);
                self.assigned(value);
            }
            StatementKind::Metadata(key, value) => {
                self.out.push_str("meta");
                if let Some(key) = key {
                    self.out.push(' ');
                    self.name(key);
                }
                self.assigned(value);
            }
            StatementKind::Assign(path, value) => {
                // Without the word at its start a path could be read as the start of another statement.
                self.out.push_str("root");
                for segment in path {
                    self.out.push('.');
                    self.name(segment);
                }
                self.assigned(value);
            }
            StatementKind::If(branches, otherwise) => self.branches(branches, otherwise),
        }
    }

    fn assigned(&mut self, value: &Node) {
        self.out.push_str(" = ");
        self.query(value);
    }

    fn branches(&mut self, branches: &[(Node, Vec<StatementNode>)], otherwise: &[StatementNode]) {
        for (index, (condition, statements)) in branches.iter().enumerate() {
            self.out.push_str(if index == 0 { "if " } else { " else if " });
            self.query(condition);
            self.out.push(' ');
            self.block(statements);
        }
        if !otherwise.is_empty() {
            self.out.push_str(" else ");
            self.block(otherwise);
        }
    }

    /// A name, in quotes unless it is a word.
    fn name(&mut self, name: &Text) {
        if word::is_word(name) {
            self.out.push_str(name);
        } else {
            self.string(name);
        }
    }

    fn string(&mut self, text: &Text) {
        self.out.push_str(&word::quoted(text));
    }
}
