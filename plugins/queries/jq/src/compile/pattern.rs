//! Patterns, as the steps of taking a value apart.

use super::{Compiled, Compiler, Kind};
use crate::program::{Fold, Id, Node, PatternId, Step, Symbol};
use crate::syntax::{Key, Pattern, Query, Term};
use crate::value::Value;

impl Compiler {
    pub(super) fn bind(&mut self, term: &Term, patterns: &[Pattern], body: &Query) -> Compiled<Id> {
        let source = self.apart(|compiler| compiler.term(term))?;
        self.apart(|compiler| {
            let first = compiler.scope.len();
            let mut compiled = Vec::with_capacity(patterns.len());
            for pattern in patterns {
                compiled.push(compiler.pattern(pattern, first)?);
            }
            let names = compiler.scope.iter().skip(first).map(|named| named.symbol).collect();
            let body = compiler.query(body)?;
            Ok(compiler.program.add(Node::Bind { source, patterns: compiled, names, body }))
        })
    }

    pub(super) fn fold(
        &mut self,
        (source, pattern): (&Query, &Pattern),
        (start, update): (&Query, &Query),
        extract: Option<&Query>,
    ) -> Compiled<Fold> {
        let start = self.query(start)?;
        let source = self.query(source)?;
        self.apart(|compiler| {
            let first = compiler.scope.len();
            let pattern = compiler.pattern(pattern, first)?;
            let update = compiler.query(update)?;
            let extract = extract.map(|extract| compiler.query(extract)).transpose()?;
            Ok(Fold { source, pattern, start, update, extract })
        })
    }

    /// `first` is where the names of this binding begin; a name that is there already is the same variable.
    fn pattern(&mut self, pattern: &Pattern, first: usize) -> Compiled<PatternId> {
        let mut steps = Vec::new();
        self.steps(pattern, first, &mut steps)?;
        self.program.patterns.push(steps);
        Ok(self.program.patterns.len() - 1)
    }

    fn variable(&mut self, name: &str, first: usize) -> Symbol {
        let known = self.scope.iter().skip(first).find(|named| named.name == name);
        match known {
            Some(named) => named.symbol,
            None => self.name(name, Kind::Variable),
        }
    }

    fn steps(&mut self, pattern: &Pattern, first: usize, steps: &mut Vec<Step>) -> Compiled<()> {
        match pattern {
            Pattern::Variable(name) => steps.push(Step::Bind(self.variable(name, first))),
            Pattern::Array(items) => {
                for (index, item) in (0..).zip(items) {
                    steps.push(Step::Item(index));
                    self.steps(item, first, steps)?;
                }
                steps.push(Step::Pop);
            }
            Pattern::Object(entries) => {
                for (key, value) in entries {
                    self.entry(key, value.as_ref(), first, steps)?;
                }
                steps.push(Step::Pop);
            }
        }
        Ok(())
    }

    fn entry(
        &mut self,
        key: &Key,
        value: Option<&Pattern>,
        first: usize,
        steps: &mut Vec<Step>,
    ) -> Compiled<()> {
        match key {
            Key::Name(name) => match name.strip_prefix('$') {
                Some(bare) => {
                    steps.push(Step::Field(Value::from(bare)));
                    let symbol = self.variable(name, first);
                    steps.push(if value.is_some() { Step::Note(symbol) } else { Step::Bind(symbol) });
                }
                None => steps.push(Step::Field(Value::from(name.as_str()))),
            },
            Key::Text(text) => match text.plain() {
                Some(text) => steps.push(Step::Field(Value::from(text))),
                None => steps.push(Step::Key(self.string(text, None)?)),
            },
            Key::Query(query) => steps.push(Step::Key(self.query(query)?)),
        }
        value.map_or(Ok(()), |value| self.steps(value, first, steps))
    }
}
