use forebay_sdk::streams::ByteSink;
use forebay_sdk::{
    Batch, Context, Error, IncrementalProcessor, Operation, Problem, Processing, Processor, StreamMetadata,
};

use crate::how::Stuck;

pub(crate) struct StuckProcessor(Stuck);

impl Processor for StuckProcessor {
    const NAME: &'static str = "stuck_processor";
    type Config = Stuck;

    fn open(stuck: Stuck, _: &Context) -> Result<Self, Problem> {
        stuck.here("open");
        Ok(Self(stuck))
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        self.0.here("process");
        Ok(batch.into())
    }

    fn resume(&mut self, _: Operation) -> Result<Processing, Error> {
        Err(Error::new("nothing was started"))
    }

    fn close(self) {
        self.0.here("close");
    }
}

impl IncrementalProcessor for StuckProcessor {
    fn begin(&mut self, _: ByteSink) -> Result<(), Error> {
        self.0.here("begin");
        Ok(())
    }

    fn add(&mut self, _: &Batch) -> Result<(), Error> {
        self.0.here("add");
        Ok(())
    }

    fn finish(&mut self) -> Result<StreamMetadata, Error> {
        self.0.here("finish");
        Ok(StreamMetadata::default())
    }

    fn abort(&mut self) {
        self.0.here("abort");
    }
}
