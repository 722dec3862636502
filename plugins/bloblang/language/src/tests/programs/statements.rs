//! Statements and maps.

use super::Writer;
use crate::syntax::{MapNode, Source, StatementKind, StatementNode};
use crate::value::Text;

const PATHS: [&[&str]; 8] =
    [&[], &["a"], &["b", "c"], &["a b", "0"], &["root"], &["if"], &["", "\"\\\n"], &["e", "-"]];
const VARIABLES: [&str; 3] = ["v", "w", "a b"];
const KEYS: [&str; 4] = ["k", "a.b", "", "if"];
const MAPS: [&str; 3] = ["m", "n", "n o"];

impl Writer<'_> {
    pub(super) fn source(&mut self) -> Source {
        let mut statements = vec![self.statement(2, true)];
        while statements.len() < 5 && self.choices.once_in(2) {
            statements.push(self.statement(2, true));
        }
        let count = self.choices.below(MAPS.len() + 1);
        let maps = MAPS
            .iter()
            .take(count)
            .map(|name| MapNode { name: Text::fixed(name), statements: self.statements(1, false) });
        Source { maps: maps.collect(), statements }
    }

    fn statements(&mut self, blocks: usize, metadata: bool) -> Vec<StatementNode> {
        (0..self.choices.below(3)).map(|_| self.statement(blocks, metadata)).collect()
    }

    /// A statement with at most `blocks` blocks in one another; `metadata` tells whether it may set that.
    fn statement(&mut self, blocks: usize, metadata: bool) -> StatementNode {
        let kind = match self.choices.below(8) {
            4 | 5 => StatementKind::Let(self.text(&VARIABLES), self.whole()),
            6 if metadata => {
                let key = if self.choices.once_in(4) { None } else { Some(self.text(&KEYS)) };
                StatementKind::Metadata(key, self.whole())
            }
            7 if blocks > 0 => {
                let mut branches = Vec::new();
                for _ in 0..=self.choices.below(2) {
                    branches.push((self.condition(), self.statements(blocks - 1, true)));
                }
                StatementKind::If(branches, self.statements(blocks - 1, true))
            }
            _ => {
                let path = self.choices.pick(&PATHS);
                StatementKind::Assign(path.iter().copied().map(Text::fixed).collect(), self.whole())
            }
        };
        StatementNode { line: 1, kind }
    }
}
