use std::time::Duration;

use forebay_sdk::config::Secret;
use forebay_sdk::http::Text;
use forebay_sdk::objects::{ObjectError, PutOptions, Queue, Store};
use forebay_sdk::serde_json::{self, Value, json};
use forebay_sdk::{Batch, Config, Context, Error, Problem, Processing, Processor};

/// Does what the first message of a batch asks for, and gives what became of it.
#[derive(Config)]
pub(crate) struct AskConfig {
    /// The store.
    url: String,
    /// A setting that is not secret, and its value.
    setting: Option<String>,
    #[config(default = "")]
    value: String,
    /// A setting that is.
    secret_setting: Option<String>,
    secret_value: Option<Secret>,
}

pub(crate) struct Ask {
    config: AskConfig,
}

impl Processor for Ask {
    const NAME: &'static str = "ask";
    type Config = AskConfig;

    fn open(config: AskConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self { config })
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        let spec: Value = serde_json::from_slice(batch.message(0).bytes())?;
        let answer = self.answer(&spec).unwrap_or_else(|error| {
            let kind = match &error {
                ObjectError::NotFound(_) => "NotFound",
                ObjectError::Denied(_) => "Denied",
                ObjectError::Invalid(_) => "Invalid",
                ObjectError::Unavailable(_) => "Unavailable",
                ObjectError::Other(_) => "Other",
            };
            json!({"error": kind, "message": error.to_string()})
        });
        Ok(Batch::from_payloads([serde_json::to_vec(&answer)?]).into())
    }
}

impl Ask {
    fn answer(&self, spec: &Value) -> Result<Value, ObjectError> {
        let AskConfig { url, setting, value, secret_setting, secret_value } = &self.config;
        let setting = setting.iter().map(|name| (name.as_str(), Text::from(value)));
        let secret = secret_setting.as_deref().zip(secret_value.as_ref());
        let settings = setting.chain(secret.map(|(name, value)| (name, Text::from(value))));
        let store = Store::open(url, settings)?;
        let text = |key: &str| spec[key].as_str().unwrap_or_default();
        match text("do") {
            "list" => {
                let listed = store.list(text("prefix"), spec["after"].as_str(), 2)?;
                Ok(listed.iter().map(|object| json!([object.name, object.size])).collect())
            }
            "head" => {
                let details = store.head(text("name"))?;
                Ok(json!({"size": details.summary.size, "type": details.attributes.content_type,
                    "metadata": details.attributes.metadata}))
            }
            "get" => {
                let mut opened = store.get(text("name"))?;
                let read = opened.body.read_to_end(1 << 20);
                Ok(read.map_or_else(|error| json!({"error": error.to_string()}), |bytes| json!(bytes.len())))
            }
            "open two" => {
                let [first, second] = ["first", "second"].map(|name| store.start_get(text(name)));
                let (second, first) = (second?.finish()?, first?.finish()?);
                let lengths = [first, second]
                    .map(|mut opened| opened.body.read_to_end(1 << 20).unwrap_or_default().len());
                Ok(json!(lengths))
            }
            "abort stale" => {
                let search = store.abort_stale(text("name"), None, Duration::ZERO)?;
                Ok(json!(search.outcome().map(|outcome| outcome.is_ok())))
            }
            "queue" => Queue::open(text("name"), []).map(|_| json!("opened")),
            "abandon" => {
                let upload = store.begin(text("name"), PutOptions::default())?;
                (0..20).try_for_each(|_| upload.write(&[b'x'; 1 << 20]))?;
                Ok(json!("abandoned"))
            }
            _ => Ok(json!("opened")),
        }
    }
}
