use std::time::Duration;

use crate::connection::make_topic;
use crate::folder::Folder;
use crate::forebay::{Forebay, Store};
use crate::load::Load;
use crate::options::Options;
use crate::produce::Producers;
use crate::row::say;
use crate::server::{Peer as _, Server};

/// Until an object store answers a put.
const PUTS: [Duration; 3] = [Duration::ZERO, Duration::from_millis(30), Duration::from_millis(100)];
const BATCH_TIMEOUTS: [Duration; 2] = [Duration::from_millis(25), Duration::from_millis(250)];
/// What everything else may take.
const REST: Duration = Duration::from_millis(20);

/// How long records wait where the object store is slow.
pub(crate) async fn print(forebay: &Forebay, options: &Options) -> anyhow::Result<()> {
    if !options.wants("latency") {
        return Ok(());
    }
    println!(
        "\nAt the steady pace, 16 partitions, an S3 that answers puts late; p99 <= batch timeout + PUT + 20 ms"
    );
    for batch_timeout in BATCH_TIMEOUTS {
        for put in PUTS {
            let peer = Forebay { store: Store::S3 { put }, batch_timeout, ..forebay.clone() };
            let folder = Folder::new()?;
            let store = peer.open_store(folder.path())?;
            let server = Server::start(&peer, folder.path(), store.as_ref()).await?;
            let load = Load { partitions: 16, ..Load::paced() };
            make_topic(server.kafka, load.partitions).await?;
            let mut producers = Producers::open(server.kafka, load).await?;
            producers.paced(options.warm_up).await?;
            let figures = producers.paced(options.paced).await?;
            server.stop().await?;
            let limit = (batch_timeout + put + REST).as_secs_f64() * 1e3;
            let (p50, p99) = (figures.percentile(50), figures.percentile(99));
            let what = format!("batch timeout {} ms, PUT {} ms", batch_timeout.as_millis(), put.as_millis());
            let figure = format!("p50 {p50:.0} ms, p99 {p99:.0} ms of {} requests", figures.delays.len());
            say(&what, &format!("<= {limit:.0}"), figure, p99 <= limit);
        }
    }
    Ok(())
}
