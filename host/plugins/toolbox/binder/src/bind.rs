//! Bindings of a world.

use anyhow::{Context as _, Result};
use forebay_sdk::{Batch, Context, Error, Problem, Processed, Processing, Processor};
use wit_bindgen_core::{Files, WorldGenerator};

use crate::files::{self, NoConfig};
use crate::wit;

/// Bindings for C: a header, a source, and an object file with the world in it.
pub(crate) struct BindC;

/// Bindings for Go.
pub(crate) struct BindGo;

impl Processor for BindC {
    const NAME: &'static str = "bind_c";
    type Config = NoConfig;

    fn open(_: NoConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self)
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        answer(generate(&batch, wit_bindgen_c::Opts::default().build()))
    }
}

impl Processor for BindGo {
    const NAME: &'static str = "bind_go";
    type Config = NoConfig;

    fn open(_: NoConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self)
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        // There is no `gofmt` in here.
        let options = wit_bindgen_go::Opts { format: wit_bindgen_go::Format::False, ..Default::default() };
        answer(generate(&batch, options.build()))
    }
}

fn generate(batch: &Batch, mut generator: Box<dyn WorldGenerator>) -> Result<Processed> {
    let request = files::of(batch)?;
    let (mut resolve, world) = wit::world(&request)?.context("the request has no WIT")?;
    let mut made = Files::default();
    generator.generate(&mut resolve, world, &mut made)?;
    let made: Vec<(String, Vec<u8>)> =
        made.iter().map(|(path, content)| (path.to_owned(), content.to_vec())).collect();
    Ok(files::result(&made))
}

/// An error with all of its causes.
pub(crate) fn answer(result: Result<Processed>) -> Result<Processing, Error> {
    result.map(Processing::from).map_err(|error| Error::new(format!("{error:#}")))
}
