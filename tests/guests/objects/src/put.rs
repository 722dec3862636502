use forebay_sdk::objects::{PutOptions, Store};
use forebay_sdk::{Batch, Config, Context, Error, Operation, Output, Pending, Problem, WriteError, Written};

/// Puts each batch as an object, in one of the ways that there are.
#[derive(Config)]
pub(crate) struct PutConfig {
    /// The store.
    url: String,
    /// The object.
    name: String,
    /// `whole`, `batch`, `upload`, `stream` (of the object that the message names), or `delete`.
    how: String,
    /// How often what is uploaded is written.
    #[config(default = 1)]
    times: u64,
}

pub(crate) struct Put {
    config: PutConfig,
    store: Store,
}

impl Output for Put {
    const NAME: &'static str = "put";
    type Config = PutConfig;

    fn open(config: PutConfig, _: &Context) -> Result<Self, Problem> {
        let store = Store::open(&config.url, []).map_err(|error| Problem::new(error.to_string()))?;
        Ok(Self { config, store })
    }

    fn write(&mut self, batch: Batch) -> Result<Written, WriteError> {
        let operation = self.start(&batch)?;
        let mut written = Written::all();
        written.pending.push(Pending { operation, messages: None, resolve: false });
        Ok(written)
    }
}

impl Put {
    fn start(&self, batch: &Batch) -> Result<Operation, Error> {
        let Self { config: PutConfig { name, how, times, .. }, store } = self;
        let mut options = PutOptions::default().content_type("text/x-test");
        options.attributes.metadata.push(("by".to_owned(), how.clone()));
        let operation = match how.as_str() {
            "whole" => store.put(name, batch.message(0).bytes(), options),
            "batch" => store.put_batch(name, batch, b"\n", options),
            "delete" => store.delete(std::slice::from_ref(name)),
            "stream" => {
                let from = String::from_utf8_lossy(batch.message(0).bytes()).into_owned();
                let opened = store.get(&from).map_err(Error::from)?;
                store.put_stream(name, opened.body, options)
            }
            _ => {
                let upload = store.begin(name, options).map_err(Error::from)?;
                for _ in 0..*times {
                    upload.write_batch(batch, b"\n").map_err(Error::from)?;
                }
                upload.write(b"the end").map_err(Error::from)?;
                Ok(upload.finish())
            }
        };
        operation.map_err(Error::from)
    }
}
