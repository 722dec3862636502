use forebay_sdk::objects::Store;
use forebay_sdk::{
    ArrivedStream, Config, Context, Error, Event, Input, Problem, Settlement, StreamMetadata, Value,
};

/// Gives the objects below a prefix to the host, one after the other.
#[derive(Config)]
pub(crate) struct WalkConfig {
    /// The store.
    url: String,
    /// What names begin with.
    prefix: String,
}

pub(crate) struct Walk {
    config: WalkConfig,
    store: Store,
    last: Option<String>,
    token: u64,
}

impl Input for Walk {
    const NAME: &'static str = "walk";
    type Config = WalkConfig;

    fn open(config: WalkConfig, _: &Context) -> Result<Self, Problem> {
        let store = Store::open(&config.url, []).map_err(|error| Problem::new(error.to_string()))?;
        Ok(Self { config, store, last: None, token: 0 })
    }

    fn read(&mut self, _: Vec<Settlement>) -> Result<Event, Error> {
        let page = self.store.list(&self.config.prefix, self.last.as_deref(), 1).map_err(Error::from)?;
        let Some(next) = page.into_iter().next() else { return Ok(Event::Ended) };
        let opened = self.store.get(&next.name).map_err(Error::from)?;
        let mut metadata = StreamMetadata::default();
        metadata.push("size", Value::Unsigned(opened.details.summary.size));
        self.token += 1;
        self.last = Some(next.name.clone());
        Ok(Event::Stream(ArrivedStream { token: self.token, source: opened.body, name: next.name, metadata }))
    }
}
