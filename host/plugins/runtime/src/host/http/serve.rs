//! What answers behind the connections of a server of a plugin's own.

use std::time::Duration;

use forebay_pipeline_config::CorsConfig;
use forebay_pipeline_operations::{Answer, Endpoints, Found, Request, Served, Shared, error, share};
use http::StatusCode;
use tokio::net::TcpStream;

use super::patient::Patient;
use super::service::ListenerNote;

/// What all connections of a server need.
pub(super) struct Server {
    pub(super) endpoints: Endpoints,
    pub(super) cors: Option<CorsConfig>,
    /// How long a client may take nothing of what it is sent.
    pub(super) patience: Duration,
    /// That this process listens here.
    #[expect(dead_code, reason = "it says so until it is dropped")]
    pub(super) note: ListenerNote,
}

impl Served for Server {
    type Stream = Patient<TcpStream>;

    fn stream(&self, socket: TcpStream) -> Self::Stream {
        Patient::new(socket, self.patience)
    }

    async fn answer(&self, request: Request) -> Answer {
        let Some(cors) = &self.cors else { return self.answer_shared(request).await };
        match share(cors, request.method(), request.headers()) {
            Shared::Answered(answer) => answer,
            Shared::Allowed(headers) => {
                let mut answer = self.answer_shared(request).await;
                answer.headers_mut().extend(headers);
                answer
            }
        }
    }
}

impl Server {
    async fn answer_shared(&self, mut request: Request) -> Answer {
        let Some(Found { handler, parameters }) = self.endpoints.find(request.uri().path()) else {
            return error(StatusCode::NOT_FOUND, "404 page not found\n");
        };
        request.extensions_mut().insert(parameters);
        handler.answer(request).await
    }
}
