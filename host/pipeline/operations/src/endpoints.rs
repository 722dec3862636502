use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};

/// The body of a request, as it comes.
pub type RequestBody = UnsyncBoxBody<Bytes, hyper::Error>;
/// A request. Its extensions hold the [`SocketAddr`](std::net::SocketAddr) of the client.
pub type Request = http::Request<RequestBody>;
/// The body of an answer: all at once, or as it comes.
pub type Body = UnsyncBoxBody<Bytes, Infallible>;
pub type Answer = Response<Body>;

/// What answers the requests of a path.
#[async_trait]
pub trait Handler: Send + Sync {
    /// Answers a request.
    ///
    /// # Cancel safety
    /// The future is dropped when the client has gone.
    async fn answer(&self, request: Request) -> Answer;
}

/// The paths of a server, and who answers for each. A segment such as `{id}` stands for any one that is not empty;
/// what it stood for is in the [`PathVariables`] of a request. A path that ends in a slash stands for all that begin
/// with it; of several such the longest one counts. What fits exactly comes before what fits by a variable, and that
/// before what fits by its beginning.
#[derive(Clone, Default)]
pub struct Endpoints(Arc<RwLock<Paths>>);

#[derive(Default)]
struct Paths {
    next: u64,
    paths: BTreeMap<String, Endpoint>,
}

struct Endpoint {
    id: u64,
    description: String,
    handler: Arc<dyn Handler>,
}

/// What the variable segments of a path stood for in a request, by their names; in its extensions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PathVariables(BTreeMap<String, String>);

impl PathVariables {
    /// What a variable stood for, percent-decoded; empty for one that the path has not.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

/// A path that stays registered until this is dropped.
#[must_use = "the path is free again when this is dropped"]
pub struct Registration {
    endpoints: Endpoints,
    path: String,
    id: u64,
}

/// Somebody answers for the path already.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the path {path} is taken by another component or endpoint")]
pub struct PathTaken {
    pub path: String,
}

impl Endpoints {
    /// Adds a path, which begins with a slash; `description` is for people.
    ///
    /// # Errors
    /// The path is taken.
    pub fn register(
        &self,
        path: &str,
        description: &str,
        handler: impl Handler + 'static,
    ) -> Result<Registration, PathTaken> {
        let mut paths = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if paths.paths.contains_key(path) {
            return Err(PathTaken { path: path.to_owned() });
        }
        let id = paths.next;
        paths.next += 1;
        let endpoint = Endpoint { id, description: description.to_owned(), handler: Arc::new(handler) };
        paths.paths.insert(path.to_owned(), endpoint);
        Ok(Registration { endpoints: self.clone(), path: path.to_owned(), id })
    }

    /// All paths, each with its description.
    #[must_use]
    pub fn descriptions(&self) -> BTreeMap<String, String> {
        let paths = self.0.read().unwrap_or_else(PoisonError::into_inner);
        paths.paths.iter().map(|(path, endpoint)| (path.clone(), endpoint.description.clone())).collect()
    }

    /// Who answers for a path, and what its variables stand for.
    pub(crate) fn find(&self, path: &str) -> Option<(Arc<dyn Handler>, PathVariables)> {
        let paths = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(endpoint) = paths.paths.get(path) {
            return Some((Arc::clone(&endpoint.handler), PathVariables::default()));
        }
        let by_variables = |(pattern, endpoint): (&String, &Endpoint)| {
            variables(pattern, path).map(|variables| (Arc::clone(&endpoint.handler), variables))
        };
        if let Some(found) = paths.paths.iter().find_map(by_variables) {
            return Some(found);
        }
        let mut prefixes = path.rmatch_indices('/').map(|(at, _)| &path[..=at]);
        let endpoint = prefixes.find_map(|prefix| paths.paths.get(prefix))?;
        Some((Arc::clone(&endpoint.handler), PathVariables::default()))
    }
}

/// What the variables of a pattern stand for in a path; none where it does not fit, or has no variables.
fn variables(pattern: &str, path: &str) -> Option<PathVariables> {
    if !pattern.contains('{') || pattern.split('/').count() != path.split('/').count() {
        return None;
    }
    let mut variables = BTreeMap::new();
    for (expected, segment) in pattern.split('/').zip(path.split('/')) {
        match expected.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) if !segment.is_empty() => drop(variables.insert(name.to_owned(), decoded(segment))),
            Some(_) => return None,
            None if expected != segment => return None,
            None => {}
        }
    }
    Some(PathVariables(variables))
}

/// A segment without its percent escapes; what is no escape stays as it is.
fn decoded(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, behind @ ..] = rest {
        let digits = behind.get(..2).filter(|_| *first == b'%').and_then(|two| str::from_utf8(two).ok());
        match digits.filter(|two| !two.starts_with('+')).and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut paths = self.endpoints.0.write().unwrap_or_else(PoisonError::into_inner);
        if paths.paths.get(&self.path).is_some_and(|endpoint| endpoint.id == self.id) {
            paths.paths.remove(&self.path);
        }
    }
}

/// An answer of text.
#[must_use]
pub fn text(status: StatusCode, text: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(text.into()).boxed_unsync());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}

/// An answer of JSON.
#[must_use]
pub fn json(status: StatusCode, value: &serde_json::Value) -> Answer {
    let mut answer = text(status, value.to_string());
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// What is said of an error, as Go's servers say it: a line of text.
#[must_use]
pub fn refusal(status: StatusCode, reason: &str) -> Answer {
    error(status, format!("{reason}\n"))
}

/// All of a request's body as text.
///
/// # Errors
/// The answer to a body that is longer than `most` bytes, no text, or does not come.
pub async fn body_text(request: Request, most: usize) -> Result<String, Answer> {
    let collected = Limited::new(request.into_body(), most).collect().await;
    let bytes = collected.map_err(|error| match error.is::<LengthLimitError>() {
        true => {
            refusal(StatusCode::PAYLOAD_TOO_LARGE, &format!("Error: the body is longer than {most} bytes"))
        }
        false => refusal(StatusCode::BAD_REQUEST, &format!("Error: {error}")),
    })?;
    String::from_utf8(bytes.to_bytes().into())
        .map_err(|_| refusal(StatusCode::BAD_REQUEST, "Error: the body is not UTF-8"))
}

/// What is said of an error, as Go's servers say it.
pub(crate) fn error(status: StatusCode, reason: impl Into<Bytes>) -> Answer {
    let mut answer = text(status, reason);
    let name = HeaderName::from_static("x-content-type-options");
    answer.headers_mut().insert(name, HeaderValue::from_static("nosniff"));
    answer
}

impl fmt::Debug for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.descriptions().keys()).finish()
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration").field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nobody;

    #[async_trait]
    impl Handler for Nobody {
        async fn answer(&self, _: Request) -> Answer {
            text(StatusCode::OK, "")
        }
    }

    #[test]
    fn a_variable_stands_for_a_segment() {
        let endpoints = Endpoints::default();
        let _own: Vec<_> = ["/s", "/s/{id}", "/s/{id}/stats", "/s/fixed", "/s/"]
            .into_iter()
            .map(|path| endpoints.register(path, "", Nobody).unwrap())
            .collect();
        let id = |path: &str| endpoints.find(path).map(|(_, variables)| variables.get("id").to_owned());
        assert_eq!(id("/s/a%20b%2Fc%zz").as_deref(), Some("a b/c%zz"));
        assert_eq!(id("/s/x/stats").as_deref(), Some("x"));
        for other in ["/s", "/s/", "/s/fixed", "/s/a/b/c"] {
            assert_eq!(id(other).as_deref(), Some(""), "{other}");
        }
        assert_eq!(id("/t/x"), None);
    }

    #[test]
    fn a_path_is_found_until_its_registration_is_dropped() {
        let endpoints = Endpoints::default();
        let one = endpoints.register("/a", "", Nobody).unwrap();
        assert_eq!(endpoints.register("/a", "", Nobody).unwrap_err(), PathTaken { path: "/a".to_owned() });
        let below = endpoints.register("/b/", "", Nobody).unwrap();
        for (path, expected) in [("/a", true), ("/a/", false), ("/b", false), ("/b/", true), ("/b/c/d", true)]
        {
            assert_eq!(endpoints.find(path).is_some(), expected, "{path}");
        }
        drop(one);
        assert!(endpoints.find("/a").is_none());
        drop(below);
        assert!(endpoints.descriptions().is_empty());
    }
}
