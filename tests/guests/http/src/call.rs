use std::collections::HashMap;
use std::time::Duration;

use forebay_sdk::config::Secret;
use forebay_sdk::http::{self, HttpError, Request, Response, Text};
use forebay_sdk::serde_json::{self, Value, json};
use forebay_sdk::{Batch, Config, Context, Error, Operation, Problem, Processing, Processor};

/// Makes the request that the first message of a batch asks for, and gives what became of it.
#[derive(Config)]
pub(crate) struct CallConfig {
    /// What is only sent, and never seen.
    token: Option<Secret>,
    /// Starts the request and goes on, or waits for it.
    #[config(default = false)]
    starts: bool,
    /// Starts so many requests at once, of which the first counts.
    #[config(default = 1)]
    times: u64,
}

pub(crate) struct Call {
    config: CallConfig,
    waiting: HashMap<u64, Batch>,
}

impl Processor for Call {
    const NAME: &'static str = "call";
    type Config = CallConfig;

    fn open(config: CallConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self { config, waiting: HashMap::new() })
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        let spec: Value = serde_json::from_slice(batch.message(0).bytes())?;
        let request = self.request(&spec);
        if !self.config.starts {
            return Ok(shown(request.send()));
        }
        let mut started = match spec["after_ms"].as_u64() {
            Some(milliseconds) => request.clone().start_after(Duration::from_millis(milliseconds)),
            None => request.clone().start(),
        };
        for _ in 1..self.config.times {
            // Dropped at once; it goes on all the same.
            match request.clone().start() {
                Ok(operation) => drop(operation),
                Err(error) => started = Err(error),
            }
        }
        let operation = match started {
            Ok(operation) => operation,
            Err(error) => return Ok(shown(Err(error))),
        };
        if spec["traps"] == true {
            std::process::abort();
        }
        if spec["early"] == true {
            return Ok(shown(http::response(&operation)));
        }
        self.waiting.insert(operation.id(), batch);
        Ok(Processing::Pending(operation))
    }

    fn resume(&mut self, operation: Operation) -> Result<Processing, Error> {
        let id = operation.id();
        self.waiting.remove(&id).ok_or_else(|| Error::new(format!("operation {id} is unknown")))?;
        let first = http::response(&operation);
        match http::response(&operation) {
            Err(HttpError::Invalid(_)) => Ok(shown(first)),
            other => Err(Error::new(format!("the response was there twice: {other:?}"))),
        }
    }
}

impl Call {
    fn request(&self, spec: &Value) -> Request {
        let text = |name: &str| spec[name].as_str().map(str::to_owned);
        let number = |name: &str| spec[name].as_u64();
        let mut url = Text::from(text("url").unwrap_or_default());
        let auth = text("auth").unwrap_or_default();
        let mut headers: Vec<(String, Text)> = Vec::new();
        let mut body = Text::from(text("body").unwrap_or_default());
        if let Some(token) = &self.config.token {
            match auth.as_str() {
                "bearer" => headers.push(("authorization".into(), Text::from("Bearer ").secret(token))),
                "basic" => headers.push(("authorization".into(), Text::basic("user", token))),
                "header" => headers.push(("x-key".into(), Text::from(token))),
                "path" => url = url.secret(token),
                "query" => url = url.text("?key=").encoded_secret(token),
                "host" => url = Text::from("http://").secret(token).text(".example/"),
                "url" => url = Text::from(token),
                "body" => body = body.secret(token),
                _ => {}
            }
        }
        let mut request = Request::new(text("method").unwrap_or_else(|| "GET".into()), url).text_body(body);
        for (name, value) in spec["headers"].as_object().into_iter().flatten() {
            headers.push((name.clone(), Text::from(value.as_str().unwrap_or_default())));
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if let Some(milliseconds) = number("timeout_ms") {
            request = request.timeout(Duration::from_millis(milliseconds));
        }
        if let Some(most) = number("most") {
            request = request.most(most);
        }
        if let Some(redirects) = number("redirects").and_then(|number| u32::try_from(number).ok()) {
            request = request.redirects(redirects);
        }
        if let Some(proxy) = text("proxy") {
            request = request.proxy(proxy);
        }
        if let Some(roots) = text("roots") {
            request = request.extra_roots(roots);
        }
        if let (Some(certificate), Some(key)) = (text("certificate"), &self.config.token) {
            request = request.certificate(certificate, key);
        }
        if spec["insecure"] == true {
            request = request.skip_verification();
        }
        request
    }
}

/// What became of a request, as JSON.
fn shown(result: Result<Response, HttpError>) -> Processing {
    let shown = match result {
        Ok(Response { status, headers, body }) => {
            let headers: serde_json::Map<_, _> = headers
                .into_iter()
                .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned().into()))
                .collect();
            json!({"status": status, "headers": headers, "body": String::from_utf8_lossy(&body)})
        }
        Err(error) => json!({"error": format!("{error:?}"), "message": error.message()}),
    };
    Batch::from_payloads([shown.to_string()]).into()
}
