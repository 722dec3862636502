use forebay_bloblang::{Form as Statements, Interpolated, Query, Value};
use forebay_sdk::expressions::Form;
use forebay_sdk::{
    Batch, BlockWriter, Changed, Docs, MappingLanguage, MappingText, Problem, Processed, Targets, Vocabulary,
};

use crate::messages::Seen;
use crate::runner::{Runner, problem};
use crate::surroundings::Surroundings;
use crate::{onto, values, vocabulary};

/// A compiled text of the language.
pub(crate) enum Bloblang {
    Statements(Box<Runner>),
    Query(Box<Query>, Box<Surroundings>),
    Interpolated(Box<Interpolated>, Box<Surroundings>),
}

/// Why a text is run in the wrong way: the host says what it is when it compiles it.
const OTHER_FORM: &str = "this text has another form";

impl MappingLanguage for Bloblang {
    const NAME: &'static str = "bloblang";
    const DOCS: Docs = Docs { summary: "Reshapes, filters and enriches messages.", ..Docs::DEFAULT };

    fn vocabulary() -> Vocabulary {
        vocabulary::vocabulary()
    }

    fn compile(MappingText { source, form, folder }: MappingText<'_>) -> Result<Self, Problem> {
        let statements = |form| Runner::compile_in(source, form, folder).map(Box::new).map(Self::Statements);
        let mut world = Box::<Surroundings>::default();
        Ok(match form {
            Form::Mapping => statements(Statements::Mapping)?,
            Form::Mutation => statements(Statements::Mutation)?,
            Form::Query => {
                let query = Query::compile_in(source, folder, &mut *world).map_err(problem)?;
                Self::Query(Box::new(query), world)
            }
            Form::Interpolation => {
                Self::Interpolated(Box::new(Interpolated::compile(source).map_err(problem)?), world)
            }
        })
    }

    fn run(&mut self, batch: Batch) -> Processed {
        match self {
            Self::Statements(runner) => runner.run(&batch),
            Self::Query(..) | Self::Interpolated(..) => {
                batch.map(|_, _| Err(forebay_sdk::Error::new(OTHER_FORM)))
            }
        }
    }

    fn run_onto(&mut self, batch: &Batch, onto: Batch) -> Changed {
        match self {
            Self::Statements(runner) => onto::run(runner, batch, &onto),
            Self::Query(..) | Self::Interpolated(..) => {
                let refused = onto.map(|_, _| Err(forebay_sdk::Error::new(OTHER_FORM)));
                Changed { batch: refused.batch, deleted: Vec::new() }
            }
        }
    }

    fn targets(&self) -> Option<Targets> {
        match self {
            Self::Statements(runner) => onto::targets(runner),
            Self::Query(..) | Self::Interpolated(..) => None,
        }
    }

    fn evaluate(&mut self, batch: &Batch) -> Batch {
        if let Self::Statements(runner) = self {
            return values::evaluate(runner, batch);
        }
        let independent = batch.independent();
        // A result is rarely longer than this.
        let mut results = BlockWriter::with_capacity(batch.len(), batch.len() * 32);
        results.set_independent(independent);
        for index in 0..batch.len() {
            let (seen, at) = Seen::around(batch, independent, index);
            let result = match self {
                Self::Statements(_) => Err(OTHER_FORM.to_owned()),
                Self::Interpolated(text, world) => text.run(&seen, at, &mut **world, results.payload()),
                Self::Query(query, world) => match query.run(&seen, at, &mut **world) {
                    Ok(Value::Null) => {
                        results.push_null();
                        continue;
                    }
                    Ok(Value::Delete | Value::Nothing) => Err("the query has no value".to_owned()),
                    Ok(value) => {
                        value.write_content(results.payload());
                        Ok(())
                    }
                    Err(error) => Err(error),
                },
            };
            if let Err(error) = result {
                results.discard();
                results.push_error(index, &error);
            }
            results.end_message();
        }
        Batch::from_block(results)
    }
}

#[cfg(test)]
mod tests {
    use forebay_sdk::{BlockWriter, MetadataWriter, Value, testing};

    use super::{Batch, Bloblang, Form, MappingLanguage, MappingText, Problem};

    fn compile(source: &str, form: Form) -> Result<Bloblang, Problem> {
        Bloblang::compile(MappingText::new(source, form))
    }

    fn evaluate(source: &str, form: Form, payloads: &[&str]) -> Batch {
        let mut text = compile(source, form).expect("it compiles");
        text.evaluate(&Batch::from_payloads(payloads))
    }

    #[test]
    fn a_query_gives_the_text_of_its_value() {
        let results = evaluate("this.a", Form::Query, &[r#"{"a":true}"#, r#"{"a":"x"}"#, r#"{"a":null}"#]);
        assert_eq!(testing::texts(&results), ["true", "x", ""]);
        assert_eq!(results.message(2).payload(), None);
    }

    #[test]
    fn an_interpolation_that_fails_is_an_error_of_its_message() {
        let results =
            evaluate("id ${! json(\"a\").uppercase() }", Form::Interpolation, &[r#"{"a":"x"}"#, "no json"]);
        assert_eq!(testing::texts(&results), ["id X", ""]);
        assert!(results.message(1).error().is_some());
    }

    #[test]
    fn a_mapping_is_evaluated_for_tools() {
        let mut block = BlockWriter::with_capacity(2, 0);
        let mut metadata = MetadataWriter::default();
        block.push(br#"{"a":"x"}"#);
        metadata.end_message();
        block.push(b"raw");
        metadata.push(crate::messages::THIS_IS_BYTES, Value::Bool(true));
        metadata.end_message();
        block.set_metadata(metadata);
        block.set_independent(true);
        let mut text = compile("root = [this, @]", Form::Mapping).expect("it compiles");
        let results = text.evaluate(&Batch::from_block(block));
        assert_eq!(testing::texts(&results), [r#"[{"a":"x"},{}]"#, r#"["cmF3",{}]"#]);
        assert_eq!(results.message(0).metadata("kind"), Some(Value::Text("json")));
    }

    #[test]
    fn everything_that_can_be_called_is_listed() {
        let vocabulary = Bloblang::vocabulary();
        assert_eq!(vocabulary.functions.len(), forebay_bloblang::functions().len());
        let slice = vocabulary.methods.iter().find(|method| method.name == "slice").expect("there is one");
        assert!(!slice.docs.is_empty() && slice.params[1].optional);
    }

    #[test]
    fn a_text_that_does_not_compile_has_a_position() {
        let problem = compile("root = this\nroot = ", Form::Mapping).err().expect("refused");
        assert!(problem.to_string().starts_with("line 2 column "), "{problem}");
    }
}
