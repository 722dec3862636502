use forebay_bloblang::Text;
use forebay_jq::{Program, ProgramError, Value};
use forebay_sdk::{
    Batch, BatchWriter, Config, Context, Docs, Error, Example, Message, Problem, Processing, Processor,
};

use crate::content;
use crate::world::Surroundings;

/// Replaces every message by what a query in the language [jq](https://jqlang.org/manual/) makes of it.
///
/// Several results become an array; a message for which there is none is dropped. One for which the query fails is
/// passed on as it was, with its error. The metadata of the message is an object in the variable `$metadata`.
///
/// The language is that of [gojq](https://github.com/itchyny/gojq#difference-to-jq). There are no modules, no `input`
/// and no environment: `env` and `$ENV` are empty. A query that takes too many steps or too much memory for one
/// message fails it.
#[derive(Config)]
pub(crate) struct JqConfig {
    /// The query.
    query: String,
    /// Whether the query sees the content as a string instead of as JSON.
    #[config(default = false, advanced)]
    raw: bool,
    /// Whether strings among the results are written as they are, not as JSON, and several results one right after the
    /// other, not as an array.
    #[config(default = false, advanced)]
    output_raw: bool,
}

pub(crate) struct Jq {
    program: Program,
    raw: bool,
    output_raw: bool,
}

impl Processor for Jq {
    const NAME: &'static str = "jq";
    const DOCS: Docs = Docs {
        examples: &[Example {
            title: "Places of one state",
            summary: "A list of objects becomes the sorted names of some of them, in one string.",
            config: "pipeline:\n  processors:\n    - jq:\n        query: '{Cities: .locations | map(select(.state == \"WA\").name) | sort | join(\", \")}'\n",
        }],
        ..Docs::DEFAULT
    };

    type Config = JqConfig;

    fn open(JqConfig { query, raw, output_raw }: JqConfig, _: &Context) -> Result<Self, Problem> {
        let program = Program::compile(&query, &["$metadata"]).map_err(|error| {
            let doing = match error {
                ProgramError::Parse(_) => "parsing",
                ProgramError::Compile(_) => "compiling",
            };
            Problem::new(format!("error {doing} jq query: {error}")).at("/query")
        })?;
        Ok(Self { program, raw, output_raw })
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        Ok(content::each(&batch, |message, writer| self.query(message, writer)).into())
    }
}

impl Jq {
    fn query(&mut self, message: Message<'_>, writer: &mut BatchWriter<'_>) -> Result<(), String> {
        let input = if self.raw {
            Value::Text(Text::of(message.bytes()))
        } else {
            Value::of(&content::document(message)?)
        };
        let entries = message.metadata_entries();
        let metadata = entries.map(|(key, value)| (key.into(), Value::of(&content::metadata(value))));
        let metadata = Value::Object(metadata.collect());
        let mut results = self.program.run(input, vec![metadata], &mut Surroundings)?;
        if results.is_empty() {
            writer.drop_message();
        } else if self.output_raw {
            let raw = raw(&results)?;
            writer.payload().extend_from_slice(&raw);
        } else {
            let result = if results.len() == 1 { results.swap_remove(0) } else { Value::from(results) };
            // What JSON does not have leaves nothing, as in Bento.
            let _ = result.write_json(writer.payload());
        }
        Ok(())
    }
}

fn raw(results: &[Value]) -> Result<Vec<u8>, String> {
    let mut whole = Vec::new();
    for (index, result) in results.iter().enumerate() {
        match result {
            Value::Text(text) => whole.extend_from_slice(text.raw()),
            other if other.write_html_json(&mut whole) => {}
            other => {
                let what = other.unsupported().unwrap_or("NaN");
                return Err(format!(
                    "failed marshal JQ result at index {index}: json: unsupported value: {what}"
                ));
            }
        }
    }
    Ok(whole)
}

#[cfg(test)]
mod tests;
