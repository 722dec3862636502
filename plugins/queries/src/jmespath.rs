use forebay_jmespath::{Expression, floats, is_finite};
use forebay_sdk::{
    Batch, BatchWriter, Config, Context, Docs, Error, Example, Message, Problem, Processing, Processor,
};

use crate::content;

/// Replaces every message by what an expression in the language [JMESPath](https://jmespath.org/) finds in it.
///
/// Numbers become floats of 64 bits. A message for which the expression fails is passed on with its error.
#[derive(Config)]
pub(crate) struct JmespathConfig {
    /// The expression.
    query: String,
}

pub(crate) struct Jmespath(Expression);

impl Processor for Jmespath {
    const NAME: &'static str = "jmespath";
    const DOCS: Docs = Docs {
        examples: &[Example {
            title: "Places of one state",
            summary: "A list of objects becomes the sorted names of some of them, in one string.",
            config: "pipeline:\n  processors:\n    - jmespath:\n        query: \"locations[?state == 'WA'].name | sort(@) | {Cities: join(', ', @)}\"\n",
        }],
        ..Docs::DEFAULT
    };

    type Config = JmespathConfig;

    fn open(JmespathConfig { query }: JmespathConfig, _: &Context) -> Result<Self, Problem> {
        let expression = Expression::compile(&query).map_err(|error| {
            Problem::new(format!("failed to compile JMESPath query: {error}")).at("/query")
        })?;
        Ok(Self(expression))
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        Ok(content::each(&batch, |message, writer| self.search(message, writer)).into())
    }
}

impl Jmespath {
    fn search(&self, message: Message<'_>, writer: &mut BatchWriter<'_>) -> Result<(), String> {
        let document = floats(&content::document(message)?);
        let (found, error) = match self.0.run(&document) {
            Ok(found) => (found, Ok(())),
            // The document is written anew even so, as in Bento.
            Err(error) => (document, Err(error)),
        };
        let payload = writer.payload();
        // What JSON does not have leaves nothing, as in Bento.
        if is_finite(&found) {
            found.write_json(payload);
        }
        error
    }
}

#[cfg(test)]
mod tests;
