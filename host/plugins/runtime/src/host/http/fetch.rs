//! Requests of others for what a guest offers: one batch each, or one after the other as a stream.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{BufMut as _, Bytes, BytesMut};
use forebay_lifecycle::Shutdown;
use forebay_pipeline_message::Batch;
use forebay_pipeline_operations::{Answer, Handler, Request};
use futures_util::stream;
use http::header::{self, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Body, Frame, SizeHint};
use wasmtime_wasi::Rng as _;

use super::intake::Refusal;
use super::meter::HttpMeter;
use super::offers::{Offers, Taken};
use crate::bindings::forebay::http::outlet::StreamFormat;

/// What all requests to an outlet need.
pub(super) struct Counter {
    pub(super) offers: Arc<Offers>,
    pub(super) stop: Shutdown,
    pub(super) methods: Vec<String>,
    pub(super) meter: HttpMeter,
}

/// Gives each request one batch.
pub(super) struct Fetch {
    pub(super) counter: Arc<Counter>,
    pub(super) timeout: Duration,
}

/// Gives each request one batch after the other.
pub(super) struct Follow {
    pub(super) counter: Arc<Counter>,
    pub(super) format: StreamFormat,
    pub(super) heartbeat: Duration,
    /// Of which origins pages may follow; a stream says so itself where the server does not.
    pub(super) origins: Vec<String>,
}

const CLOSED: Refusal = Refusal(StatusCode::SERVICE_UNAVAILABLE, "Server closed\n");
const WRONG_METHOD: Refusal = Refusal(StatusCode::METHOD_NOT_ALLOWED, "Incorrect method\n");
const LATE: Refusal = Refusal(StatusCode::REQUEST_TIMEOUT, "Timed out waiting for message\n");

impl Counter {
    /// Why a request gets nothing.
    fn refusal(&self, request: &Request) -> Option<Refusal> {
        if self.stop.is_cancelled() {
            return Some(CLOSED);
        }
        let is_allowed = self.methods.iter().any(|method| method == request.method().as_str());
        (!is_allowed).then_some(WRONG_METHOD)
    }

    fn refuse(&self, refusal: Refusal) -> Answer {
        self.meter.answered(refusal.0.as_u16());
        refusal.answer()
    }

    /// The next batch; none when there will be no more.
    pub(super) async fn next(&self) -> Option<Taken> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            taken = self.offers.take() => Some(taken),
        }
    }
}

#[async_trait]
impl Handler for Fetch {
    async fn answer(&self, request: Request) -> Answer {
        let counter = &self.counter;
        if let Some(refusal) = counter.refusal(&request) {
            return counter.refuse(refusal);
        }
        let taken = match tokio::time::timeout(self.timeout, counter.next()).await {
            Err(_) => return counter.refuse(LATE),
            Ok(None) => return counter.refuse(CLOSED),
            Ok(Some(taken)) => taken,
        };
        let (body, content_type) = one_body(&taken.batch());
        counter.meter.answered(200);
        counter.meter.sent(body.len());
        let mut given = Given { body, taken: Some(taken) };
        if given.body.is_empty() {
            // Nobody asks for a body that is known to be empty.
            given.taken.take().into_iter().for_each(Taken::delivered);
        }
        let mut answer = Response::new(given.boxed_unsync());
        answer.headers_mut().insert(header::CONTENT_TYPE, content_type);
        answer
    }
}

/// A body that counts as delivered when it was given away.
struct Given {
    body: Bytes,
    taken: Option<Taken>,
}

impl Body for Given {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(taken) = self.taken.take() else { return Poll::Ready(None) };
        taken.delivered();
        Poll::Ready(Some(Ok(Frame::data(self.body.clone()))))
    }

    fn is_end_stream(&self) -> bool {
        self.taken.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(if self.taken.is_some() { self.body.len() as u64 } else { 0 })
    }
}

#[async_trait]
impl Handler for Follow {
    async fn answer(&self, request: Request) -> Answer {
        let Self { counter, format, heartbeat, origins } = self;
        if let Some(refusal) = counter.refusal(&request) {
            return counter.refuse(refusal);
        }
        counter.meter.answered(200);
        let following = Following {
            counter: Arc::clone(counter),
            format: *format,
            heartbeat: (!heartbeat.is_zero() && *format == StreamFormat::Events).then_some(*heartbeat),
            taken: None,
        };
        let pieces = stream::unfold(following, |mut following| async {
            let piece = following.next().await?;
            Some((Ok::<_, Infallible>(Frame::data(piece)), following))
        });
        let mut answer = Response::new(http_body_util::BodyExt::boxed_unsync(StreamBody::new(pieces)));
        if *format == StreamFormat::Events {
            let headers = answer.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            let asking = request.headers().get(header::ORIGIN);
            if origins.iter().any(|origin| origin == "*") {
                headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            } else if let Some(asking) = asking
                && origins.iter().any(|origin| origin.as_bytes() == asking.as_bytes())
            {
                headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, asking.clone());
            }
        }
        answer
    }
}

/// A client that takes one batch after the other.
struct Following {
    counter: Arc<Counter>,
    format: StreamFormat,
    heartbeat: Option<Duration>,
    /// What it was sent last, which counts as delivered when it takes more.
    taken: Option<Taken>,
}

impl Following {
    /// What is sent next; nothing when there will be no more.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(taken) = self.taken.take() {
            taken.delivered();
        }
        let next = self.counter.next();
        let taken = match self.heartbeat {
            None => next.await?,
            Some(heartbeat) => match tokio::time::timeout(heartbeat, next).await {
                Ok(taken) => taken?,
                Err(_) => return Some(Bytes::from_static(b": heartbeat\n\n")),
            },
        };
        let batch = taken.batch();
        let piece = match self.format {
            StreamFormat::Lines => lines(&batch),
            StreamFormat::Events => events(&batch),
        };
        self.counter.meter.sent(piece.len());
        self.taken = Some(taken);
        Some(piece)
    }
}

/// A batch as one body, and its content type.
fn one_body(batch: &Batch) -> (Bytes, HeaderValue) {
    const BINARY: &str = "application/octet-stream";
    let mut body = BytesMut::with_capacity(batch.byte_size());
    if batch.len() == 1 {
        batch.each_payload(|payload| body.extend_from_slice(payload));
        return (body.freeze(), HeaderValue::from_static(BINARY));
    }
    // Whoever has made the messages must not know it.
    let mut random = [0; 30];
    wasmtime_wasi::thread_rng().fill_bytes(&mut random);
    let boundary: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut first = true;
    batch.each_payload(|payload| {
        let before = if std::mem::take(&mut first) { "" } else { "\r\n" };
        body.put_slice(format!("{before}--{boundary}\r\nContent-Type: {BINARY}\r\n\r\n").as_bytes());
        body.put_slice(payload);
    });
    body.put_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    let content_type = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"));
    (body.freeze(), content_type.unwrap_or_else(|_| HeaderValue::from_static(BINARY)))
}

fn lines(batch: &Batch) -> Bytes {
    let mut piece = BytesMut::with_capacity(batch.byte_size());
    batch.each_payload(|payload| {
        piece.put_slice(payload);
        piece.put_u8(b'\n');
    });
    if batch.len() > 1 {
        piece.put_u8(b'\n');
    }
    piece.freeze()
}

fn events(batch: &Batch) -> Bytes {
    let mut piece = BytesMut::with_capacity(batch.byte_size());
    batch.each_payload(|payload| {
        for line in payload.split(|byte| *byte == b'\n') {
            piece.put_slice(b"data: ");
            piece.put_slice(line);
            piece.put_u8(b'\n');
        }
        piece.put_u8(b'\n');
    });
    piece.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(payloads: &[&str]) -> Batch {
        Batch::from_payloads(payloads.iter().copied().map(Some), false)
    }

    #[test]
    fn streams_have_their_forms() {
        assert_eq!(lines(&batch(&["a"])), "a\n");
        assert_eq!(lines(&batch(&["a", "b"])), "a\nb\n\n");
        assert_eq!(events(&batch(&["a\nb", ""])), "data: a\ndata: b\n\ndata: \n\n");
    }

    #[test]
    fn several_messages_are_parts() {
        let (body, content_type) = one_body(&batch(&["a", "b"]));
        let boundary = content_type.to_str().unwrap().strip_prefix("multipart/form-data; boundary=").unwrap();
        let part = |text| format!("--{boundary}\r\nContent-Type: application/octet-stream\r\n\r\n{text}\r\n");
        assert_eq!(body, format!("{}{}--{boundary}--\r\n", part("a"), part("b")));
        assert_eq!(boundary.len(), 60);
        let (body, content_type) = one_body(&batch(&["a"]));
        assert_eq!((body, content_type), ("a".into(), HeaderValue::from_static("application/octet-stream")));
    }
}
