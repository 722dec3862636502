use bytes::Bytes;
use forebay_pipeline_config::CorsConfig;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderName, HeaderValue,
    ORIGIN, VARY,
};
use http::{Method, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty};

use crate::endpoints::Answer;

/// Headers that every page may set.
const USUAL_HEADERS: [&str; 4] = ["accept", "accept-language", "content-language", "origin"];
/// Methods that need no word about them.
const USUAL_METHODS: [&str; 3] = ["GET", "HEAD", "POST"];

/// What cross-origin resource sharing makes of a request.
#[derive(Debug)]
pub enum Shared {
    /// It is answered as any other, with these headers.
    Allowed(HeaderMap),
    /// This is the answer.
    Answered(Answer),
}

/// Looks at a request.
#[must_use]
pub fn share(config: &CorsConfig, method: &Method, headers: &HeaderMap) -> Shared {
    if !config.enabled {
        return Shared::Allowed(HeaderMap::new());
    }
    let is_preflight = method == Method::OPTIONS;
    let Some(origin) = headers.get(ORIGIN).filter(|origin| allows(&config.allowed_origins, origin)) else {
        return match is_preflight {
            true => Shared::Answered(answer(StatusCode::OK, HeaderMap::new())),
            false => Shared::Allowed(HeaderMap::new()),
        };
    };
    let mut answered = HeaderMap::new();
    if is_preflight && let Err(status) = preflight(config, headers, &mut answered) {
        return Shared::Answered(answer(status, HeaderMap::new()));
    }
    if config.allowed_origins.len() > 1 {
        answered.insert(VARY, HeaderValue::from_static("Origin"));
    }
    let is_any = config.allowed_origins.iter().any(|allowed| allowed == "*");
    let origin = if is_any { HeaderValue::from_static("*") } else { origin.clone() };
    answered.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    if is_preflight { Shared::Answered(answer(StatusCode::OK, answered)) } else { Shared::Allowed(answered) }
}

fn allows(origins: &[String], origin: &HeaderValue) -> bool {
    !origin.is_empty()
        && origins.iter().any(|allowed| allowed == "*" || allowed.as_bytes() == origin.as_bytes())
}

/// # Errors
/// What a page asks for that it may not.
fn preflight(config: &CorsConfig, headers: &HeaderMap, answered: &mut HeaderMap) -> Result<(), StatusCode> {
    let method = headers.get(ACCESS_CONTROL_REQUEST_METHOD).ok_or(StatusCode::BAD_REQUEST)?;
    if !config.allowed_methods.iter().any(|allowed| allowed.as_bytes() == method.as_bytes()) {
        return Err(StatusCode::METHOD_NOT_ALLOWED);
    }
    let wanted = headers.get(ACCESS_CONTROL_REQUEST_HEADERS).and_then(|wanted| wanted.to_str().ok());
    let mut allowed = Vec::new();
    for name in wanted.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty()) {
        if USUAL_HEADERS.iter().any(|usual| usual.eq_ignore_ascii_case(name)) {
            continue;
        }
        if !config.allowed_headers.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return Err(StatusCode::FORBIDDEN);
        }
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| StatusCode::FORBIDDEN)?;
        allowed.push(name.to_string());
    }
    if let Some(names) = Some(allowed.join(",")).filter(|names| !names.is_empty()) {
        let names = HeaderValue::from_str(&names).map_err(|_| StatusCode::FORBIDDEN)?;
        answered.insert(ACCESS_CONTROL_ALLOW_HEADERS, names);
    }
    if !USUAL_METHODS.iter().any(|usual| usual.as_bytes() == method.as_bytes()) {
        answered.insert(ACCESS_CONTROL_ALLOW_METHODS, method.clone());
    }
    Ok(())
}

fn answer(status: StatusCode, headers: HeaderMap) -> Answer {
    let mut answer = Response::new(Empty::<Bytes>::new().boxed_unsync());
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(method: Method, headers: &[(HeaderName, &'static str)]) -> (Option<u16>, HeaderMap) {
        let config = CorsConfig {
            enabled: true,
            allowed_origins: vec!["http://a".to_owned(), "http://b".to_owned()],
            allowed_headers: vec!["X-Key".to_owned()],
            ..CorsConfig::default()
        };
        let headers = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        match share(&config, &method, &headers.collect()) {
            Shared::Allowed(headers) => (None, headers),
            Shared::Answered(answer) => (Some(answer.status().as_u16()), answer.headers().clone()),
        }
    }

    #[test]
    fn pages_of_known_origins_may_ask() {
        let (status, headers) = shared(Method::GET, &[(ORIGIN, "http://b")]);
        assert_eq!(
            (status, &headers[ACCESS_CONTROL_ALLOW_ORIGIN]),
            (None, &HeaderValue::from_static("http://b"))
        );
        assert_eq!(shared(Method::GET, &[(ORIGIN, "http://c")]), (None, HeaderMap::new()));
        assert_eq!(shared(Method::GET, &[]), (None, HeaderMap::new()));
    }

    #[test]
    fn a_page_is_told_what_it_may_do() {
        let asks = |method, headers| {
            shared(
                Method::OPTIONS,
                &[
                    (ORIGIN, "http://a"),
                    (ACCESS_CONTROL_REQUEST_METHOD, method),
                    (ACCESS_CONTROL_REQUEST_HEADERS, headers),
                ],
            )
        };
        let (status, headers) = asks("PUT", "accept, x-key");
        assert_eq!(status, Some(200));
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_METHODS], "PUT");
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_HEADERS], "x-key");
        assert_eq!(asks("TRACE", "").0, Some(405));
        assert_eq!(asks("GET", "x-other").0, Some(403));
        assert_eq!(shared(Method::OPTIONS, &[(ORIGIN, "http://a")]).0, Some(400));
        assert_eq!(shared(Method::OPTIONS, &[]).0, Some(200));
    }
}
