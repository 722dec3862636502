use std::marker::PhantomData;

use forebay_bloblang::Form;
use forebay_sdk::{Batch, Config, Context, Docs, Error, Example, Problem, Processing};

use crate::runner::Runner;

/// A processor that runs a text in the language; `K` says which.
pub(crate) struct Processor<K> {
    runner: Runner,
    kind: PhantomData<K>,
}

/// What tells the processors from each other.
pub(crate) trait Kind: 'static {
    const NAME: &'static str;
    const DOCS: Docs;
    const FORM: Form;

    type Config: Config + AsRef<str>;
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
pub(crate) struct MappingText(String);

/// Changes every message in place, with a mapping.
///
/// What the statements look at is the message as the statements before have left it. That is faster
/// than `mapping` where small parts of large messages change.
#[derive(Config)]
#[config(mapping = "bloblang", form = "mutation")]
pub(crate) struct MutationText(String);

impl AsRef<str> for MappingText {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for MutationText {
    fn as_ref(&self) -> &str {
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
    const DOCS: Docs = Docs { summary: "The old name of `mapping`.", status: "deprecated", ..Docs::DEFAULT };
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

    fn open(source: K::Config, _: &Context) -> Result<Self, Problem> {
        Ok(Self { runner: Runner::compile(source.as_ref(), K::FORM)?, kind: PhantomData })
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        Ok(self.runner.run(&batch).into())
    }
}
