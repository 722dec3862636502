use serde_json::{Map, Value};

use super::{Config, Pointer, Spec, wrong_type};
use crate::Problem;
use crate::expressions::{Expression, Form};

/// A mapping: a text in the language of the field (`mapping = ".."`), or `{language: .., code: ..}` in another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    language: Option<String>,
    source: String,
    /// Where the text is in the configuration.
    at: String,
}

impl Mapping {
    /// The language, if it is not that of the field.
    #[must_use]
    pub fn language(&self) -> Option<&str> {
        self.language.as_deref()
    }

    /// The text.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Compiles the text in its language, or in `own` if it names none; may be called while a component opens.
    ///
    /// # Errors
    /// Says where in the text the problem is.
    pub fn compile(&self, own: &str, form: Form) -> Result<Expression, Problem> {
        Expression::compile(self.language().unwrap_or(own), &self.source, form)
            .map_err(|problem| self.blame(problem))
    }

    /// The same problem, of this text.
    #[must_use]
    pub fn blame(&self, problem: Problem) -> Problem {
        problem.at(&self.at)
    }
}

impl Config for Mapping {
    fn spec() -> Spec {
        Spec::new("string")
    }

    fn parse(value: &Value, at: &Pointer<'_>) -> Result<Self, Problem> {
        match value {
            Value::String(source) => Ok(Self { language: None, source: source.clone(), at: at.to_string() }),
            Value::Object(members) => {
                let source = member(members, "code", at)?;
                let at_code = at.key("code").to_string();
                Ok(Self { language: Some(member(members, "language", at)?), source, at: at_code })
            }
            _ => Err(wrong_type("string", value, at)),
        }
    }
}

fn member(members: &Map<String, Value>, name: &str, at: &Pointer<'_>) -> Result<String, Problem> {
    String::parse(members.get(name).unwrap_or(&Value::Null), &at.key(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Batch, Origins, Processed, testing};

    #[test]
    fn a_text_is_in_the_language_of_the_field_and_an_object_says_its_own() {
        let text: Mapping = testing::config(&json!("root = 5")).expect("a text");
        assert_eq!((text.language(), text.source()), (None, "root = 5"));
        let object = json!({"language": "rhai", "code": "doc = 5"});
        let object = Mapping::parse(&object, &Pointer::ROOT.key("check")).expect("an object");
        assert_eq!((object.language(), object.source()), (Some("rhai"), "doc = 5"));
        let problem = object.blame(Problem::new("no"));
        assert_eq!(problem.field(), "/check/code");
    }

    #[test]
    fn it_is_compiled_in_its_language() {
        testing::set_language(|language, source, _| {
            let text = format!("{language}: {source}");
            Ok(move |_: &Batch| {
                Ok(Processed { batch: Batch::from_payloads([&text]), origins: Origins::Same })
            })
        });
        for (config, expected) in
            [(json!("a"), "bloblang: a"), (json!({"language": "rhai", "code": "b"}), "rhai: b")]
        {
            let mapping: Mapping = testing::config(&config).expect("a mapping");
            let compiled = mapping.compile("bloblang", Form::Mapping).expect("compiles");
            let result = compiled.run(Batch::from_payloads(["x"])).expect("runs");
            assert_eq!(testing::texts(&result.batch), [expected]);
        }
    }

    #[test]
    fn other_values_are_refused() {
        for (config, expected) in [
            (json!(5), "expected string value, got int"),
            (json!({"language": "rhai"}), "/code: expected string value, got null"),
            (json!({"code": "x"}), "/language: expected string value, got null"),
        ] {
            let problem = testing::config::<Mapping>(&config).expect_err("refused");
            assert_eq!(problem.to_string(), expected);
        }
    }
}
