//! Sending a request: every hop is checked, redirects are followed here and nowhere else.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use rustls::ClientConfig;

use super::authentication::Authentication;
use super::courier::Courier;
use super::error::{ErrorKind, HttpError};
use super::proxy::Proxy;
use super::request::Outgoing;
use super::service::ClientKey;
use super::target::{Scheme, Target};
use super::tls::ClientTls;
use crate::grants::{Network, Permit};

/// The longest body that is read for its connection alone.
const WORTH_READING: usize = 64 << 10;

impl Courier {
    /// Sends a request, and follows redirects, until there is a response to give.
    ///
    /// # Cancel safety
    /// Dropped, it gives the request up; whether the server has it already is unknown.
    pub(super) async fn perform(
        &self,
        outgoing: &mut Outgoing,
        tls: &Arc<ClientConfig>,
    ) -> Result<Response<Incoming>, HttpError> {
        let mut hops = 0;
        loop {
            let response = self.send(outgoing, tls).await.map_err(|error| {
                // Where the guest did not choose to go, it was the redirect that failed.
                let is_refused = hops > 0 && error.kind == ErrorKind::Denied;
                if is_refused { HttpError { kind: ErrorKind::Redirect, ..error } } else { error }
            })?;
            let location = match response.headers().get(header::LOCATION) {
                Some(location) if outgoing.redirects > 0 && is_redirect(response.status()) => location,
                _ => return Ok(response),
            };
            hops += 1;
            if hops > outgoing.redirects {
                return Err(redirect(&format!("more than {} redirects", outgoing.redirects)));
            }
            let location = location.to_str().map_err(|_| redirect("where it leads is no url"))?;
            outgoing.follow(response.status(), location)?;
        }
    }

    async fn send(
        &self,
        outgoing: &Outgoing,
        tls: &Arc<ClientConfig>,
    ) -> Result<Response<Incoming>, HttpError> {
        let Self { shared, network, meter, kept, .. } = self;
        let target = &outgoing.url.target;
        let permit = permit(network, target, outgoing.method.as_str(), &outgoing.tls)?;
        let proxy = match &outgoing.proxy {
            Some(proxy) => Some(proxy.clone()),
            None if network.is_everything() => {
                shared.settings.proxies.of(target).map_err(HttpError::invalid)?
            }
            None => None,
        };
        let reach = match &proxy {
            Some(proxy) => network.proxy(&proxy.target).map_err(HttpError::denied)?.reach,
            None => permit.reach,
        };
        let away = outgoing.holds_secrets && !network.is_everything();
        let keeps = !shared.is_crowded();
        let key = ClientKey { reach, away, keeps, tls: outgoing.tls.clone(), proxy };
        let client = shared.client(&key, tls);
        let mut is_first = true;
        loop {
            let mut request = outgoing.to_request(target, key.proxy.as_ref())?;
            if !keeps {
                request.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            if let Some(authentication) = &outgoing.authentication {
                authentication.apply(&mut request, &outgoing.body, kept).await?;
            }
            let uri = request.uri().clone();
            meter.sent(outgoing.body.len());
            let response =
                client.request(request).await.map_err(|error| HttpError::of_client(&error, target))?;
            let is_asked = is_first && response.status() == StatusCode::UNAUTHORIZED;
            let learns = |authentication: &Authentication| {
                authentication.learn(&uri, &outgoing.headers, response.headers(), kept)
            };
            if !is_asked || !outgoing.authentication.as_ref().is_some_and(learns) {
                return Ok(response);
            }
            is_first = false;
            read_past(response.into_body()).await;
        }
    }
}

/// What the grants say of such a request.
///
/// # Errors
/// The grant that is missing.
pub(super) fn permit(
    network: &Network,
    target: &Target,
    method: &str,
    tls: &ClientTls,
) -> Result<Permit, HttpError> {
    let permit = network.request(target, method).map_err(HttpError::denied)?;
    if tls.skip_verification && !permit.insecure {
        let missing = format!("no grant for http {{hosts: [\"{target}\"], insecure: true}}");
        return Err(HttpError::denied(missing));
    }
    Ok(permit)
}

fn redirect(text: &str) -> HttpError {
    HttpError::new(ErrorKind::Redirect, text)
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Reads a body that nobody wants, so that its connection can be used again; a long one is not worth that.
async fn read_past(body: Incoming) {
    let _ = Limited::new(body, WORTH_READING).collect().await;
}

impl Outgoing {
    fn to_request(&self, target: &Target, proxy: Option<&Proxy>) -> Result<Request<Full<Bytes>>, HttpError> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.url.uri().map_err(HttpError::invalid)?;
        *request.headers_mut() = self.headers.clone();
        // A tunnel was asked for with the proxy's own authorization; without one it is part of the request.
        let authorization = proxy.and_then(|proxy| proxy.authorization.as_ref());
        if let Some(authorization) = authorization.filter(|_| target.scheme == Scheme::Http) {
            let mut value = HeaderValue::from_str(authorization)
                .map_err(|_| HttpError::invalid("the user of the proxy can't be sent"))?;
            value.set_sensitive(true);
            request.headers_mut().insert(header::PROXY_AUTHORIZATION, value);
        }
        Ok(request)
    }

    /// Becomes the request that a redirect asks for.
    fn follow(&mut self, status: StatusCode, location: &str) -> Result<(), HttpError> {
        let url =
            self.url.join(location).map_err(|problem| redirect(&format!("where it leads: {problem}")))?;
        let becomes_get = match status {
            StatusCode::SEE_OTHER => self.method != Method::HEAD,
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => self.method == Method::POST,
            _ => false,
        };
        if becomes_get {
            self.method = Method::GET;
            self.body = Bytes::new();
            self.body_is_secret = false;
            for name in [header::CONTENT_TYPE, header::CONTENT_ENCODING, header::CONTENT_LANGUAGE] {
                self.headers.remove(name);
            }
        }
        if !url.target.is_origin_of(&self.url.target) {
            self.leave_origin()?;
        }
        self.url = url;
        Ok(())
    }

    /// Forgets what only the first origin may know.
    fn leave_origin(&mut self) -> Result<(), HttpError> {
        if self.body_is_secret {
            return Err(redirect("it leads to another origin, and the body holds a secret"));
        }
        self.authentication = None;
        let headers: &mut HeaderMap = &mut self.headers;
        for name in self.secret_headers.drain() {
            headers.remove(name);
        }
        for name in [header::AUTHORIZATION, header::COOKIE, header::HOST] {
            headers.remove(name);
        }
        Ok(())
    }
}
