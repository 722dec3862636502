//! What a server says to the request for a token.

use std::time::Duration;

use forebay_sdk::http::Response;
use forebay_sdk::serde_json::{self, Value};
use http::StatusCode;

use super::Token;
use super::form;
use crate::media_type::MediaType;

/// # Errors
/// Says why there is no token, in the words that Bento's users know.
pub(super) fn read(response: &Response, now: Duration) -> Result<Token, String> {
    let media = response.header("content-type").map(|text| MediaType::parse(text).0.name);
    let is_form = matches!(media.as_deref(), Some("application/x-www-form-urlencoded" | "text/plain"));
    let text = String::from_utf8_lossy(&response.body);
    let json: Result<Value, _> = if is_form { Ok(Value::Null) } else { serde_json::from_str(&text) };
    let is_failure = !(200..300).contains(&response.status);
    let json = match json {
        Ok(json) => json,
        Err(_) if is_failure => Value::Null,
        Err(error) => return Err(format!("oauth2: cannot parse json: {error}")),
    };
    let member = |name: &str| {
        if is_form {
            return form::value(&text, name).map(str::to_owned);
        }
        match &json[name] {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    };
    if let Some(code) = member("error").filter(|code| !code.is_empty()) {
        let mut reason = format!("oauth2: {code:?}");
        for name in ["error_description", "error_uri"] {
            if let Some(more) = member(name).filter(|more| !more.is_empty()) {
                reason.push_str(&format!(" {more:?}"));
            }
        }
        return Err(reason);
    }
    if is_failure {
        let reason = StatusCode::from_u16(response.status).ok().and_then(|status| status.canonical_reason());
        let status = response.status;
        return Err(format!(
            "oauth2: cannot fetch token: {status} {}\nResponse: {text}",
            reason.unwrap_or_default()
        ));
    }
    let token = member("access_token").filter(|token| !token.is_empty());
    let token = token.ok_or("oauth2: server response missing access_token")?;
    let kind = match member("token_type").unwrap_or_default() {
        kind if kind.is_empty() || kind.eq_ignore_ascii_case("bearer") => "Bearer".to_owned(),
        kind if kind.eq_ignore_ascii_case("mac") => "MAC".to_owned(),
        kind if kind.eq_ignore_ascii_case("basic") => "Basic".to_owned(),
        kind => kind,
    };
    let seconds =
        member("expires_in").and_then(|seconds| seconds.parse().ok()).filter(|seconds| *seconds > 0);
    let expires = seconds.and_then(|seconds| now.checked_add(Duration::from_secs(seconds)));
    Ok(Token { authorization: format!("{kind} {token}"), expires })
}
