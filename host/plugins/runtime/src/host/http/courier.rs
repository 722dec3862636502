//! What sends the requests of a component, and reads what they are answered with.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderMap};
use rustls::ClientConfig;

use super::authentication::{Authentication, Kept, Means, hidden};
use super::body::Pieces;
use super::error::{ErrorKind, HttpError};
use super::meter::HttpMeter;
use super::request::Outgoing;
use super::service::{OwnConnections, Shared};
use crate::grants::Network;
use crate::held::{Held, Share};
use crate::scope::Scope;

/// All that a request of a component needs beside what it says, on whichever thread.
#[derive(Clone)]
pub(super) struct Courier {
    pub(super) shared: Arc<Shared>,
    pub(super) network: Arc<Network>,
    pub(super) meter: HttpMeter,
    pub(super) kept: Kept,
    held: Arc<Held>,
    connections: OwnConnections,
}

/// The headers of a response, as guests see them.
pub(super) type PlainHeaders = Vec<(String, Vec<u8>)>;

/// A response that is there as a whole.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: PlainHeaders,
    pub(super) body: Bytes,
    _share: Share,
}

impl Courier {
    pub(super) fn of(scope: &Scope) -> Self {
        let requests = &scope.account.requests;
        Self {
            shared: scope.http.shared(),
            network: Arc::clone(&scope.allowed.network),
            meter: HttpMeter::of(scope),
            kept: requests.kept.clone(),
            held: Arc::clone(&scope.account.held),
            connections: requests.connections.clone(),
        }
    }

    /// One that may do everything, for tests.
    #[cfg(test)]
    pub(super) fn trusted() -> Self {
        Self {
            shared: super::Service::default().shared(),
            network: crate::grants::Allowed::everything().network,
            meter: HttpMeter::default(),
            kept: Kept::default(),
            held: Held::new(1 << 20),
            connections: OwnConnections::new(8),
        }
    }

    /// Puts the token into a request that is to show one. It may take as long as the request, and none of its time.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn authorize(
        &self,
        outgoing: &mut Outgoing,
        tls: &Arc<ClientConfig>,
    ) -> Result<(), HttpError> {
        let Some(Authentication::OAuth2(credentials)) = &outgoing.authentication else { return Ok(()) };
        let Outgoing { tls: settings, proxy, timeout, .. } = &*outgoing;
        let means = Means { settings: settings.clone(), tls: Arc::clone(tls), proxy: proxy.clone() };
        let token = self.kept.access_tokens.get(credentials, self, means, *timeout).await?;
        outgoing.headers.insert(header::AUTHORIZATION, hidden(&token.authorization())?);
        Ok(())
    }

    /// The beginning of a response.
    pub(super) async fn begin(
        &self,
        outgoing: &mut Outgoing,
        tls: &Arc<ClientConfig>,
    ) -> Result<(u16, PlainHeaders, Pieces), HttpError> {
        let response = self.connections.opened_in(self.perform(outgoing, tls)).await?;
        let (parts, incoming) = response.into_parts();
        let mut headers = parts.headers;
        let is_gzip = outgoing.unpacks
            && headers.get(header::CONTENT_ENCODING).is_some_and(|value| value.as_bytes() == b"gzip");
        if is_gzip {
            // They are those of what was sent, not of what the guest gets.
            headers.remove(header::CONTENT_ENCODING);
            headers.remove(header::CONTENT_LENGTH);
        }
        let pieces = Pieces::new(incoming, is_gzip, self.meter.bytes_in());
        Ok((parts.status.as_u16(), plain(&headers), pieces))
    }

    /// The whole response.
    pub(super) async fn answer(
        &self,
        outgoing: &mut Outgoing,
        tls: &Arc<ClientConfig>,
    ) -> Result<Answer, HttpError> {
        let mut share = self.held.take(0).map_err(|error| HttpError::new(ErrorKind::TooLarge, error))?;
        let (status, headers, pieces) = self.begin(outgoing, tls).await?;
        let body = pieces.collect(outgoing.most_at_once(), &mut share).await?;
        Ok(Answer { status, headers, body, _share: share })
    }
}

pub(super) fn plain(headers: &HeaderMap) -> PlainHeaders {
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect()
}
