//! A broker over TCP that answers as a test says.

use std::sync::Arc;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use forebay_lifecycle::Here;
use futures_util::future::BoxFuture;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::{ApiKey, ApiVersionsResponse};
use kafka_protocol::protocol::Encodable;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What a broker was asked.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Which connection it came by, counted from 0.
    pub(crate) connection: usize,
    pub(crate) api: ApiKey,
    pub(crate) version: i16,
    pub(crate) body: Bytes,
}

/// What is answered.
pub(crate) struct Reply {
    body: Bytes,
    /// What comes behind the answer, although nobody has asked for it.
    behind: &'static [u8],
}

/// None hangs up.
pub(crate) type Answer = Option<Reply>;

type Script = Arc<dyn Fn(Asked) -> BoxFuture<'static, Answer> + Send + Sync>;

/// It listens as long as this is there.
pub(crate) struct Server {
    pub(crate) port: u16,
    _accepting: Here,
}

impl Server {
    pub(crate) async fn start(script: impl Fn(Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self::start_waiting(move |asked| Box::pin(std::future::ready(script(asked)))).await
    }

    /// One that may take its time.
    pub(crate) async fn start_waiting(
        script: impl Fn(Asked) -> BoxFuture<'static, Answer> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let script: Script = Arc::new(script);
        let accepting = Here::spawn(async move {
            let mut open = Vec::new();
            for connection in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                open.push(Here::spawn(serve(stream, connection, Arc::clone(&script))));
            }
        });
        Self { port, _accepting: accepting }
    }
}

async fn serve(mut stream: TcpStream, connection: usize, script: Script) {
    while let Ok(length) = stream.read_i32().await {
        let mut frame = vec![0; usize::try_from(length).unwrap()];
        if stream.read_exact(&mut frame).await.is_err() {
            return;
        }
        let mut frame = Bytes::from(frame);
        let (api, version, correlation) = (frame.get_i16(), frame.get_i16(), frame.get_i32());
        let client_id = frame.get_i16();
        frame.advance(usize::try_from(client_id).unwrap());
        let api = ApiKey::try_from(api).unwrap();
        if api.request_header_version(version) >= 2 {
            assert_eq!(frame.get_u8(), 0, "there are no tagged fields");
        }
        let asked = Asked { connection, api, version, body: frame };
        let Some(Reply { body, behind }) = script(asked).await else { return };
        let mut answer = BytesMut::new();
        answer.put_i32(correlation);
        if api.response_header_version(version) >= 1 {
            answer.put_u8(0);
        }
        answer.put(body);
        let length = i32::try_from(answer.len()).unwrap();
        let sent = [&length.to_be_bytes(), &answer[..], behind].concat();
        if stream.write_all(&sent).await.is_err() {
            return;
        }
    }
}

impl Reply {
    pub(crate) fn new(body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), behind: &[] }
    }

    pub(crate) fn followed_by(self, behind: &'static [u8]) -> Self {
        Self { behind, ..self }
    }
}

/// An answer in bytes.
pub(crate) fn body(answer: &impl Encodable, version: i16) -> Answer {
    let mut bytes = BytesMut::new();
    answer.encode(&mut bytes, version).unwrap();
    Some(Reply::new(bytes))
}

/// What a broker says that serves these.
pub(crate) fn serves(version: i16, apis: &[(ApiKey, i16)]) -> Answer {
    let api = |(api, newest): &(ApiKey, i16)| {
        ApiVersion::default().with_api_key(*api as i16).with_max_version(*newest)
    };
    body(&ApiVersionsResponse::default().with_api_keys(apis.iter().map(api).collect()), version)
}
