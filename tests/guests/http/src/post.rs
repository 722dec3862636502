use std::collections::HashMap;

use forebay_sdk::http::{self, Request};
use forebay_sdk::{
    Batch, Config, Context, Error, Failure, Operation, Output, Pending, Problem, WriteError, Written,
};

/// Posts every message, and lets the host wait for the responses.
#[derive(Config)]
pub(crate) struct PostConfig {
    /// Where to.
    url: String,
}

pub(crate) struct Post {
    url: String,
    waiting: HashMap<u64, u32>,
}

impl Output for Post {
    const NAME: &'static str = "post";
    type Config = PostConfig;

    fn open(config: PostConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self { url: config.url, waiting: HashMap::new() })
    }

    fn write(&mut self, batch: Batch) -> Result<Written, WriteError> {
        let mut written = Written::all();
        for (index, message) in (0..).zip(batch.messages()) {
            let request = Request::post(&self.url).body(message.bytes());
            let operation = request.start().map_err(Error::from)?;
            self.waiting.insert(operation.id(), index);
            written.pending.push(Pending { operation, messages: Some(vec![index]), resolve: true });
        }
        Ok(written)
    }

    fn resolve(&mut self, operation: Operation) -> Result<Written, WriteError> {
        let messages = self.waiting.remove(&operation.id()).map(|index| vec![index]);
        let response = http::response(&operation).map_err(Error::from)?;
        let mut written = Written::all();
        if !(200..300).contains(&response.status) {
            written.failed.push(Failure { reason: format!("status {}", response.status), messages });
        }
        Ok(written)
    }
}
