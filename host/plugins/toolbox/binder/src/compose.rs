//! Components of core modules.

use anyhow::{Context as _, Result};
use forebay_sdk::{Batch, Context, Error, Problem, Processed, Processing, Processor};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use crate::adapter;
use crate::bind::answer;
use crate::files::{self, NoConfig};
use crate::wit;

/// Makes a component of a core module.
pub(crate) struct Compose;

impl Processor for Compose {
    const NAME: &'static str = "compose";
    type Config = NoConfig;

    fn open(_: NoConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self)
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        answer(compose(&batch))
    }
}

fn compose(batch: &Batch) -> Result<Processed> {
    let request = files::of(batch)?;
    let mut module = files::find(&request, "module.wasm")?.to_vec();
    if let Some((resolve, world)) = wit::world(&request)? {
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
            .context("add the world")?;
    }
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true).module(&module).context("read the module")?;
    encoder.adapter(adapter::NAME, &adapter::module()).context("read the adapter")?;
    let component = encoder.encode().context("make a component")?;
    Ok(files::result(&[("component.wasm".to_owned(), component)]))
}
