use forebay_rhai::Form;
use forebay_sdk::config::Mapping;
use forebay_sdk::expressions::{self, Expression};
use forebay_sdk::{Batch, Config, Context, Docs, Error, Example, Problem, Processing};

use crate::runner::Runner;

const RHAI: &str = "rhai";

/// Changes every message with a script in the language [rhai](https://rhai.rs/book/).
///
/// | a script sees | |
/// |---|---|
/// | `doc` | the content as a document; `()` where it is no JSON. What is assigned to it or into it is the new content |
/// | `payload` | the content as a string, or as a blob where it is no UTF-8. What is assigned to it is the new content; `()`: the message has none any more |
/// | `meta` | the metadata: `meta.topic`, `meta["key"] = 5`, `meta.remove("key")` |
/// | `batch_index`, `batch_size` | which message of a batch it is, from 0, and of how many |
/// | `content()` | the content as it came, also inside of functions |
/// | `error()` | what the message was flagged with, or `()` |
/// | `drop()` | ends the script and drops the message |
/// | `throw "reason"` | ends the script; the message is passed on unchanged, with an error |
/// | `parse_json(text)`, `to_json(value)` | |
/// | `now()`, `now_unix()`, `now_unix_nano()`, `uuid_v4()`, `env(name)`, `hostname()` | |
/// | `print(value)`, `debug(value)` | a line in the log |
///
/// A message is written anew only if something in it has changed. Integers have 64 bits; larger ones, and those with a
/// point or an exponent, are floats. There are no modules, no `eval` and no waiting, and nothing of one message is
/// there for the next.
///
/// Functions see no variables but their parameters. A closure does, and holds what it sees: `doc.items.filter(|i| i.n
/// > doc.least)` fails, because `doc` is in use; `let least = doc.least;` in front of it helps. In YAML, `${{name}}` is
/// how a string says `${name}`, because `${name}` would be a variable of the environment.
///
/// A message fails for which a script does more than 2,000,000 operations, computes for 2 s, takes 64 MiB, nests 24
/// calls or values 320 levels deep, or makes or changes a value with more than 1 MiB of strings, or more than 100,000
/// elements of arrays or of object maps.
#[derive(Config)]
#[config(mapping = "rhai")]
pub(crate) struct Code(Mapping);

/// Runs a script on every message.
pub(crate) enum Processor {
    Here(Box<Runner>),
    /// A text in another language, by whichever plugin has it.
    Elsewhere(Expression),
}

impl forebay_sdk::Processor for Processor {
    const NAME: &'static str = RHAI;
    const DOCS: Docs = Docs {
        examples: &[Example {
            title: "Totals",
            summary: "Orders get a total and lose what was not bought; empty ones are dropped.",
            config: "pipeline:\n  processors:\n    - rhai: |\n        doc.items = doc.items.filter(|item| item.count > 0);\n        if doc.items.is_empty() { drop(); }\n        doc.total = doc.items.map(|item| item.count * item.price).reduce(|sum, cost| sum + cost, 0);\n        meta.country = doc.address.country.to_upper();\n",
        }],
        ..Docs::DEFAULT
    };

    type Config = Code;

    fn open(Code(code): Code, _: &Context) -> Result<Self, Problem> {
        match code.language() {
            None | Some(RHAI) => {
                let runner =
                    Runner::compile(code.source(), Form::Mapping).map_err(|problem| code.blame(problem))?;
                Ok(Self::Here(Box::new(runner)))
            }
            Some(_) => code.compile(RHAI, expressions::Form::Mapping).map(Self::Elsewhere),
        }
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        match self {
            Self::Here(runner) => Ok(runner.run(&batch).into()),
            Self::Elsewhere(expression) => Ok(expression.run(batch)?.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use forebay_sdk::{Origins, Processed, Processor as _, testing};
    use serde_json::{Value, json};

    use super::*;

    fn process(config: &Value, payload: &str) -> Processed {
        let config = testing::config(config).expect("a mapping");
        let mut processor = Processor::open(config, &Context::new("rhai")).expect("opens");
        match processor.process(Batch::from_payloads([payload])) {
            Ok(Processing::Done(mut results)) => results.remove(0),
            other => panic!("not done: {other:?}"),
        }
    }

    #[test]
    fn the_example_of_its_documentation_does_what_it_says() {
        let code = Processor::DOCS.examples[0].config.split_once("rhai: |\n").expect("it has code").1;
        let order = r#"{"address":{"country":"de"},"items":[{"count":2,"price":1.5},{"count":0,"price":9}]}"#;
        let result = process(&json!(code), order);
        let message = result.batch.message(0);
        assert_eq!(
            (message.error(), testing::texts(&result.batch)[0].contains(r#""total":3.0"#)),
            (None, true)
        );
        assert_eq!(message.metadata("country"), Some(forebay_sdk::Value::Text("DE")));
        let dropped = process(&json!(code), r#"{"items":[]}"#);
        assert_eq!(dropped.origins, Origins::Each(Vec::new()));
    }

    #[test]
    fn a_text_in_another_language_is_run_by_that() {
        testing::set_language(|language, source, _| {
            let text = format!("{language}: {source}");
            Ok(move |_: &Batch| {
                Ok(Processed { batch: Batch::from_payloads([&text]), origins: Origins::Same })
            })
        });
        let result = process(&json!({"language": "bloblang", "code": "root = 5"}), "");
        assert_eq!(testing::texts(&result.batch), ["bloblang: root = 5"]);
    }

    #[test]
    fn a_problem_names_the_text() {
        let config = testing::config(&json!({"language": "rhai", "code": "let x = "})).expect("a mapping");
        let problem = Processor::open(config, &Context::new("rhai")).err().expect("refused");
        assert_eq!(problem.field(), "/code");
    }
}
