//! Frames as a client sends and reads them, over any stream.

use bytes::{Buf as _, Bytes, BytesMut};
use forebay_kafka_security::{PlainLogin, ScramClient, ScramMechanism};
use kafka_protocol::messages::{
    ApiKey, MetadataRequest, SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest,
    SaslHandshakeResponse,
};
use kafka_protocol::protocol::{Decodable as _, Request, StrBytes};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::requests::frame;

/// A client on a stream.
pub(crate) struct Client<S>(pub(crate) S);

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// The answer to a request; none when the connection is closed instead.
    pub(crate) async fn ask<R: Request>(&mut self, version: i16, request: &R) -> Option<R::Response> {
        let api = ApiKey::try_from(R::KEY).unwrap();
        let mut body = BytesMut::new();
        request.encode(&mut body, version).unwrap();
        // The other side may have closed already; then there is no answer either.
        let _ = self.0.write_all(&frame(api, version, 7, &body)).await;
        let _ = self.0.flush().await;
        let mut answer = self.read().await?;
        assert_eq!(answer.get_i32(), 7);
        if api.response_header_version(version) >= 1 {
            answer.advance(1);
        }
        Some(R::Response::decode(&mut answer, version).unwrap())
    }

    /// A message of a mechanism without a header, and the answer.
    pub(crate) async fn raw(&mut self, message: &[u8]) -> Option<Bytes> {
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        self.0.write_all(&[&length, message].concat()).await.unwrap();
        self.read().await
    }

    async fn read(&mut self) -> Option<Bytes> {
        let length = self.0.read_u32().await.ok()?;
        let mut frame = vec![0; usize::try_from(length).unwrap()];
        self.0.read_exact(&mut frame).await.ok()?;
        Some(frame.into())
    }

    /// Whether Metadata is answered.
    pub(crate) async fn is_served(&mut self) -> bool {
        self.ask(9, &MetadataRequest::default()).await.is_some()
    }

    pub(crate) async fn handshake(&mut self, version: i16, mechanism: &str) -> Option<SaslHandshakeResponse> {
        let mechanism = StrBytes::from_string(mechanism.to_owned());
        self.ask(version, &SaslHandshakeRequest::default().with_mechanism(mechanism)).await
    }

    pub(crate) async fn message(&mut self, message: Vec<u8>) -> Option<SaslAuthenticateResponse> {
        self.ask(2, &SaslAuthenticateRequest::default().with_auth_bytes(message.into())).await
    }

    /// Logs in: the last answer.
    pub(crate) async fn plain(&mut self, user: &str, password: &str) -> SaslAuthenticateResponse {
        assert_eq!(self.handshake(1, "PLAIN").await.unwrap().error_code, 0);
        let login = PlainLogin { user: user.to_owned(), password: password.to_owned() };
        self.message(login.message()).await.unwrap()
    }

    /// The same by SCRAM, which also finds out whether the server knows the password.
    pub(crate) async fn scram(
        &mut self,
        mechanism: ScramMechanism,
        user: &str,
        password: &str,
    ) -> SaslAuthenticateResponse {
        assert_eq!(self.handshake(1, mechanism.name()).await.unwrap().error_code, 0);
        let (mut client, first) = ScramClient::begin(mechanism, user, password, "abc");
        let challenge = self.message(first).await.unwrap();
        assert_eq!(challenge.error_code, 0);
        let proof = client.prove(&challenge.auth_bytes).unwrap();
        let last = self.message(proof).await.unwrap();
        if last.error_code == 0 {
            client.finish(&last.auth_bytes).unwrap();
        }
        last
    }
}
