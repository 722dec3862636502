use std::cell::Cell;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use futures_util::future::try_join;

use crate::connection::make_topic;
use crate::fetch::Readers;
use crate::figures::Figures;
use crate::folder::Folder;
use crate::load::Load;
use crate::metrics::StoreRequests;
use crate::options::Options;
use crate::produce::Producers;
use crate::row::Row;
use crate::server::{Peer, Server};

/// Readers of what comes.
pub(crate) const TAILS: usize = 2;
/// Readers of what is there.
pub(crate) const CATCHING_UP: usize = 4;
/// How long a server that was started has to come to rest.
const REST: Duration = Duration::from_secs(1);
/// How long what was produced may take to be fetched, and what lies behind to be produced.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a phase gave, and what of the server it took.
#[derive(Debug, Clone)]
pub(crate) struct Phase {
    pub(crate) figures: Figures,
    pub(crate) cpu: Duration,
    pub(crate) requests: StoreRequests,
}

impl Phase {
    /// Seconds of processors for a GiB.
    pub(crate) fn cost(&self) -> f64 {
        self.cpu.as_secs_f64() / self.figures.gib()
    }
}

/// All phases of a row, on a server of its own.
pub(crate) async fn run(peer: &dyn Peer, load: Load, options: &Options) -> anyhow::Result<Row> {
    let folder = Folder::new()?;
    let store = peer.open_store(folder.path())?;
    let server = Server::start(peer, folder.path(), store.as_ref()).await?;
    tokio::time::sleep(REST).await;
    let idle = server.memory()?;
    make_topic(server.kafka, load.partitions).await?;

    let mut producers = Producers::open(server.kafka, load).await?;
    let warm_up = producers.full(options.warm_up, options.most_bytes).await?;
    let full = measured(peer, &server, producers.full(options.full, options.most_bytes)).await?;
    drop(producers);

    let steady = Load { partitions: load.partitions, compression: load.compression, ..Load::paced() };
    let mut producers = Producers::open(server.kafka, steady).await?;
    let mut tails = Readers::open(server.kafka, load.partitions, TAILS).await?;
    tails.seek_to_end().await?;
    let produced = Cell::new(None::<u64>);
    let reading = tails.tail(|bytes| produced.get().is_some_and(|produced| bytes >= produced));
    let reading = async {
        tokio::time::timeout(options.paced + PATIENCE, reading).await.context("fetch what is produced")?
    };
    let mut fetched = 0;
    let paced = measured(peer, &server, async {
        let producing = async {
            let figures = producers.paced(options.paced).await?;
            produced.set(Some(figures.bytes));
            Ok::<_, anyhow::Error>(figures)
        };
        let (figures, tailed) = try_join(producing, reading).await?;
        fetched = tailed.bytes;
        Ok(figures)
    })
    .await?;
    ensure!(fetched == paced.figures.bytes, "{fetched} of {} bytes were fetched", paced.figures.bytes);
    drop(producers);
    let memory = server.memory()?;
    server.stop().await?;

    let server = Server::start(peer, folder.path(), store.as_ref()).await?;
    tokio::time::sleep(REST).await;
    let readers = Readers::open(server.kafka, load.partitions, CATCHING_UP).await?;
    let catch_up = measured(peer, &server, readers.catch_up()).await?;
    let acknowledged = warm_up.bytes + full.figures.bytes + paced.figures.bytes;
    ensure!(
        catch_up.figures.bytes == acknowledged,
        "{} of {acknowledged} bytes are there",
        catch_up.figures.bytes
    );
    server.stop().await?;
    Ok(Row { title: peer.title(), load, idle, memory, full, paced, catch_up })
}

async fn measured(
    peer: &dyn Peer,
    server: &Server,
    work: impl Future<Output = anyhow::Result<Figures>>,
) -> anyhow::Result<Phase> {
    let requests = async || {
        if peer.has_metrics() { StoreRequests::of(server.http).await } else { Ok(StoreRequests::default()) }
    };
    let before = (server.cpu()?, requests().await?);
    let figures = work.await?;
    let cpu = server.cpu()? - before.0;
    Ok(Phase { figures, cpu, requests: requests().await?.since(before.1) })
}
