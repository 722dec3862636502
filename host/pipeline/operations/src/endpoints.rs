use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};

use crate::template::{PathParameters, Template};

/// The body of a request, as it comes.
pub type RequestBody = UnsyncBoxBody<Bytes, hyper::Error>;
/// A request. Its extensions hold the [`SocketAddr`](std::net::SocketAddr) of the client, the [`PathParameters`] where
/// its path has any, and the [`Secured`](crate::Secured) of a connection with TLS. The connection can be taken over.
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

/// The paths of a server, and who answers for each. A path that ends in a slash stands for all that begin with it; of
/// several such the longest one counts. `{name}` in a path stands for one segment, and `{name:pattern}` for what a
/// regular expression matches; such paths count after those without, in the order in which they were registered.
#[derive(Clone, Default)]
pub struct Endpoints(Arc<Shared>);

#[derive(Default)]
struct Shared {
    paths: RwLock<Paths>,
    /// Where a server answers for them.
    served_at: OnceLock<SocketAddr>,
}

#[derive(Default)]
struct Paths {
    next: u64,
    paths: BTreeMap<String, Endpoint>,
}

struct Endpoint {
    id: u64,
    description: String,
    template: Option<Template>,
    /// Absent where nobody answers any more: requests are refused until somebody takes the path.
    handler: Option<Arc<dyn Handler>>,
}

/// Closed paths that are kept, so that those of pipelines which never come back don't add up.
const MOST_CLOSED: usize = 256;

/// Says that nobody answers any more.
struct Closed;

#[async_trait]
impl Handler for Closed {
    async fn answer(&self, _: Request) -> Answer {
        error(StatusCode::SERVICE_UNAVAILABLE, "Server closing\n")
    }
}

/// Who answers for a path.
pub struct Found {
    pub handler: Arc<dyn Handler>,
    pub parameters: PathParameters,
}

/// A path that stays registered until this is dropped. It is free then; until somebody takes it, requests for it are
/// answered with 503 where it was [closed](Registration::close), and with 404 otherwise.
#[must_use = "the path is free again when this is dropped"]
pub struct Registration {
    endpoints: Endpoints,
    path: String,
    id: u64,
}

/// Why a path can't be registered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    #[error("the path {path} is taken by another component or endpoint")]
    Taken { path: String },
    #[error("{0}")]
    Path(String),
}

impl Endpoints {
    /// Adds a path, which begins with a slash; `description` is for people.
    ///
    /// # Errors
    /// The path is taken, or none.
    pub fn register(
        &self,
        path: &str,
        description: &str,
        handler: impl Handler + 'static,
    ) -> Result<Registration, RegisterError> {
        if !path.starts_with('/') {
            return Err(RegisterError::Path(format!("the path {path:?} does not begin with a slash")));
        }
        let template = Template::parse(path).map_err(RegisterError::Path)?;
        let mut paths = self.0.paths.write().unwrap_or_else(PoisonError::into_inner);
        if paths.paths.get(path).is_some_and(|endpoint| endpoint.handler.is_some()) {
            return Err(RegisterError::Taken { path: path.to_owned() });
        }
        let id = paths.next;
        paths.next += 1;
        let endpoint =
            Endpoint { id, description: description.to_owned(), template, handler: Some(Arc::new(handler)) };
        paths.paths.insert(path.to_owned(), endpoint);
        Ok(Registration { endpoints: self.clone(), path: path.to_owned(), id })
    }

    /// All paths, each with its description.
    #[must_use]
    pub fn descriptions(&self) -> BTreeMap<String, String> {
        let paths = self.0.paths.read().unwrap_or_else(PoisonError::into_inner);
        let open = paths.paths.iter().filter(|(_, endpoint)| endpoint.handler.is_some());
        open.map(|(path, endpoint)| (path.clone(), endpoint.description.clone())).collect()
    }

    /// Where a server answers for these paths, when there is one.
    #[must_use]
    pub fn served_at(&self) -> Option<SocketAddr> {
        self.0.served_at.get().copied()
    }

    pub(crate) fn set_served_at(&self, address: SocketAddr) {
        // There is one server in a process.
        let _ = self.0.served_at.set(address);
    }

    /// Who answers for a path.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<Found> {
        let paths = self.0.paths.read().unwrap_or_else(PoisonError::into_inner);
        let plain = |path: &str| paths.paths.get(path).filter(|endpoint| endpoint.template.is_none());
        if let Some(endpoint) = plain(path) {
            return Some(endpoint.found(PathParameters::default()));
        }
        let templates = paths.paths.values().filter_map(|endpoint| {
            let parameters = endpoint.template.as_ref()?.parameters(path)?;
            Some((endpoint, parameters))
        });
        if let Some((endpoint, parameters)) = templates.min_by_key(|(endpoint, _)| endpoint.id) {
            return Some(endpoint.found(parameters));
        }
        let prefix = path.rmatch_indices('/').find_map(|(at, _)| plain(&path[..=at]))?;
        Some(prefix.found(PathParameters::default()))
    }
}

impl Endpoint {
    fn found(&self, parameters: PathParameters) -> Found {
        let handler = self.handler.as_ref().map_or_else(|| Arc::new(Closed) as Arc<dyn Handler>, Arc::clone);
        Found { handler, parameters }
    }
}

impl Registration {
    /// Gives the path up for a time: who asks for it is told to come again.
    pub fn close(self) {
        let mut paths = self.endpoints.0.paths.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(endpoint) = paths.paths.get_mut(&self.path)
            && endpoint.id == self.id
        {
            endpoint.handler = None;
        }
        let closed = || paths.paths.iter().filter(|(_, endpoint)| endpoint.handler.is_none());
        let is_too_many = closed().count() > MOST_CLOSED;
        let oldest = closed().min_by_key(|(_, endpoint)| endpoint.id).map(|(path, _)| path.clone());
        if let Some(oldest) = oldest.filter(|_| is_too_many) {
            paths.paths.remove(&oldest);
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut paths = self.endpoints.0.paths.write().unwrap_or_else(PoisonError::into_inner);
        let is_own = |endpoint: &Endpoint| endpoint.id == self.id && endpoint.handler.is_some();
        if paths.paths.get(&self.path).is_some_and(is_own) {
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
#[must_use]
pub fn error(status: StatusCode, reason: impl Into<Bytes>) -> Answer {
    let mut answer = text(status, reason);
    let name = HeaderName::from_static("x-content-type-options");
    answer.headers_mut().insert(name, HeaderValue::from_static("nosniff"));
    answer
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Found").field("parameters", &self.parameters).finish_non_exhaustive()
    }
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
        let id = |path: &str| endpoints.find(path).map(|found| found.parameters.get("id").to_owned());
        assert_eq!(id("/s/a%20b%2Fc%zz").as_deref(), Some("a b/c%zz"));
        assert_eq!(id("/s/x/stats").as_deref(), Some("x"));
        for other in ["/s", "/s/", "/s/fixed", "/s/a/b/c"] {
            assert_eq!(id(other).as_deref(), Some(""), "{other}");
        }
        assert_eq!(id("/t/x"), None);
    }

    #[tokio::test]
    async fn a_path_that_is_closed_is_refused_until_it_is_taken_again() {
        let endpoints = Endpoints::default();
        endpoints.register("/a", "", Nobody).unwrap().close();
        let request =
            || http::Request::new(Full::<Bytes>::default().map_err(|never| match never {}).boxed_unsync());
        let status = async || endpoints.find("/a").unwrap().handler.answer(request()).await.status();
        assert_eq!(status().await, StatusCode::SERVICE_UNAVAILABLE);
        assert!(endpoints.descriptions().is_empty());
        let taken = endpoints.register("/a", "", Nobody).unwrap();
        assert_eq!(status().await, StatusCode::OK);
        drop(taken);
        assert!(endpoints.find("/a").is_none());
    }

    #[test]
    fn a_path_is_found_until_its_registration_is_dropped() {
        let endpoints = Endpoints::default();
        let one = endpoints.register("/a", "", Nobody).unwrap();
        let taken = RegisterError::Taken { path: "/a".to_owned() };
        assert_eq!(endpoints.register("/a", "", Nobody).unwrap_err(), taken);
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

    #[test]
    fn parts_of_a_path_are_found_after_whole_paths() {
        let endpoints = Endpoints::default();
        let _paths = ["/", "/{first}", "/{second}", "/plain"]
            .map(|path| endpoints.register(path, "", Nobody).unwrap());
        let names = |path: &str| {
            let PathParameters(parameters) = endpoints.find(path).unwrap().parameters;
            parameters.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(names("/x"), ["first"]);
        assert!(names("/plain").is_empty() && names("/x/y").is_empty());
        assert!(endpoints.register("none", "", Nobody).is_err());
    }
}
