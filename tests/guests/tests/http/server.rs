//! A server for one test.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use forebay_lifecycle::{Spawner, Threads};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub(crate) type Answer = Response<Full<Bytes>>;

/// A request that came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) version: String,
    pub(crate) method: String,
    /// As it stood in the first line.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// Answers on a port of its own until it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    _threads: Threads,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Server {
    /// Answers every request; what comes to `/never` is not answered.
    pub(crate) fn start(answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        Self::with(None, answer)
    }

    /// The same over TLS.
    pub(crate) fn with(
        tls: Option<TlsAcceptor>,
        answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let threads = Threads::start("server", 1).unwrap();
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let address = socket.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        threads.spawner(0).spawn(accept(socket, tls, Arc::clone(&seen), Arc::new(answer)));
        Self { address, seen, _threads: threads }
    }

    /// Says what it was sent.
    pub(crate) fn echo() -> Self {
        Self::start(|seen| text(200, &format!("{} {} {}", seen.method, seen.target, seen.body)))
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The requests that came.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until so many requests have come.
    pub(crate) async fn seen_at_least(&self, count: usize) -> Vec<Seen> {
        loop {
            let seen = self.seen();
            if seen.len() >= count {
                return seen;
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
}

pub(crate) fn text(status: u16, body: &str) -> Answer {
    bytes(status, body.as_bytes())
}

pub(crate) fn bytes(status: u16, body: &[u8]) -> Answer {
    Response::builder().status(status).body(Full::new(Bytes::copy_from_slice(body))).unwrap()
}

pub(crate) fn with_header(mut answer: Answer, name: &'static str, value: &str) -> Answer {
    answer.headers_mut().insert(name, value.parse().unwrap());
    answer
}

/// A redirect.
pub(crate) fn to(status: u16, location: &str) -> Answer {
    with_header(text(status, "elsewhere"), "location", location)
}

type Answers = Arc<dyn Fn(&Seen) -> Answer + Send + Sync>;

async fn accept(
    socket: std::net::TcpListener,
    tls: Option<TlsAcceptor>,
    seen: Arc<Mutex<Vec<Seen>>>,
    answer: Answers,
) {
    let socket = TcpListener::from_std(socket).unwrap();
    loop {
        let (stream, _) = socket.accept().await.unwrap();
        let (tls, seen, answer) = (tls.clone(), Arc::clone(&seen), Arc::clone(&answer));
        Spawner::current().spawn(async move {
            match tls {
                None => serve(stream, false, seen, answer).await,
                // A client that does not trust this server goes away.
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                        serve(stream, is_h2, seen, answer).await;
                    }
                }
            }
        });
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    is_h2: bool,
    seen: Arc<Mutex<Vec<Seen>>>,
    answer: Answers,
) {
    let handle = service_fn(move |request: Request<Incoming>| {
        let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
            let headers = parts.headers.iter();
            let headers = headers.map(|(name, value)| {
                (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            });
            let request = Seen {
                version: format!("{:?}", parts.version),
                method: parts.method.to_string(),
                target: parts.uri.to_string(),
                headers: headers.collect(),
                body: String::from_utf8_lossy(&body).into_owned(),
            };
            seen.lock().unwrap().push(request.clone());
            if request.target == "/never" {
                std::future::pending::<()>().await;
            }
            Ok::<_, Infallible>(answer(&request))
        }
    });
    // How a connection ends is its client's affair.
    if is_h2 {
        let _ = http2::Builder::new(Here).serve_connection(TokioIo::new(stream), handle).await;
        return;
    }
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), handle).await;
}

/// Runs tasks on the thread that asks for them.
#[derive(Clone, Copy)]
struct Here;

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Here {
    fn execute(&self, work: F) {
        Spawner::current().spawn(work);
    }
}
