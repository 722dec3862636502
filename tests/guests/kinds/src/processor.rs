use forebay_sdk::streams::ByteSink;
use forebay_sdk::{
    Batch, Config, Context, Error, IncrementalProcessor, Problem, Processing, Processor, StreamMetadata,
    Value,
};

/// Counts messages; in the incremental form, over the slices of a batch.
#[derive(Config)]
pub(crate) struct CountingConfig {}

pub(crate) struct Counting {
    sink: Option<ByteSink>,
    counted: usize,
}

impl Processor for Counting {
    const NAME: &'static str = "kinds_processor";
    type Config = CountingConfig;

    fn open(_: CountingConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self { sink: None, counted: 0 })
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        let mut writer = batch.writer();
        writer.payload().extend_from_slice(batch.len().to_string().as_bytes());
        writer.end(0);
        Ok(writer.finish_whole().into())
    }
}

impl IncrementalProcessor for Counting {
    fn begin(&mut self, sink: ByteSink) -> Result<(), Error> {
        (self.sink, self.counted) = (Some(sink), 0);
        Ok(())
    }

    fn add(&mut self, slice: &Batch) -> Result<(), Error> {
        self.counted += slice.len();
        Ok(())
    }

    fn finish(&mut self) -> Result<StreamMetadata, Error> {
        let mut sink = self.sink.take().ok_or_else(|| Error::new("no batch was begun"))?;
        sink.write(self.counted.to_string().as_bytes())?;
        let mut metadata = StreamMetadata::default();
        metadata.push("counted", Value::Unsigned(self.counted as u64));
        Ok(metadata)
    }

    fn abort(&mut self) {
        self.sink = None;
    }
}
