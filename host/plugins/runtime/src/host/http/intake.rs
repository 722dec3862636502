//! Requests of others on their way to a guest: what the server does with them. Everything is bounded: how many wait,
//! how large and how slow one may be.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use flate2::Compression;
use flate2::write::GzEncoder;
use forebay_lifecycle::Shutdown;
use forebay_pipeline_operations::{Answer, Handler, PathParameters, RequestBody, Secured};
use forebay_plugins_api::Wakes;
use http::header::{self, HeaderValue};
use http::request::Parts;
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Body as _;
use tokio::sync::{mpsc, oneshot};

use super::courier::plain;
use super::meter::HttpMeter;
use crate::bindings::forebay::http::listener::{Frame, Request, Secured as WitSecured};
use crate::held::{Held, Share};

/// What all requests to a listener need.
pub(super) struct Intake {
    pub(super) queue: mpsc::Sender<Waiting>,
    pub(super) stop: Shutdown,
    /// Those of the guest, which tell whether its pipeline stops.
    pub(super) wakes: Arc<Wakes>,
    pub(super) held: Arc<Held>,
    pub(super) meter: HttpMeter,
    pub(super) most: u64,
    pub(super) read_timeout: Duration,
    pub(super) answer_timeout: Duration,
    pub(super) late: StatusCode,
    pub(super) compresses: bool,
}

/// A request, or a message of a websocket, that waits for the guest.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) request: Request,
    pub(super) answer: Answering,
    /// Its body, until the guest has it.
    pub(super) _share: Share,
}

/// Where the answer of the guest goes.
#[derive(Debug)]
pub(super) enum Answering {
    Request(oneshot::Sender<Response<Bytes>>),
    Message(oneshot::Sender<Vec<Frame>>),
}

/// Answers requests with what the guest says.
pub(super) struct Requests(pub(super) Arc<Intake>);

#[async_trait]
impl Handler for Requests {
    async fn answer(&self, request: forebay_pipeline_operations::Request) -> Answer {
        whole(self.0.handle(request).await)
    }
}

/// What the host answers in the guest's place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refusal(pub(super) StatusCode, pub(super) &'static str);

const BUSY: Refusal = Refusal(StatusCode::SERVICE_UNAVAILABLE, "try again later\n");
const CLOSING: Refusal = Refusal(StatusCode::SERVICE_UNAVAILABLE, "Server closing\n");
const TOO_LARGE: Refusal = Refusal(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large\n");
const TOO_SLOW: Refusal = Refusal(StatusCode::REQUEST_TIMEOUT, "the body came too slowly\n");
const UNREADABLE: Refusal = Refusal(StatusCode::BAD_REQUEST, "the request can't be read\n");
const UNANSWERED: Refusal = Refusal(StatusCode::BAD_GATEWAY, "there was no answer\n");

impl Intake {
    /// Answers one request: with what the guest says, or in its place.
    async fn handle(&self, request: forebay_pipeline_operations::Request) -> Response<Bytes> {
        let takes_gzip = self.compresses && takes_gzip(request.headers());
        let response = self.answer(request).await.unwrap_or_else(Refusal::response);
        self.meter.answered(response.status().as_u16());
        if takes_gzip { compressed(response) } else { response }
    }

    async fn answer(
        &self,
        request: forebay_pipeline_operations::Request,
    ) -> Result<Response<Bytes>, Refusal> {
        if self.is_closing() {
            return Err(CLOSING);
        }
        if self.queue.capacity() == 0 {
            return Err(BUSY);
        }
        let (parts, incoming) = request.into_parts();
        let (body, share) = self.read(incoming).await?;
        self.meter.bytes_in().inc_by(body.len() as u64);
        let request = Request { body: body.into(), ..head(&parts) };
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { request, answer: Answering::Request(answer), _share: share };
        self.queue.try_send(waiting).map_err(|_| if self.is_closing() { CLOSING } else { BUSY })?;
        match tokio::time::timeout(self.answer_timeout, answered).await {
            Ok(Ok(response)) => {
                self.meter.sent(response.body().len());
                Ok(response)
            }
            Ok(Err(_)) if self.is_closing() => Err(CLOSING),
            Ok(Err(_)) => Err(UNANSWERED),
            Err(_) if self.late == StatusCode::REQUEST_TIMEOUT => {
                Err(Refusal(self.late, "Request timed out\n"))
            }
            Err(_) => Err(Refusal(self.late, "there was no answer in time\n")),
        }
    }

    /// Whether no more is taken.
    pub(super) fn is_closing(&self) -> bool {
        self.stop.is_cancelled() || self.wakes.pending().shutdown
    }

    async fn read(&self, mut incoming: RequestBody) -> Result<(BytesMut, Share), Refusal> {
        if incoming.size_hint().lower() > self.most {
            return Err(TOO_LARGE);
        }
        let mut share = self.held.take(0).map_err(|_| BUSY)?;
        let mut body = BytesMut::new();
        loop {
            let frame = tokio::time::timeout(self.read_timeout, incoming.frame()).await;
            let frame = match frame.map_err(|_| TOO_SLOW)? {
                None => return Ok((body, share)),
                Some(frame) => frame.map_err(|_| UNREADABLE)?,
            };
            let Ok(bytes) = frame.into_data() else { continue };
            if (body.len() + bytes.len()) as u64 > self.most {
                return Err(TOO_LARGE);
            }
            share.grow(bytes.len()).map_err(|_| BUSY)?;
            body.extend_from_slice(&bytes);
        }
    }
}

/// A request as guests see it, without its body.
pub(super) fn head(parts: &Parts) -> Request {
    let PathParameters(parameters) = parts.extensions.get().cloned().unwrap_or_default();
    let secured: Option<&Secured> = parts.extensions.get();
    Request {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().map(str::to_owned),
        headers: plain(&parts.headers),
        body: Vec::new(),
        remote: parts.extensions.get::<SocketAddr>().map(ToString::to_string).unwrap_or_default(),
        parameters,
        tls: secured.map(|Secured { version, cipher_suite }| WitSecured {
            version: version.clone(),
            cipher_suite: cipher_suite.clone(),
        }),
        is_message: false,
    }
}

impl Refusal {
    pub(super) fn response(self) -> Response<Bytes> {
        let Self(status, text) = self;
        let mut response = Response::new(Bytes::from_static(text.as_bytes()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        match status {
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            // What is left of the request is not read.
            StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT | StatusCode::BAD_REQUEST => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }

    pub(super) fn answer(self) -> Answer {
        whole(self.response())
    }
}

fn takes_gzip(headers: &header::HeaderMap) -> bool {
    let codings = headers.get_all(header::ACCEPT_ENCODING).iter();
    codings.filter_map(|value| value.to_str().ok()).any(|value| value.contains("gzip"))
}

fn compressed(response: Response<Bytes>) -> Response<Bytes> {
    let (mut parts, body) = response.into_parts();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to memory does not fail.
    let _ = encoder.write_all(&body);
    let packed = encoder.finish().unwrap_or_default();
    parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    Response::from_parts(parts, packed.into())
}

/// An answer whose body is there.
pub(super) fn whole(response: Response<Bytes>) -> Answer {
    response.map(|body| Full::new(body).boxed_unsync())
}
