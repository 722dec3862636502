//! Whatever the source is, the parser comes to an end, and so does what it accepts.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::{batch, batch_bytes, cases, outcome, program_bytes};
use crate::syntax;
use crate::tests::corpus;
use crate::tests::programs::{self, Choices};
use crate::{Form, Interpolated, Mapping};

static CORPUS: LazyLock<Vec<String>> = LazyLock::new(corpus::texts);

const PIECES: [&str; 32] = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "\"\"\"",
    "\\",
    "#",
    "\n",
    "\r",
    " ",
    ".",
    ",",
    ":",
    "=",
    " = ",
    " => ",
    " -> ",
    "match ",
    "if ",
    " else ",
    "map m {",
    "import \"a\"",
    "-",
    "!",
    "${!",
    "$",
    "@",
    "\u{e9}",
    "9999999999999999999",
];

/// One of the mappings that are carried along, changed here and there.
fn changed(choices: &mut Choices<'_>) -> String {
    let any_text = |choices: &mut Choices<'_>| {
        let index = choices.below(256) * 256 + choices.below(256);
        CORPUS[index % CORPUS.len()].chars().collect::<Vec<_>>()
    };
    let mut text = any_text(choices);
    for _ in 0..=choices.below(4) {
        let from = place(choices, text.len());
        let to = (from + choices.below(24)).min(text.len());
        match choices.below(4) {
            0 => drop(text.drain(from..to)),
            1 => drop(text.splice(from..from, choices.pick(&PIECES).chars())),
            2 => {
                let copy = text[from..to].to_vec();
                let at = place(choices, text.len());
                drop(text.splice(at..at, copy));
            }
            _ => {
                let other = any_text(choices);
                let start = place(choices, other.len());
                drop(text.splice(from..to, other.into_iter().skip(start).take(40)));
            }
        }
    }
    text.into_iter().collect()
}

fn place(choices: &mut Choices<'_>, length: usize) -> usize {
    (choices.below(256) * 256 + choices.below(256)) % (length + 1)
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn a_changed_mapping_has_an_outcome(bytes in batch_bytes(), messages in batch_bytes()) {
        let source = changed(&mut Choices::of(&bytes));
        let batch = batch(&messages);
        for form in [Form::Mapping, Form::Mutation] {
            if let Ok(mut mapping) = Mapping::compile(&source, form) {
                outcome(&mut mapping, &batch, 0);
            }
        }
        let _ = Interpolated::compile(&source);
    }

    #[test]
    fn any_bytes_are_compiled_or_refused(bytes in program_bytes()) {
        let source = String::from_utf8_lossy(&bytes);
        let _ = Mapping::compile(&source, Form::Mapping);
        let _ = Mapping::compile(&format!("root = {source}"), Form::Mapping);
        let _ = Interpolated::compile(&format!("${{!{source}"));
    }

    #[test]
    fn a_program_has_an_outcome(bytes in program_bytes(), messages in batch_bytes()) {
        let source = syntax::print(&programs::sound(Choices::of(&bytes)));
        let batch = batch(&messages);
        for form in [Form::Mapping, Form::Mutation] {
            if let Ok(mut mapping) = Mapping::compile(&source, form) {
                for index in [0, 1, 0] {
                    outcome(&mut mapping, &batch, index);
                }
            }
        }
    }
}
