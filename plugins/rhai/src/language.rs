use forebay_rhai::Form as Purpose;
use forebay_sdk::expressions::Form;
use forebay_sdk::{Batch, Docs, MappingLanguage, MappingText, Problem, Processed};

use crate::runner::Runner;

/// A compiled text of the language.
pub(crate) struct Rhai(Runner);

impl MappingLanguage for Rhai {
    const NAME: &'static str = "rhai";
    const DOCS: Docs = Docs {
        summary: "A scripting language with statements, functions and closures.",
        description: "Stands wherever a mapping or a check stands: `{language: rhai, code: ...}`. The processor \
                      `rhai` says what scripts see.",
        ..Docs::DEFAULT
    };

    fn compile(text: MappingText<'_>) -> Result<Self, Problem> {
        let form = match text.form {
            Form::Mapping => Purpose::Mapping,
            Form::Mutation => Purpose::Mutation,
            Form::Query => Purpose::Query,
            Form::Interpolation => {
                return Err(Problem::new("there are no interpolated strings in rhai, but in bloblang"));
            }
        };
        Runner::compile(text.source, form).map(Self)
    }

    fn run(&mut self, batch: Batch) -> Processed {
        self.0.run(&batch)
    }

    fn evaluate(&mut self, batch: &Batch) -> Batch {
        self.0.evaluate(batch)
    }
}

#[cfg(test)]
mod tests {
    use forebay_sdk::testing;

    use super::*;

    fn compile(source: &str, form: Form) -> Result<Rhai, Problem> {
        Rhai::compile(MappingText::new(source, form))
    }

    #[test]
    fn a_query_gives_the_text_of_its_value() {
        let mut query = compile("doc.a", Form::Query).expect("it compiles");
        let payloads = [r#"{"a":true}"#, r#"{"a":"x"}"#, r#"{"a":null}"#, "no json"];
        let results = query.evaluate(&Batch::from_payloads(payloads));
        assert_eq!(testing::texts(&results), ["true", "x", "", ""]);
        assert_eq!(results.message(2).payload(), None);
        assert!(results.message(2).error().is_none() && results.message(3).error().is_some());
    }

    #[test]
    fn a_mutation_that_fails_keeps_what_it_did() {
        let mut mutation = compile("doc.a = 1; throw 5", Form::Mutation).expect("it compiles");
        let batch = mutation.run(Batch::from_payloads(["{}"])).batch;
        assert_eq!(
            (batch.message(0).bytes(), batch.message(0).error()),
            (&b"{\"a\":1}"[..], Some("5 (line 1, column 12)"))
        );
    }

    #[test]
    fn a_text_that_does_not_compile_has_a_position() {
        let problem = compile("doc = 1;\ndoc = ;", Form::Mapping).err().expect("refused");
        assert!(problem.to_string().starts_with("line 2 column 7: "), "{problem}");
    }

    #[test]
    fn interpolation_is_left_to_bloblang() {
        assert!(compile("x ${! y }", Form::Interpolation).is_err());
    }
}
