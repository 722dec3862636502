//! A server from which others fetch what a guest offers: the guest's side. The others are `fetch` and `push`.

use std::sync::Arc;
use std::time::Duration;

use forebay_plugins_api::Operation;
use wasmtime::component::Resource;

use super::fetch::{Counter, Fetch, Follow};
use super::meter::HttpMeter;
use super::offers::Offers;
use super::push::{Push, Times};
use super::site::{OpenSite, Site, SiteOptions};
use super::socket::Origins;
use crate::bindings::forebay::http::listener::ListenError;
use crate::bindings::forebay::http::outlet::{
    Host, HostOutlet as HostOutletMethods, Options, SocketOptions, StreamOptions,
};
use crate::guest::Guest;
use crate::host::batches::HostBatch;

/// A server that offers what the guest does, until this is dropped.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings name it")]
pub struct HostOutlet {
    offers: Arc<Offers>,
    site: OpenSite,
}

/// Connections of a server of one's own.
const CONNECTIONS: usize = 1024;
/// How long a client may take for its headers, and for each piece of an answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// The shortest time that is not zero: what is done again and again must not use the CPU up.
const SHORTEST: Duration = Duration::from_millis(500);

impl Host for Guest {}

impl HostOutletMethods for Guest {
    fn open(
        &mut self,
        address: String,
        options: Options,
    ) -> wasmtime::Result<Result<Resource<HostOutlet>, ListenError>> {
        self.host_call()?;
        match self.open_outlet(&address, options) {
            Ok(outlet) => Ok(Ok(self.push(outlet)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    fn address(&mut self, outlet: Resource<HostOutlet>) -> wasmtime::Result<String> {
        Ok(self.table.get(&outlet)?.site.address().to_string())
    }

    fn offer(
        &mut self,
        outlet: Resource<HostOutlet>,
        batch: Resource<HostBatch>,
    ) -> wasmtime::Result<Resource<Operation>> {
        self.host_call()?;
        let batch = self.batch(&batch)?.clone();
        self.check_written(&batch)?;
        let told = self.table.get(&outlet)?.offers.offer(batch);
        self.push_operation(async move { told.await.map_err(|_| "the server is closed".to_owned()) })
    }

    fn drop(&mut self, outlet: Resource<HostOutlet>) -> wasmtime::Result<()> {
        self.table.delete(outlet)?;
        Ok(())
    }
}

impl Guest {
    fn open_outlet(&self, address: &str, options: Options) -> Result<HostOutlet, ListenError> {
        let Options { tls, cors, methods, path, timeout, stream, sockets } = options;
        let origins = cors.as_ref().map(|cors| cors.origins.clone());
        let options = SiteOptions { tls, cors, connections: CONNECTIONS, read_timeout: PATIENCE };
        let mut site = self.site(address, options)?;
        let offers = Arc::new(Offers::default());
        let counter = Arc::new(Counter {
            offers: Arc::clone(&offers),
            stop: site.stop().clone(),
            methods,
            meter: HttpMeter::of(&self.scope),
        });
        if let Some(path) = path {
            let fetch = Fetch { counter: Arc::clone(&counter), timeout: Duration::from_nanos(timeout) };
            site.register(&path, "Read a single message from Forebay.", fetch)?;
        }
        if let Some(StreamOptions { path, format, heartbeat }) = stream {
            follow(
                &mut site,
                &path,
                Follow {
                    counter: Arc::clone(&counter),
                    format,
                    heartbeat: at_least(heartbeat),
                    origins: origins.clone().unwrap_or_default(),
                },
            )?;
        }
        if let Some(SocketOptions { path, is_text, write_timeout, pong_timeout, ping_period }) = sockets {
            let push = Push {
                counter,
                origins: origins.map_or(Origins::All, Origins::These),
                times: Times {
                    write: at_least(write_timeout.max(1)),
                    pong: at_least(pong_timeout.max(1)),
                    ping: at_least(ping_period.max(1)),
                },
                is_text,
            };
            site.register(&path, "Read messages from Forebay via websockets.", push)?;
        }
        Ok(HostOutlet { offers, site: site.open(self)? })
    }
}

/// A server of one's own says itself which pages may read what it sends.
fn follow(site: &mut Site, path: &str, follow: Follow) -> Result<(), ListenError> {
    let origins = if site.is_own() { Vec::new() } else { follow.origins };
    site.register(path, "Read a continuous stream of messages from Forebay.", Follow { origins, ..follow })
}

fn at_least(nanoseconds: u64) -> Duration {
    match nanoseconds {
        0 => Duration::ZERO,
        nanoseconds => Duration::from_nanos(nanoseconds).max(SHORTEST),
    }
}

impl Drop for HostOutlet {
    fn drop(&mut self) {
        self.offers.clear();
    }
}
