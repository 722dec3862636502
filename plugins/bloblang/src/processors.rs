use std::marker::PhantomData;

use forebay_bloblang::Form;
use forebay_sdk::config::Mapping as Text;
use forebay_sdk::expressions::{self, BLOBLANG, Expression};
use forebay_sdk::{Batch, Config, Context, Docs, Error, Example, Problem, Processing};

use crate::runner::Runner;

/// A processor that runs a text in the language; `K` says which.
pub(crate) struct Processor<K> {
    text: Compiled,
    kind: PhantomData<K>,
}

enum Compiled {
    Here(Box<Runner>),
    /// In another language, by whichever plugin has it.
    Elsewhere(Expression),
}

/// What tells the processors from each other.
pub(crate) trait Kind: 'static {
    const NAME: &'static str;
    const DOCS: Docs;
    const FORM: Form;

    type Config: Config + AsRef<Text>;
}

pub(crate) enum Mapping {}
pub(crate) enum OldMapping {}
pub(crate) enum Mutation {}

/// Makes a new message of every message, with a mapping.
///
/// Messages are not changed under way: what the mapping looks at is always the message as it came. A
/// message for which the mapping fails is passed on unchanged, with its error.
#[derive(Config)]
#[config(mapping = "bloblang")]
pub(crate) struct MappingText(Text);

/// Changes every message in place, with a mapping.
///
/// What the statements look at is the message as the statements before have left it. That is faster
/// than `mapping` where small parts of large messages change.
#[derive(Config)]
#[config(mapping = "bloblang", form = "mutation")]
pub(crate) struct MutationText(Text);

impl AsRef<Text> for MappingText {
    fn as_ref(&self) -> &Text {
        &self.0
    }
}

impl AsRef<Text> for MutationText {
    fn as_ref(&self) -> &Text {
        &self.0
    }
}

impl Kind for Mapping {
    const NAME: &'static str = "mapping";
    const DOCS: Docs = Docs {
        examples: &[Example {
            title: "Picking fields",
            summary: "A new document with some fields of the old one.",
            config: "pipeline:\n  processors:\n    - mapping: |\n        root.id = this.id\n        root.fans = this.fans.filter(fan -> fan.obsession > 0.5)\n",
        }],
        ..Docs::DEFAULT
    };
    const FORM: Form = Form::Mapping;

    type Config = MappingText;
}

impl Kind for OldMapping {
    const NAME: &'static str = "bloblang";
    const DOCS: Docs = Docs { summary: "The old name of `mapping`.", ..Docs::DEFAULT };
    const FORM: Form = Form::Mapping;

    type Config = MappingText;
}

impl Kind for Mutation {
    const NAME: &'static str = "mutation";
    const DOCS: Docs = Docs {
        examples: &[Example {
            title: "Adding and removing fields",
            summary: "The rest of the document stays as it is.",
            config: "pipeline:\n  processors:\n    - mutation: |\n        root.seen = now()\n        root.password = deleted()\n",
        }],
        ..Docs::DEFAULT
    };
    const FORM: Form = Form::Mutation;

    type Config = MutationText;
}

impl<K: Kind> forebay_sdk::Processor for Processor<K> {
    const NAME: &'static str = K::NAME;
    const DOCS: Docs = K::DOCS;

    type Config = K::Config;

    fn open(config: K::Config, _: &Context) -> Result<Self, Problem> {
        let text = config.as_ref();
        let text = match text.language() {
            None | Some(BLOBLANG) => {
                let runner =
                    Runner::compile(text.source(), K::FORM).map_err(|problem| text.blame(problem))?;
                Compiled::Here(Box::new(runner))
            }
            Some(_) => Compiled::Elsewhere(text.compile(BLOBLANG, form(K::FORM))?),
        };
        Ok(Self { text, kind: PhantomData })
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        match &mut self.text {
            Compiled::Here(runner) => Ok(runner.run(&batch).into()),
            Compiled::Elsewhere(expression) => Ok(expression.run(batch)?.into()),
        }
    }
}

fn form(form: Form) -> expressions::Form {
    match form {
        Form::Mapping => expressions::Form::Mapping,
        Form::Mutation => expressions::Form::Mutation,
    }
}

#[cfg(test)]
mod tests {
    use forebay_sdk::{Origins, Processed, Processor as _, testing};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_mapping_in_another_language_is_run_by_that() {
        testing::set_language(|language, source, form| {
            let text = format!("{language} {form:?} {source}");
            Ok(move |_: &Batch| {
                Ok(Processed { batch: Batch::from_payloads([&text]), origins: Origins::Same })
            })
        });
        let config = testing::config(&json!({"language": "rhai", "code": "doc = 5"})).expect("a mapping");
        let mut processor = Processor::<Mutation>::open(config, &Context::new("mutation")).expect("opens");
        let Ok(Processing::Done(results)) = processor.process(Batch::from_payloads(["x"])) else {
            panic!("not done")
        };
        assert_eq!(testing::texts(&results[0].batch), ["rhai Form::Mutation doc = 5"]);
    }
}
