use forebay_sdk::{Batch, Config, Context, Error, Problem, Processing, Processor};
use serde_json::{Map, Value};

/// Adds a field to JSON objects: parses, changes and serialises them.
#[derive(Config)]
pub(crate) struct AddConfig {
    /// The name of the field.
    #[config(default = "added")]
    field: String,
    /// Its value.
    #[config(default = "value")]
    value: String,
}

pub(crate) struct Add(AddConfig);

impl Processor for Add {
    const NAME: &'static str = "add";
    type Config = AddConfig;

    fn open(config: AddConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self(config))
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        let AddConfig { field, value } = &self.0;
        let added = batch.map(|message, writer| {
            let mut object: Map<String, Value> = serde_json::from_slice(message.bytes())?;
            object.insert(field.clone(), Value::String(value.clone()));
            serde_json::to_writer(writer.payload(), &object)?;
            Ok(())
        });
        Ok(added.into())
    }
}
