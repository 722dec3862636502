//! The path to the value that a program is at, for those who ask for paths.

use std::rc::Rc;

use crate::error::{Error, Result};
use crate::show::typed;
use crate::value::Value;

/// The steps since the last `path(` that is open, and those of the ones around it.
#[derive(Clone, Default)]
pub(crate) struct Track {
    steps: Option<Rc<Step>>,
    /// In how many arguments that have nothing to do with the path.
    quiet: usize,
}

struct Step {
    kind: Kind,
    /// Where the path leads to.
    value: Value,
    before: Option<Rc<Self>>,
}

enum Kind {
    Start { quiet: usize },
    Key(Value),
}

impl Track {
    pub(crate) fn is_on(&self) -> bool {
        self.quiet == 0 && self.steps.is_some()
    }

    pub(crate) fn hush(&mut self) {
        self.quiet += 1;
    }

    pub(crate) fn unhush(&mut self) {
        self.quiet = self.quiet.saturating_sub(1);
    }

    pub(crate) fn start(&mut self, value: Value) {
        let kind = Kind::Start { quiet: std::mem::take(&mut self.quiet) };
        self.steps = Some(Rc::new(Step { kind, value, before: self.steps.take() }));
    }

    /// That a value is the one that the path leads to.
    fn is_at(&self, value: &Value) -> bool {
        self.steps.as_ref().is_some_and(|step| step.value.is_same(value))
    }

    pub(crate) fn must_be_at(&self, value: &Value) -> Result<()> {
        if self.is_at(value) {
            return Ok(());
        }
        Err(Error::new(format!("invalid path against: {}", typed(value))))
    }

    /// Goes on by a key from `from` to `to`.
    pub(crate) fn step(&mut self, from: &Value, key: Value, to: &Value) -> Result<()> {
        if self.is_on() {
            self.must_be_at(from)?;
            self.push(key, to);
        }
        Ok(())
    }

    /// That the members of a value can be gone to.
    pub(crate) fn may_iterate(&self, value: &Value) -> Result<()> {
        if self.is_on() && !self.is_at(value) {
            return Err(Error::new(format!("invalid path on iterating against: {}", typed(value))));
        }
        Ok(())
    }

    /// The same where that is known to be right.
    pub(crate) fn push(&mut self, key: Value, to: &Value) {
        if self.is_on() {
            let step = Step { kind: Kind::Key(key), value: to.clone(), before: self.steps.take() };
            self.steps = Some(Rc::new(step));
        }
    }

    /// The keys since the start, where they lead to `value`.
    pub(crate) fn finish(&mut self, value: &Value) -> Result<Value> {
        self.must_be_at(value)?;
        let mut keys = Vec::new();
        while let Some(step) = self.steps.take() {
            self.steps.clone_from(&step.before);
            match &step.kind {
                Kind::Key(key) => keys.push(key.clone()),
                Kind::Start { quiet } => {
                    self.quiet = *quiet;
                    break;
                }
            }
        }
        keys.reverse();
        Ok(Value::array(keys))
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        let mut before = self.before.take();
        while let Some(step) = before {
            before = Rc::try_unwrap(step).ok().and_then(|mut step| step.before.take());
        }
    }
}
