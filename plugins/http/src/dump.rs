//! Requests and their responses in the log.

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_sdk::http::{HttpError, Response};
use forebay_sdk::log::{self, Level};
use forebay_sdk::serde_json::{self, Value, json};

use crate::request::{Composed, HeaderValue};

/// A request as it is shown, until its response is there.
pub(crate) struct Dump {
    level: Level,
    request: Value,
}

/// What stands in the place of what is not shown.
const HIDDEN: &str = "!!!SECRET_SCRUBBED!!!";

/// The level of a configuration; none where nothing is to be shown. `FATAL` is for those who stop.
pub(crate) fn level(text: &str) -> Option<Level> {
    Some(match text.trim().to_ascii_uppercase().as_str() {
        "TRACE" => Level::Trace,
        "DEBUG" => Level::Debug,
        "INFO" => Level::Info,
        "WARN" => Level::Warn,
        "ERROR" | "FATAL" => Level::Error,
        _ => return None,
    })
}

impl Dump {
    /// Nothing where such lines are not written anyway.
    pub(crate) fn of(level: Option<Level>, request: &Composed) -> Option<Self> {
        let level = level.filter(|level| log::enabled(*level))?;
        let mut headers: BTreeMap<&str, String> = BTreeMap::new();
        for (name, value) in &request.headers {
            let value = match value {
                HeaderValue::Plain(text) => text.as_str(),
                HeaderValue::Hidden(_) => HIDDEN,
            };
            headers
                .entry(name)
                .and_modify(|known| *known += &format!(" {value}"))
                .or_insert(value.to_owned());
        }
        let request = json!({
            "url": request.url,
            "method": request.method,
            "header": headers,
            "body": shown(&request.body),
        });
        Some(Self { level, request })
    }

    pub(crate) fn write(self, elapsed: Duration, result: Result<&Response, &HttpError>) {
        let Self { level, request } = self;
        let elapsed = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        let mut line = json!({"elapsed_ns": elapsed, "request": request});
        match result {
            Ok(response) => {
                let mut headers: BTreeMap<&str, String> = BTreeMap::new();
                for (name, value) in &response.headers {
                    let value = String::from_utf8_lossy(value).into_owned();
                    headers.entry(name).and_modify(|known| *known += &format!(" {value}")).or_insert(value);
                }
                line["response"] = json!({
                    "status_code": response.status,
                    "content_length": response.body.len(),
                    "header": headers,
                    "body": shown(&response.body),
                });
            }
            Err(error) => line["error"] = format!("error doing actual request: {error}").into(),
        }
        log::write(level, "http request log", &[("access_log".to_owned(), line.to_string())]);
    }
}

/// A body as JSON where it is that, else as text.
fn shown(body: &[u8]) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into_owned().into())
}
