//! A mapping makes a new message: what it does to values shows neither in the message nor elsewhere.

use proptest::prelude::*;

use super::{batch, batch_bytes, cases, caught, outcome, program_bytes, values};
use crate::syntax::{self, NodeKind, Source, StatementKind, StatementNode};
use crate::tests::programs::{self, Choices};
use crate::value::{Text, Value};
use crate::{Form, Mapping};

/// Remembers everything there is to see of the messages before anything is done.
const BEFORE: &str = "let seen = this.catch(null)\nlet deep = this.a.catch(null)\n";

/// Shows all of that again.
const AFTER: &str = "
root = [this.catch(null), json().catch(null), content().string(), $seen, $deep, this.a.catch(null),
  json(\"a\").catch(null), json().from(1).catch(null), content().from(1).string(), metadata(), @,
  json().from_all().catch(null), batch_size(), error()]
";

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn the_messages_stay_as_they_are(bytes in program_bytes(), messages in batch_bytes()) {
        let mut made = programs::sound(Choices::of(&bytes));
        let mut statements = Vec::new();
        values(&mut made.statements, &mut |value| {
            let name = Text::from(format!("made{}", statements.len()));
            let kind = StatementKind::Let(name, caught(value.clone(), NodeKind::Literal(Value::Null)));
            statements.push(StatementNode { line: 1, kind });
        });
        let body = syntax::print(&Source { maps: made.maps, statements });
        let batch = batch(&messages);
        let mut without = Mapping::compile(&format!("{BEFORE}{AFTER}"), Form::Mapping).expect("it is sound");
        let source = format!("{BEFORE}{body}{AFTER}");
        let Ok(mut with) = Mapping::compile(&source, Form::Mapping) else { return Ok(()) };
        for index in 0..3 {
            let (expected, got) = (outcome(&mut without, &batch, index), outcome(&mut with, &batch, index));
            prop_assert_eq!(expected.0.error.as_deref(), None);
            prop_assert_eq!(got.0.error.as_deref(), None, "{}", source);
            prop_assert_eq!(&got.1, &expected.1, "{}\non {:?}", source, batch);
        }
    }
}
