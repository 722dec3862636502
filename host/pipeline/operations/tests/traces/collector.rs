//! A collector that keeps what it is told.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use forebay_lifecycle::{Shutdown, Spawner, Threads};
use forebay_pipeline_config::CollectorProtocol;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// What to answer in place of thanks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// Later, perhaps.
    Busy,
    Wrong,
}

/// A path, a type, a message.
type Told = (String, String, Vec<u8>);

pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    told: mpsc::Receiver<Told>,
    stop: Shutdown,
    _threads: Threads,
}

impl Collector {
    /// One that gives these answers first.
    pub(crate) async fn start(protocol: CollectorProtocol, answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap().into_std().unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), Shutdown::new());
        let (tell, told) = mpsc::channel(16);
        let threads = Threads::start("collector", 1).unwrap();
        let answers = Arc::new(Mutex::new(VecDeque::from(answers)));
        let stopped = stop.clone();
        drop(threads.spawn(0, "the collector", async move {
            let listener = TcpListener::from_std(listener).unwrap();
            loop {
                let accepted = tokio::select! {
                    () = stopped.cancelled() => return,
                    accepted = listener.accept() => accepted.unwrap(),
                };
                let stream = TokioIo::new(accepted.0);
                let (tell, answers) = (tell.clone(), Arc::clone(&answers));
                let service = service_fn(move |request| {
                    let (tell, answer) = (tell.clone(), answers.lock().unwrap().pop_front());
                    async move { Ok::<_, Infallible>(take(protocol, request, &tell, answer).await) }
                });
                Spawner::current().spawn(async move {
                    match protocol {
                        CollectorProtocol::Http => {
                            let _ = http1::Builder::new().serve_connection(stream, service).await;
                        }
                        CollectorProtocol::Grpc => {
                            let builder = http2::Builder::new(OnThisThread);
                            let _ = builder.serve_connection(stream, service).await;
                        }
                    }
                });
            }
        }));
        Self { address, told, stop, _threads: threads }
    }

    /// What it is told next.
    pub(crate) async fn next(&mut self) -> Told {
        self.told.recv().await.unwrap()
    }

    /// Whether nothing more has come.
    pub(crate) fn is_done(&mut self) -> bool {
        self.told.try_recv().is_err()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[derive(Clone)]
struct OnThisThread;

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for OnThisThread {
    fn execute(&self, work: F) {
        Spawner::current().spawn(work);
    }
}

type Body = http_body_util::combinators::WithTrailers<
    Full<Bytes>,
    std::future::Ready<Option<Result<HeaderMap, Infallible>>>,
>;

async fn take(
    protocol: CollectorProtocol,
    request: Request<Incoming>,
    tell: &mpsc::Sender<Told>,
    answer: Option<Answer>,
) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let content_type = request.headers()["content-type"].to_str().unwrap().to_owned();
    let mut message = request.into_body().collect().await.unwrap().to_bytes().to_vec();
    let mut trailers = None;
    let mut status = StatusCode::OK;
    match protocol {
        CollectorProtocol::Http => {
            status = match answer {
                None => StatusCode::OK,
                Some(Answer::Busy) => StatusCode::SERVICE_UNAVAILABLE,
                Some(Answer::Wrong) => StatusCode::BAD_REQUEST,
            };
        }
        CollectorProtocol::Grpc => {
            let code = match answer {
                None => "0",
                Some(Answer::Busy) => "14",
                Some(Answer::Wrong) => "3",
            };
            trailers =
                Some(Ok(HeaderMap::from_iter([("grpc-status".parse().unwrap(), code.parse().unwrap())])));
            let frame = message.split_off(5);
            let length = u32::try_from(frame.len()).unwrap().to_be_bytes();
            assert_eq!(message, [&[0][..], &length].concat());
            message = frame;
        }
    }
    tell.send((path, content_type, message)).await.unwrap();
    let body = Full::default().with_trailers(std::future::ready(trailers));
    Response::builder().status(status).body(body).unwrap()
}
