//! A broker to try clients on by hand:
//! `cargo run -p forebay-kafka-broker --example serve -- 127.0.0.1:9092 mem://records sqlite://:memory:`.

use std::error::Error;
use std::sync::Arc;

use forebay_kafka_broker::{
    Advertised, Broker, BrokerSettings, Endpoint, Limits, NodeId, Server, ServerSettings,
};
use forebay_lifecycle::{Shutdown, Tasks, Workers, chance};
use forebay_model::ByteCount;
use forebay_storage_log::{BlockCache, Reader, Writer, WriterMetrics, WriterSettings};
use forebay_storage_metadata::VirtualClusters as _;
use forebay_storage_metadata_sqlite::{Location, SqliteMetadataStore};

fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).init();
    let mut args = std::env::args().skip(1);
    let listen = args.next().unwrap_or_else(|| "127.0.0.1:9092".to_owned());
    let objects = args.next().unwrap_or_else(|| "mem://records".to_owned());
    let metadata = args.next().unwrap_or_else(|| "sqlite://:memory:".to_owned());
    let metadata = Arc::new(SqliteMetadataStore::open(&metadata.parse::<Location>()?)?);
    let workers = Workers::start("broker", 2)?;
    workers.block_on(async {
        let cluster = "vci_default".parse()?;
        // It is there already when the file is used again.
        let _ = metadata.create_virtual_cluster(&cluster).await;
        let objects = forebay_storage_objects::open(&objects, std::env::vars())?;
        let metrics = WriterMetrics::new(&forebay_metrics::Metrics::default())?;
        let writer = Writer::spawn(
            Arc::clone(&objects),
            Arc::clone(&metadata) as _,
            WriterSettings::default(),
            metrics,
            &workers.spawner(),
        );
        let blocks = Arc::new(BlockCache::new(objects, ByteCount::new(256 << 20)));
        let reader = Reader::new(Arc::clone(&metadata) as _, blocks);
        let advertised = Advertised::AsReached(Endpoint { host: "localhost".to_owned(), port: 9092 });
        let settings = BrokerSettings::new(cluster, NodeId::of(chance::bits()), advertised);
        let broker = Broker::new(settings, metadata, writer, reader);
        let server = ServerSettings { listen: listen.parse()?, limits: Limits::default() };
        let tasks = Tasks::new(workers.spawner(), Shutdown::new());
        Server::bind(server).await?.serve(broker, tasks).await;
        Ok(())
    })
}
