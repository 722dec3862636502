use forebay_sdk::bindings::capabilities::forebay::plugin::batches::Batch as Raw;
use forebay_sdk::{Batch, Config, Context, Error, Problem, Processing, Processor};

/// Nothing to configure.
#[derive(Config)]
pub(crate) struct NoConfig {}

macro_rules! processor {
    ($(#[$docs:meta])* $type:ident, $name:literal, $process:expr) => {
        $(#[$docs])*
        pub(crate) struct $type;

        impl Processor for $type {
            const NAME: &'static str = $name;
            type Config = NoConfig;

            fn open(_: NoConfig, _: &Context) -> Result<Self, Problem> {
                Ok(Self)
            }

            fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
                let process: fn(Batch) -> Processing = $process;
                Ok(process(batch))
            }
        }
    };
}

processor!(
    /// The handle itself.
    Echo, "echo", Processing::from
);

processor!(
    /// All columns, read and written as they are.
    Columns, "echo_columns", |batch| {
        let columns = Raw::from(batch).columns(u32::MAX);
        Batch::from(Raw::from_columns(&columns)).into()
    }
);

processor!(
    /// Every payload written anew, the other columns taken over by the host.
    Rebuilt, "echo_rebuilt", |batch| {
        let rebuilt = batch.map(|message, writer| {
            match message.payload() {
                Some(payload) => writer.payload().extend_from_slice(payload),
                None => writer.tombstone(),
            }
            Ok(())
        });
        rebuilt.into()
    }
);

processor!(
    /// All messages as records.
    Records, "echo_records", |batch| {
        let batch = Raw::from(batch);
        Batch::from(Raw::from_messages(&batch.messages(), batch.independent())).into()
    }
);

processor!(
    /// No result: everything is dropped on purpose.
    Nothing, "nothing", |_| Processing::Done(Vec::new())
);
