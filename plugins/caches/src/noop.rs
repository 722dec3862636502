use std::time::Duration;

use forebay_sdk::docs::Docs;
use forebay_sdk::{Cache, Context, Error, Problem};

/// Keeps nothing.
pub(crate) struct Noop;

impl Cache for Noop {
    const NAME: &'static str = "noop";

    const DOCS: Docs =
        Docs { summary: "Keeps nothing: every key can be added, and none is ever found.", ..Docs::DEFAULT };

    type Config = ();

    fn open((): (), _: &Context) -> Result<Self, Problem> {
        Ok(Self)
    }

    fn get(&mut self, _: &str) -> Result<Option<Vec<u8>>, Error> {
        Ok(None)
    }

    fn set(&mut self, _: &str, _: Vec<u8>, _: Option<Duration>) -> Result<(), Error> {
        Ok(())
    }

    fn add(&mut self, _: &str, _: Vec<u8>, _: Option<Duration>) -> Result<bool, Error> {
        Ok(true)
    }

    fn delete(&mut self, _: &str) -> Result<(), Error> {
        Ok(())
    }
}
