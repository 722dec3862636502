use forebay_sdk::http::Request;
use forebay_sdk::{
    ArrivedStream, Config, Context, Error, Event, Input, Problem, Settlement, StreamMetadata, Value,
};

/// Gives the body of a response to the host, which runs a scanner over it.
#[derive(Config)]
pub(crate) struct DownloadConfig {
    /// What is fetched.
    url: String,
    /// The most bytes.
    most: Option<u64>,
}

pub(crate) struct Download {
    config: DownloadConfig,
    is_done: bool,
}

impl Input for Download {
    const NAME: &'static str = "download";
    type Config = DownloadConfig;

    fn open(config: DownloadConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self { config, is_done: false })
    }

    fn read(&mut self, _: Vec<Settlement>) -> Result<Event, Error> {
        if self.is_done {
            return Ok(Event::Ended);
        }
        self.is_done = true;
        let mut request = Request::get(&self.config.url);
        if let Some(most) = self.config.most {
            request = request.most(most);
        }
        let opened = request.open()?;
        let mut metadata = StreamMetadata::default();
        metadata.push("status", Value::Unsigned(opened.status.into()));
        Ok(Event::Stream(ArrivedStream {
            token: 1,
            source: opened.body,
            name: self.config.url.clone(),
            metadata,
        }))
    }
}
