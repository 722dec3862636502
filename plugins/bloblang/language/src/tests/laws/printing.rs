//! What is printed parses to the tree it was printed from.

use proptest::prelude::*;

use super::{cases, program_bytes};
use crate::parser::{self, Imports};
use crate::syntax;
use crate::tests::printing::comes_back;
use crate::tests::programs::{self, Choices};
use crate::tests::trees::{bare, shape};

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn a_sound_program_comes_back(bytes in program_bytes()) {
        let made = programs::sound(Choices::of(&bytes));
        let printed = syntax::print(&made);
        let parsed = match parser::mapping(&printed, &mut Imports::none()) {
            Ok(parsed) => parsed,
            Err(fault) => return Err(TestCaseError::fail(format!("{} in {printed}", fault.in_mapping(&printed)))),
        };
        prop_assert_eq!(shape(&bare(&parsed)), shape(&bare(&made)), "{}", printed);
        if let Err(reason) = comes_back(&parsed) {
            return Err(TestCaseError::fail(reason));
        }
    }

    #[test]
    fn a_program_is_refused_only_for_what_it_says(bytes in program_bytes()) {
        let printed = syntax::print(&programs::any(Choices::of(&bytes)));
        if let Err(fault) = parser::mapping(&printed, &mut Imports::none()) {
            // What is refused in brackets makes them no part of the query, and then something else is missing.
            if printed.contains('[') {
                return Ok(());
            }
            let passive = !fault.is_fatal();
            let error = fault.in_mapping(&printed);
            let unread = passive || error.message.starts_with("required: expected");
            prop_assert!(!unread, "{} in {}", error, printed);
        }
    }
}
