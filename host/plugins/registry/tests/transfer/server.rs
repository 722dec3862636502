//! A registry on loopback, in memory: what of the distribution protocol pushing and pulling need.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use forebay_lifecycle::Threads;
use forebay_pipeline_config::Digest;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// How the registry wants to know who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    Nothing,
    Basic,
    Bearer,
}

/// What it does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Other bytes than those of the digest.
    Blob,
    /// More bytes than the manifest says.
    LongBlob,
    Manifest,
    /// The header says another digest.
    Header,
    /// A blob lies elsewhere, on another host.
    Away,
    Redirects,
    Refuses,
}

/// `user:secret`
const CREDENTIALS: &str = "Basic dXNlcjpzZWNyZXQ=";
pub(crate) const TOKEN: &str = "a-token";

#[derive(Default)]
struct State {
    blobs: HashMap<String, Bytes>,
    manifests: HashMap<String, Bytes>,
    /// Method, path, and what was said about who asks.
    asked: Vec<(String, String)>,
}

/// A registry that runs as long as this is kept.
pub(crate) struct Registry {
    pub(crate) host: String,
    state: Arc<Mutex<State>>,
    threads: Option<Threads>,
}

impl Registry {
    pub(crate) async fn start(wants: Wants, fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let listener = listener.into_std().unwrap();
        let (state, own) = (Arc::<Mutex<State>>::default(), host.clone());
        let threads = Threads::start("registry", 1).unwrap();
        let shared = Arc::clone(&state);
        drop(threads.spawn(0, "a registry", async move {
            let listener = TcpListener::from_std(listener).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let service = service_fn(|request| answer(request, &shared, &own, wants, fault));
                // The client opens a connection for each request, one after the other.
                let _ = http1::Builder::new()
                    .keep_alive(false)
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            }
        }));
        Self { host, state, threads: Some(threads) }
    }

    /// Methods and paths, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.iter().map(|(what, _)| what.clone()).collect()
    }

    /// What was said about who asks, where a path has this in it.
    pub(crate) fn said(&self, part: &str) -> Vec<String> {
        let state = self.state.lock().unwrap();
        state.asked.iter().filter(|(what, _)| what.contains(part)).map(|(_, who)| who.clone()).collect()
    }

    pub(crate) fn manifest(&self, name: &str) -> serde_json::Value {
        serde_json::from_slice(&self.state.lock().unwrap().manifests[name]).unwrap()
    }

    pub(crate) fn blob(&self, digest: &str) -> Bytes {
        self.state.lock().unwrap().blobs[digest].clone()
    }

    pub(crate) fn put_manifest(&self, name: &str, manifest: &serde_json::Value) {
        self.state.lock().unwrap().manifests.insert(name.to_owned(), manifest.to_string().into());
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // Joining a thread of a runtime must not happen inside another one.
        let threads = self.threads.take();
        std::thread::spawn(move || drop(threads)).join().unwrap();
    }
}

type Answer = Response<Full<Bytes>>;

async fn answer(
    request: Request<Incoming>,
    state: &Mutex<State>,
    host: &str,
    wants: Wants,
    fault: Fault,
) -> Result<Answer, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let path = parts.uri.path_and_query().unwrap().to_string();
    let header = parts.headers.get("authorization").map_or("", |value| value.to_str().unwrap()).to_owned();
    state.lock().unwrap().asked.push((format!("{} {path}", parts.method), header.clone()));
    if path.starts_with("/token") {
        let known = header == CREDENTIALS || body.starts_with(b"service=");
        return Ok(if known {
            json(StatusCode::OK, &format!(r#"{{"token": "{TOKEN}"}}"#))
        } else {
            refusal()
        });
    }
    if let Some(challenge) = unknown(wants, &header, host).filter(|_| !path.contains("/away/")) {
        return Ok(respond(StatusCode::UNAUTHORIZED, &[("www-authenticate", &challenge)], Bytes::new()));
    }
    if fault == Fault::Refuses {
        return Ok(refusal());
    }
    Ok(serve(&parts.method, &path, body, &mut state.lock().unwrap(), host, fault))
}

/// The challenge for somebody who has not said who they are.
fn unknown(wants: Wants, header: &str, host: &str) -> Option<String> {
    match wants {
        Wants::Nothing => None,
        Wants::Basic => (header != CREDENTIALS).then(|| "Basic realm=\"x\"".to_owned()),
        Wants::Bearer => (header != format!("Bearer {TOKEN}")).then(|| {
            format!(r#"Bearer realm="http://{host}/token",service="test",scope="repository:a/b:pull,push""#)
        }),
    }
}

fn serve(method: &Method, path: &str, body: Bytes, state: &mut State, host: &str, fault: Fault) -> Answer {
    let rest = path.strip_prefix("/v2/a/b/").unwrap_or_default();
    if let Some(name) = rest.strip_prefix("manifests/") {
        return manifest(method, name, body, state, fault);
    }
    if let Some(id) = rest.strip_prefix("blobs/uploads/") {
        return match method {
            &Method::POST => {
                respond(StatusCode::ACCEPTED, &[("location", "/v2/a/b/blobs/uploads/1?x=y")], Bytes::new())
            }
            _ => {
                let digest = id.split("digest=").nth(1).unwrap().replace("%3A", ":");
                assert_eq!(digest, Digest::of(&body).to_string());
                state.blobs.insert(digest, body);
                respond(StatusCode::CREATED, &[], Bytes::new())
            }
        };
    }
    let digest = rest.strip_prefix("blobs/").and_then(|rest| rest.split('?').next()).unwrap_or_default();
    let Some(blob) = state.blobs.get(digest).cloned() else {
        return respond(StatusCode::NOT_FOUND, &[], Bytes::new());
    };
    // The same server, by another name: whoever goes there must not say who asks.
    let port = host.rsplit(':').next().unwrap();
    match fault {
        Fault::Blob => {
            respond(StatusCode::OK, &[], blob.iter().map(|byte| byte ^ 1).collect::<Vec<_>>().into())
        }
        Fault::LongBlob => respond(StatusCode::OK, &[], [&blob[..], b"more"].concat().into()),
        Fault::Redirects => respond(StatusCode::FOUND, &[("location", path)], Bytes::new()),
        Fault::Away
            if method == Method::GET && !state.asked.iter().any(|(what, _)| what.contains("/away/")) =>
        {
            let location = format!("http://localhost:{port}/v2/a/b/blobs/{digest}?elsewhere=/away/");
            respond(StatusCode::TEMPORARY_REDIRECT, &[("location", &location)], Bytes::new())
        }
        _ => respond(StatusCode::OK, &[], blob),
    }
}

fn manifest(method: &Method, name: &str, body: Bytes, state: &mut State, fault: Fault) -> Answer {
    if method == Method::PUT {
        state.manifests.insert(Digest::of(&body).to_string(), body.clone());
        state.manifests.insert(name.to_owned(), body);
        return respond(StatusCode::CREATED, &[], Bytes::new());
    }
    let Some(found) = state.manifests.get(name).cloned() else {
        return json(StatusCode::NOT_FOUND, r#"{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "no"}]}"#);
    };
    match fault {
        Fault::Manifest => respond(StatusCode::OK, &[], [&found[..], b" "].concat().into()),
        Fault::Header => {
            let other = Digest::of(b"other").to_string();
            respond(StatusCode::OK, &[("docker-content-digest", &other)], found)
        }
        _ => respond(StatusCode::OK, &[("docker-content-digest", &Digest::of(&found).to_string())], found),
    }
}

fn refusal() -> Answer {
    json(StatusCode::FORBIDDEN, r#"{"errors": [{"code": "DENIED", "message": "not you"}]}"#)
}

fn json(status: StatusCode, body: &str) -> Answer {
    respond(status, &[("content-type", "application/json")], body.to_owned().into())
}

fn respond(status: StatusCode, headers: &[(&str, &str)], body: Bytes) -> Answer {
    let response = Response::builder().status(status);
    let response = headers.iter().fold(response, |response, (name, value)| response.header(*name, *value));
    response.body(Full::new(body)).unwrap()
}
