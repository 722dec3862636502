//! What a server says to the request for a token (RFC 6749, sections 5.1 and 5.2).

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use tokio::time::Instant;
use url::form_urlencoded;

use super::AccessToken;

/// Bytes of an answer that are shown.
const MOST_TOLD: usize = 500;

/// The token of an answer to what was asked at a time.
///
/// # Errors
/// Says why there is none, in the words that Bento's users know.
pub(super) fn read(
    status: u16,
    content_type: &[u8],
    body: &[u8],
    asked: Instant,
) -> Result<AccessToken, String> {
    let members = Members::read(content_type, body);
    let is_failure = !(200..300).contains(&status);
    let members = match members {
        Err(_) if is_failure => Members::Json(Value::Null),
        members => members.map_err(|error| format!("cannot parse json: {error}"))?,
    };
    let filled = |name: &str| members.get(name).filter(|value| !value.is_empty());
    if let Some(code) = filled("error") {
        let more = ["error_description", "error_uri"].into_iter().filter_map(filled);
        let all: Vec<_> =
            std::iter::once(code).chain(more).map(|text| format!("{:?}", told(&text))).collect();
        return Err(all.join(" "));
    }
    if is_failure {
        let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
        let body = String::from_utf8_lossy(body);
        return Err(format!(
            "cannot fetch token: {status} {}\nResponse: {}",
            reason.unwrap_or_default(),
            told(&body)
        ));
    }
    let text = filled("access_token").ok_or("server response missing access_token")?;
    let kind = match filled("token_type") {
        None => "Bearer".to_owned(),
        Some(kind) => match kind.to_ascii_lowercase().as_str() {
            "bearer" => "Bearer".to_owned(),
            "mac" => "MAC".to_owned(),
            "basic" => "Basic".to_owned(),
            _ => kind,
        },
    };
    // None and 0 are those of a token that does not end; one with a negative number has ended.
    let seconds = filled("expires_in").and_then(|seconds| seconds.parse::<f64>().ok());
    let life = seconds.filter(|seconds| *seconds != 0.0).map(|seconds| seconds.max(0.0));
    let life = life.and_then(|life| Duration::try_from_secs_f64(life).ok());
    let ends = life.and_then(|life| asked.checked_add(life));
    Ok(AccessToken { kind, text, ends })
}

fn told(text: &str) -> String {
    text.chars().take(MOST_TOLD).collect()
}

/// What an answer consists of: some servers answer with a form.
enum Members {
    Json(Value),
    Form(Vec<(String, String)>),
}

impl Members {
    fn read(content_type: &[u8], body: &[u8]) -> Result<Self, serde_json::Error> {
        let media = content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let is = |name: &str| media.eq_ignore_ascii_case(name.as_bytes());
        if is("application/x-www-form-urlencoded") || is("text/plain") {
            return Ok(Self::Form(form_urlencoded::parse(body).into_owned().collect()));
        }
        serde_json::from_slice(body).map(Self::Json)
    }

    fn get(&self, name: &str) -> Option<String> {
        match self {
            Self::Form(pairs) => {
                pairs.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
            }
            Self::Json(object) => match &object[name] {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            },
        }
    }
}
