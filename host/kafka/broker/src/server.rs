//! The server: connections, and what keeps them from taking more than their share.
//!
//! - Requests of a connection are taken in their order and answered in it; up to [`Limits::in_flight`] are under way.
//! - Frames wait for memory while they are read: so much for each connection, so much for all.
//! - A client that sends nothing for long, or a frame or takes an answer too slowly, is closed.
//! - Where clients must log in, those that have not get small frames and little time; TLS is in `tls`.
//! - While too much is unflushed, no more is read from connections, and none is accepted.

mod connection;
mod frame_memory;
mod limits;
mod patience;
mod tls;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::{Shutdown, Tasks};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

pub use limits::Limits;
pub use tls::{ClientCertificates, MappingError, PrincipalMapping, Tls, TlsError, TlsProfile, TlsSettings};

use self::connection::Connection;
use self::frame_memory::Frames;
use crate::broker::Broker;

/// How long accepting rests when the system has no more sockets.
const NO_SOCKETS: Duration = Duration::from_millis(100);

/// What a server is told at its start.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// Where to listen. Port 0 takes any that is free.
    pub listen: SocketAddr,
    pub limits: Limits,
}

/// A broker's ear. Bound already; [`Server::serve`] begins to accept.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    limits: Limits,
    tls: Option<Tls>,
}

impl Server {
    /// Takes the address.
    ///
    /// # Errors
    /// When it is taken, or not one of this machine.
    pub async fn bind(settings: ServerSettings) -> io::Result<Self> {
        let listener = TcpListener::bind(settings.listen).await?;
        Ok(Self { listener, limits: settings.limits, tls: None })
    }

    /// The same, for clients that speak TLS.
    #[must_use]
    pub fn with_tls(self, tls: Tls) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `tasks` are told to stop: then nothing more is accepted or read, what was taken is answered,
    /// and connections close. Whoever started it waits for `tasks` as long as there is time.
    pub async fn serve(self, broker: Broker, tasks: Tasks) {
        let slots = Arc::new(Semaphore::new(self.limits.connections.min(Semaphore::MAX_PERMITS)));
        let frames = Frames::new(self.limits.memory);
        let shutdown = tasks.shutdown().clone();
        loop {
            // A slot first: more connections than there may be wait in the system's queue.
            let Some(slot) = until(&shutdown, Arc::clone(&slots).acquire_owned()).await.and_then(Result::ok)
            else {
                break;
            };
            if until(&shutdown, broker.relief()).await.is_none() {
                break;
            }
            let Some(accepted) = until(&shutdown, self.listener.accept()).await else { break };
            match accepted {
                Ok((stream, peer)) => {
                    let connection =
                        connect(stream, peer, broker.clone(), self.limits.clone(), frames.clone());
                    let connection = connection.map(|connection| connection.with_tls(self.tls.clone()));
                    let shutdown = shutdown.clone();
                    let counted = broker.parts().metrics.connection();
                    tasks.spawn(async move {
                        if let Some(connection) = connection {
                            Box::pin(connection.run(shutdown)).await;
                        }
                        drop((slot, counted));
                    });
                }
                // Out of sockets, or the client is gone already: others may come.
                Err(error) => {
                    tracing::warn!(%error, "a connection can't be accepted");
                    tokio::time::sleep(NO_SOCKETS).await;
                }
            }
        }
    }
}

fn connect(
    stream: TcpStream,
    peer: SocketAddr,
    broker: Broker,
    limits: Limits,
    frames: Frames,
) -> Option<Connection> {
    // Answers are written whole: nothing is gained by waiting for more.
    let prepared = stream.set_nodelay(true).and_then(|()| stream.local_addr());
    match prepared {
        Ok(reached) => Some(Connection::new(stream, (peer, reached), broker, limits, frames)),
        Err(error) => {
            tracing::debug!(%peer, %error, "a connection ended before it began");
            None
        }
    }
}

/// What `work` gives, or none when the shutdown comes first.
async fn until<T>(shutdown: &Shutdown, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = shutdown.cancelled() => None,
        done = work => Some(done),
    }
}
