use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};

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

/// The paths of a server, and who answers for each. A path that ends in a slash stands for all that begin with it; of
/// several such the longest one counts.
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

    /// Who answers for a path.
    pub(crate) fn find(&self, path: &str) -> Option<Arc<dyn Handler>> {
        let paths = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let prefixes = || {
            let slashes = path.rmatch_indices('/').map(|(at, _)| &path[..=at]);
            slashes.into_iter().find_map(|prefix| paths.paths.get(prefix))
        };
        let endpoint = paths.paths.get(path).or_else(prefixes)?;
        Some(Arc::clone(&endpoint.handler))
    }
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

/// What is said of an error, as Go's servers say it.
pub(crate) fn error(status: StatusCode, reason: &'static str) -> Answer {
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
