//! Websockets: taking over a connection, and what both directions have in common.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use forebay_pipeline_operations::{Answer, Request};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use sha1::{Digest as _, Sha1};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::intake::Refusal;
use crate::bindings::forebay::http::listener::Frame;

pub(super) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Which pages may open a socket. Programs that are no browsers say no origin, and always may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origins {
    /// Those of the host that the request is for.
    Own,
    All,
    /// `*` stands for all.
    These(Vec<String>),
}

/// What a key is hashed with, as the protocol (RFC 6455) says.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Accepts a socket: the answer that says so, and the connection as soon as that is sent.
///
/// # Errors
/// What to answer to a request that opens none.
pub(super) fn accept(request: &mut Request, origins: &Origins) -> Result<(Answer, OnUpgrade), Refusal> {
    let headers = request.headers();
    let is_asked = request.method() == Method::GET
        && has_token(headers, &header::CONNECTION, "upgrade")
        && has_token(headers, &header::UPGRADE, "websocket")
        && has_token(headers, &header::SEC_WEBSOCKET_VERSION, "13");
    let Some(key) = headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| is_asked) else {
        return Err(Refusal(StatusCode::BAD_REQUEST, "Bad request\n"));
    };
    if !origins.allow(headers) {
        return Err(Refusal(StatusCode::FORBIDDEN, "the origin of the page is not allowed\n"));
    }
    let mut hash = Sha1::new();
    hash.update(key.as_bytes());
    hash.update(GUID.as_bytes());
    let accepted = HeaderValue::from_str(&STANDARD.encode(hash.finalize()))
        .map_err(|_| Refusal(StatusCode::BAD_REQUEST, "Bad request\n"))?;
    let mut answer = Response::new(Empty::new().boxed_unsync());
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = answer.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accepted);
    Ok((answer, hyper::upgrade::on(request)))
}

/// The socket of an accepted connection; none when the client is gone. Messages have `most` bytes at most.
pub(super) async fn open(connection: OnUpgrade, most: usize) -> Option<Socket> {
    let connection = TokioIo::new(connection.await.ok()?);
    let config = WebSocketConfig::default().max_message_size(Some(most)).max_frame_size(Some(most));
    Some(WebSocketStream::from_raw_socket(connection, Role::Server, Some(config)).await)
}

/// A message as it is sent.
pub(super) fn message(frame: Frame) -> Message {
    match frame {
        Frame::Text(text) => match String::from_utf8(text) {
            Ok(text) => Message::text(text),
            Err(error) => Message::binary(error.into_bytes()),
        },
        Frame::Binary(bytes) => Message::binary(bytes),
    }
}

impl Origins {
    fn allow(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN).filter(|origin| !origin.is_empty()) else {
            return true;
        };
        match self {
            Self::All => true,
            Self::These(known) => {
                known.iter().any(|known| known == "*" || known.as_bytes() == origin.as_bytes())
            }
            Self::Own => {
                let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
                let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
                origin.zip(host).is_some_and(|((_, origin), host)| origin.eq_ignore_ascii_case(host))
            }
        }
    }
}

/// Whether a header is a list that names this.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn request(headers: &[(HeaderName, &'static str)]) -> Request {
        let mut request = http::Request::new(
            http_body_util::Full::new(Bytes::new()).map_err(|never| match never {}).boxed_unsync(),
        );
        for (name, value) in headers {
            request.headers_mut().append(name, HeaderValue::from_static(value));
        }
        request
    }

    const ASKED: [(HeaderName, &str); 4] = [
        (header::CONNECTION, "keep-alive, Upgrade"),
        (header::UPGRADE, "websocket"),
        (header::SEC_WEBSOCKET_VERSION, "13"),
        (header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ=="),
    ];

    #[test]
    fn a_key_is_answered_as_the_protocol_says() {
        let (answer, _) = accept(&mut request(&ASKED), &Origins::Own).unwrap();
        assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
        assert_eq!(answer.headers()[header::SEC_WEBSOCKET_ACCEPT], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn what_opens_no_socket_is_refused() {
        for left_out in 0..ASKED.len() {
            let mut asked = ASKED.to_vec();
            asked.remove(left_out);
            let refused = accept(&mut request(&asked), &Origins::All).map(drop).unwrap_err();
            assert_eq!(refused.answer().status(), StatusCode::BAD_REQUEST, "{left_out}");
        }
    }

    #[test]
    fn pages_of_other_origins_are_refused() {
        let of = |origin, origins: Origins| {
            let mut asked = ASKED.to_vec();
            asked.extend([(header::HOST, "a:1"), (header::ORIGIN, origin)]);
            accept(&mut request(&asked), &origins).is_ok()
        };
        assert!(of("http://A:1", Origins::Own) && !of("http://b:1", Origins::Own));
        assert!(of("http://b", Origins::All));
        let these = || Origins::These(vec!["http://b".to_owned()]);
        assert!(of("http://b", these()) && !of("http://c", these()));
    }
}
