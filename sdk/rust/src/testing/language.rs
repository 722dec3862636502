use std::cell::RefCell;
use std::rc::Rc;

use crate::expressions::Form;
use crate::{Batch, Error, Problem, Processed};

type Run = Rc<dyn Fn(&Batch) -> Result<Processed, Error>>;
type Compile = Rc<dyn Fn(&str, &str, Form) -> Result<Run, Problem>>;

thread_local! {
    static LANGUAGE: RefCell<Option<Compile>> = const { RefCell::new(None) };
}

/// Says what texts of all mapping languages mean: `compile` gets the language, the text and its form
/// and returns what runs it.
pub fn set_language<F, R>(compile: F)
where
    F: Fn(&str, &str, Form) -> Result<R, Problem> + 'static,
    R: Fn(&Batch) -> Result<Processed, Error> + 'static,
{
    let compile: Compile = Rc::new(move |language, source, form| {
        let run: Run = Rc::new(compile(language, source, form)?);
        Ok(run)
    });
    LANGUAGE.set(Some(compile));
}

/// A compiled text.
pub(crate) struct Text(Run);

impl Text {
    pub(crate) fn new(language: &str, source: &str, form: Form) -> Result<Self, Problem> {
        let compile = LANGUAGE.with_borrow(Clone::clone);
        let compile = compile.ok_or_else(|| Problem::new("call testing::set_language first"))?;
        compile(language, source, form).map(Self)
    }

    pub(crate) fn run(&self, batch: &Batch) -> Result<Processed, Error> {
        (self.0)(batch)
    }
}
