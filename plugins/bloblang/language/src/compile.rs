//! From a tree to the compiled form: names, arguments, constants, paths.
//!
//! Everything that can be refused before a message arrives is refused here.

mod arguments;
mod chain;
mod expression;
pub(crate) mod fold;
mod statement;

use crate::parse_error::Fault;
use crate::parser::Parsed;
use crate::program::{Expr, Program, Routine};
use crate::syntax::{Node, Source};
use crate::value::Text;

pub(crate) use arguments::check;

/// The names in reach while one routine or query is compiled.
#[derive(Debug, Default)]
pub(crate) struct Compiler {
    variables: Vec<Text>,
    /// Names given by the lambdas around the current node, innermost last.
    names: Vec<Text>,
    sites: usize,
    /// Whether operators on literals are left to be evaluated.
    unfolded: bool,
}

/// Compiles a mapping.
pub(crate) fn program(source: &Source) -> Parsed<Program> {
    Compiler::default().program(source)
}

/// Compiles a mapping, and computes nothing that the tree does not say is constant.
#[cfg(test)]
pub(crate) fn unfolded(source: &Source) -> Parsed<Program> {
    Compiler { unfolded: true, ..Compiler::default() }.program(source)
}

/// Compiles queries that stand alone; returns them and how many of their calls keep state.
pub(crate) fn queries<'n>(nodes: impl Iterator<Item = &'n Node>) -> Result<(Vec<Expr>, usize), Fault> {
    let mut compiler = Compiler::default();
    let compiled: Parsed<Vec<_>> = nodes.map(|node| compiler.expression(node)).collect();
    Ok((compiled?, compiler.sites))
}

impl Compiler {
    fn program(mut self, source: &Source) -> Parsed<Program> {
        let mut maps = Vec::new();
        for map in &source.maps {
            let mut routine = self.routine(&map.statements)?;
            routine.name = Some(map.name.clone());
            maps.push(routine);
        }
        let main = self.routine(&source.statements)?;
        Ok(Program { main, maps, sites: self.sites })
    }

    fn routine(&mut self, statements: &[crate::syntax::StatementNode]) -> Parsed<Routine> {
        self.variables.clear();
        self.declare(statements);
        let statements = self.statements(statements)?;
        Ok(Routine { name: None, statements, variables: std::mem::take(&mut self.variables) })
    }
}
