//! Requests of others, which a guest answers: the guest's side. The other one is `serve`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use forebay_lifecycle::Shutdown;
use forebay_plugins_api::Woken;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use tokio::sync::{mpsc, oneshot};
use wasmtime::component::Resource;

use super::meter::HttpMeter;
use super::request::{BODY, LARGEST_BODY, is_reserved};
use super::serve::{self, Serving, Waiting};
use super::text::render;
use super::tls::Identity;
use crate::account::StreamPermit;
use crate::bindings::forebay::http::listener::{
    Arrived, Event, Host, HostExchange as HostExchangeMethods, HostListener as HostListenerMethods,
    ListenError, Options, ServerTls,
};
use crate::grants::parse_listen;
use crate::guest::Guest;

/// A socket that accepts connections until this is dropped.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings name it")]
pub struct HostListener {
    address: SocketAddr,
    arrived: mpsc::Receiver<Waiting>,
    /// Is cancelled when this is dropped.
    stop: Shutdown,
    _permit: StreamPermit,
}

/// A request that waits for its answer.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings name it")]
pub struct HostExchange {
    answer: oneshot::Sender<Response<Full<Bytes>>>,
}

/// What is taken for an option, and the most that it may be.
const QUEUE: (u32, u32) = (64, 1_000);
const CONNECTIONS: (u32, u32) = (256, 4_096);
const READ_TIMEOUT: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(300));
const ANSWER_TIMEOUT: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(600));

impl Host for Guest {}

impl HostListenerMethods for Guest {
    fn listen(
        &mut self,
        address: String,
        options: Options,
    ) -> wasmtime::Result<Result<Resource<HostListener>, ListenError>> {
        self.host_call()?;
        match self.listen_at(&address, options) {
            Ok(listener) => Ok(Ok(self.push(listener)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    fn address(&mut self, listener: Resource<HostListener>) -> wasmtime::Result<String> {
        Ok(self.table.get(&listener)?.address.to_string())
    }

    async fn next(
        &mut self,
        listener: Resource<HostListener>,
        nanoseconds: Option<u64>,
    ) -> wasmtime::Result<Event> {
        self.host_call()?;
        let _waiting = self.meter.long_wait();
        let wakes = Arc::clone(&self.wakes);
        let pending = wakes.pending();
        if pending != Woken::default() {
            return Ok(Event::Woken(pending.into()));
        }
        let arrived = &mut self.table.get_mut(&listener)?.arrived;
        let waiting = tokio::select! {
            biased;
            waiting = arrived.recv() => waiting,
            woken = wakes.wait(nanoseconds.map(Duration::from_nanos)) => return Ok(Event::Woken(woken.into())),
        };
        let Some(Waiting { request, answer, _share }) = waiting else {
            return Ok(Event::Failed("the threads for HTTP have stopped".to_owned()));
        };
        let exchange = self.push(HostExchange { answer })?;
        Ok(Event::Exchange(Arrived { exchange, request }))
    }

    fn drop(&mut self, listener: Resource<HostListener>) -> wasmtime::Result<()> {
        self.table.delete(listener)?;
        Ok(())
    }
}

impl HostExchangeMethods for Guest {
    fn respond(
        &mut self,
        exchange: Resource<HostExchange>,
        status: u16,
        headers: Vec<(String, Vec<u8>)>,
        body: Vec<u8>,
    ) -> wasmtime::Result<Result<(), String>> {
        self.host_call()?;
        let HostExchange { answer } = self.table.delete(exchange)?;
        let body = match self.scope.account.held.hold(body) {
            Ok(body) => body,
            Err(error) => return Ok(Err(error.to_string())),
        };
        Ok(response(status, headers, body).and_then(|response| {
            answer
                .send(response)
                .map_err(|_| "the client is gone, or was answered for want of time".to_owned())
        }))
    }

    fn drop(&mut self, exchange: Resource<HostExchange>) -> wasmtime::Result<()> {
        self.table.delete(exchange)?;
        Ok(())
    }
}

impl Guest {
    fn listen_at(&self, address: &str, options: Options) -> Result<HostListener, ListenError> {
        let address = parse_listen(address).map_err(ListenError::Invalid)?;
        let scope = &self.scope;
        let meter = HttpMeter::of(scope);
        scope.allowed.network.listen(address).map_err(|missing| {
            meter.denied();
            ListenError::Denied(missing)
        })?;
        let permit = scope.account.stream().map_err(ListenError::Other)?;
        let Options { tls, most, queue, connections, read_timeout, answer_timeout } = options;
        let identity = tls.map(|tls| self.identity(tls)).transpose().map_err(ListenError::Invalid)?;
        let tls =
            identity.map(|identity| identity.server_config()).transpose().map_err(ListenError::Invalid)?;
        let refused = |error: std::io::Error| ListenError::Other(format!("listen on {address}: {error}"));
        let socket = std::net::TcpListener::bind(address).map_err(refused)?;
        socket.set_nonblocking(true).map_err(refused)?;
        let address = socket.local_addr().map_err(refused)?;

        let queue = bounded(queue, QUEUE).max(1) as usize;
        let (sender, arrived) = mpsc::channel(queue);
        let stop = Shutdown::new();
        let serving = Serving {
            queue: sender,
            stop: stop.clone(),
            held: Arc::clone(&scope.account.held),
            meter,
            most: most.unwrap_or(BODY).min(LARGEST_BODY),
            read_timeout: bounded(read_timeout.map(Duration::from_nanos), READ_TIMEOUT),
            answer_timeout: bounded(answer_timeout.map(Duration::from_nanos), ANSWER_TIMEOUT),
            note: scope.http.shared().note_listener(address.port()),
        };
        let spawner = scope.http.spawner().map_err(ListenError::Other)?;
        let connections = bounded(connections, CONNECTIONS).max(1) as usize;
        spawner.spawn(serve::accept(socket, tls, connections, Arc::new(serving)));
        Ok(HostListener { address, arrived, stop, _permit: permit })
    }

    fn identity(&self, tls: ServerTls) -> Result<Identity, String> {
        let ServerTls { certificate, key } = tls;
        let text = |parts| Ok::<_, String>(render(parts, &self.scope.secrets)?.text);
        Ok(Identity { certificate: text(certificate)?, key: text(key)? })
    }
}

fn bounded<T: Ord>(value: Option<T>, (default, most): (T, T)) -> T {
    value.unwrap_or(default).min(most)
}

fn response(
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Bytes,
) -> Result<Response<Full<Bytes>>, String> {
    let status = StatusCode::from_u16(status).ok().filter(|code| (200..600).contains(&code.as_u16()));
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status.ok_or("the status of an answer is a number from 200 to 599")?;
    let map: &mut HeaderMap = response.headers_mut();
    for (name, value) in headers {
        let known = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| format!("{name:?} is no name of a header"))?;
        if is_reserved(&known) {
            return Err(format!("header {known} is the host's to set"));
        }
        let value = HeaderValue::from_bytes(&value)
            .map_err(|_| format!("the value of header {known} holds a character that none may have"))?;
        map.append(known, value);
    }
    Ok(response)
}

impl Drop for HostListener {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
