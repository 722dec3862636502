//! The cases in `tests/cases`, which tests of Bento and its documentation are the source of.
//!
//! A file holds an array of cases. A case in `examples` is a mapping and pairs of input and output, run in order by one
//! compiled mapping. Any other case says by its `mode` what its text is:
//!
//! - `query`, `query_prefix`, `literal`: an expression, of which the last two say what follows it;
//! - `mapping`, `mapping_structured`, `query_bool`: a mapping on a message of a batch;
//! - `mapping_value`, `overlay`: a mapping on a value that is no message;
//! - `field`: text with queries in it;
//! - `file`: a path, of a file to import; `name:...`: a name, and whether something may be called that.
//!
//! What a case expects of errors that it was not written down with, but derived, is compared without the names of the
//! parts that the error is about.

mod expect;
mod run;
mod source;

use crate::{Object, Value};

/// What stands in documented examples where a key should be; they are not run by Bento either.
const NO_KEY: &str = "... signature data ...";

struct Case<'c> {
    fields: &'c Object,
}

impl<'c> Case<'c> {
    fn field(&self, name: &str) -> Option<&'c Value> {
        self.fields.get(name)
    }

    fn text(&self, name: &str) -> &'c str {
        match self.field(name) {
            Some(Value::String(text)) => text.as_str(),
            _ => "",
        }
    }
}

/// The text of every case.
pub(super) fn texts() -> Vec<String> {
    let files = ["", "examples"].into_iter().flat_map(source::files);
    let mut texts = Vec::new();
    for (_, cases) in files {
        let Value::Array(cases) = &cases else { continue };
        for case in cases.iter() {
            let Value::Object(fields) = case else { continue };
            let case = Case { fields };
            texts.extend(["text", "mapping"].map(|name| case.text(name)).map(str::to_owned));
        }
    }
    texts.retain(|text| !text.is_empty());
    texts
}

fn check(folder: &str, run: impl Fn(&Case<'_>) -> Result<(), String>) {
    let (mut passed, mut failed) = (0, Vec::new());
    for (file, cases) in source::files(folder) {
        let Value::Array(cases) = &cases else { panic!("{file} is no array") };
        for case in cases.iter() {
            let Value::Object(fields) = case else { panic!("{file} holds something else than objects") };
            let case = Case { fields };
            let name = case.text("name");
            if case.text("mapping").contains(NO_KEY) {
                continue;
            }
            match run(&case) {
                Ok(()) => passed += 1,
                Err(reason) => failed.push(format!("{file}: {name}: {reason}")),
            }
        }
    }
    println!("{passed} cases of tests/cases/{folder} pass");
    assert!(failed.is_empty(), "{passed} passed, {} failed:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn every_case_gives_what_is_expected() {
    check("", run::case);
}

#[test]
fn every_documented_example_gives_what_is_expected() {
    check("examples", run::example);
}
