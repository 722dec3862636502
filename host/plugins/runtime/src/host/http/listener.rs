//! Requests of others, which a guest answers: the guest's side. The others are `intake` and `messages`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use forebay_plugins_api::Woken;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use tokio::sync::mpsc;
use wasmtime::component::Resource;

use super::intake::{Answering, Intake, Requests, Waiting};
use super::messages::Sockets;
use super::meter::HttpMeter;
use super::request::{BODY, LARGEST_BODY, is_reserved};
use super::site::{OpenSite, SiteOptions};
use crate::bindings::forebay::http::listener::{
    Arrived, Event, Frame, Host, HostExchange as HostExchangeMethods, HostListener as HostListenerMethods,
    ListenError, Options, Sockets as SocketOptions,
};
use crate::guest::Guest;

/// A socket that accepts connections until this is dropped.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings name it")]
pub struct HostListener {
    arrived: mpsc::Receiver<Waiting>,
    site: OpenSite,
}

/// A request that waits for its answer.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings name it")]
pub struct HostExchange {
    answer: Answering,
}

/// What is taken for an option, and the most that it may be.
const QUEUE: (u32, u32) = (64, 1_000);
const CONNECTIONS: (u32, u32) = (256, 4_096);
const READ_TIMEOUT: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(300));
const ANSWER_TIMEOUT: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(24 * 3600));

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
        Ok(self.table.get(&listener)?.site.address().to_string())
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
    fn reply(
        &mut self,
        exchange: Resource<HostExchange>,
        frames: Vec<Frame>,
    ) -> wasmtime::Result<Result<(), String>> {
        self.host_call()?;
        let Answering::Message(answer) = self.table.delete(exchange)?.answer else {
            return Ok(Err("a request is answered with a response".to_owned()));
        };
        Ok(answer.send(frames).map_err(|_| "the client is gone".to_owned()))
    }

    fn respond(
        &mut self,
        exchange: Resource<HostExchange>,
        status: u16,
        headers: Vec<(String, Vec<u8>)>,
        body: Vec<u8>,
    ) -> wasmtime::Result<Result<(), String>> {
        self.host_call()?;
        let Answering::Request(answer) = self.table.delete(exchange)?.answer else {
            return Ok(Err("a message of a websocket is answered with messages".to_owned()));
        };
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
        let Options {
            path,
            sockets,
            tls,
            cors,
            compresses,
            most,
            queue,
            connections,
            read_timeout,
            answer_timeout,
            late_status,
        } = options;
        let late = late_status.unwrap_or(StatusCode::GATEWAY_TIMEOUT.as_u16());
        let late = StatusCode::from_u16(late).ok().filter(|status| (400..600).contains(&status.as_u16()));
        let late = late.ok_or_else(|| ListenError::Invalid("late-status: expected 400 to 599".to_owned()))?;
        let read_timeout = bounded(read_timeout.map(Duration::from_nanos), READ_TIMEOUT);
        let connections = bounded(connections, CONNECTIONS).max(1) as usize;
        let mut site = self.site(address, SiteOptions { tls, cors, connections, read_timeout })?;
        let queue = bounded(queue, QUEUE).max(1) as usize;
        let (sender, arrived) = mpsc::channel(queue);
        let intake = Arc::new(Intake {
            queue: sender,
            stop: site.stop().clone(),
            wakes: Arc::clone(&self.wakes),
            held: Arc::clone(&self.scope.account.held),
            meter: HttpMeter::of(&self.scope),
            most: most.unwrap_or(BODY).min(LARGEST_BODY),
            read_timeout,
            answer_timeout: bounded(answer_timeout.map(Duration::from_nanos), ANSWER_TIMEOUT),
            late,
            compresses,
        });
        let path = match (path, &sockets) {
            (None, None) => Some("/".to_owned()),
            (path, _) => path,
        };
        if let Some(path) = path {
            site.register(&path, "Post a message into Forebay.", Requests(Arc::clone(&intake)))?;
        }
        if let Some(SocketOptions { path, welcome }) = sockets {
            let sockets = Sockets { intake, welcome };
            site.register(&path, "Post messages via websocket into Forebay.", sockets)?;
        }
        Ok(HostListener { arrived, site: site.open(self)? })
    }
}

fn bounded<T: Ord>(value: Option<T>, (default, most): (T, T)) -> T {
    value.unwrap_or(default).min(most)
}

fn response(status: u16, headers: Vec<(String, Vec<u8>)>, body: Bytes) -> Result<Response<Bytes>, String> {
    let status = StatusCode::from_u16(status).ok().filter(|code| (200..600).contains(&code.as_u16()));
    let mut response = Response::new(body);
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
