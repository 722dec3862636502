//! What is computed when a mapping is compiled is what would be computed when it runs.

use proptest::prelude::*;

use super::{batch, batch_bytes, cases, caught, outcome, program_bytes, values};
use crate::compile;
use crate::parser::{self, Imports};
use crate::syntax::{self, NodeKind, Source};
use crate::testing::Batch;
use crate::tests::programs::{self, Choices};
use crate::tests::trees::unfolded;
use crate::value::Text;
use crate::{Form, Mapping};

/// `text` without the places of arguments that have no names: of those only the ones that are not known are counted.
fn unnumbered(text: &str) -> String {
    let mut out = String::new();
    for (index, part) in text.split("input arg '").enumerate() {
        let part =
            if index > 0 { part.trim_start_matches(|digit: char| digit.is_ascii_digit()) } else { part };
        out.push_str(part);
    }
    out
}

fn folding_changes_nothing(made: &Source, batch: &Batch) -> Result<(), TestCaseError> {
    let source = syntax::print(made);
    let tree = match parser::mapping(&source, &mut Imports::none()) {
        Ok(tree) => tree,
        Err(fault) => return Err(TestCaseError::fail(format!("{} in {source}", fault.in_mapping(&source)))),
    };
    let folded = compile::program(&tree).expect("the parser has checked it");
    let plain = compile::unfolded(&unfolded(&tree)).expect("there is less to check");
    let expected = outcome(&mut Mapping::of(plain, Form::Mapping), batch, 0);
    let got = outcome(&mut Mapping::of(folded, Form::Mapping), batch, 0);
    let (got, expected) = (unnumbered(&format!("{got:?}")), unnumbered(&format!("{expected:?}")));
    prop_assert_eq!(got, expected, "{}\non {:?}", source, batch);
    Ok(())
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn folding_changes_no_result(bytes in program_bytes(), messages in batch_bytes()) {
        let mut made = programs::sound(Choices::of(&bytes));
        let batch = batch(&messages);
        folding_changes_nothing(&made, &batch)?;
        // Once more with errors as values, so that none hides what comes after it.
        values(&mut made.statements, &mut |value| {
            *value = caught(value.clone(), NodeKind::Word(Text::fixed("this")));
        });
        folding_changes_nothing(&made, &batch)?;
    }
}
